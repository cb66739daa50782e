#ifndef LIBC_H
#define LIBC_H
#include "quickjs.h"

/* Gives JavaScript the system calls as a global object. Negative if that fails. */
int libc_add(JSContext *ctx);

/* Sets what `programArguments` returns. */
void libc_set_arguments(int count, char **arguments);

/* The status that `exit` was called with; negative until then. */
extern int libc_exit_status;

/* Calls the function of `onStart`. Negative if it throws. */
int libc_start(JSContext *ctx);

/* Calls the function of `onIdle`, which does not exist until `onIdle` is called. True if there may be more to do. */
int libc_idle(JSContext *ctx);
void libc_free(JSContext *ctx);
#endif
