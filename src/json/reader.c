#include "json/reader.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "evm/address.h"
#include "base/banned.h"

/* A member's name is repeated in an error only when it can hurt nobody who reads it. */
#define SHOWN_NAME_MAX 64

static int
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '_' || c == '-' || c == '.' || c == '[' || c == ']';
}

static int
is_shown(const char *name)
{
	size_t len = strnlen(name, SHOWN_NAME_MAX + 1);

	if (len > SHOWN_NAME_MAX)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (!is_name_char(name[i]))
			return 0;
	}
	return 1;
}

static void
copy_text(char *ret, size_t cap, const char *text)
{
	size_t len = strnlen(text, cap - 1);

	memcpy(ret, text, len);
	ret[len] = '\0';
}

/* "path.name"; a name that cannot be shown is left away, a long path is cut. */
static void
join(const char *path, const char *name, char *ret, size_t cap)
{
	size_t len;

	copy_text(ret, cap, path);
	if (name == NULL || name[0] == '\0' || !is_shown(name))
		return;
	len = strlen(ret);
	if (len > 0 && name[0] != '[' && len + 1 < cap)
		ret[len++] = '.';
	copy_text(ret + len, cap - len, name);
}

static void
error_set(struct json_error *error, const char *path, const char *name, int err, const char *text)
{
	if (error->err != 0)
		return;
	error->err = err;
	join(path, name, error->field, sizeof error->field);
	copy_text(error->text, sizeof error->text, text);
}

void
json_in_fail(struct json_in *in, const char *name, int err, const char *text)
{
	error_set(in->error, in->path, name, err, text);
}

/* jansson stops right behind the second key: its name is what stands there in quotes. */
static void
duplicate_name(const char *body, size_t at, char ret[SHOWN_NAME_MAX + 1])
{
	size_t end = at, begin;

	ret[0] = '\0';
	if (end == 0 || body[--end] != '"')
		return;
	begin = end;
	while (begin > 0 && end - begin < SHOWN_NAME_MAX && is_name_char(body[begin - 1]))
		begin--;
	if (begin == 0 || body[begin - 1] != '"')
		return;
	memcpy(ret, body + begin, end - begin);
	ret[end - begin] = '\0';
}

/* jansson's own text quotes the input and is not shown. */
static void
explain(const char *body, size_t len, const json_error_t *e, struct json_error *error)
{
	char name[SHOWN_NAME_MAX + 1];

	switch ((int)json_error_code(e)) {
	case json_error_duplicate_key:
		duplicate_name(body, (size_t)e->position <= len ? (size_t)e->position : 0, name);
		error_set(error, "", name, ERR_DUPLICATE, "a member is given twice");
		return;
	case json_error_numeric_overflow:
		error_set(error, "", NULL, ERR_RANGE,
		    "a number is too large; give it as a string of digits");
		return;
	case json_error_invalid_utf8:
	case json_error_null_character:
	case json_error_null_byte_in_key:
		error_set(error, "", NULL, ERR_PARSE, "text must be UTF-8 without NUL");
		return;
	case json_error_stack_overflow:
		error_set(error, "", NULL, ERR_RANGE, "nested too deeply");
		return;
	case json_error_out_of_memory:
		error_set(error, "", NULL, ERR_MEM, "out of memory");
		return;
	default:
		error_set(error, "", NULL, ERR_PARSE, "the body must be one JSON object");
		return;
	}
}

int
json_in_open(const void *body, size_t len, struct json_in *ret, struct json_error *error)
{
	json_error_t e;
	json_t *root;

	memset(error, 0, sizeof *error);
	/* an empty body may come without a pointer, which jansson would take for misuse */
	root = json_loadb(len == 0 ? "" : body, len, JSON_REJECT_DUPLICATES, &e);
	if (root == NULL) {
		explain(body, len, &e, error);
		return error->err;
	}
	if (!json_is_object(root)) {
		json_decref(root);
		error_set(error, "", NULL, ERR_PARSE, "the body must be one JSON object");
		return error->err;
	}
	*ret = (struct json_in){.root = root, .error = error, .owned = 1};
	return 0;
}

/*
 * The member, or NULL when it is absent or an earlier failure stands. Notes that the
 * name was asked for; a required member that is absent is a failure.
 */
static json_t *
member(struct json_in *in, const char *name, enum json_need need)
{
	json_t *value;

	if (in->error->err != 0 || in->root == NULL)
		return NULL;
	if (in->known_count == JSON_MEMBERS_MAX) {
		json_in_fail(in, name, ERR_SPACE, "the reader knows no more members");
		return NULL;
	}
	in->known[in->known_count++] = name;
	value = json_object_get(in->root, name);
	if (value == NULL && need == JSON_REQUIRED)
		json_in_fail(in, name, ERR_PARSE, "this member is required");
	return value;
}

void
json_in_enter(struct json_in *in, json_t *value, const char *name, struct json_in *ret)
{
	*ret = (struct json_in){.error = in->error};
	join(in->path, name, ret->path, sizeof ret->path);
	if (in->error->err != 0 || value == NULL)
		return;
	if (!json_is_object(value)) {
		json_in_fail(in, name, ERR_PARSE, "must be an object");
		return;
	}
	ret->root = value;
}

void
json_in_object(struct json_in *in, const char *name, enum json_need need, struct json_in *ret,
    int *ret_present)
{
	json_in_enter(in, member(in, name, need), name, ret);
	*ret_present = ret->root != NULL;
}

/* A string member with a length between min and max bytes. */
static int
text_member(struct json_in *in, const char *name, enum json_need need, size_t min, size_t max,
    struct bytes *ret)
{
	json_t *value = member(in, name, need);
	size_t len;

	if (value == NULL)
		return 0;
	if (!json_is_string(value)) {
		json_in_fail(in, name, ERR_PARSE, "must be a string");
		return 0;
	}
	len = json_string_length(value);
	if (len < min || len > max) {
		json_in_fail(in, name, ERR_RANGE, len < min ? "is too short" : "is too long");
		return 0;
	}
	*ret = (struct bytes){(const uint8_t *)json_string_value(value), len};
	return 1;
}

void
json_in_text(struct json_in *in, const char *name, enum json_need need, size_t min, size_t max,
    struct bytes *ret)
{
	(void)text_member(in, name, need, min, max, ret);
}

void
json_in_u64(struct json_in *in, const char *name, enum json_need need, uint64_t min, uint64_t max,
    uint64_t *ret)
{
	json_t *value = member(in, name, need);
	json_int_t v;

	if (value == NULL)
		return;
	if (!json_is_integer(value)) {
		json_in_fail(in, name, ERR_PARSE, "must be an integer");
		return;
	}
	v = json_integer_value(value);
	if (v < 0 || (uint64_t)v < min || (uint64_t)v > max) {
		json_in_fail(in, name, ERR_RANGE, "is out of range");
		return;
	}
	*ret = (uint64_t)v;
}

void
json_in_bool(struct json_in *in, const char *name, enum json_need need, int *ret)
{
	json_t *value = member(in, name, need);

	if (value == NULL)
		return;
	if (!json_is_boolean(value)) {
		json_in_fail(in, name, ERR_PARSE, "must be true or false");
		return;
	}
	*ret = json_is_true(value);
}

void
json_in_address(struct json_in *in, const char *name, enum json_need need, uint8_t ret[20],
    int *ret_present)
{
	struct bytes text;
	int r;

	*ret_present = 0;
	if (!text_member(in, name, need, 0, SIZE_MAX, &text))
		return;
	r = address_parse((const char *)text.p, text.len, ret);
	if (r != 0) {
		json_in_fail(in, name, r, r == ERR_RANGE ? "the EIP-55 checksum is wrong" :
		    "must be an address: 0x and 40 hex digits");
		return;
	}
	*ret_present = 1;
}

void
json_in_hash32(struct json_in *in, const char *name, enum json_need need, uint8_t ret[32],
    int *ret_present)
{
	struct bytes text;

	*ret_present = 0;
	if (!text_member(in, name, need, 0, SIZE_MAX, &text))
		return;
	if (hex_decode_0x((const char *)text.p, text.len, ret, 32) != 0) {
		json_in_fail(in, name, ERR_PARSE, "must be 32 bytes: 0x and 64 hex digits");
		return;
	}
	*ret_present = 1;
}

static const char *
amount_text(int err)
{
	if (err == ERR_RANGE)
		return "has more decimal places than the token";
	if (err == ERR_OVERFLOW)
		return "is above 2^256 - 1 base units";
	return "must be a decimal number in a string, such as \"12.5\"";
}

void
json_in_amount(struct json_in *in, const char *name, enum json_need need, unsigned decimals,
    struct u256 *ret, int *ret_present)
{
	json_t *value = member(in, name, need);
	struct u256 v;
	int r = ERR_PARSE;

	*ret_present = 0;
	if (value == NULL)
		return;
	if (json_is_string(value))
		r = u256_parse_decimal(json_string_value(value), json_string_length(value),
		    decimals, &v);
	if (r != 0) {
		json_in_fail(in, name, r, amount_text(r));
		return;
	}
	*ret = v;
	*ret_present = 1;
}

void
json_in_hex(struct json_in *in, const char *name, enum json_need need, size_t cap, uint8_t *ret,
    size_t *ret_len)
{
	struct bytes text;
	int r;

	if (!text_member(in, name, need, 0, SIZE_MAX, &text))
		return;
	r = hex_decode_0x_run((const char *)text.p, text.len, cap, ret, ret_len);
	if (r != 0)
		json_in_fail(in, name, r == ERR_SPACE ? ERR_RANGE : r, r == ERR_SPACE ?
		    "is too long" : "must be 0x and an even number of hex digits");
}

void
json_in_value(struct json_in *in, const char *name, enum json_need need, json_t **ret)
{
	*ret = member(in, name, need);
}

static int
is_known(const struct json_in *in, const char *name)
{
	for (size_t i = 0; i < in->known_count; i++) {
		if (strcmp(in->known[i], name) == 0)
			return 1;
	}
	return 0;
}

int
json_in_close(struct json_in *in)
{
	const char *name;
	json_t *value;

	if (in->error->err != 0 || in->root == NULL)
		return in->error->err;
	json_object_foreach(in->root, name, value) {
		if (is_known(in, name))
			continue;
		json_in_fail(in, name, ERR_UNKNOWN_FIELD, "unknown member");
		break;
	}
	return in->error->err;
}

void
json_in_free(struct json_in *in)
{
	if (in->owned)
		json_decref(in->root);
	in->root = NULL;
	in->owned = 0;
}
