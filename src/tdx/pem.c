#include "tdx/pem.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

#define LINE_CHARS 64

static const char begin_line[] = "-----BEGIN CERTIFICATE-----\n";
static const char end_line[] = "-----END CERTIFICATE-----\n";
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits of a digit, or -1. Certificates are public: a search is fine. */
static int
digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static int
take_literal(struct reader *r, const char *text)
{
	struct reader in = *r;
	struct bytes found;
	size_t len = strlen(text);

	if (read_take(&in, len, &found) != 0 || memcmp(found.p, text, len) != 0)
		return ERR_PARSE;
	*r = in;
	return 0;
}

/* Four characters; the last group may end in = or ==, its spare bits zero. */
static int
decode_group(const uint8_t p[4], struct writer *w)
{
	size_t pad = p[3] != '=' ? 0 : p[2] != '=' ? 1 : 2;
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int d = i < 4 - pad ? digit(p[i]) : 0;

		if (d < 0)
			return ERR_PARSE;
		bits = bits << 6 | (uint32_t)d;
	}
	if ((pad == 1 && (bits & 0xff) != 0) || (pad == 2 && (bits & 0xffff) != 0))
		return ERR_PARSE;
	for (size_t i = 0; i < 3 - pad; i++)
		write_u8(w, (uint8_t)(bits >> (16 - 8 * i)));
	return pad == 0 ? 0 : ERR_TRAILING; /* the caller must find the end here */
}

/* One base64 line; *ret_last is set when no other may follow. */
static int
take_line(struct reader *r, struct writer *w, int *ret_last)
{
	const uint8_t *lf = memchr(r->p, '\n', r->left < LINE_CHARS + 1 ? r->left : LINE_CHARS + 1);
	struct bytes line;
	uint8_t end;
	int e = 0;

	if (lf == NULL || lf == r->p || (lf - r->p) % 4 != 0)
		return ERR_PARSE;
	if (read_take(r, (size_t)(lf - r->p), &line) != 0 || read_u8(r, &end) != 0)
		return ERR_PARSE;
	for (size_t i = 0; i < line.len && e == 0; i += 4)
		if ((e = decode_group(line.p + i, w)) == ERR_TRAILING && i + 4 != line.len)
			return ERR_PARSE;
	if (e != 0 && e != ERR_TRAILING)
		return e;
	*ret_last = e == ERR_TRAILING || line.len < LINE_CHARS;
	return 0;
}

int
pem_take_certificate(struct reader *r, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct reader in = *r;
	struct writer w = writer_of(ret, cap);
	int last = 0;

	if (take_literal(&in, begin_line) != 0)
		return ERR_PARSE;
	while (take_literal(&in, end_line) != 0) {
		if (last || in.left == 0 || take_line(&in, &w, &last) != 0)
			return ERR_PARSE;
		if (w.err != 0)
			return w.err;
	}
	*r = in;
	return writer_end(&w, ret_len);
}

static void
write_group(struct writer *w, const uint8_t *p, size_t n)
{
	uint32_t bits = (uint32_t)p[0] << 16;

	if (n > 1)
		bits |= (uint32_t)p[1] << 8;
	if (n > 2)
		bits |= p[2];
	for (size_t i = 0; i < 4; i++)
		write_u8(w, i <= n ? (uint8_t)alphabet[bits >> (18 - 6 * i) & 63] : '=');
}

void
pem_write_certificate(struct writer *w, const uint8_t *der, size_t len)
{
	write_text(w, begin_line);
	for (size_t i = 0; i < len; i += 3) {
		write_group(w, der + i, len - i < 3 ? len - i : 3);
		if (i % 48 == 45 || i + 3 >= len)
			write_text(w, "\n");
	}
	write_text(w, end_line);
}
