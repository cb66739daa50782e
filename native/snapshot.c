/*
 * Makes the snapshot, and makes it ready. A snapshot must be the same whenever it is made, so that a release can be rebuilt:
 * the engine has a stack with a known address meanwhile, because its memory contains addresses of the stack, and the time
 * is always the same.
 */
#include "snapshot.h"
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

/* Linux 5.14; older headers lack it. An older kernel refuses it, and the pages come one by one. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static void touch(unsigned char *start, unsigned char *end) {
  unsigned char *page = (unsigned char *)((uintptr_t)start & -(uintptr_t)getauxval(AT_PAGESZ));
  madvise(page, (size_t)(end - page), MADV_POPULATE_WRITE);
}

void snapshot_touch(void) {
  touch((unsigned char *)&snapshot, snapshot.code.start);
  touch(snapshot.code.end, snapshot_end);
}

int __real_gettimeofday(struct timeval *time, void *zone);

/* The engine's random numbers, which no program gets, begin with the time. */
int __wrap_gettimeofday(struct timeval *time, void *zone);
int __wrap_gettimeofday(struct timeval *time, void *zone) {
  if (snapshot.ctx) return __real_gettimeofday(time, zone);
  *time = (struct timeval){0};
  return 0;
}

typedef struct {
  JSContext *(*load)(const Chunk *);
  Chunk program;
} Work;

static void *load(void *argument) {
  Work *work = argument;
  JSContext *ctx = work->load(&work->program);
  if (ctx) JS_RunGC(JS_GetRuntime(ctx));
  return ctx;
}

/* An address that every architecture has and nothing else takes. */
#define STACK ((void *)(1ul << 36))
enum { STACK_SIZE = 2 << 20, MOST_PROGRAM = 1 << 20 };

static void *pages(void *address, size_t size) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | (address ? MAP_FIXED_NOREPLACE : 0);
  void *start = mmap(address, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

static void *load_on_own_stack(Work *work) {
  pthread_attr_t attributes;
  pthread_t thread;
  void *stack = pages(STACK, STACK_SIZE), *loaded;
  if (!stack || pthread_attr_init(&attributes) || pthread_attr_setstack(&attributes, stack, STACK_SIZE)) return NULL;
  if (pthread_create(&thread, &attributes, load, work) || pthread_join(thread, &loaded)) return NULL;
  return loaded;
}

static int write_snapshot(void) {
  const unsigned char *at = (const unsigned char *)&snapshot, *end = snapshot.heap.region.start;
  for (ssize_t written; at < end; at += written)
    if ((written = write(STDOUT_FILENO, at, (size_t)(end - at))) < 0) return -1;
  return 0;
}

int snapshot_make(JSContext *load_program(const Chunk *)) {
  uint8_t *program = pages(NULL, MOST_PROGRAM);
  if (!program) return 1;
  size_t length = fread(program, 1, MOST_PROGRAM, stdin);
  if (length == MOST_PROGRAM) {
    fputs("ip-masq: the program is too long: raise MOST_PROGRAM in native/snapshot.c\n", stderr);
    return 1;
  }
  Work work = {load_program, {"program", program, program + length}};
  snapshot.heap.region = (Piece){snapshot.bytes, snapshot_end};
  snapshot.ctx = load_on_own_stack(&work);
  return !snapshot.ctx || write_snapshot() < 0;
}
