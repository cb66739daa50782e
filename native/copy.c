/*
 * memcpy and memmove instead of musl's, which begin with an instruction (rep movs) that takes longer than most of the
 * engine's copies, and go backward a byte at a time. Both ends are read before anything is written, and written last; what
 * is between them goes in pieces of 16 bytes. With musl's, an ADD takes 4 % longer and a list of many pods 10 %.
 */
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint64_t words[2];
} Piece;

enum { PIECE = sizeof(Piece) };

/* The compiler makes each of these one or two instructions, at any address. */
#define ACCESS(name, Type)                                                      \
  static inline Type get_##name(const uint8_t *from) {                          \
    Type value;                                                                 \
    __builtin_memcpy(&value, from, sizeof value);                               \
    return value;                                                               \
  }                                                                             \
  static inline void put_##name(uint8_t *to, Type value) { __builtin_memcpy(to, &value, sizeof value); }

ACCESS(4, uint32_t)
ACCESS(8, uint64_t)
ACCESS(piece, Piece)

static void copy_short(uint8_t *to, const uint8_t *from, size_t length) {
  if (length >= 8) {
    uint64_t first = get_8(from), last = get_8(from + length - 8);
    put_8(to, first), put_8(to + length - 8, last);
  } else if (length >= 4) {
    uint32_t first = get_4(from), last = get_4(from + length - 4);
    put_4(to, first), put_4(to + length - 4, last);
  } else if (length > 0) {
    uint8_t first = from[0], middle = from[length / 2], last = from[length - 1];
    to[0] = first, to[length / 2] = middle, to[length - 1] = last;
  }
}

/* The compiler must not make the loops what they are for: a call of memcpy. */
__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memmove(void *target, const void *source, size_t length) {
  uint8_t *to = target;
  const uint8_t *from = source;
  if (length <= PIECE) {
    copy_short(to, from, length);
    return target;
  }
  size_t end = length - PIECE;
  Piece first = get_piece(from), last = get_piece(from + end);
  /* True too if the target comes first: then going forward overwrites only what has been read. */
  if ((uintptr_t)to - (uintptr_t)from >= length) {
    for (size_t at = PIECE; at < end; at += PIECE) put_piece(to + at, get_piece(from + at));
  } else {
    for (size_t at = end; at > PIECE; at -= PIECE) put_piece(to + at - PIECE, get_piece(from + at - PIECE));
  }
  put_piece(to, first), put_piece(to + end, last);
  return target;
}

void *memcpy(void *restrict, const void *restrict, size_t) __attribute__((alias("memmove")));
