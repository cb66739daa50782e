#include "text.h"
#include <string.h>

static const uint8_t REPLACEMENT[3] = {0xef, 0xbf, 0xbd}; /* U+FFFD */

/*
 * How many bytes from here on are one character. If that is negative: how many bytes begin a character that is not
 * continued.
 */
static int character(const uint8_t *bytes, size_t left) {
  uint8_t lead = bytes[0], low = 0x80, high = 0xbf;
  int length;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  else if (lead >= 0xe0 && lead <= 0xef) length = 3;
  else if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  else return -1;
  /* A character must not be longer than needed, nor half a surrogate pair, nor beyond the last character. */
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  for (int i = 1; i < length; i++) {
    if ((size_t)i >= left || bytes[i] < low || bytes[i] > high) return -i;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

static size_t valid_length(const uint8_t *bytes, size_t length) {
  size_t at = 0;
  while (at < length) {
    if (bytes[at] < 0x80) {
      at++;
      continue;
    }
    int one = character(bytes + at, length - at);
    if (one < 0) break;
    at += (size_t)one;
  }
  return at;
}

JSValue text_from_utf8(JSContext *ctx, const uint8_t *bytes, size_t length) {
  size_t valid = valid_length(bytes, length);
  if (valid == length) return JS_NewStringLen(ctx, (const char *)bytes, length);
  /* Each byte may become three bytes. */
  if (length > SIZE_MAX / 3) return JS_ThrowOutOfMemory(ctx);
  uint8_t *mended = js_malloc(ctx, length * 3);
  if (!mended) return JS_EXCEPTION;
  size_t to = 0;
  for (size_t at = 0; at < length;) {
    int one = character(bytes + at, length - at);
    if (one > 0) {
      memcpy(mended + to, bytes + at, (size_t)one);
      to += (size_t)one;
      at += (size_t)one;
    } else {
      memcpy(mended + to, REPLACEMENT, sizeof REPLACEMENT);
      to += sizeof REPLACEMENT;
      at += (size_t)-one;
    }
  }
  JSValue text = JS_NewStringLen(ctx, (const char *)mended, to);
  js_free(ctx, mended);
  return text;
}

void replace_surrogates(uint8_t *bytes, size_t length) {
  for (size_t at = 0; at + 2 < length; at++)
    if (bytes[at] == 0xed && bytes[at + 1] >= 0xa0) memcpy(bytes + at, REPLACEMENT, sizeof REPLACEMENT);
}
