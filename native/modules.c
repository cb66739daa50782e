/*
 * Reads the bytecode of the program, and finds that of the modules which it imports while it runs.
 */
#include "modules.h"
#include "snapshot.h"
#include <string.h>

static const Chunk *find_chunk(const char *name) {
  for (const Chunk *chunk = CHUNKS; chunk->name; chunk++)
    if (strcmp(chunk->name, name) == 0) return chunk;
  return NULL;
}

static JSValue read_chunk(JSContext *ctx, const Chunk *chunk) {
  return JS_ReadObject(ctx, chunk->start, (size_t)(chunk->end - chunk->start), JS_READ_OBJ_BYTECODE);
}

JSModuleDef *modules_load(JSContext *ctx, const char *name, void *opaque) {
  (void)opaque;
  const Chunk *chunk = find_chunk(name);
  if (!chunk) JS_ThrowReferenceError(ctx, "there is no module %s", name);
  JSValue read = chunk ? read_chunk(ctx, chunk) : JS_EXCEPTION;
  if (JS_IsException(read)) return NULL;
  JSModuleDef *module = JS_VALUE_GET_PTR(read);
  JS_FreeValue(ctx, read);
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

JSValue modules_program(JSContext *ctx, const Chunk *program) {
  snapshot.code.start = snapshot.heap.region.start;
  JSValue modules = read_chunk(ctx, program);
  snapshot.code.end = snapshot.heap.region.start;
  if (JS_IsException(modules)) return modules;
  JSValue first = JS_GetPropertyUint32(ctx, modules, 0);
  JS_FreeValue(ctx, modules);
  return first;
}
