#ifndef CHUNKS_H
#define CHUNKS_H
#include <stddef.h>
#include <stdint.h>

/*
 * The program's modules as bytecode; the build writes them. The last one has no name. A module with a size is a block of
 * LZ4, and the size is the number of its bytes when it is expanded.
 */
typedef struct {
  const char *name;
  const uint8_t *start, *end;
  size_t size;
} Chunk;

extern const Chunk CHUNKS[];
#endif
