/*
 * Runs at build time. `compile <directory> <out> <program> <name>... -- <name>...` writes the bytecode of ES modules in a
 * directory to another directory: those before the "--" as a list to the file <program>, the others each to a file of its
 * name. The modules that they import need not exist.
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

/* Each file has a runtime of its own, so that its atoms do not depend on other files. */
static JSContext *new_context(void) {
  JSRuntime *runtime = JS_NewRuntime();
  JS_SetModuleLoaderFunc(runtime, NULL, load, NULL);
  JS_SetStripInfo(runtime, JS_STRIP_SOURCE | JS_STRIP_DEBUG);
  return JS_NewContext(runtime);
}

static void free_context(JSContext *ctx) {
  JSRuntime *runtime = JS_GetRuntime(ctx);
  JS_FreeContext(ctx);
  JS_FreeRuntime(runtime);
}

static JSValue parse(JSContext *ctx, const char *directory, const char *name) {
  char path[4096];
  size_t length;
  snprintf(path, sizeof path, "%s/%s", directory, name);
  char *text = read_file(path, &length);
  if (!text) return JS_ThrowReferenceError(ctx, "cannot read %s", path);
  JSValue parsed = JS_Eval(ctx, text, length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  free(text);
  return parsed;
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

static int compile(const char *directory, const char *out, const char *name) {
  JSContext *ctx = new_context();
  if (write_bytecode(ctx, out, name, parse(ctx, directory, name)) < 0) return -1;
  free_context(ctx);
  return 0;
}

/* Returns how many names there are before the "--", or -1. */
static int compile_program(const char *directory, const char *out, const char *program, char **names) {
  JSContext *ctx = new_context();
  JSValue list = JS_NewArray(ctx);
  int count = 0;
  for (; names[count] && strcmp(names[count], "--") != 0; count++) {
    JSValue parsed = parse(ctx, directory, names[count]);
    if (JS_IsException(parsed)) return write_bytecode(ctx, out, names[count], parsed);
    if (JS_SetPropertyUint32(ctx, list, (uint32_t)count, parsed) < 0) return -1;
  }
  if (write_bytecode(ctx, out, program, list) < 0) return -1;
  free_context(ctx);
  return count;
}

int main(int count, char **arguments) {
  if (count < 6) return 2;
  const char *directory = arguments[1], *out = arguments[2];
  int in_program = compile_program(directory, out, arguments[3], arguments + 4);
  if (in_program < 0) return 1;
  for (int i = 4 + in_program + 1; i < count; i++)
    if (compile(directory, out, arguments[i]) < 0) return 1;
  return 0;
}
