#ifndef SNAPSHOT_H
#define SNAPSHOT_H
#include "chunks.h"
#include "heap.h"

/*
 * The snapshot is the engine's memory once the program is loaded: its modules have run, and nothing has been asked of the
 * machine yet. The build makes it, and the executable has it among its data, so that a call neither sets up the engine nor
 * reads the program. The pointers in it are right in each process, because the executable always has the same addresses.
 */
typedef struct {
  /* NULL until the program is loaded. */
  JSContext *ctx;
  /* The functions of `onStart` and `onIdle`. */
  JSValue start, idle;
  Heap heap;
  /* What was allocated while the program was read: its code, which calls do not change. */
  Piece code;
  unsigned char bytes[];
} Snapshot;

/* The build provides the room for it: zeros, or the snapshot. */
extern Snapshot snapshot;
extern unsigned char snapshot_end[];

/* Has the kernel provide the pages that calls change at once, which is faster than a page fault for each. */
void snapshot_touch(void);

/*
 * Runs at build time, in an executable without a snapshot: loads the program from stdin, and writes the snapshot to stdout.
 * Returns the exit status.
 */
int snapshot_make(JSContext *load(const Chunk *program));
#endif
