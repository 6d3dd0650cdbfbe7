/* RLP in both directions, ABI encoding and its strict decoder. */
#include "encodings.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/err.h"
#include "evm/rlp.h"
#include "evm/u256.h"
#include "gateway/abi_json.h"
#include "base/banned.h"

#define RLP_MAX (1 << 20)
#define ABI_MAX (1 << 18)

/* --- RLP ------------------------------------------------------------------- */

static void
add_string(struct buffer *out, const uint8_t *p, size_t len)
{
	uint8_t header[RLP_HEADER_MAX];
	struct writer w = writer_of(header, sizeof header);

	rlp_write_string_header(&w, p, len);
	buffer_add(out, header, w.len);
	buffer_add(out, p, len);
}

/* Some are above 256 bits, where the product has no integers. */
static int
add_number(struct buffer *out, const char *digits)
{
	uint8_t number[64] = {0};
	size_t begin = 0;

	for (; *digits != '\0'; digits++) {
		unsigned carry = (unsigned char)*digits - '0';

		if (carry > 9)
			return ERR_PARSE;
		for (size_t i = sizeof number; i-- > 0;) {
			carry += number[i] * 10U;
			number[i] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry != 0)
			return ERR_RANGE;
	}
	while (begin < sizeof number && number[begin] == 0)
		begin++;
	add_string(out, number + begin, sizeof number - begin);
	return 0;
}

static int
add_integer(struct buffer *out, json_int_t v)
{
	uint8_t encoded[RLP_HEADER_MAX + 8];
	struct writer w = writer_of(encoded, sizeof encoded);

	rlp_write_u64(&w, (uint64_t)v);
	buffer_add(out, encoded, w.len);
	return w.err;
}

static int
add_hex(struct buffer *out, const char *text)
{
	size_t cap = strlen(text) / 2 + 1, len = 0;
	uint8_t *p = malloc(cap);
	int r = p == NULL ? ERR_MEM : text_hex(text, p, cap, &len);

	if (r == 0)
		add_string(out, p, len);
	free(p);
	return r;
}

static int add_item(struct buffer *out, const json_t *item, int strings_are_hex);

static int
add_list(struct buffer *out, const json_t *list, int strings_are_hex)
{
	struct buffer payload = buffer_of(RLP_MAX);
	uint8_t header[RLP_HEADER_MAX];
	struct writer w = writer_of(header, sizeof header);
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = add_item(&payload, json_array_get(list, i), strings_are_hex);
	rlp_write_list(&w, payload.len);
	buffer_add(out, header, w.len);
	buffer_add(out, payload.p, payload.len);
	buffer_free(&payload);
	return r;
}

static int
add_item(struct buffer *out, const json_t *item, int strings_are_hex)
{
	const char *text = json_string_value(item);

	if (json_is_array(item))
		return add_list(out, item, strings_are_hex);
	if (json_is_integer(item))
		return add_integer(out, json_integer_value(item));
	if (text == NULL)
		return ERR_PARSE;
	if (strings_are_hex)
		return add_hex(out, text);
	if (text[0] == '#')
		return add_number(out, text + 1);
	add_string(out, (const uint8_t *)text, json_string_length(item));
	return 0;
}

static int
encodes_to(const json_t *item, int strings_are_hex, const json_t *entry, const char *key)
{
	struct buffer out = buffer_of(RLP_MAX);
	int ok = add_item(&out, item, strings_are_hex) == 0 && out.err == 0 &&
	    member_equals(entry, key, out.p, out.len);

	buffer_free(&out);
	return ok;
}

/* The item at r is this JSON with hex strings. */
static int
matches(struct reader *r, const json_t *item)
{
	struct bytes run;
	struct reader list;
	json_t *wrapped;
	int ok;

	if (json_is_array(item)) {
		if (rlp_read_list(r, &list) != 0)
			return 0;
		for (size_t i = 0; i < json_array_size(item); i++) {
			if (!matches(&list, json_array_get(item, i)))
				return 0;
		}
		return list.left == 0;
	}
	if (rlp_read_string(r, &run) != 0)
		return 0;
	wrapped = json_pack("{s:O}", "value", item);
	ok = member_equals(wrapped, "value", run.p, run.len);
	json_decref(wrapped);
	return ok;
}

/* A copy of exactly the size, so that the sanitizer sees a read beyond it. The caller's, free(). */
static uint8_t *
take_hex(const json_t *entry, const char *key, size_t *ret_len)
{
	const char *text = member_text(entry, key);
	size_t cap = text == NULL ? 0 : strlen(text) / 2;
	uint8_t *p = malloc(cap + 1), *exact;

	if (p == NULL || text_hex(text, p, cap + 1, ret_len) != 0) {
		free(p);
		return NULL;
	}
	exact = realloc(p, *ret_len > 0 ? *ret_len : 1);
	return exact != NULL ? exact : p;
}

void
run_rlp_pairs(struct vectors *v, const json_t *root)
{
	char name[128];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);
		const json_t *decoded = json_object_get(entry, "decoded");
		size_t len = 0;
		uint8_t *p = take_hex(entry, "encoded", &len);
		struct reader r = reader_of(p, len);
		int ok = p != NULL && encodes_to(decoded, 1, entry, "encoded") &&
		    rlp_check(p, len) == 0 && matches(&r, decoded) && r.left == 0;

		vectors_case(v, ok, entry_name(entry, i, name, sizeof name), NULL);
		free(p);
	}
}

void
run_rlp_tests(struct vectors *v, const json_t *root)
{
	const char *name;
	json_t *entry;

	json_object_foreach((json_t *)(uintptr_t)root, name, entry) {
		size_t len = 0;
		uint8_t *p = take_hex(entry, "out", &len);

		vectors_case(v,
		    p != NULL && rlp_check(p, len) == 0 &&
			encodes_to(json_object_get(entry, "in"), 0, entry, "out"),
		    name, NULL);
		free(p);
	}
}

void
run_rlp_invalid(struct vectors *v, const json_t *root)
{
	const char *name;
	json_t *entry;

	json_object_foreach((json_t *)(uintptr_t)root, name, entry) {
		size_t len = 0;
		uint8_t *p = take_hex(entry, "out", &len);

		vectors_case(v, p != NULL && rlp_check(p, len) != 0, name, "accepted");
		free(p);
	}
}

/* {"in": "VALID" or "INVALID", "out": bytes} */
void
run_rlp_random(struct vectors *v, const json_t *root)
{
	const char *name;
	json_t *entry;

	json_object_foreach((json_t *)(uintptr_t)root, name, entry) {
		const char *in = member_text(entry, "in");
		size_t len = 0;
		uint8_t *p = take_hex(entry, "out", &len);
		int valid = in != NULL && strcmp(in, "VALID") == 0;

		vectors_case(v, p != NULL && (rlp_check(p, len) == 0) == valid, name, NULL);
		free(p);
	}
}

/* --- units ----------------------------------------------------------------- */

/* One spelling for one amount here: no sign, no leading zeros, no bare point. */
static int
is_our_spelling(const char *text)
{
	return text[0] != '-' && text[0] != '.' && (text[0] != '0' || text[1] == '.');
}

/* The rendering of the vectors has a place behind the point always, ours only when needed. */
static int
renders_as(const struct u256 *v, unsigned decimals, const char *wanted)
{
	char text[U256_TEXT_MAX];
	size_t len = u256_format_decimal(v, decimals, text);

	if (strcmp(text, wanted) == 0)
		return 1;
	return strncmp(text, wanted, len) == 0 && strcmp(wanted + len, ".0") == 0;
}

static const char *
check_unit(const json_t *entry, const char *unit, unsigned decimals)
{
	const char *wei = member_text(entry, "wei"), *text = member_text(entry, unit);
	const char *wanted = member_text(entry, decimals == 18 ? "ether_format" : "gwei_format");
	struct u256 expected, got;

	if (u256_parse_decimal(wei, strlen(wei), 0, &expected) != 0)
		return "wei not read";
	if (u256_parse_decimal(text, strlen(text), decimals, &got) != 0)
		return "not read";
	if (u256_compare(&expected, &got) != 0)
		return "another amount";
	if (!renders_as(&got, decimals, wanted != NULL ? wanted : text))
		return "another rendering";
	return NULL;
}

static void
unit_case(
    struct vectors *v, const char *name, const json_t *entry, const char *unit, unsigned decimals)
{
	const char *text = member_text(entry, unit), *wrong;
	struct u256 unused;

	if (text == NULL || member_text(entry, "wei") == NULL)
		return;
	if (is_our_spelling(text)) {
		wrong = check_unit(entry, unit, decimals);
		vectors_case(v, wrong == NULL, name, wrong);
	} else if (u256_parse_decimal(text, strlen(text), decimals, &unused) == 0) {
		vectors_case(v, 0, name, "accepted, against u256.h");
	} else {
		vectors_skip(
		    v, name, "a spelling that u256.h refuses: sign, leading 0, bare point");
	}
}

void
run_units(struct vectors *v, const json_t *root)
{
	char name[128];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);

		(void)entry_name(entry, i, name, sizeof name);
		unit_case(v, name, entry, "ether", 18);
		unit_case(v, name, entry, "gwei", 9);
	}
}

/* --- ABI ------------------------------------------------------------------- */

static void
abi_case(struct vectors *v, const char *name, const char *types, const json_t *args,
    const json_t *entry, const char *key)
{
	struct bytes list = {(const uint8_t *)types, strlen(types)};
	struct buffer out = buffer_of(ABI_MAX);
	struct json_error error = {0};

	if (abi_json_encode(list, args, "args", &out, &error) != 0)
		vectors_case(v, 0, name, error.text);
	else
		vectors_case(v, member_equals(entry, key, out.p, out.len), name, "another encoding");
	buffer_free(&out);
}

void
run_abi(struct vectors *v, const json_t *root)
{
	char name[128];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);
		struct buffer types = buffer_of(4096);
		json_t *args = json_pack("[O]", json_object_get(entry, "value"));

		buffer_text(&types, "(");
		buffer_text(&types, member_text(entry, "type"));
		buffer_add(&types, ")", 2);
		abi_case(v, entry_name(entry, i, name, sizeof name), (const char *)types.p, args,
		    entry, "encoded");
		json_decref(args);
		buffer_free(&types);
	}
}

/* These give bytes as their text. */
static json_t *
as_our_value(const char *type, json_t *value)
{
	const char *text = json_string_value(value);
	struct buffer hex = buffer_of(4096);
	json_t *r;

	if (text == NULL || strncmp(type, "bytes", 5) != 0 || strncmp(text, "0x", 2) == 0)
		return json_incref(value);
	buffer_text(&hex, "0x");
	for (; *text != '\0'; text++)
		buffer_format(&hex, "%02x", (unsigned char)*text);
	r = json_stringn((const char *)hex.p, hex.len);
	buffer_free(&hex);
	return r;
}

static void
abi_basic_case(struct vectors *v, const char *name, const json_t *entry)
{
	const json_t *type_list = json_object_get(entry, "types");
	const json_t *args = json_object_get(entry, "args");
	json_t *values = json_array();
	struct buffer types = buffer_of(4096);

	buffer_text(&types, "(");
	for (size_t i = 0; i < json_array_size(type_list); i++) {
		const char *type = json_string_value(json_array_get(type_list, i));

		if (i > 0)
			buffer_text(&types, ",");
		buffer_text(&types, type == NULL ? "?" : type);
		if (json_array_append_new(values,
			as_our_value(type == NULL ? "" : type, json_array_get(args, i))) != 0)
			break;
	}
	buffer_add(&types, ")", 2);
	abi_case(v, name, (const char *)types.p, values, entry, "result");
	json_decref(values);
	buffer_free(&types);
}

void
run_abi_basic(struct vectors *v, const json_t *root)
{
	const char *name;
	json_t *entry;

	json_object_foreach((json_t *)(uintptr_t)root, name, entry)
		abi_basic_case(v, name, entry);
}
