#ifndef SHA2_H
#define SHA2_H
#include <stddef.h>
#include <stdint.h>

/* SHA-256 and SHA-512 (FIPS 180-4) of bytes that come in pieces. `bits` is 256 or 512. */
typedef struct {
  uint64_t words[8];
  uint64_t length;
  uint8_t rest[128];
} Sha2;

void sha2_begin(Sha2 *hash, int bits);
void sha2_add(Sha2 *hash, int bits, const uint8_t *bytes, size_t length);
/* Writes bits / 8 bytes to `out`. */
void sha2_end(Sha2 *hash, int bits, uint8_t *out);
#endif
