#ifndef LIBC_H
#define LIBC_H
#include "quickjs.h"

/* Gives JavaScript the system calls, as a global object; negative where that fails. */
int libc_add(JSContext *ctx);

/* What `arguments` gives. */
void libc_set_arguments(int count, char **arguments);

/* The status that `exit` asked for; negative until it is called. */
extern int libc_exit_status;

/* What is called when no job is left; undefined until `onIdle` is called. True: there may be more to do. */
int libc_idle(JSContext *ctx);
void libc_free(JSContext *ctx);
#endif
