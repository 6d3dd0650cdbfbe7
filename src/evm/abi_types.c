#include "evm/abi_types.h"

#include <string.h>

#include "base/err.h"
#include "crypto/keccak256.h"
#include "base/banned.h"

#define WORD 32

int
abi_type_parse(struct bytes text, struct type *ret)
{
	if (bytes_are(text, "uint"))
		*ret = (struct type){TYPE_UINT, 256};
	else if (bytes_are(text, "int"))
		*ret = (struct type){TYPE_INT, 256};
	else
		return type_parse(text, ret);
	return 0;
}

int
abi_is_tuple(struct bytes text)
{
	return text.len >= 2 && text.p[0] == '(' && text.p[text.len - 1] == ')';
}

/* The first comma outside of every bracket, or the end. */
static int
component_length(struct bytes text, size_t *ret)
{
	size_t i, depth = 0;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == ',' && depth == 0)
			break;
		if (text.p[i] == '(')
			depth++;
		if (text.p[i] == ')' && depth-- == 0)
			return ERR_PARSE;
	}
	if (depth != 0)
		return ERR_PARSE;
	*ret = i;
	return 0;
}

/*
 * *rest begins as "(a,b,c)" and shrinks to ",b,c)", ",c)", ")": its first byte is what
 * stands before the next component.
 */
int
abi_types_next(struct bytes *rest, struct bytes *ret_component, int *ret_end)
{
	struct bytes inner;
	size_t n;

	if (rest->len == 0 || rest->p[rest->len - 1] != ')')
		return ERR_PARSE;
	if (rest->len == 1 || (rest->len == 2 && rest->p[0] == '(')) {
		*ret_end = 1;
		return 0;
	}
	inner = (struct bytes){rest->p + 1, rest->len - 2};
	if (component_length(inner, &n) != 0 || n == 0)
		return ERR_PARSE;
	*ret_component = (struct bytes){inner.p, n};
	*ret_end = 0;
	*rest = (struct bytes){inner.p + n, inner.len - n + 1};
	return 0;
}

static int shape_of(struct bytes text, unsigned depth, struct abi_shape *ret);

static int
shape_of_tuple(struct bytes text, unsigned depth, struct abi_shape *ret)
{
	struct abi_shape sum = {0, 0}, one;
	struct bytes component;
	int end, e;

	for (;;) {
		if ((e = abi_types_next(&text, &component, &end)) != 0)
			return e;
		if (end)
			break;
		if ((e = shape_of(component, depth, &one)) != 0)
			return e;
		sum.is_dynamic |= one.is_dynamic;
		sum.size += one.size; /* each at most ABI_STATIC_MAX, few in a text */
	}
	if (sum.size > ABI_STATIC_MAX)
		return ERR_RANGE;
	*ret = sum;
	return 0;
}

static int
shape_of_array(struct bytes element, uint32_t count, unsigned depth, struct abi_shape *ret)
{
	struct abi_shape one;
	int e;

	if ((e = shape_of(element, depth, &one)) != 0)
		return e;
	if (count == 0 || one.is_dynamic) {
		*ret = (struct abi_shape){1, WORD};
		return 0;
	}
	if (one.size > ABI_STATIC_MAX / count)
		return ERR_RANGE;
	*ret = (struct abi_shape){0, one.size * count};
	return 0;
}

/* Also the check of a type's text: whatever has a shape can be encoded. */
static int
shape_of(struct bytes text, unsigned depth, struct abi_shape *ret)
{
	struct bytes element;
	struct type type;
	int is_array, e;
	uint32_t count;

	if (depth > ABI_DEPTH_MAX)
		return ERR_RANGE;
	if ((e = type_split_array(text, &is_array, &element, &count)) != 0)
		return e;
	if (is_array)
		return shape_of_array(element, count, depth + 1, ret);
	if (abi_is_tuple(text)) {
		if (text.len == 2) /* an array of nothing could have any length */
			return ERR_PARSE;
		if ((e = shape_of_tuple(text, depth + 1, ret)) != 0)
			return e;
		if (ret->is_dynamic)
			ret->size = WORD;
		return 0;
	}
	if (abi_type_parse(text, &type) != 0)
		return ERR_PARSE;
	*ret = (struct abi_shape){!type_is_word(type), WORD};
	return 0;
}

int
abi_shape_of(struct bytes type, struct abi_shape *ret)
{
	return shape_of(type, 0, ret);
}

int
abi_shape_of_list(struct bytes types, struct abi_shape *ret)
{
	return shape_of_tuple(types, 0, ret);
}

int
abi_types_check(struct bytes types)
{
	struct abi_shape shape;

	if (types.len > ABI_SIGNATURE_MAX)
		return ERR_RANGE;
	if (!abi_is_tuple(types))
		return ERR_PARSE;
	return shape_of_tuple(types, 0, &shape);
}

/* The parameter list into the hash, with the aliases spelt out. */
static void
hash_types(struct keccak256 *k, struct bytes types)
{
	size_t i = 0;

	while (i < types.len) {
		size_t begin = i;

		while (i < types.len && memchr("(),[]", types.p[i], 5) == NULL)
			i++;
		keccak256_update(k, types.p + begin, i - begin);
		if (bytes_are((struct bytes){types.p + begin, i - begin}, "uint") ||
		    bytes_are((struct bytes){types.p + begin, i - begin}, "int"))
			keccak256_update(k, "256", 3);
		if (i < types.len)
			keccak256_update(k, types.p + i++, 1);
	}
}

int
abi_signature(struct bytes signature, uint8_t ret_selector[4], struct bytes *ret_types)
{
	struct bytes name = {signature.p, 0}, types;
	struct keccak256 k;
	uint8_t hash[32];
	int e;

	if (signature.len > ABI_SIGNATURE_MAX)
		return ERR_RANGE;
	while (name.len < signature.len && signature.p[name.len] != '(')
		name.len++;
	types = (struct bytes){signature.p + name.len, signature.len - name.len};
	if (!type_is_identifier(name))
		return ERR_PARSE;
	if ((e = abi_types_check(types)) != 0)
		return e;
	keccak256_init(&k);
	keccak256_update(&k, name.p, name.len);
	hash_types(&k, types);
	keccak256_final(&k, hash);
	memcpy(ret_selector, hash, 4);
	*ret_types = types;
	return 0;
}
