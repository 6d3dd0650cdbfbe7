#include "json/value.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "evm/address.h"
#include "evm/u256.h"
#include "base/banned.h"

#define WORD 32
#define CHUNK 256 /* of hex text at a time */

static void
path_add(struct json_values *v, const char *p, size_t n)
{
	size_t room = sizeof v->path - 1 - v->path_len;

	if (n > room)
		n = room;
	memcpy(v->path + v->path_len, p, n);
	v->path_len += n;
	v->path[v->path_len] = '\0';
}

struct json_values
json_values_of(struct buffer *out, struct json_error *error, const char *field)
{
	struct json_values v = {.out = out, .error = error};

	memset(error, 0, sizeof *error);
	path_add(&v, field, strlen(field));
	return v;
}

size_t
json_values_member(struct json_values *v, struct bytes name)
{
	size_t mark = v->path_len;

	if (mark > 0)
		path_add(v, ".", 1);
	/* what is no identifier is not repeated to whoever reads the error */
	if (type_is_identifier(name))
		path_add(v, (const char *)name.p, name.len);
	return mark;
}

size_t
json_values_element(struct json_values *v, size_t index)
{
	size_t mark = v->path_len;
	char text[32];
	int n = snprintf(text, sizeof text, "[%zu]", index);

	if (n > 0)
		path_add(v, text, (size_t)n);
	return mark;
}

void
json_values_leave(struct json_values *v, size_t mark)
{
	v->path_len = mark;
	v->path[mark] = '\0';
}

int
json_values_fail(struct json_values *v, int err, const char *text)
{
	size_t n = strnlen(text, sizeof v->error->text - 1);

	if (v->error->err != 0)
		return v->error->err;
	v->error->err = err;
	memcpy(v->error->field, v->path, v->path_len + 1);
	memcpy(v->error->text, text, n);
	v->error->text[n] = '\0';
	return err;
}

static void
add_word(struct json_values *v, const uint8_t word32[WORD])
{
	buffer_add(v->out, word32, WORD);
}

static void
add_count(struct json_values *v, uint32_t n)
{
	uint8_t be[4];

	store_be32(be, n);
	buffer_add(v->out, be, sizeof be);
}

static struct bytes
text_of(const json_t *value)
{
	return (struct bytes){(const uint8_t *)json_string_value(value),
	    json_string_length(value)};
}

/* The magnitude and the sign of an integer; "-0" is no spelling of 0. */
static int
magnitude_of(const json_t *value, struct u256 *ret, int *ret_negative)
{
	struct bytes text;
	int negative, r;

	if (json_is_integer(value)) {
		json_int_t v = json_integer_value(value);

		*ret = u256_of(v < 0 ? -(uint64_t)v : (uint64_t)v);
		*ret_negative = v < 0;
		return 0;
	}
	if (!json_is_string(value))
		return ERR_PARSE;
	text = text_of(value);
	negative = text.len > 0 && text.p[0] == '-';
	if (text.len > 1 && text.p[1] == 'x')
		r = u256_parse_hex((const char *)text.p, text.len, ret);
	else
		r = u256_parse_decimal((const char *)text.p + negative,
		    text.len - (size_t)negative, 0, ret);
	if (r == 0 && negative && u256_is_zero(ret))
		return ERR_PARSE;
	if (r == 0)
		*ret_negative = negative;
	return r;
}

/* Two's complement. */
static struct u256
negate(const struct u256 *a)
{
	struct u256 max = U256_MAX, one = u256_of(1), r = U256_ZERO;

	/* -a = (2^256 - 1 - a) + 1; neither overflows for a above zero */
	if (u256_sub(&max, a, &r) != 0 || u256_add(&r, &one, &r) != 0)
		return U256_ZERO;
	return r;
}

static int
add_integer(struct json_values *v, const json_t *value, struct type type)
{
	uint8_t word[WORD];
	struct u256 n;
	int negative, r;

	r = magnitude_of(value, &n, &negative);
	if (r == ERR_OVERFLOW)
		return json_values_fail(v, ERR_RANGE, "is out of the type's range");
	if (r != 0)
		return json_values_fail(v, ERR_PARSE,
		    "must be an integer, or a string of decimal or 0x hex digits");
	if (negative)
		n = negate(&n);
	u256_to_be32(&n, word);
	if ((negative && type.kind == TYPE_UINT) || type_check_word(type, word) != 0 ||
	    (type.kind == TYPE_INT && word[0] >> 7 != negative))
		return json_values_fail(v, ERR_RANGE, "is out of the type's range");
	add_word(v, word);
	return 0;
}

static int
add_address(struct json_values *v, const json_t *value)
{
	uint8_t word[WORD] = {0};
	struct bytes text = text_of(value);
	int r = ERR_PARSE;

	if (text.p != NULL)
		r = address_parse((const char *)text.p, text.len, word + 12);
	if (r != 0)
		return json_values_fail(v, r, r == ERR_RANGE ? "the EIP-55 checksum is wrong" :
		    "must be an address: 0x and 40 hex digits");
	add_word(v, word);
	return 0;
}

static int
add_bool(struct json_values *v, const json_t *value)
{
	uint8_t word[WORD] = {0};

	if (!json_is_boolean(value))
		return json_values_fail(v, ERR_PARSE, "must be true or false");
	word[WORD - 1] = json_is_true(value);
	add_word(v, word);
	return 0;
}

static int
add_fixed_bytes(struct json_values *v, const json_t *value, unsigned size)
{
	uint8_t word[WORD] = {0};
	struct bytes text = text_of(value);

	if (text.p == NULL || hex_decode_0x((const char *)text.p, text.len, word, size) != 0)
		return json_values_fail(v, ERR_PARSE,
		    "must be 0x and two hex digits for each of the type's bytes");
	add_word(v, word);
	return 0;
}

static int
add_bytes(struct json_values *v, const json_t *value)
{
	struct bytes text = text_of(value);
	uint8_t run[CHUNK / 2];
	int bad = text.p == NULL || text.len < 2 || text.len % 2 != 0 || text.p[0] != '0' ||
	    text.p[1] != 'x';

	if (!bad && text.len / 2 > UINT32_MAX)
		return json_values_fail(v, ERR_RANGE, "is too long");
	if (!bad)
		add_count(v, (uint32_t)(text.len / 2 - 1));
	for (size_t at = 2; !bad && at < text.len; at += CHUNK) {
		size_t n = text.len - at < CHUNK ? text.len - at : CHUNK;

		bad = hex_decode((const char *)text.p + at, n, run, n / 2) != 0;
		if (!bad)
			buffer_add(v->out, run, n / 2);
	}
	if (bad)
		return json_values_fail(v, ERR_PARSE,
		    "must be 0x and an even number of hex digits");
	return 0;
}

static int
add_string(struct json_values *v, const json_t *value)
{
	struct bytes text = text_of(value);

	if (text.p == NULL)
		return json_values_fail(v, ERR_PARSE, "must be a string");
	if (text.len > UINT32_MAX)
		return json_values_fail(v, ERR_RANGE, "is too long");
	add_count(v, (uint32_t)text.len);
	buffer_add(v->out, text.p, text.len);
	return 0;
}

int
json_values_add(struct json_values *v, const json_t *value, struct type type)
{
	switch (type.kind) {
	case TYPE_UINT:
	case TYPE_INT:
		return add_integer(v, value, type);
	case TYPE_ADDRESS:
		return add_address(v, value);
	case TYPE_BOOL:
		return add_bool(v, value);
	case TYPE_FIXED_BYTES:
		return add_fixed_bytes(v, value, type.size);
	case TYPE_BYTES:
		return add_bytes(v, value);
	case TYPE_STRING:
		return add_string(v, value);
	}
	return json_values_fail(v, ERR_UNSUPPORTED, "is of a type that is not supported");
}

int
json_values_count(struct json_values *v, const json_t *value, uint32_t declared)
{
	size_t count = json_array_size(value);

	if (!json_is_array(value))
		return json_values_fail(v, ERR_PARSE, "must be an array");
	if ((declared != 0 && count != declared) || count > UINT32_MAX)
		return json_values_fail(v, ERR_RANGE, "has not the number of elements of its type");
	add_count(v, (uint32_t)count);
	return 0;
}
