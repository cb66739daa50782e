/*
 * Runs the program of the snapshot, then its jobs until none is left and nothing is waited for.
 */
#include "snapshot.h"
#include "libc.h"
#include "modules.h"
#ifdef SANITIZED
#include "sanitizers.h"
#endif
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * A config of 10 MB normally takes 120 MB, and 510 MB at worst (a list of 3 million empty objects); 5,000 prefixes take
 * 20 MB, and a watch takes no more than a call. A program that wants more than this has a defect, and must not take the
 * node's memory with it.
 */
static const size_t MOST_MEMORY = (size_t)1 << 30;

/* The engine looks for garbage in cycles when this much has gathered: now and then in a watch, never in a call. */
static const size_t GARBAGE = 4 << 20;

/* The engine's part of our stack; the rest is for C. Deeper JSON is an error, and not a crash. */
static const size_t MOST_STACK = 4 << 20;

static size_t stack_size(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur / 2 > MOST_STACK)
    return MOST_STACK;
  return limit.rlim_cur / 2;
}

/*
 * The next file that is opened must not become a stdout or stderr that the caller closed. Nothing can be written to such a stdout, so
 * that a result which nobody gets is a failure.
 */
static void keep_standard_descriptors(void) {
  int descriptor;
  for (int i = 0; i < 3; i++)
    if (fcntl(i, F_GETFD) < 0)
      while ((descriptor = open("/dev/null", i == STDOUT_FILENO ? O_RDONLY : O_RDWR)) >= 0 && descriptor < i)
        ;
}

static void report(JSContext *ctx) {
  JSValue thrown = JS_GetException(ctx);
  const char *text = JS_ToCString(ctx, thrown);
  fprintf(stderr, "ip-masq: %s\n", text ? text : "out of memory");
  JS_FreeCString(ctx, text);
  JS_FreeValue(ctx, thrown);
}

/* Returns 0 when no job is left, or when the program has called `exit`. */
static int run_jobs(JSContext *ctx) {
  JSContext *of_job;
  while (libc_exit_status < 0) {
    int ran = JS_ExecutePendingJob(JS_GetRuntime(ctx), &of_job);
    if (ran == 0) return 0;
    if (ran < 0 && libc_exit_status < 0) return -1;
  }
  return 0;
}

static int run(JSContext *ctx) {
  if (libc_start(ctx) < 0 && libc_exit_status < 0) return -1;
  for (int more = 1; more > 0 && libc_exit_status < 0;) {
    if (run_jobs(ctx) < 0) return -1;
    if (libc_exit_status < 0) more = libc_idle(ctx);
    if (more < 0 && libc_exit_status < 0) return -1;
  }
  return 0;
}

/* Modules that nothing waits for have run when this returns. */
static int evaluate(JSContext *ctx, JSValue program) {
  if (JS_IsException(program) || JS_ResolveModule(ctx, program) < 0) return -1;
  JSValue evaluated = JS_EvalFunction(ctx, program);
  if (JS_IsException(evaluated)) return -1;
  JSPromiseStateEnum state = JS_PromiseState(ctx, evaluated);
  if (state == JS_PROMISE_REJECTED) JS_Throw(ctx, JS_PromiseResult(ctx, evaluated));
  if (state == JS_PROMISE_PENDING) JS_ThrowInternalError(ctx, "a module of the program waits while it is loaded");
  JS_FreeValue(ctx, evaluated);
  return state == JS_PROMISE_FULFILLED ? 0 : -1;
}

/* The engine's random numbers would be those of the snapshot in each process. */
static void remove_random(JSContext *ctx) {
  JSValue global = JS_GetGlobalObject(ctx), math = JS_GetPropertyStr(ctx, global, "Math");
  JSAtom name = JS_NewAtom(ctx, "random");
  JS_DeleteProperty(ctx, math, name, 0);
  JS_FreeAtom(ctx, name);
  JS_FreeValue(ctx, math);
  JS_FreeValue(ctx, global);
}

/* Adds the parts of JavaScript's library that the program may use while it is loaded. */
static void add_library(JSContext *ctx) {
  JS_AddIntrinsicBaseObjects(ctx);
  remove_random(ctx);
  JS_AddIntrinsicRegExpCompiler(ctx);
  JS_AddIntrinsicRegExp(ctx);
  JS_AddIntrinsicJSON(ctx);
  JS_AddIntrinsicMapSet(ctx);
  JS_AddIntrinsicTypedArrays(ctx);
  JS_AddIntrinsicPromise(ctx);
}

/* An engine that has loaded the program; NULL if that fails, and then it has been reported. */
static JSContext *load(const Chunk *program) {
#ifdef SANITIZED
  JSRuntime *runtime = JS_NewRuntime();
#else
  JSRuntime *runtime = JS_NewRuntime2(&heap_functions, NULL);
#endif
  JSContext *ctx = runtime ? JS_NewContextRaw(runtime) : NULL;
  if (!ctx) return NULL;
  JS_SetMemoryLimit(runtime, MOST_MEMORY);
  JS_SetGCThreshold(runtime, GARBAGE);
  JS_SetModuleLoaderFunc(runtime, NULL, modules_load, NULL);
  add_library(ctx);
  int failed = libc_add(ctx) < 0 || modules_add(ctx) < 0;
#ifdef SANITIZED
  failed = failed || sanitizers_add(ctx) < 0;
#endif
  if (failed || evaluate(ctx, modules_program(ctx, program)) < 0) {
    report(ctx);
    return NULL;
  }
  /* A module that asks for the time while it is loaded finds no Date, because its answer would be that of the build. */
  JS_AddIntrinsicDate(ctx);
  return ctx;
}

int main(int count, char **arguments) {
#ifdef SANITIZED
  snapshot.ctx = load(CHUNKS);
  if (!snapshot.ctx) return 1;
#else
  if (!snapshot.ctx) return snapshot_make(load);
  snapshot_touch();
#endif
  keep_standard_descriptors();
  signal(SIGPIPE, SIG_IGN);
  /* The kernel keeps no status of a child for a process that was started with this signal ignored. */
  signal(SIGCHLD, SIG_DFL);
  libc_set_arguments(count, arguments);
  JSContext *ctx = snapshot.ctx;
  JSRuntime *runtime = JS_GetRuntime(ctx);
  JS_UpdateStackTop(runtime);
  JS_SetMaxStackSize(runtime, stack_size());
  if (run(ctx) < 0) report(ctx);
  else if (libc_exit_status < 0) fputs("ip-masq: the program ended before it had a result, probably for lack of memory\n", stderr);
  if (libc_exit_status < 0) libc_exit_status = 1;
#ifdef SANITIZED
  libc_free(ctx);
  JS_FreeContext(ctx);
  JS_FreeRuntime(runtime);
  return libc_exit_status;
#else
  /* The kernel takes all memory back at once, so nothing is freed here. */
  _exit(libc_exit_status);
#endif
}
