/*
 * The settings of the sanitizers in the test's build. They are compiled in, because a runtime calls us with an
 * environment of its own. A finding ends the process with this status and is written to a file, so that a test that
 * tolerates a failed call does not hide it.
 */
#include "sanitizers.h"
#include "snapshot.h"
#include <stdio.h>

const char *__asan_default_options(void) {
  return "log_path=" FINDINGS ":exitcode=99:halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1:"
         "strict_string_checks=1:check_initialization_order=1:allocator_may_return_null=1";
}

const char *__ubsan_default_options(void) { return "log_path=" FINDINGS ":exitcode=99:print_stacktrace=1:halt_on_error=1"; }

/* The search for leaks traces the process, which is impossible under strace, and reads /proc. */
int __lsan_is_turned_off(void) {
  FILE *status = fopen("/proc/self/status", "re");
  char line[256];
  int tracer = 1;
  if (!status) return 1;
  while (fgets(line, sizeof line, status))
    if (sscanf(line, "TracerPid: %d", &tracer) == 1) break;
  fclose(status);
  return tracer != 0;
}

/* This build loads the program in each call. */
Snapshot snapshot;

/* JavaScript in this engine cannot detach an array's buffer, but a test of native/libc.c needs that. */
static JSValue detach(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  JS_DetachArrayBuffer(ctx, arguments[0]);
  return JS_UNDEFINED;
}

int sanitizers_add(JSContext *ctx) {
  JSValue global = JS_GetGlobalObject(ctx);
  int set = JS_SetPropertyStr(ctx, global, "detachBuffer", JS_NewCFunction(ctx, detach, "detachBuffer", 1));
  JS_FreeValue(ctx, global);
  return set;
}
