#include "base/base64.h"

#include "base/err.h"
#include "base/banned.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits of a digit, or -1. */
static int
digit(enum base64_form form, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (form == BASE64_URL ? '-' : '+'))
		return 62;
	return c == (form == BASE64_URL ? '_' : '/') ? 63 : -1;
}

/* Two to four digits: one byte less than digits. */
static int
decode_group(enum base64_form form, const uint8_t *p, size_t digits, struct writer *w)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < digits; i++) {
		int d = digit(form, p[i]);

		if (d < 0)
			return ERR_PARSE;
		bits |= (uint32_t)d << (18 - 6 * i);
	}
	/* "spare bits zero", or one value would have several spellings */
	if ((bits & (UINT32_C(0xffffff) >> 8 * (digits - 1))) != 0)
		return ERR_PARSE;
	for (size_t i = 0; i + 1 < digits; i++)
		write_u8(w, (uint8_t)(bits >> (16 - 8 * i)));
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
	size_t n;
	int r;

	if ((r = count_digits(form, text, &n)) != 0)
		return r;
	for (size_t i = 0; i < n; i += 4) {
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
