#include "evm/type.h"

#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/banned.h"

int
bytes_are(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

int
type_is_word(struct type t)
{
	return t.kind != TYPE_BYTES && t.kind != TYPE_STRING;
}

static int
starts_with(struct bytes b, const char *prefix)
{
	size_t n = strlen(prefix);

	return b.len >= n && memcmp(b.p, prefix, n) == 0;
}

/* The number behind a prefix, between 1 and max, a multiple of step. */
static int
parse_size(struct bytes text, const char *prefix, unsigned max, unsigned step, unsigned *ret)
{
	size_t n = strlen(prefix);
	uint64_t v;

	if (!starts_with(text, prefix))
		return ERR_PARSE;
	if (parse_u64((const char *)text.p + n, text.len - n, 1, max, &v) != 0 || v % step != 0)
		return ERR_PARSE;
	*ret = (unsigned)v;
	return 0;
}

int
type_parse(struct bytes text, struct type *ret)
{
	static const struct {
		const char *name;
		enum type_kind kind;
	} plain[] = {{"address", TYPE_ADDRESS}, {"bool", TYPE_BOOL}, {"bytes", TYPE_BYTES},
	    {"string", TYPE_STRING}};
	unsigned size;

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (bytes_are(text, plain[i].name)) {
			*ret = (struct type){plain[i].kind, 0};
			return 0;
		}
	}
	if (parse_size(text, "uint", 256, 8, &size) == 0)
		*ret = (struct type){TYPE_UINT, size};
	else if (parse_size(text, "int", 256, 8, &size) == 0)
		*ret = (struct type){TYPE_INT, size};
	else if (parse_size(text, "bytes", 32, 1, &size) == 0)
		*ret = (struct type){TYPE_FIXED_BYTES, size};
	else
		return ERR_PARSE;
	return 0;
}

int
type_split_array(struct bytes text, int *ret_is_array, struct bytes *ret_element,
    uint32_t *ret_count)
{
	size_t open = text.len;
	uint64_t count = 0;

	if (text.len == 0 || text.p[text.len - 1] != ']') {
		*ret_is_array = 0;
		return 0;
	}
	while (open > 0 && text.p[open - 1] != '[')
		open--;
	if (open <= 1) /* no bracket, or nothing before it */
		return ERR_PARSE;
	if (open + 1 < text.len && parse_u64((const char *)text.p + open, text.len - 1 - open, 1,
	    TYPE_ARRAY_MAX, &count) != 0)
		return ERR_PARSE;
	*ret_is_array = 1;
	*ret_element = (struct bytes){text.p, open - 1};
	*ret_count = (uint32_t)count;
	return 0;
}

static int
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static int
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

int
type_is_identifier(struct bytes text)
{
	if (text.len == 0 || !is_letter(text.p[0]))
		return 0;
	for (size_t i = 1; i < text.len; i++) {
		if (!is_letter(text.p[i]) && !is_digit(text.p[i]))
			return 0;
	}
	return 1;
}

int
type_is_reserved(struct bytes text)
{
	static const char *const names[] = {"address", "bool", "string", "function", "tuple"};
	static const char *const sized[] = {"uint", "int", "bytes", "fixed", "ufixed"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (bytes_are(text, names[i]))
			return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(sized); i++) {
		size_t n = strlen(sized[i]);

		if (!starts_with(text, sized[i]))
			continue;
		while (n < text.len && is_digit(text.p[n]))
			n++;
		if (n == text.len)
			return 1;
	}
	return 0;
}

/* All of p is this byte. */
static int
is_filled(const uint8_t *p, size_t n, uint8_t with)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != with)
			return 0;
	}
	return 1;
}

/* The bytes above an N-bit integer repeat its sign. */
static int
is_signed_word(const uint8_t word32[32], size_t bytes)
{
	uint8_t sign = word32[32 - bytes] & 0x80 ? 0xff : 0;

	return is_filled(word32, 32 - bytes, sign);
}

int
type_check_word(struct type t, const uint8_t word32[32])
{
	int ok = 0;

	switch (t.kind) {
	case TYPE_UINT:
		ok = is_filled(word32, 32 - t.size / 8, 0);
		break;
	case TYPE_INT:
		ok = is_signed_word(word32, t.size / 8);
		break;
	case TYPE_ADDRESS:
		ok = is_filled(word32, 12, 0);
		break;
	case TYPE_BOOL:
		ok = is_filled(word32, 31, 0) && word32[31] <= 1;
		break;
	case TYPE_FIXED_BYTES:
		ok = is_filled(word32 + t.size, 32 - t.size, 0);
		break;
	case TYPE_BYTES:
	case TYPE_STRING:
		break;
	}
	return ok ? 0 : ERR_RANGE;
}
