/*
 * Finds the bytecode of the program, and of the modules that it imports, in the executable.
 */
#include "modules.h"
#include "chunks.h"
#include <stdlib.h>
#include <string.h>

static const Chunk *find_chunk(const char *name) {
  for (const Chunk *chunk = CHUNKS; chunk->name; chunk++)
    if (strcmp(chunk->name, name) == 0) return chunk;
  return NULL;
}

/* A length that does not fit into the four bits of a token continues in the bytes after it. */
static size_t length_from(const uint8_t **at, size_t length) {
  for (int more = length == 15; more; length += *(*at)++) more = **at == 255;
  return length;
}

/*
 * Expands literals and matches in turn. Nothing is checked, because the build made the block and nobody can give us
 * another one.
 */
static void expand(const Chunk *chunk, uint8_t *to) {
  for (const uint8_t *at = chunk->start;;) {
    uint8_t token = *at++;
    size_t count = length_from(&at, token >> 4);
    memcpy(to, at, count);
    to += count, at += count;
    if (at == chunk->end) return;
    const uint8_t *from = to - (at[0] | at[1] << 8);
    at += 2;
    for (count = length_from(&at, token & 15) + 4; count > 0; count--) *to++ = *from++;
  }
}

static JSValue read_expanded(JSContext *ctx, const Chunk *chunk) {
  uint8_t *bytes = js_malloc(ctx, chunk->size);
  if (!bytes) return JS_EXCEPTION;
  expand(chunk, bytes);
  JSValue read = JS_ReadObject(ctx, bytes, chunk->size, JS_READ_OBJ_BYTECODE);
  js_free(ctx, bytes);
  return read;
}

static JSValue read_chunk(JSContext *ctx, const char *name) {
  const Chunk *chunk = find_chunk(name);
  if (!chunk) return JS_ThrowReferenceError(ctx, "there is no module %s", name);
  if (chunk->size > 0) return read_expanded(ctx, chunk);
  return JS_ReadObject(ctx, chunk->start, (size_t)(chunk->end - chunk->start), JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
}

/* Only modules that are loaded when they are needed have dates, which would cost each call 45,000 instructions. */
static void add_dates(JSContext *ctx) {
  static int are_there;
  if (!are_there) JS_AddIntrinsicDate(ctx);
  are_there = 1;
}

JSModuleDef *modules_load(JSContext *ctx, const char *name, void *opaque) {
  (void)opaque;
  add_dates(ctx);
  JSValue chunk = read_chunk(ctx, name);
  if (JS_IsException(chunk)) return NULL;
  JSModuleDef *module = JS_VALUE_GET_PTR(chunk);
  JS_FreeValue(ctx, chunk);
  return module;
}

/*
 * The build writes `importChunk("x")` for `import("./x")`. `import` asks the engine for the name of the importing file,
 * and our bytecode does not have it: it leaves out the part for debuggers, which would be a fifth of it.
 */
static JSValue import_chunk(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *name = JS_ToCString(ctx, arguments[0]);
  if (!name) return JS_EXCEPTION;
  JSValue imported = JS_LoadModule(ctx, "", name);
  JS_FreeCString(ctx, name);
  return imported;
}

int modules_add(JSContext *ctx) {
  JSValue global = JS_GetGlobalObject(ctx);
  int set = JS_SetPropertyStr(ctx, global, "importChunk", JS_NewCFunction(ctx, import_chunk, "importChunk", 1));
  JS_FreeValue(ctx, global);
  return set;
}

/* Reads the module of a program; compile.c explains why it is the second of two. */
static JSValue read_named(JSContext *ctx, JSValueConst name) {
  const char *text = JS_ToCString(ctx, name);
  if (!text) return JS_EXCEPTION;
  JSValue both = read_chunk(ctx, text);
  JS_FreeCString(ctx, text);
  if (JS_IsException(both)) return both;
  JSValue program = JS_GetPropertyUint32(ctx, both, 1);
  JS_FreeValue(ctx, both);
  return program;
}

/* The names of start.js are kept until those of the program have been read. */
JSValue modules_program(JSContext *ctx) {
  JSValue start = read_chunk(ctx, "start.js");
  if (!JS_IsException(start)) start = JS_EvalFunction(ctx, start);
  if (JS_IsException(start)) return start;
  const char *command = getenv("CNI_COMMAND");
  JSValue argument = command ? JS_NewString(ctx, command) : JS_UNDEFINED;
  JSValue name = JS_Call(ctx, start, JS_UNDEFINED, 1, &argument);
  JSValue program = JS_IsException(name) ? name : read_named(ctx, name);
  JS_FreeValue(ctx, name);
  JS_FreeValue(ctx, argument);
  JS_FreeValue(ctx, start);
  return program;
}
