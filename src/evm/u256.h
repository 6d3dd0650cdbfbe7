/*
 * Unsigned 256-bit integers: all money is one of these, touched only here.
 * Arithmetic is checked: an overflow is ERR_OVERFLOW, never a wrap.
 */
#ifndef SELFSAME_EVM_U256_H
#define SELFSAME_EVM_U256_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

struct u256 {
	uint64_t limb[4]; /* least significant first */
};

#define U256_ZERO ((struct u256){{0, 0, 0, 0}})
#define U256_MAX ((struct u256){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}})

/* 78 digits, a point, a leading zero and a NUL. */
#define U256_TEXT_MAX 82

static inline struct u256
u256_of(uint64_t v)
{
	return (struct u256){{v, 0, 0, 0}};
}

int u256_is_zero(const struct u256 *a);

/* Below zero, zero or above zero, as a is less than, equal to or greater than b. */
int u256_compare(const struct u256 *a, const struct u256 *b);

/* ret may be a or b. */
int u256_add(const struct u256 *a, const struct u256 *b, struct u256 *ret) MUST_USE;
int u256_sub(const struct u256 *a, const struct u256 *b, struct u256 *ret) MUST_USE;
int u256_mul(const struct u256 *a, const struct u256 *b, struct u256 *ret) MUST_USE;
int u256_mul_u64(const struct u256 *a, uint64_t b, struct u256 *ret) MUST_USE;

/* a / b rounded down and the remainder; ERR_RANGE when b is zero. */
int u256_div_u64(const struct u256 *a, uint64_t b, struct u256 *ret, uint64_t *ret_rest) MUST_USE;

/* a b / c rounded down with a 512-bit product; ERR_RANGE (c is 0), ERR_OVERFLOW. */
int u256_mul_div_u64(const struct u256 *a, uint64_t b, uint64_t c, struct u256 *ret) MUST_USE;

/* ERR_OVERFLOW when it does not fit. */
int u256_to_u64(const struct u256 *a, uint64_t *ret) MUST_USE;

/* 32 bytes big-endian. */
void u256_to_be32(const struct u256 *a, uint8_t ret[32]);
struct u256 u256_from_be32(const uint8_t be[32]);

/* Up to 32 bytes big-endian; ERR_RANGE when longer. */
int u256_from_be(const uint8_t *be, size_t len, struct u256 *ret) MUST_USE;

/*
 * A decimal number with at most `decimals` places ("12", "0.5", "1.000000"),
 * scaled to base units, exactly. No sign, exponent, spaces, leading zeros
 * ("01") or bare points (".5", "5.").
 *
 * Returns: 0, ERR_PARSE, ERR_RANGE (more places than decimals), ERR_OVERFLOW.
 */
int u256_parse_decimal(const char *text, size_t len, unsigned decimals, struct u256 *ret) MUST_USE;

/* "0x" and hex digits; leading zeros are allowed, at most 64 digits. */
int u256_parse_hex(const char *text, size_t len, struct u256 *ret) MUST_USE;

/*
 * The shortest exact decimal ("0.5", "12") and a NUL; decimals at most 78.
 * Returns the length without the NUL.
 */
size_t u256_format_decimal(const struct u256 *a, unsigned decimals, char ret[U256_TEXT_MAX]);

/* "0x" and hex digits without leading zeros ("0x0"), and a NUL. Returns the length. */
size_t u256_format_hex(const struct u256 *a, char ret[67]);

void write_u256(struct writer *w, const struct u256 *a); /* 32 bytes big-endian */
int read_u256(struct reader *r, struct u256 *ret) MUST_USE;

#endif
