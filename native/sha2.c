#include "sha2.h"
#include <string.h>

/*
 * The first 64 bits of the fractional parts of the cube roots of the first 80 primes. SHA-256 uses the first 32 bits of
 * the first 64 of them. Its initial state likewise consists of the upper halves of SHA-512's.
 */
static const uint64_t ROUNDS[80] = {
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static const uint64_t BEGINNING[8] = {
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

void sha2_begin(Sha2 *hash, int bits) {
  memset(hash, 0, sizeof *hash);
  for (int i = 0; i < 8; i++) hash->words[i] = bits == 512 ? BEGINNING[i] : BEGINNING[i] >> 32;
}

#define ROTATED(x, n) ((x) >> (n) | (x) << (sizeof(x) * 8 - (n)))

/*
 * The two digests differ in the width of a word, the number of rounds, and six groups of distances. Each round moves the
 * eight words on by one place. So that nothing is moved, eight rounds at a time find them elsewhere each: at V(0) to V(7).
 */
#define V(place) v[(8 + (place) - j) % 8]
#define BLOCK(name, Word, rounds, constant, a1, a2, a3, e1, e2, e3, s1, s2, s3, t1, t2, t3)                       \
  static void name(uint64_t *words, const uint8_t *bytes) {                                                       \
    Word w[rounds], v[8];                                                                                         \
    for (int i = 0; i < 16; i++) {                                                                                \
      w[i] = 0;                                                                                                   \
      for (size_t j = 0; j < sizeof(Word); j++) w[i] = (Word)(w[i] << 8) | bytes[(size_t)i * sizeof(Word) + j];   \
    }                                                                                                             \
    for (int i = 16; i < rounds; i++) {                                                                           \
      Word s = ROTATED(w[i - 15], s1) ^ ROTATED(w[i - 15], s2) ^ w[i - 15] >> s3;                                 \
      Word t = ROTATED(w[i - 2], t1) ^ ROTATED(w[i - 2], t2) ^ w[i - 2] >> t3;                                    \
      w[i] = w[i - 16] + s + w[i - 7] + t;                                                                        \
    }                                                                                                             \
    for (int i = 0; i < 8; i++) v[i] = (Word)words[i];                                                            \
    for (int first = 0; first < rounds; first += 8) {                                                             \
      _Pragma("GCC unroll 8") for (int j = 0; j < 8; j++) {                                                       \
        int i = first + j;                                                                                        \
        Word e = V(4), a = V(0);                                                                                  \
        Word x = V(7) + (ROTATED(e, e1) ^ ROTATED(e, e2) ^ ROTATED(e, e3)) + ((e & V(5)) ^ (~e & V(6))) +         \
                 (Word)(constant) + w[i];                                                                         \
        Word y = (ROTATED(a, a1) ^ ROTATED(a, a2) ^ ROTATED(a, a3)) + ((a & V(1)) ^ (a & V(2)) ^ (V(1) & V(2)));  \
        V(3) += x;                                                                                                \
        V(7) = x + y;                                                                                             \
      }                                                                                                           \
    }                                                                                                             \
    for (int i = 0; i < 8; i++) words[i] = (Word)((Word)words[i] + v[i]);                                         \
  }

BLOCK(block_256, uint32_t, 64, ROUNDS[i] >> 32, 2, 13, 22, 6, 11, 25, 7, 18, 3, 17, 19, 10)
BLOCK(block_512, uint64_t, 80, ROUNDS[i], 28, 34, 39, 14, 18, 41, 1, 8, 7, 19, 61, 6)

static void add_block(Sha2 *hash, int bits, const uint8_t *bytes) {
  if (bits == 512) block_512(hash->words, bytes);
  else block_256(hash->words, bytes);
}

void sha2_add(Sha2 *hash, int bits, const uint8_t *bytes, size_t length) {
  size_t block = bits == 512 ? 128 : 64, filled = hash->length % block;
  hash->length += length;
  while (length > 0) {
    if (filled == 0 && length >= block) {
      add_block(hash, bits, bytes);
      bytes += block;
      length -= block;
      continue;
    }
    size_t part = length < block - filled ? length : block - filled;
    memcpy(hash->rest + filled, bytes, part);
    filled += part;
    bytes += part;
    length -= part;
    if (filled == block) {
      add_block(hash, bits, hash->rest);
      filled = 0;
    }
  }
}

void sha2_end(Sha2 *hash, int bits, uint8_t *out) {
  size_t block = bits == 512 ? 128 : 64, word = block / 16;
  uint64_t length = hash->length * 8;
  uint8_t end[8];
  for (int i = 0; i < 8; i++) end[i] = (uint8_t)(length >> (56 - 8 * i));
  sha2_add(hash, bits, (const uint8_t[]){0x80}, 1);
  /* The length takes two words. What we hash is shorter than 2^61 bytes, so its bits can be counted in 64 bits. */
  while (hash->length % block != block - 2 * word) sha2_add(hash, bits, (const uint8_t[]){0}, 1);
  if (word == 8) sha2_add(hash, bits, (const uint8_t[8]){0}, 8);
  sha2_add(hash, bits, end, 8);
  for (size_t i = 0; i < (size_t)bits / 8; i++)
    out[i] = (uint8_t)(hash->words[i / word] >> (8 * (word - 1 - i % word)));
}
