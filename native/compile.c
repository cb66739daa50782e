/*
 * Runs at build time: compile <directory> <out> <name>... writes the bytecode of each ES module in a directory to
 * another one. What they import need not be there.
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

static int compile(JSContext *ctx, const char *directory, const char *out, const char *name) {
  char path[4096];
  size_t length;
  snprintf(path, sizeof path, "%s/%s", directory, name);
  char *text = read_file(path, &length);
  if (!text) {
    fprintf(stderr, "compile: cannot read %s\n", path);
    return -1;
  }
  JSValue module = JS_Eval(ctx, text, length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  free(text);
  if (JS_IsException(module)) {
    JSValue thrown = JS_GetException(ctx);
    fprintf(stderr, "compile: %s: %s\n", name, JS_ToCString(ctx, thrown));
    return -1;
  }
  uint8_t *bytes = JS_WriteObject(ctx, &length, module, JS_WRITE_OBJ_BYTECODE);
  snprintf(path, sizeof path, "%s/%s", out, name);
  if (!bytes || write_file(path, bytes, length) < 0) {
    fprintf(stderr, "compile: cannot write %s\n", path);
    return -1;
  }
  js_free(ctx, bytes);
  return 0;
}

int main(int count, char **arguments) {
  if (count < 4) return 2;
  for (int i = 3; i < count; i++) {
    /* One runtime each, so that no module's atoms depend on another one. */
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *ctx = JS_NewContext(runtime);
    JS_SetModuleLoaderFunc(runtime, NULL, load, NULL);
    JS_SetStripInfo(runtime, JS_STRIP_SOURCE | JS_STRIP_DEBUG);
    if (compile(ctx, arguments[1], arguments[2], arguments[i]) < 0) return 1;
    JS_FreeContext(ctx);
    JS_FreeRuntime(runtime);
  }
  return 0;
}
