/* Hex text. Decoding is strict: whole input, even length, no white space. */
#ifndef SELFSAME_BASE_HEX_H
#define SELFSAME_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/*
 * Decode len digits of either case into exactly n bytes. Time depends on the
 * lengths only, not on the digits (API keys pass here).
 *
 * Returns: 0, ERR_RANGE (len is not 2 n) or ERR_PARSE (not a digit).
 */
int hex_decode(const char *text, size_t len, uint8_t *ret, size_t n) MUST_USE;

/* The same with the prefix "0x" required. */
int hex_decode_0x(const char *text, size_t len, uint8_t *ret, size_t n) MUST_USE;

/*
 * Decode a run of unknown length with the prefix "0x" ("0x" alone is empty).
 *
 * Returns: 0, ERR_PARSE (prefix, odd length, not a digit) or ERR_SPACE (cap).
 */
int hex_decode_0x_run(const char *text, size_t len, size_t cap, uint8_t *ret, size_t *ret_len)
    MUST_USE;

/* Write 2 n lower-case digits and a NUL; ret has room for 2 n + 1. */
void hex_encode(const uint8_t *p, size_t n, char *ret);

/* The same with the prefix "0x"; ret has room for 2 n + 3. */
void hex_encode_0x(const uint8_t *p, size_t n, char *ret);

#endif
