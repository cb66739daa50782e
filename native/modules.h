#ifndef MODULES_H
#define MODULES_H
#include "quickjs.h"

/* The program that start.js chooses, before it runs; an exception if that fails. */
JSValue modules_program(JSContext *ctx);

/* The engine calls this for each module that another one imports. */
JSModuleDef *modules_load(JSContext *ctx, const char *name, void *opaque);

/* Gives JavaScript `importChunk`. Negative if that fails. */
int modules_add(JSContext *ctx);
#endif
