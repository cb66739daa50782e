#ifndef TEXT_H
#define TEXT_H
#include "quickjs.h"
#include <stddef.h>
#include <stdint.h>

/* JavaScript's text from UTF-8, and UTF-8 from it, as the Encoding Standard has them. */
JSValue text_from_utf8(JSContext *ctx, const uint8_t *bytes, size_t length);

/* In place: the engine writes half a surrogate pair as the three bytes of a character that does not exist. */
void replace_surrogates(uint8_t *bytes, size_t length);
#endif
