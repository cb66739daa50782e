/*
 * The engine's memory. A call is over after a few milliseconds, and with the C library's allocator a quarter of its
 * instructions would be malloc and free; a watch runs for months, so what is freed has to be used again.
 *
 * Blocks have a class each: eight bytes more from one to the next up to 1 KiB, then four classes to each doubling up to
 * 128 KiB. A freed block waits in its class's list. New ones are cut off the end of a region, one after the other, so that a call touches
 * few pages; small ones are cut off a larger block that was freed, because tables that grow leave many of those behind. What is
 * larger comes from the kernel and goes back to it.
 *
 * The eight bytes before a block hold its size. Nothing that the engine stores needs more than eight bytes of alignment.
 */
#include "heap.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { STEP = 8, SMALL = 1024, SMALL_CLASSES = SMALL / STEP, LARGEST = 128 * 1024, CLASSES = SMALL_CLASSES + 28 };

/* The kernel gives a page when it is touched, so a large region costs nothing until it is used. */
enum { REGION = 4 * 1024 * 1024, PAGE = 4096 };

typedef struct Block {
  size_t size; /* Of the whole block, this field included. */
  union {
    struct Block *next;
    unsigned char bytes[1];
  } u;
} Block;

enum { HEAD = offsetof(Block, u) };

static Block *freed[CLASSES];
static unsigned char *cut, *region_end, *spare, *spare_end;

/* The class that has room for `size` bytes, and how many it has. */
static unsigned class_of(size_t size, size_t *room) {
  if (size <= SMALL) {
    unsigned class = (unsigned)((size + STEP - 1) / STEP);
    *room = class * STEP;
    return class - 1;
  }
  /* `size` is in (2^top, 2^(top+1)], which is cut into four. */
  unsigned top = 63 - (unsigned)__builtin_clzll(size - 1);
  size_t step = (size_t)1 << (top - 2);
  size_t quarter = (size - ((size_t)1 << top) + step - 1) / step;
  *room = ((size_t)1 << top) + quarter * step;
  return SMALL_CLASSES + (top - 10) * 4 + (unsigned)quarter - 1;
}

static Block *from_kernel(size_t size) {
  void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

static size_t whole_pages(size_t size) { return (size + PAGE - 1) & ~(size_t)(PAGE - 1); }

static Block *take(size_t size) {
  size_t room;
  Block *block;
  if (size > LARGEST) {
    room = whole_pages(size);
    block = from_kernel(room);
  } else {
    unsigned class = class_of(size, &room);
    if ((block = freed[class])) {
      freed[class] = block->u.next;
      return block;
    }
    if (room <= (size_t)(spare_end - spare) && room <= SMALL) {
      block = (Block *)(void *)spare;
      spare += room;
      block->size = room;
      return block;
    }
    if ((size_t)(region_end - cut) < room) {
      unsigned char *region = (unsigned char *)from_kernel(REGION);
      if (!region) return NULL;
      cut = region;
      region_end = region + REGION;
    }
    block = (Block *)(void *)cut;
    cut += room;
  }
  if (block) block->size = room;
  return block;
}

static Block *block_of(const void *bytes) { return (Block *)(uintptr_t)((const unsigned char *)bytes - HEAD); }

static void *allocate(JSMallocState *state, size_t size) {
  if (size > SIZE_MAX / 2 || state->malloc_size + size > state->malloc_limit) return NULL;
  Block *block = take(size + HEAD);
  if (!block) return NULL;
  state->malloc_count++;
  state->malloc_size += block->size;
  return block->u.bytes;
}

static void release(JSMallocState *state, void *bytes) {
  if (!bytes) return;
  Block *block = block_of(bytes);
  size_t room;
  state->malloc_count--;
  state->malloc_size -= block->size;
  if (block->size > LARGEST) {
    munmap(block, block->size);
    return;
  }
  if (block->size > SMALL && spare_end - spare < SMALL) {
    spare = (unsigned char *)block;
    spare_end = spare + block->size;
    return;
  }
  unsigned class = class_of(block->size, &room);
  block->u.next = freed[class];
  freed[class] = block;
}

static void *resize(JSMallocState *state, void *bytes, size_t size) {
  if (!bytes) return size == 0 ? NULL : allocate(state, size);
  if (size == 0) {
    release(state, bytes);
    return NULL;
  }
  if (size > SIZE_MAX / 2) return NULL;
  Block *block = block_of(bytes);
  size_t old = block->size;
  if (size + HEAD <= old && (old <= SMALL || size + HEAD > old / 2)) return bytes;
  if (size + HEAD > old && state->malloc_size + (size + HEAD - old) > state->malloc_limit) return NULL;
  if (old > LARGEST && size + HEAD > LARGEST) {
    size_t room = whole_pages(size + HEAD);
    Block *moved = mremap(block, old, room, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) return NULL;
    moved->size = room;
    state->malloc_size += room - old;
    return moved->u.bytes;
  }
  /* The last block grows where it is: a text that is put together piece by piece does so often. */
  if ((unsigned char *)block + old == cut && old <= LARGEST && size + HEAD <= LARGEST) {
    size_t room;
    class_of(size + HEAD, &room);
    if (room <= old || (size_t)(region_end - cut) >= room - old) {
      cut = (unsigned char *)block + room;
      block->size = room;
      state->malloc_size += room - old;
      return bytes;
    }
  }
  Block *next = take(size + HEAD);
  if (!next) return NULL;
  size_t kept = (old < next->size ? old : next->size) - HEAD;
  memcpy(next->u.bytes, bytes, kept);
  state->malloc_count++;
  state->malloc_size += next->size;
  release(state, bytes);
  return next->u.bytes;
}

static size_t usable(const void *bytes) { return bytes ? block_of(bytes)->size - HEAD : 0; }

const JSMallocFunctions heap_functions = {allocate, release, resize, usable};
