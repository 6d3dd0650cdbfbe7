/*
 * Base64 (RFC 4648), each value in its one spelling: whole input, no white
 * space, no line ends, spare bits zero. Not for secrets: time depends on content.
 */
#ifndef SELFSAME_BASE_BASE64_H
#define SELFSAME_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

enum base64_form {
	BASE64_STANDARD, /* + and /, padded with = */
	BASE64_URL /* - and _, without padding: JOSE's */
};

/* Characters for n bytes, without a NUL. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Bytes that len characters can hold at most. */
#define BASE64_DECODED_MAX(len) ((len) / 4 * 3 + 3)

/* ret may be where text is. Returns: 0, ERR_PARSE or ERR_SPACE (more than cap bytes) */
int base64_decode(enum base64_form form, struct bytes text, uint8_t *ret, size_t cap,
    size_t *ret_len) MUST_USE;

/* Matched by base64_decode(). */
void base64_write(struct writer *w, enum base64_form form, const uint8_t *p, size_t n);

#endif
