#ifndef CHUNKS_H
#define CHUNKS_H
#include <stdint.h>

/* The program's modules as bytecode; the build writes them. The last one has no name. */
typedef struct {
  const char *name;
  const uint8_t *start, *end;
} Chunk;

extern const Chunk CHUNKS[];
#endif
