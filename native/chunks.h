#ifndef CHUNKS_H
#define CHUNKS_H
#include <stddef.h>
#include <stdint.h>

/* Modules as bytecode; the build writes the list, and the last one has no name. */
typedef struct {
  const char *name;
  const uint8_t *start, *end;
} Chunk;

extern const Chunk CHUNKS[];
#endif
