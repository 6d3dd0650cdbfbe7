#include "base/base64.h"

#include "base/err.h"
#include "base/banned.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What an ASCII character is worth, and in which form if not in both. */
enum { ONLY_STANDARD = 0x40, ONLY_URL = 0x80, NONE = 0xff };

/* clang-format off */
static const uint8_t digits[128] = {
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    ONLY_STANDARD | 62, NONE, ONLY_URL | 62, NONE, ONLY_STANDARD | 63, 52, 53, 54, 55, 56, 57,
    58, 59, 60, 61, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NONE, NONE, NONE, NONE,
    ONLY_URL | 63, NONE, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
    43, 44, 45, 46, 47, 48, 49, 50, 51, NONE, NONE, NONE, NONE, NONE,
};
/* clang-format on */

/* The six bits of a digit, or -1. */
static int
digit(enum base64_form form, uint8_t c)
{
	const uint8_t v = c < sizeof digits ? digits[c] : NONE;

	if (v < ONLY_STANDARD)
		return v;
	return (v & 0xc0) == (form == BASE64_URL ? ONLY_URL : ONLY_STANDARD) ? v & 0x3f : -1;
}

/* The bits of four digits. Returns whether all of them are of the form. */
static int
whole_group(enum base64_form form, const uint8_t *p, uint32_t *ret)
{
	const unsigned others = form == BASE64_URL ? ONLY_STANDARD : ONLY_URL;
	unsigned all = 0;
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		const uint8_t v = p[i] < sizeof digits ? digits[p[i]] : NONE;

		all |= v;
		bits = bits << 6 | (v & 0x3f);
	}
	*ret = bits;
	return (all & others) == 0;
}

/* As many whole groups as are good and fit. Returns the number of digits. */
static size_t
decode_whole(enum base64_form form, const uint8_t *p, size_t n, struct writer *w)
{
	size_t i = 0;
	uint32_t bits;

	for (; n - i >= 4 && w->cap - w->len >= 3 && whole_group(form, p + i, &bits); i += 4) {
		w->p[w->len++] = (uint8_t)(bits >> 16);
		w->p[w->len++] = (uint8_t)(bits >> 8);
		w->p[w->len++] = (uint8_t)bits;
	}
	return i;
}

/* Two to four digits, one byte less than digits: the last group, or one that is bad. */
static int
decode_group(enum base64_form form, const uint8_t *p, size_t count, struct writer *w)
{
	uint32_t bits = 0;
	uint8_t bytes[3];

	for (size_t i = 0; i < count; i++) {
		int d = digit(form, p[i]);

		if (d < 0)
			return ERR_PARSE;
		bits |= (uint32_t)d << (18 - 6 * i);
	}
	/* "spare bits zero", or one value would have several spellings */
	if ((bits & (UINT32_C(0xffffff) >> 8 * (count - 1))) != 0)
		return ERR_PARSE;
	bytes[0] = (uint8_t)(bits >> 16);
	bytes[1] = (uint8_t)(bits >> 8);
	bytes[2] = (uint8_t)bits;
	write_bytes(w, bytes, count - 1);
	return 0;
}

/* The number of digits before the padding, which is there exactly when the form has it. */
static int
count_digits(enum base64_form form, struct bytes text, size_t *ret)
{
	size_t n = text.len;

	if (form == BASE64_STANDARD) {
		if (n % 4 != 0)
			return ERR_PARSE;
		for (unsigned i = 0; i < 2 && n > 0 && text.p[n - 1] == '='; i++)
			n--;
	}
	if (n % 4 == 1)
		return ERR_PARSE;
	*ret = n;
	return 0;
}

int
base64_decode(enum base64_form form, struct bytes text, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct writer w = writer_of(ret, cap);
	size_t n, i;
	int r;

	if ((r = count_digits(form, text, &n)) != 0)
		return r;
	for (i = decode_whole(form, text.p, n, &w); i < n; i += 4) {
		if ((r = decode_group(form, text.p + i, n - i < 4 ? n - i : 4, &w)) != 0)
			return r;
		if (w.err != 0)
			return w.err;
	}
	return writer_end(&w, ret_len);
}

static void
write_group(struct writer *w, enum base64_form form, const uint8_t *p, size_t n)
{
	const char *alphabet = form == BASE64_URL ? url : standard;
	uint32_t bits = (uint32_t)p[0] << 16;

	if (n > 1)
		bits |= (uint32_t)p[1] << 8;
	if (n > 2)
		bits |= p[2];
	for (size_t i = 0; i < 4; i++) {
		if (i <= n)
			write_u8(w, (uint8_t)alphabet[bits >> (18 - 6 * i) & 63]);
		else if (form == BASE64_STANDARD)
			write_u8(w, '=');
	}
}

void
base64_write(struct writer *w, enum base64_form form, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 3)
		write_group(w, form, p + i, n - i < 3 ? n - i : 3);
}
