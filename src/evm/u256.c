#include "evm/u256.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

#define LIMBS 4
#define DIGITS_MAX 78 /* of 2^256 - 1 */

__extension__ typedef unsigned __int128 u128;

int
u256_is_zero(const struct u256 *a)
{
	return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0;
}

int
u256_compare(const struct u256 *a, const struct u256 *b)
{
	for (size_t i = LIMBS; i-- > 0;) {
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	}
	return 0;
}

int
u256_add(const struct u256 *a, const struct u256 *b, struct u256 *ret)
{
	struct u256 sum;
	u128 t = 0;

	for (size_t i = 0; i < LIMBS; i++) {
		t += (u128)a->limb[i] + b->limb[i];
		sum.limb[i] = (uint64_t)t;
		t >>= 64;
	}
	if (t != 0)
		return ERR_OVERFLOW;
	*ret = sum;
	return 0;
}

int
u256_sub(const struct u256 *a, const struct u256 *b, struct u256 *ret)
{
	struct u256 rest;
	uint64_t borrow = 0;

	for (size_t i = 0; i < LIMBS; i++) {
		u128 t = (u128)a->limb[i] - b->limb[i] - borrow;

		rest.limb[i] = (uint64_t)t;
		borrow = (uint64_t)(t >> 64) & 1;
	}
	if (borrow != 0)
		return ERR_OVERFLOW;
	*ret = rest;
	return 0;
}

int
u256_mul(const struct u256 *a, const struct u256 *b, struct u256 *ret)
{
	uint64_t product[2 * LIMBS] = {0};

	for (size_t i = 0; i < LIMBS; i++) {
		u128 t = 0;

		for (size_t j = 0; j < LIMBS; j++) {
			t += (u128)a->limb[i] * b->limb[j] + product[i + j];
			product[i + j] = (uint64_t)t;
			t >>= 64;
		}
		product[i + LIMBS] = (uint64_t)t;
	}
	if ((product[4] | product[5] | product[6] | product[7]) != 0)
		return ERR_OVERFLOW;
	memcpy(ret->limb, product, sizeof ret->limb);
	return 0;
}

/* a * b as five limbs. */
static void
mul_wide(const struct u256 *a, uint64_t b, uint64_t ret[LIMBS + 1])
{
	u128 t = 0;

	for (size_t i = 0; i < LIMBS; i++) {
		t += (u128)a->limb[i] * b;
		ret[i] = (uint64_t)t;
		t >>= 64;
	}
	ret[LIMBS] = (uint64_t)t;
}

/* In place, from the top; b is not zero. The quotient of each step is below 2^64. */
static uint64_t
div_limbs(uint64_t *limb, size_t count, uint64_t b)
{
	u128 rest = 0;

	for (size_t i = count; i-- > 0;) {
		rest = rest << 64 | limb[i];
		limb[i] = (uint64_t)(rest / b);
		rest %= b;
	}
	return (uint64_t)rest;
}

int
u256_mul_u64(const struct u256 *a, uint64_t b, struct u256 *ret)
{
	uint64_t wide[LIMBS + 1];

	mul_wide(a, b, wide);
	if (wide[LIMBS] != 0)
		return ERR_OVERFLOW;
	memcpy(ret->limb, wide, sizeof ret->limb);
	return 0;
}

int
u256_div_u64(const struct u256 *a, uint64_t b, struct u256 *ret, uint64_t *ret_rest)
{
	struct u256 quotient = *a;

	if (b == 0)
		return ERR_RANGE;
	*ret_rest = div_limbs(quotient.limb, LIMBS, b);
	*ret = quotient;
	return 0;
}

int
u256_mul_div_u64(const struct u256 *a, uint64_t b, uint64_t c, struct u256 *ret)
{
	uint64_t wide[LIMBS + 1];

	if (c == 0)
		return ERR_RANGE;
	mul_wide(a, b, wide);
	(void)div_limbs(wide, LIMBS + 1, c);
	if (wide[LIMBS] != 0)
		return ERR_OVERFLOW;
	memcpy(ret->limb, wide, sizeof ret->limb);
	return 0;
}

int
u256_to_u64(const struct u256 *a, uint64_t *ret)
{
	if ((a->limb[1] | a->limb[2] | a->limb[3]) != 0)
		return ERR_OVERFLOW;
	*ret = a->limb[0];
	return 0;
}

void
u256_to_be32(const struct u256 *a, uint8_t ret[32])
{
	for (size_t i = 0; i < LIMBS; i++)
		store_be64(ret + 8 * i, a->limb[LIMBS - 1 - i]);
}

struct u256
u256_from_be32(const uint8_t be[32])
{
	struct u256 v;

	for (size_t i = 0; i < LIMBS; i++)
		v.limb[LIMBS - 1 - i] = load_be64(be + 8 * i);
	return v;
}

int
u256_from_be(const uint8_t *be, size_t len, struct u256 *ret)
{
	uint8_t full[32] = {0};

	if (len > sizeof full)
		return ERR_RANGE;
	if (len > 0)
		memcpy(full + sizeof full - len, be, len);
	*ret = u256_from_be32(full);
	return 0;
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* v = 10 v + digit */
static int
append_digit(struct u256 *v, unsigned digit)
{
	struct u256 next, d = u256_of(digit);

	if (u256_mul_u64(v, 10, &next) != 0 || u256_add(&next, &d, &next) != 0)
		return ERR_OVERFLOW;
	*v = next;
	return 0;
}

/* The shape "digits" or "digits.digits"; gives the number of digits before and behind. */
static int
decimal_shape(const char *text, size_t len, size_t *ret_whole, size_t *ret_places)
{
	size_t whole = 0, places = 0;

	while (whole < len && is_digit(text[whole]))
		whole++;
	if (whole == 0 || (whole > 1 && text[0] == '0'))
		return ERR_PARSE;
	if (whole < len) {
		while (whole + 1 + places < len && is_digit(text[whole + 1 + places]))
			places++;
		if (text[whole] != '.' || places == 0 || whole + 1 + places != len)
			return ERR_PARSE;
	}
	*ret_whole = whole;
	*ret_places = places;
	return 0;
}

int
u256_parse_decimal(const char *text, size_t len, unsigned decimals, struct u256 *ret)
{
	struct u256 v = U256_ZERO;
	size_t whole, places;
	int r;

	if ((r = decimal_shape(text, len, &whole, &places)) != 0)
		return r;
	if (places > decimals)
		return ERR_RANGE;
	for (size_t i = 0; i < len; i++) {
		if (i != whole && (r = append_digit(&v, (unsigned)(text[i] - '0'))) != 0)
			return r;
	}
	/* zero stays zero: a large number of decimals must not cost time */
	for (size_t i = places; i < decimals && !u256_is_zero(&v); i++) {
		if ((r = append_digit(&v, 0)) != 0)
			return r;
	}
	*ret = v;
	return 0;
}

/* The value of a hex digit, or 16. */
static unsigned
hex_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

int
u256_parse_hex(const char *text, size_t len, struct u256 *ret)
{
	struct u256 v = U256_ZERO;

	if (len < 3 || len > 2 + 64 || text[0] != '0' || text[1] != 'x')
		return ERR_PARSE;
	for (size_t i = 2; i < len; i++) {
		size_t place = len - 1 - i; /* of the nibble, from the lowest */
		unsigned digit = hex_value(text[i]);

		if (digit > 15)
			return ERR_PARSE;
		v.limb[place / 16] |= (uint64_t)digit << 4 * (place % 16);
	}
	*ret = v;
	return 0;
}

/* All digits, least significant first. */
static size_t
digits_of(const struct u256 *a, char ret[DIGITS_MAX])
{
	/* the largest power of ten in a limb: 19 digits for one long division */
	const uint64_t step = 10000000000000000000U;
	struct u256 v = *a;
	size_t n = 0;

	while (!u256_is_zero(&v)) {
		uint64_t low = div_limbs(v.limb, LIMBS, step);

		for (unsigned i = 0; i < 19 && (low > 0 || !u256_is_zero(&v)); i++) {
			ret[n++] = (char)('0' + low % 10);
			low /= 10;
		}
	}
	return n;
}

size_t
u256_format_decimal(const struct u256 *a, unsigned decimals, char ret[U256_TEXT_MAX])
{
	char digits[DIGITS_MAX];
	size_t count = digits_of(a, digits);
	size_t places = decimals > DIGITS_MAX ? DIGITS_MAX : decimals;
	size_t last = 0; /* the lowest digit that is shown */
	size_t n = 0;

	while (last < places && (last >= count || digits[last] == '0'))
		last++;
	if (count <= places)
		ret[n++] = '0';
	for (size_t i = count; i-- > places;)
		ret[n++] = digits[i];
	if (last < places)
		ret[n++] = '.';
	for (size_t i = places; i-- > last;)
		ret[n++] = i < count ? digits[i] : '0';
	ret[n] = '\0';
	return n;
}

size_t
u256_format_hex(const struct u256 *a, char ret[67])
{
	size_t n = 0;

	ret[n++] = '0';
	ret[n++] = 'x';
	for (size_t place = 64; place-- > 0;) {
		unsigned digit = a->limb[place / 16] >> 4 * (place % 16) & 15;

		if (digit > 0 || n > 2 || place == 0)
			ret[n++] = "0123456789abcdef"[digit];
	}
	ret[n] = '\0';
	return n;
}

void
write_u256(struct writer *w, const struct u256 *a)
{
	uint8_t be[32];

	u256_to_be32(a, be);
	write_bytes(w, be, sizeof be);
}

int
read_u256(struct reader *r, struct u256 *ret)
{
	uint8_t be[32];

	if (read_copy(r, sizeof be, be) != 0)
		return ERR_PARSE;
	*ret = u256_from_be32(be);
	return 0;
}
