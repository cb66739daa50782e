#ifndef TEXT_H
#define TEXT_H
#include "quickjs.h"
#include <stddef.h>
#include <stdint.h>

/* Converts JavaScript's text from and to UTF-8, as the Encoding Standard does. */
JSValue text_from_utf8(JSContext *ctx, const uint8_t *bytes, size_t length);

/* Replaces in place: the engine writes half a surrogate pair as the three bytes of a character that does not exist. */
void replace_surrogates(uint8_t *bytes, size_t length);
#endif
