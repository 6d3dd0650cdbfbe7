/*
 * Cursors over bytes: the only way raw bytes are taken apart and put together.
 *
 * A reader borrows its input. Each read checks the bounds first and moves only
 * on success. A writer fills a caller's buffer and remembers the first failure,
 * so that a message is written straight down and checked once, at writer_end().
 * "LP" is a u32 big-endian length followed by that many bytes.
 */
#ifndef SELFSAME_BASE_BYTES_H
#define SELFSAME_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/* A borrowed run of bytes. */
struct bytes {
	const uint8_t *p;
	size_t len;
};

struct reader {
	const uint8_t *p;
	size_t left;
};

static inline struct reader
reader_of(const uint8_t *p, size_t len)
{
	return (struct reader){p, len};
}

/* All return 0, or ERR_PARSE when too few bytes are left. The two that parsers live on are here. */

/* Borrows n bytes of the input. */
static inline MUST_USE int
read_take(struct reader *r, size_t n, struct bytes *ret)
{
	if (r->left < n)
		return ERR_PARSE;
	*ret = (struct bytes){r->p, n};
	r->p += n;
	r->left -= n;
	return 0;
}

static inline MUST_USE int
read_u8(struct reader *r, uint8_t *ret)
{
	if (r->left == 0)
		return ERR_PARSE;
	*ret = *r->p++;
	r->left--;
	return 0;
}

int read_be16(struct reader *r, uint16_t *ret) MUST_USE;
int read_be32(struct reader *r, uint32_t *ret) MUST_USE;
int read_be64(struct reader *r, uint64_t *ret) MUST_USE;
int read_le16(struct reader *r, uint16_t *ret) MUST_USE;
int read_le32(struct reader *r, uint32_t *ret) MUST_USE;
int read_le64(struct reader *r, uint64_t *ret) MUST_USE;

/* Copies n bytes out. */
int read_copy(struct reader *r, size_t n, uint8_t *ret) MUST_USE;

/* Borrows an LP run; ERR_RANGE when it is longer than max. */
int read_lp(struct reader *r, size_t max, struct bytes *ret) MUST_USE;

/* Returns 0 when all input is consumed, else ERR_TRAILING. */
int reader_end(const struct reader *r) MUST_USE;

struct writer {
	uint8_t *p;
	size_t len;
	size_t cap;
	int err; /* 0, or ERR_SPACE once something did not fit */
};

static inline struct writer
writer_of(uint8_t *p, size_t cap)
{
	return (struct writer){p, 0, cap, 0};
}

void write_u8(struct writer *w, uint8_t v);
void write_be16(struct writer *w, uint16_t v);
void write_be32(struct writer *w, uint32_t v);
void write_be64(struct writer *w, uint64_t v);
void write_le16(struct writer *w, uint16_t v);
void write_le32(struct writer *w, uint32_t v);
void write_le64(struct writer *w, uint64_t v);
void write_bytes(struct writer *w, const void *p, size_t n);
void write_lp(struct writer *w, const void *p, size_t n);

/* A NUL-terminated string without its NUL. */
void write_text(struct writer *w, const char *s);

/* Decimal digits, no leading zeros. */
void write_decimal(struct writer *w, uint64_t v);

/* Lower-case hex without prefix. */
void write_hex(struct writer *w, const uint8_t *p, size_t n);

/* Returns 0 and the length written, or the first failure. */
int writer_end(const struct writer *w, size_t *ret_len) MUST_USE;

/* Big-endian loads and stores for fixed places. */
static inline uint32_t
load_be32(const uint8_t p[4])
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
load_be64(const uint8_t p[8])
{
	return (uint64_t)load_be32(p) << 32 | load_be32(p + 4);
}

static inline void
store_be32(uint8_t p[4], uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void
store_be64(uint8_t p[8], uint64_t v)
{
	store_be32(p, (uint32_t)(v >> 32));
	store_be32(p + 4, (uint32_t)v);
}

/* Whether two runs are equal; not for secrets. */
int bytes_equal(struct bytes a, struct bytes b);

/* Without the bytes at either end that are in set, a C string. */
struct bytes bytes_trim(struct bytes b, const char *set);

#endif
