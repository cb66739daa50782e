#ifndef HEAP_H
#define HEAP_H
#include "quickjs.h"

/* Each block has a class; heap.c says which. */
enum { STEP = 8, SMALL = 1024, LARGEST = 128 * 1024, CLASSES = SMALL / STEP + 29 };

typedef struct Block Block;

/* Blocks are cut off a piece, from its beginning on: the snapshot, the kernel's memory, or for small blocks a freed block. */
typedef struct {
  unsigned char *start, *end;
} Piece;

typedef struct {
  Block *freed[CLASSES];
  Piece region, spare;
} Heap;

/* The functions that the engine allocates with. */
extern const JSMallocFunctions heap_functions;
#endif
