/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SELFSAME_BASE_UTF8_H
#define SELFSAME_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The length of the character at p, left > 0 bytes from the end; 0 when it is none. */
size_t utf8_length(const uint8_t *p, size_t left);

/* Whether a run is UTF-8 without NUL: what can be a C string, and JSON. */
int utf8_is_text(struct bytes run);

#endif
