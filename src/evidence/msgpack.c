#include "evidence/msgpack.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

/* What a value's first byte says. */
enum kind { KIND_OTHER, KIND_UINT, KIND_TEXT, KIND_BIN, KIND_ARRAY, KIND_MAP };

/* A value's head: how many bytes of content, or how many elements, follow it. */
struct head {
	enum kind kind;
	uint64_t value; /* of an integer */
	uint32_t len;	/* of content in bytes; of an array or map in elements */
};

struct form {
	enum kind kind;
	uint8_t width; /* of the length, or of the integer, that follows */
	uint8_t fixed; /* bytes of content besides */
};

/* 0xc0 to 0xdf. */
static const struct form forms[32] = {
    [0x00] = {KIND_OTHER, 0, 0}, /* nil */
    [0x02] = {KIND_OTHER, 0, 0}, /* false */
    [0x03] = {KIND_OTHER, 0, 0}, /* true */
    [0x04] = {KIND_BIN, 1, 0},
    [0x05] = {KIND_BIN, 2, 0},
    [0x06] = {KIND_BIN, 4, 0},
    [0x07] = {KIND_OTHER, 1, 1}, /* ext: a type byte, then the content */
    [0x08] = {KIND_OTHER, 2, 1},
    [0x09] = {KIND_OTHER, 4, 1},
    [0x0a] = {KIND_OTHER, 0, 4}, /* float */
    [0x0b] = {KIND_OTHER, 0, 8},
    [0x0c] = {KIND_UINT, 1, 0},
    [0x0d] = {KIND_UINT, 2, 0},
    [0x0e] = {KIND_UINT, 4, 0},
    [0x0f] = {KIND_UINT, 8, 0},
    [0x10] = {KIND_OTHER, 0, 1}, /* signed integers; who counts writes unsigned ones */
    [0x11] = {KIND_OTHER, 0, 2},
    [0x12] = {KIND_OTHER, 0, 4},
    [0x13] = {KIND_OTHER, 0, 8},
    [0x14] = {KIND_OTHER, 0, 2}, /* fixext */
    [0x15] = {KIND_OTHER, 0, 3},
    [0x16] = {KIND_OTHER, 0, 5},
    [0x17] = {KIND_OTHER, 0, 9},
    [0x18] = {KIND_OTHER, 0, 17},
    [0x19] = {KIND_TEXT, 1, 0},
    [0x1a] = {KIND_TEXT, 2, 0},
    [0x1b] = {KIND_TEXT, 4, 0},
    [0x1c] = {KIND_ARRAY, 2, 0},
    [0x1d] = {KIND_ARRAY, 4, 0},
    [0x1e] = {KIND_MAP, 2, 0},
    [0x1f] = {KIND_MAP, 4, 0},
};

static int
read_number(struct reader *r, uint8_t width, uint64_t *ret)
{
	uint64_t n = 0;
	uint8_t b;

	for (uint8_t i = 0; i < width; i++) {
		if (read_u8(r, &b) != 0)
			return ERR_PARSE;
		n = n << 8 | b;
	}
	*ret = n;
	return 0;
}

/* The short forms keep number or length in the first byte. */
static int
short_head(uint8_t first, struct head *ret)
{
	if (first < 0x80)
		*ret = (struct head){KIND_UINT, first, 0};
	else if (first < 0x90)
		*ret = (struct head){KIND_MAP, 0, first & 0x0fU};
	else if (first < 0xa0)
		*ret = (struct head){KIND_ARRAY, 0, first & 0x0fU};
	else if (first < 0xc0)
		*ret = (struct head){KIND_TEXT, 0, first & 0x1fU};
	else if (first >= 0xe0)
		*ret = (struct head){KIND_OTHER, 0, 0}; /* a small negative number */
	else
		return 0;
	return 1;
}

static int
read_head(struct reader *r, struct head *ret)
{
	const struct form *form;
	uint64_t n = 0;
	uint8_t first;

	if (read_u8(r, &first) != 0)
		return ERR_PARSE;
	if (short_head(first, ret))
		return 0;
	if (first == 0xc1) /* "never used" */
		return ERR_PARSE;
	form = &forms[first - 0xc0];
	if (read_number(r, form->width, &n) != 0)
		return ERR_PARSE;
	if (form->kind == KIND_UINT) {
		*ret = (struct head){KIND_UINT, n, 0};
		return 0;
	}
	/* no width but an integer's is above 4 */
	if (n > UINT32_MAX - form->fixed)
		return ERR_PARSE;
	*ret = (struct head){form->kind, 0, (uint32_t)n + form->fixed};
	return 0;
}

int
msgpack_take(struct reader *r, struct bytes *ret)
{
	struct reader in = *r;
	struct bytes content;
	struct head h;
	uint64_t pending = 1;

	/* each value takes a byte at least: more of them than bytes cannot be */
	while (pending > 0) {
		if (pending > in.left || read_head(&in, &h) != 0)
			return ERR_PARSE;
		pending--;
		if (h.kind == KIND_ARRAY)
			pending += h.len;
		else if (h.kind == KIND_MAP)
			pending += 2 * (uint64_t)h.len;
		else if (read_take(&in, h.len, &content) != 0)
			return ERR_PARSE;
	}
	*ret = (struct bytes){r->p, r->left - in.left};
	*r = in;
	return 0;
}

int
msgpack_u64(struct reader *r, uint64_t max, uint64_t *ret)
{
	struct reader in = *r;
	struct head h;

	if (read_head(&in, &h) != 0 || h.kind != KIND_UINT)
		return ERR_PARSE;
	if (h.value > max)
		return ERR_RANGE;
	*ret = h.value;
	*r = in;
	return 0;
}

int
msgpack_text(struct reader *r, struct bytes *ret)
{
	struct reader in = *r;
	struct head h;

	if (read_head(&in, &h) != 0 || h.kind != KIND_TEXT || read_take(&in, h.len, ret) != 0)
		return ERR_PARSE;
	*r = in;
	return 0;
}

int
msgpack_bytes(struct reader *r, uint8_t *room, size_t cap, struct bytes *ret)
{
	struct reader in = *r;
	struct head h;
	uint64_t byte;

	if (read_head(&in, &h) != 0 || (h.kind != KIND_BIN && h.kind != KIND_ARRAY))
		return ERR_PARSE;
	if (h.len > in.left)
		return ERR_PARSE;
	if (h.len > cap)
		return ERR_SPACE;
	if (h.kind == KIND_BIN) {
		if (read_take(&in, h.len, ret) != 0)
			return ERR_PARSE;
		*r = in;
		return 0;
	}
	for (uint32_t i = 0; i < h.len; i++) {
		if (msgpack_u64(&in, 0xff, &byte) != 0)
			return ERR_PARSE;
		room[i] = (uint8_t)byte;
	}
	*ret = (struct bytes){room, h.len};
	*r = in;
	return 0;
}

int
msgpack_array(struct reader *r, uint32_t *ret_count)
{
	struct reader in = *r;
	struct head h;

	if (read_head(&in, &h) != 0 || h.kind != KIND_ARRAY || h.len > in.left)
		return ERR_PARSE;
	*ret_count = h.len;
	*r = in;
	return 0;
}

static size_t
index_of(struct bytes name, const char *const *names, size_t count)
{
	size_t i = 0;

	while (i < count &&
	       (strlen(names[i]) != name.len || memcmp(names[i], name.p, name.len) != 0))
		i++;
	return i;
}

int
msgpack_members(struct reader *r, const char *const *names, size_t count, struct bytes *ret)
{
	struct reader in = *r;
	struct bytes found[MSGPACK_MEMBERS_MAX] = {{NULL, 0}};
	struct bytes name, run;
	struct head h;
	size_t at;

	if (count > MSGPACK_MEMBERS_MAX)
		return ERR_RANGE;
	if (read_head(&in, &h) != 0 || h.kind != KIND_MAP)
		return ERR_PARSE;
	for (uint32_t i = 0; i < h.len; i++) {
		if (msgpack_text(&in, &name) != 0 || msgpack_take(&in, &run) != 0)
			return ERR_PARSE;
		if ((at = index_of(name, names, count)) == count)
			continue;
		if (found[at].len != 0)
			return ERR_DUPLICATE;
		found[at] = run;
	}
	memcpy(ret, found, count * sizeof *ret);
	*r = in;
	return 0;
}
