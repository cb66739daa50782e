#ifndef MODULES_H
#define MODULES_H
#include "quickjs.h"

/* The program that start.js chooses, not yet run; an exception where that fails. */
JSValue modules_program(JSContext *ctx);

/* What the engine calls for each module that another one imports. */
JSModuleDef *modules_load(JSContext *ctx, const char *name, void *opaque);

/* Gives JavaScript `importChunk`; negative where that fails. */
int modules_add(JSContext *ctx);
#endif
