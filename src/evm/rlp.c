#include "evm/rlp.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

/* First bytes (yellow paper, appendix B). */
#define STRING_SHORT 0x80
#define STRING_LONG 0xb7
#define LIST_SHORT 0xc0
#define LIST_LONG 0xf7
#define SHORT_MAX 55

static size_t
u64_length(uint64_t v)
{
	return v == 0 ? 0 : 8 - (size_t)__builtin_clzll(v) / 8;
}

static size_t
header_size(size_t payload)
{
	return payload <= SHORT_MAX ? 1 : 1 + u64_length(payload);
}

size_t
rlp_size_list(size_t payload)
{
	return header_size(payload) + payload;
}

size_t
rlp_size_string(const uint8_t *p, size_t len)
{
	return len == 1 && p[0] < STRING_SHORT ? 1 : header_size(len) + len;
}

size_t
rlp_size_u64(uint64_t v)
{
	return v < STRING_SHORT ? 1 : 1 + u64_length(v);
}

/* The integer's bytes without leading zeros. */
static struct bytes
u256_trim(const struct u256 *v, uint8_t be[32])
{
	size_t skip = 0;

	u256_to_be32(v, be);
	while (skip < 32 && be[skip] == 0)
		skip++;
	return (struct bytes){be + skip, 32 - skip};
}

size_t
rlp_size_u256(const struct u256 *v)
{
	uint8_t be[32];
	struct bytes b = u256_trim(v, be);

	return rlp_size_string(b.p, b.len);
}

static void
write_header(struct writer *w, uint8_t short_base, uint8_t long_base, size_t payload)
{
	uint8_t be[8];
	size_t n = u64_length(payload);

	if (payload <= SHORT_MAX) {
		write_u8(w, (uint8_t)(short_base + payload));
		return;
	}
	store_be64(be, payload);
	write_u8(w, (uint8_t)(long_base + n));
	write_bytes(w, be + 8 - n, n);
}

void
rlp_write_string_header(struct writer *w, const uint8_t *p, size_t len)
{
	if (len != 1 || p[0] >= STRING_SHORT)
		write_header(w, STRING_SHORT, STRING_LONG, len);
}

void
rlp_write_string(struct writer *w, const uint8_t *p, size_t len)
{
	rlp_write_string_header(w, p, len);
	write_bytes(w, p, len);
}

void
rlp_write_u64(struct writer *w, uint64_t v)
{
	uint8_t be[8];
	size_t n = u64_length(v);

	store_be64(be, v);
	rlp_write_string(w, be + 8 - n, n);
}

void
rlp_write_u256(struct writer *w, const struct u256 *v)
{
	uint8_t be[32];
	struct bytes b = u256_trim(v, be);

	rlp_write_string(w, b.p, b.len);
}

void
rlp_write_list(struct writer *w, size_t payload)
{
	write_header(w, LIST_SHORT, LIST_LONG, payload);
}

/* A length of n bytes behind a long-form first byte. */
static int
read_length(struct reader *r, size_t n, size_t *ret)
{
	struct bytes b;
	uint64_t v = 0;

	if (read_take(r, n, &b) != 0 || b.p[0] == 0)
		return ERR_PARSE;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | b.p[i];
	if (v <= SHORT_MAX || v > r->left)
		return ERR_PARSE;
	*ret = (size_t)v;
	return 0;
}

static int
read_header(struct reader *r, uint8_t first, size_t *ret_len)
{
	if (first >= LIST_LONG + 1)
		return read_length(r, (size_t)first - LIST_LONG, ret_len);
	if (first >= LIST_SHORT)
		*ret_len = (size_t)first - LIST_SHORT;
	else if (first >= STRING_LONG + 1)
		return read_length(r, (size_t)first - STRING_LONG, ret_len);
	else
		*ret_len = (size_t)first - STRING_SHORT;
	return 0;
}

int
rlp_read(struct reader *r, struct rlp_item *ret)
{
	struct reader at = *r;
	struct rlp_item item;
	size_t len = 1;
	uint8_t first;

	if (read_u8(&at, &first) != 0)
		return ERR_PARSE;
	if (first < STRING_SHORT)
		at = *r; /* the byte is its own payload */
	else if (read_header(&at, first, &len) != 0)
		return ERR_PARSE;
	if (read_take(&at, len, &item.payload) != 0)
		return ERR_PARSE;
	item.is_list = first >= LIST_SHORT;
	if (first == STRING_SHORT + 1 && item.payload.p[0] < STRING_SHORT)
		return ERR_PARSE;
	*r = at;
	*ret = item;
	return 0;
}

int
rlp_read_string(struct reader *r, struct bytes *ret)
{
	struct reader at = *r;
	struct rlp_item item;

	if (rlp_read(&at, &item) != 0 || item.is_list)
		return ERR_PARSE;
	*r = at;
	*ret = item.payload;
	return 0;
}

int
rlp_read_list(struct reader *r, struct reader *ret)
{
	struct reader at = *r;
	struct rlp_item item;

	if (rlp_read(&at, &item) != 0 || !item.is_list)
		return ERR_PARSE;
	*r = at;
	*ret = reader_of(item.payload.p, item.payload.len);
	return 0;
}

int
rlp_read_exact(struct reader *r, size_t n, uint8_t *ret)
{
	struct reader at = *r;
	struct bytes b;

	if (rlp_read_string(&at, &b) != 0 || b.len != n)
		return ERR_PARSE;
	*r = at;
	memcpy(ret, b.p, n);
	return 0;
}

int
rlp_read_u256(struct reader *r, struct u256 *ret)
{
	struct reader at = *r;
	struct bytes b;

	if (rlp_read_string(&at, &b) != 0 || (b.len > 0 && b.p[0] == 0))
		return ERR_PARSE;
	if (u256_from_be(b.p, b.len, ret) != 0)
		return ERR_RANGE;
	*r = at;
	return 0;
}

int
rlp_read_u64(struct reader *r, uint64_t *ret)
{
	struct reader at = *r;
	struct u256 v;
	int e;

	if ((e = rlp_read_u256(&at, &v)) != 0)
		return e;
	if (u256_to_u64(&v, ret) != 0)
		return ERR_RANGE;
	*r = at;
	return 0;
}

int
rlp_check(const uint8_t *p, size_t len)
{
	struct reader level[RLP_DEPTH_MAX + 1];
	size_t depth = 0;
	struct rlp_item item;

	level[0] = reader_of(p, len);
	if (rlp_read(&level[0], &item) != 0)
		return ERR_PARSE;
	if (level[0].left != 0)
		return ERR_TRAILING;
	for (;;) {
		if (item.is_list && depth == RLP_DEPTH_MAX)
			return ERR_RANGE;
		if (item.is_list)
			level[++depth] = reader_of(item.payload.p, item.payload.len);
		while (depth > 0 && level[depth].left == 0)
			depth--;
		if (depth == 0)
			return 0;
		if (rlp_read(&level[depth], &item) != 0)
			return ERR_PARSE;
	}
}
