#ifndef MODULES_H
#define MODULES_H
#include "chunks.h"
#include "quickjs.h"

/* Reads a program as compile.c makes it, and returns its first module, which has not run yet, or an exception. */
JSValue modules_program(JSContext *ctx, const Chunk *program);

/* The engine calls this for each module that another one imports. */
JSModuleDef *modules_load(JSContext *ctx, const char *name, void *opaque);

/* Gives JavaScript `importChunk`. Negative if that fails. */
int modules_add(JSContext *ctx);
#endif
