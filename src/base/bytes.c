#include "base/bytes.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

int
read_copy(struct reader *r, size_t n, uint8_t *ret)
{
	struct bytes b;

	if (read_take(r, n, &b) != 0)
		return ERR_PARSE;
	if (n > 0)
		memcpy(ret, b.p, n);
	return 0;
}

int
read_be16(struct reader *r, uint16_t *ret)
{
	struct bytes b;

	if (read_take(r, 2, &b) != 0)
		return ERR_PARSE;
	*ret = (uint16_t)(b.p[0] << 8 | b.p[1]);
	return 0;
}

int
read_be32(struct reader *r, uint32_t *ret)
{
	struct bytes b;

	if (read_take(r, 4, &b) != 0)
		return ERR_PARSE;
	*ret = load_be32(b.p);
	return 0;
}

int
read_be64(struct reader *r, uint64_t *ret)
{
	struct bytes b;

	if (read_take(r, 8, &b) != 0)
		return ERR_PARSE;
	*ret = load_be64(b.p);
	return 0;
}

int
read_le16(struct reader *r, uint16_t *ret)
{
	struct bytes b;

	if (read_take(r, 2, &b) != 0)
		return ERR_PARSE;
	*ret = (uint16_t)(b.p[1] << 8 | b.p[0]);
	return 0;
}

int
read_le32(struct reader *r, uint32_t *ret)
{
	uint32_t v;

	if (read_be32(r, &v) != 0)
		return ERR_PARSE;
	*ret = __builtin_bswap32(v);
	return 0;
}

int
read_le64(struct reader *r, uint64_t *ret)
{
	uint64_t v;

	if (read_be64(r, &v) != 0)
		return ERR_PARSE;
	*ret = __builtin_bswap64(v);
	return 0;
}

int
read_lp(struct reader *r, size_t max, struct bytes *ret)
{
	struct reader at = *r;
	struct bytes b;
	uint32_t n;

	if (read_be32(&at, &n) != 0)
		return ERR_PARSE;
	if (n > max)
		return ERR_RANGE;
	if (read_take(&at, n, &b) != 0)
		return ERR_PARSE;
	*r = at;
	*ret = b;
	return 0;
}

int
reader_end(const struct reader *r)
{
	return r->left == 0 ? 0 : ERR_TRAILING;
}

void
write_bytes(struct writer *w, const void *p, size_t n)
{
	if (w->err != 0)
		return;
	if (w->cap - w->len < n) {
		w->err = ERR_SPACE;
		return;
	}
	if (n > 0)
		memcpy(w->p + w->len, p, n);
	w->len += n;
}

void
write_u8(struct writer *w, uint8_t v)
{
	write_bytes(w, &v, 1);
}

void
write_be16(struct writer *w, uint16_t v)
{
	uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	write_bytes(w, b, sizeof b);
}

void
write_be32(struct writer *w, uint32_t v)
{
	uint8_t b[4];

	store_be32(b, v);
	write_bytes(w, b, sizeof b);
}

void
write_be64(struct writer *w, uint64_t v)
{
	uint8_t b[8];

	store_be64(b, v);
	write_bytes(w, b, sizeof b);
}

void
write_le16(struct writer *w, uint16_t v)
{
	write_be16(w, __builtin_bswap16(v));
}

void
write_le32(struct writer *w, uint32_t v)
{
	write_be32(w, __builtin_bswap32(v));
}

void
write_le64(struct writer *w, uint64_t v)
{
	write_be64(w, __builtin_bswap64(v));
}

void
write_lp(struct writer *w, const void *p, size_t n)
{
	if (n > UINT32_MAX) {
		w->err = ERR_SPACE;
		return;
	}
	write_be32(w, (uint32_t)n);
	write_bytes(w, p, n);
}

void
write_text(struct writer *w, const char *s)
{
	write_bytes(w, s, strlen(s));
}

void
write_decimal(struct writer *w, uint64_t v)
{
	char digits[20];
	size_t n = 0;

	do {
		digits[sizeof digits - ++n] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	write_bytes(w, digits + sizeof digits - n, n);
}

void
write_hex(struct writer *w, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		write_u8(w, (uint8_t)digits[p[i] >> 4]);
		write_u8(w, (uint8_t)digits[p[i] & 15]);
	}
}

int
writer_end(const struct writer *w, size_t *ret_len)
{
	if (w->err != 0)
		return w->err;
	*ret_len = w->len;
	return 0;
}

int
bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

struct bytes
bytes_trim(struct bytes b, const char *set)
{
	const size_t n = strlen(set); /* its NUL is not in it */

	while (b.len > 0 && memchr(set, b.p[0], n) != NULL) {
		b.p++;
		b.len--;
	}
	while (b.len > 0 && memchr(set, b.p[b.len - 1], n) != NULL)
		b.len--;
	return b;
}
