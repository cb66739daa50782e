/* Compares native/copy.c with bytes copied one by one: all short lengths, all distances in which source and target overlap. */
#include <stdio.h>
#include <string.h>

enum { MOST = 100, SIZE = 400 };

static unsigned char bytes[SIZE], wanted[SIZE];

static int differs(size_t from, size_t to, size_t length, void *copy(void *, const void *, size_t)) {
  unsigned char before[SIZE];
  for (size_t i = 0; i < SIZE; i++) before[i] = wanted[i] = bytes[i] = (unsigned char)(i * 7 + length);
  for (size_t i = 0; i < length; i++) wanted[to + i] = before[from + i];
  if (copy(bytes + to, bytes + from, length) != bytes + to) return 1;
  for (size_t i = 0; i < SIZE; i++)
    if (bytes[i] != wanted[i]) return 1;
  return 0;
}

int main(void) {
  int cases = 0;
  for (size_t length = 0; length <= MOST; length++)
    for (size_t from = 100; from < 108; from++)
      for (size_t to = 0; to + MOST < 300; to++) {
        int apart = to + length <= from || from + length <= to;
        if (differs(from, to, length, memmove) || (apart && differs(from, to, length, (void *(*)(void *, const void *, size_t))memcpy))) {
          printf("length %zu, from %zu to %zu\n", length, from, to);
          return 1;
        }
        cases++;
      }
  printf("%d cases\n", cases);
  return 0;
}
