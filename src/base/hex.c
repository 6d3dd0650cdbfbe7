#include "base/hex.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

/* The value of a digit, or 0xff00 bits set; without a table or a branch. */
static unsigned
digit(unsigned char c)
{
	unsigned num = c ^ 48U;
	unsigned num_ok = (num - 10U) >> 8 & 0xff;
	unsigned alpha = (c & ~32U) - 55U;
	unsigned alpha_ok = ((alpha - 10U) ^ (alpha - 16U)) >> 8 & 0xff;
	unsigned value = (num_ok & num) | (alpha_ok & alpha);
	unsigned bad = ~(num_ok | alpha_ok) & 0xff;

	return value | bad << 8;
}

int
hex_decode(const char *text, size_t len, uint8_t *ret, size_t n)
{
	unsigned bad = 0;

	if (len % 2 != 0 || len / 2 != n)
		return ERR_RANGE;
	for (size_t i = 0; i < len; i++)
		bad |= digit((unsigned char)text[i]) >> 8;
	if (bad != 0)
		return ERR_PARSE;
	for (size_t i = 0; i < n; i++) {
		unsigned hi = digit((unsigned char)text[2 * i]);
		unsigned lo = digit((unsigned char)text[2 * i + 1]);

		ret[i] = (uint8_t)((hi << 4 | lo) & 0xff);
	}
	return 0;
}

int
hex_decode_0x(const char *text, size_t len, uint8_t *ret, size_t n)
{
	if (len < 2 || text[0] != '0' || text[1] != 'x')
		return ERR_PARSE;
	return hex_decode(text + 2, len - 2, ret, n);
}

int
hex_decode_0x_run(const char *text, size_t len, size_t cap, uint8_t *ret, size_t *ret_len)
{
	int r;

	if (len < 2 || text[0] != '0' || text[1] != 'x' || len % 2 != 0)
		return ERR_PARSE;
	if ((len - 2) / 2 > cap)
		return ERR_SPACE;
	if ((r = hex_decode(text + 2, len - 2, ret, (len - 2) / 2)) != 0)
		return r;
	*ret_len = (len - 2) / 2;
	return 0;
}

void
hex_encode(const uint8_t *p, size_t n, char *ret)
{
	for (size_t i = 0; i < 2 * n; i++) {
		unsigned v = i % 2 == 0 ? p[i / 2] >> 4 : p[i / 2] & 15;

		/* '0' + v, or 'a' + v - 10 when v is above 9; without a table */
		ret[i] = (char)(48U + v + (((9U - v) >> 8) & 39U));
	}
	ret[2 * n] = '\0';
}

void
hex_encode_0x(const uint8_t *p, size_t n, char *ret)
{
	memcpy(ret, "0x", 2);
	hex_encode(p, n, ret + 2);
}
