/*
 * The engine's memory. With the C library's allocator an ADD takes 27 % more instructions. An allocator that frees
 * nothing would take 4 % less, but touch 100 pages more. A watch runs for months, so freed memory has to be used again.
 *
 * Each block has a class: classes are eight bytes apart up to 1 KiB; then each doubling up to 128 KiB has four. A freed
 * block waits in its class's list. New blocks are cut off the end of a region, one after the other, so that a call
 * touches few pages. Small ones are cut off a larger freed block, because tables that grow leave many of those behind.
 * Larger blocks come from the kernel and go back to it.
 *
 * The eight bytes before a block hold its size. Nothing that the engine stores needs more than eight bytes of alignment.
 */
#include "heap.h"
#include "snapshot.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/*
 * The kernel provides a page when it is touched, so a large region costs nothing until it is used. VERSION needs no more
 * than the room that is left after the snapshot, and an ADD that finds everything in order most of the first region. The
 * pages of the first two are requested at once, which is faster than a page fault for each.
 */
enum { FIRST_REGION = LARGEST, SECOND_REGION = 2 * LARGEST, REGION = 32 * LARGEST, PAGE = 4096 };

struct Block {
  size_t size; /* The size of the whole block, this field included. */
  union {
    struct Block *next;
    unsigned char bytes[1];
  } u;
};

enum { HEAD = offsetof(Block, u) };

static Heap *const heap = &snapshot.heap;

static size_t multiple(size_t size, size_t unit) { return (size + unit - 1) & ~(unit - 1); }

/* The logarithm of the smallest power of two that is not less than `size`. */
static unsigned log_of(size_t size) { return 64 - (unsigned)__builtin_clzll(size - 1); }

/* The size of a block for this many bytes. */
static size_t block_size(size_t bytes) {
  size_t size = multiple(bytes + HEAD, STEP);
  if (size <= SMALL) return size;
  return multiple(size, size <= LARGEST ? (size_t)1 << (log_of(size) - 3) : PAGE);
}

static unsigned class_of(size_t size) {
  if (size <= SMALL) return (unsigned)(size / STEP);
  unsigned log = log_of(size);
  return SMALL / STEP + (log - log_of(SMALL) - 1) * 4 + (unsigned)(size >> (log - 3)) - 4;
}

/* While the snapshot is made there is no more than its room, because the kernel's memory is no part of it. */
static void *from_kernel(size_t size, int flags) {
  if (!snapshot.ctx) {
    fprintf(stderr, "ip-masq: a program has to be loaded with less memory, in blocks of at most %d bytes\n", LARGEST);
    return NULL;
  }
  void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

static Block *cut(Piece *piece, size_t size) {
  Block *block = (Block *)(void *)piece->start;
  piece->start += size;
  block->size = size;
  return block;
}

static int has_room(const Piece *piece, size_t size) { return (size_t)(piece->end - piece->start) >= size; }

static Block *pop(unsigned class) {
  Block *block = heap->freed[class];
  if (block) heap->freed[class] = block->u.next;
  return block;
}

static int make_region(void) {
  static size_t size = FIRST_REGION;
  unsigned char *start = from_kernel(size, size < REGION ? MAP_POPULATE : 0);
  if (!start) return -1;
  heap->region = (Piece){start, start + size};
  size = size == FIRST_REGION ? SECOND_REGION : REGION;
  return 0;
}

static Block *take(size_t size) {
  if (size > LARGEST) {
    Block *block = from_kernel(size, 0);
    if (block) block->size = size;
    return block;
  }
  Block *block = pop(class_of(size));
  if (block) return block;
  if (size <= SMALL && has_room(&heap->spare, size)) return cut(&heap->spare, size);
  if (!has_room(&heap->region, size) && make_region() < 0) return NULL;
  return cut(&heap->region, size);
}

static Block *block_of(const void *bytes) { return (Block *)(uintptr_t)((const unsigned char *)bytes - HEAD); }

static void *allocate(JSMallocState *state, size_t bytes) {
  if (bytes > state->malloc_limit || state->malloc_size + bytes > state->malloc_limit) return NULL;
  Block *block = take(block_size(bytes));
  if (!block) return NULL;
  state->malloc_count++;
  state->malloc_size += block->size;
  return block->u.bytes;
}

static void release(JSMallocState *state, void *bytes) {
  if (!bytes) return;
  Block *block = block_of(bytes);
  state->malloc_count--;
  state->malloc_size -= block->size;
  if (block->size > LARGEST) {
    munmap(block, block->size);
  } else if (block->size > SMALL && !has_room(&heap->spare, SMALL)) {
    heap->spare = (Piece){(unsigned char *)block, (unsigned char *)block + block->size};
  } else {
    Block **list = &heap->freed[class_of(block->size)];
    block->u.next = *list;
    *list = block;
  }
}

static void *resize(JSMallocState *state, void *bytes, size_t wanted) {
  if (!bytes) return wanted == 0 ? NULL : allocate(state, wanted);
  if (wanted == 0) {
    release(state, bytes);
    return NULL;
  }
  if (wanted > state->malloc_limit) return NULL;
  Block *block = block_of(bytes);
  size_t old = block->size, size = block_size(wanted);
  if (size <= old && (old <= SMALL || size > old / 2)) return bytes;
  if (size > old && state->malloc_size + (size - old) > state->malloc_limit) return NULL;
  if (old > LARGEST && size > LARGEST) {
    Block *moved = mremap(block, old, size, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) return NULL;
    moved->size = size;
    state->malloc_size += size - old;
    return moved->u.bytes;
  }
  void *next = allocate(state, wanted);
  if (!next) return NULL;
  memcpy(next, bytes, (old < size ? old : size) - HEAD);
  release(state, bytes);
  return next;
}

static size_t usable(const void *bytes) { return bytes ? block_of(bytes)->size - HEAD : 0; }

const JSMallocFunctions heap_functions = {allocate, release, resize, usable};
