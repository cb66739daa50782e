/*
 * Makes the snapshot, and makes it ready. A snapshot must be the same whenever it is made, so that a release can be rebuilt:
 * the engine has a stack with a known address meanwhile, because its memory contains addresses of the stack, and the time
 * is always the same.
 */
#include "snapshot.h"
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

/* Linux 5.14; older headers lack it. An older kernel refuses it, and the pages come one by one. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { PAGE = 4096 };

static void touch(unsigned char *start, unsigned char *end) {
  unsigned char *page = (unsigned char *)((uintptr_t)start / PAGE * PAGE);
  madvise(page, (size_t)(end - page), MADV_POPULATE_WRITE);
}

void snapshot_touch(void) {
  touch((unsigned char *)&snapshot, snapshot.code.start);
  touch(snapshot.code.end, snapshot_end);
}

int __real_gettimeofday(struct timeval *time, void *zone);

/* The engine's random numbers begin with the time. The build lets no program use them, since they are the snapshot's. */
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

static void *load_on_own_stack(Work *work) {
  static unsigned char stack[2 << 20];
  pthread_attr_t attributes;
  pthread_t thread;
  void *loaded;
  if (pthread_attr_init(&attributes) || pthread_attr_setstack(&attributes, stack, sizeof stack)) return NULL;
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
  static uint8_t program[1 << 20];
  size_t length = fread(program, 1, sizeof program, stdin);
  Work work = {load_program, {"program", program, program + length}};
  snapshot.heap.region = (Piece){snapshot.bytes, snapshot_end};
  snapshot.ctx = load_on_own_stack(&work);
  return !snapshot.ctx || write_snapshot() < 0;
}
