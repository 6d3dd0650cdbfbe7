#include "gateway/abi_json.h"

#include <stdlib.h>

#include "base/err.h"
#include "evm/abi_encode.h"
#include "evm/abi_types.h"
#include "evm/type.h"
#include "json/value.h"
#include "base/banned.h"

static int add_value(struct json_values *v, struct bytes text, const json_t *value);

static int
add_array(struct json_values *v, struct bytes element, uint32_t declared, const json_t *value)
{
	int r;

	if ((r = json_values_count(v, value, declared)) != 0)
		return r;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = json_values_element(v, i);

		if ((r = add_value(v, element, json_array_get(value, i))) != 0)
			return r;
		json_values_leave(v, mark);
	}
	return 0;
}

static int
add_tuple(struct json_values *v, struct bytes types, const json_t *value)
{
	struct bytes component;
	size_t mark;
	int end, r;

	if (!json_is_array(value))
		return json_values_fail(v, ERR_PARSE, "must be an array");
	for (size_t i = 0;; i++) {
		if ((r = abi_types_next(&types, &component, &end)) != 0)
			return json_values_fail(v, r, "is of a malformed type");
		if (end && i == json_array_size(value))
			return 0;
		if (end || i == json_array_size(value))
			return json_values_fail(v, ERR_RANGE,
			    "has not as many elements as the type has components");
		mark = json_values_element(v, i);
		if ((r = add_value(v, component, json_array_get(value, i))) != 0)
			return r;
		json_values_leave(v, mark);
	}
}

/* Depth is bound by the type text, which was checked. */
static int
add_value(struct json_values *v, struct bytes text, const json_t *value)
{
	struct bytes element;
	struct type type;
	int is_array, r;
	uint32_t count;

	if ((r = type_split_array(text, &is_array, &element, &count)) != 0)
		return json_values_fail(v, r, "is of a malformed type");
	if (is_array)
		return add_array(v, element, count, value);
	if (text.len > 0 && text.p[0] == '(')
		return add_tuple(v, text, value);
	if ((r = abi_type_parse(text, &type)) != 0)
		return json_values_fail(v, r, "is of a malformed type");
	return json_values_add(v, value, type);
}

/* The form into its encoding, behind what out holds. */
static int
append_encoding(struct bytes types, const struct buffer *form, struct buffer *out)
{
	size_t cap = out->max - out->len, len;
	uint8_t *encoded = malloc(cap + 1);
	int r;

	if (encoded == NULL)
		return ERR_MEM;
	r = abi_encode(types, (struct bytes){form->p, form->len}, encoded, cap, &len);
	if (r == 0) {
		buffer_add(out, encoded, len);
		r = out->err;
	}
	free(encoded);
	return r;
}

int
abi_json_encode(struct bytes types, const json_t *args, const char *field, struct buffer *out,
    struct json_error *error)
{
	/* longer than its encoding by the counts of fixed arrays: ABI_DEPTH_MAX x 4 bytes a word */
	struct buffer form = buffer_of(out->max < SIZE_MAX / 4 ? 4 * out->max : SIZE_MAX);
	struct json_values v = json_values_of(&form, error, field);
	int r;

	if ((r = abi_types_check(types)) != 0)
		return json_values_fail(&v, r, "the type list is malformed");
	if ((r = add_tuple(&v, types, args)) != 0)
		goto out;
	if ((r = form.err) == 0)
		r = append_encoding(types, &form, out);
	if (r == ERR_SPACE)
		r = json_values_fail(&v, r, "is too long");
out:
	buffer_free(&form);
	return r;
}

int
abi_json_call(struct bytes signature, const json_t *args, struct buffer *out,
    struct json_error *error)
{
	struct json_values v = json_values_of(out, error, "function");
	struct bytes types;
	uint8_t selector[4];
	int r;

	if ((r = abi_signature(signature, selector, &types)) != 0)
		return json_values_fail(&v, r,
		    "must be a signature such as \"transfer(address,uint256)\"");
	buffer_add(out, selector, sizeof selector);
	if (out->err != 0)
		return out->err;
	return abi_json_encode(types, args, "args", out, error);
}
