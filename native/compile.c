/*
 * Runs at build time. `compile <directory> <out> <start> <program>... -- <name>...` writes the bytecode of the script
 * <start> and of each ES module in a directory to another directory. The modules that they import need not exist.
 *
 * A program is a list of two: <start> and the module. The engine uses bytecode without copying it only if the names in it
 * are the first that the engine learns, and it has learnt those of <start> before.
 */
#include "quickjs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) < 0) return NULL;
  long size = ftell(file);
  char *text = size < 0 ? NULL : malloc((size_t)size + 1);
  rewind(file);
  if (text && fread(text, 1, (size_t)size, file) != (size_t)size) return NULL;
  fclose(file);
  if (!text) return NULL;
  text[size] = 0;
  *length = (size_t)size;
  return text;
}

static int write_file(const char *path, const uint8_t *bytes, size_t length) {
  FILE *file = fopen(path, "wb");
  if (!file) return -1;
  int failed = fwrite(bytes, 1, length, file) != length;
  return fclose(file) != 0 || failed ? -1 : 0;
}

static int no_exports(JSContext *ctx, JSModuleDef *module) {
  (void)ctx, (void)module;
  return 0;
}

static JSModuleDef *load(JSContext *ctx, const char *name, void *opaque) {
  (void)opaque;
  return JS_NewCModule(ctx, name, no_exports);
}

static JSValue parse(JSContext *ctx, const char *directory, const char *name, int type) {
  char path[4096];
  size_t length;
  snprintf(path, sizeof path, "%s/%s", directory, name);
  char *text = read_file(path, &length);
  if (!text) return JS_ThrowReferenceError(ctx, "cannot read %s", path);
  JSValue parsed = JS_Eval(ctx, text, length, name, type | JS_EVAL_FLAG_COMPILE_ONLY);
  free(text);
  return parsed;
}

static JSValue pair(JSContext *ctx, JSValue first, JSValue second) {
  JSValue both = JS_NewArray(ctx);
  if (JS_IsException(first) || JS_IsException(second) || JS_IsException(both)) return JS_EXCEPTION;
  if (JS_SetPropertyUint32(ctx, both, 0, first) < 0 || JS_SetPropertyUint32(ctx, both, 1, second) < 0) return JS_EXCEPTION;
  return both;
}

static int write_bytecode(JSContext *ctx, const char *out, const char *name, JSValue parsed) {
  char path[4096];
  size_t length;
  uint8_t *bytes = JS_IsException(parsed) ? NULL : JS_WriteObject(ctx, &length, parsed, JS_WRITE_OBJ_BYTECODE);
  if (!bytes) {
    JSValue thrown = JS_GetException(ctx);
    fprintf(stderr, "compile: %s: %s\n", name, JS_ToCString(ctx, thrown));
    return -1;
  }
  snprintf(path, sizeof path, "%s/%s", out, name);
  int written = write_file(path, bytes, length);
  if (written < 0) fprintf(stderr, "compile: cannot write %s\n", path);
  js_free(ctx, bytes);
  JS_FreeValue(ctx, parsed);
  return written;
}

enum Kind { START, PROGRAM, MODULE };

static int compile(char **arguments, const char *name, enum Kind kind) {
  const char *directory = arguments[1], *start = arguments[3];
  /* Each module has a runtime of its own, so that its atoms do not depend on other modules. */
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *ctx = JS_NewContext(runtime);
  JS_SetModuleLoaderFunc(runtime, NULL, load, NULL);
  JS_SetStripInfo(runtime, JS_STRIP_SOURCE | JS_STRIP_DEBUG);
  JSValue parsed = parse(ctx, directory, name, kind == START ? JS_EVAL_TYPE_GLOBAL : JS_EVAL_TYPE_MODULE);
  if (kind == PROGRAM) parsed = pair(ctx, parse(ctx, directory, start, JS_EVAL_TYPE_GLOBAL), parsed);
  if (write_bytecode(ctx, arguments[2], name, parsed) < 0) return -1;
  JS_FreeContext(ctx);
  JS_FreeRuntime(runtime);
  return 0;
}

int main(int count, char **arguments) {
  if (count < 5 || compile(arguments, arguments[3], START) < 0) return 2;
  enum Kind kind = PROGRAM;
  for (int i = 4; i < count; i++) {
    if (strcmp(arguments[i], "--") == 0) kind = MODULE;
    else if (compile(arguments, arguments[i], kind) < 0) return 1;
  }
  return 0;
}
