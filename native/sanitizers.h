#ifndef SANITIZERS_H
#define SANITIZERS_H
#include "quickjs.h"

/* Adds what only the test's build has. */
int sanitizers_add(JSContext *ctx);
#endif
