#include "evm/abi.h"

#include <string.h>

#include "base/err.h"
#include "crypto/keccak256.h"
#include "evm/type.h"
#include "base/banned.h"

#define WORD 32
#define ABI_ERROR 0x08c379a0U /* Error(string) */
#define ABI_PANIC 0x4e487b71U /* Panic(uint256) */

static const struct type UINT256 = {TYPE_UINT, 256};
static const struct type ADDRESS = {TYPE_ADDRESS, 0};
static const struct type BOOL = {TYPE_BOOL, 0};

/* --- words ------------------------------------------------------------------ */

static void
write_zeros(struct writer *w, size_t n)
{
	static const uint8_t zeros[WORD];

	for (; n >= WORD && w->err == 0; n -= WORD)
		write_bytes(w, zeros, WORD);
	write_bytes(w, zeros, n % WORD);
}

static size_t
padding_of(size_t len)
{
	return (WORD - len % WORD) % WORD;
}

static void
write_count(struct writer *w, uint64_t v)
{
	struct u256 word = u256_of(v);

	write_u256(w, &word);
}

void
abi_write_address(struct writer *w, const uint8_t address[20])
{
	write_zeros(w, 12);
	write_bytes(w, address, 20);
}

static int
read_address(struct reader *r, uint8_t ret[20])
{
	struct bytes word;

	if (read_take(r, WORD, &word) != 0 || type_check_word(ADDRESS, word.p) != 0)
		return ERR_PARSE;
	memcpy(ret, word.p + 12, 20);
	return 0;
}

/* A length or an offset: no value above 64 bits can be one. */
static int
read_count(struct reader *r, uint64_t *ret)
{
	struct u256 v;

	if (read_u256(r, &v) != 0 || u256_to_u64(&v, ret) != 0)
		return ERR_PARSE;
	return 0;
}

static int
expect_count(struct reader *r, uint64_t expected)
{
	uint64_t v;

	if (read_count(r, &v) != 0 || v != expected)
		return ERR_PARSE;
	return 0;
}

/* --- the calls that we send ------------------------------------------------- */

static int
has_partition(uint32_t selector)
{
	return selector == ABI_SPLIT || selector == ABI_MERGE || selector == ABI_REDEEM;
}

static int
is_call(uint32_t selector)
{
	return selector == ABI_APPROVE || selector == ABI_TRANSFER || has_partition(selector);
}

/* The offset of the partition: it stands behind the heads. */
static uint64_t
partition_offset(uint32_t selector)
{
	return selector == ABI_REDEEM ? 4 * WORD : 5 * WORD;
}

int
abi_call_encode(const struct abi_call *call, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct writer w = writer_of(ret, cap);

	if (!is_call(call->selector))
		return ERR_UNSUPPORTED;
	if (call->index_set_count > ABI_INDEX_SETS_MAX)
		return ERR_RANGE;
	write_be32(&w, call->selector);
	abi_write_address(&w, call->address);
	if (!has_partition(call->selector)) {
		write_u256(&w, &call->amount);
		return writer_end(&w, ret_len);
	}
	write_bytes(&w, call->parent_collection, WORD);
	write_bytes(&w, call->condition_id, WORD);
	write_count(&w, partition_offset(call->selector));
	if (call->selector != ABI_REDEEM)
		write_u256(&w, &call->amount);
	write_count(&w, call->index_set_count);
	for (size_t i = 0; i < call->index_set_count; i++)
		write_u256(&w, &call->index_sets[i]);
	return writer_end(&w, ret_len);
}

static int
read_partition(struct reader *r, struct abi_call *call)
{
	uint64_t count;

	if (read_count(r, &count) != 0)
		return ERR_PARSE;
	if (count > ABI_INDEX_SETS_MAX)
		return ERR_RANGE;
	call->index_set_count = (size_t)count;
	for (size_t i = 0; i < call->index_set_count; i++) {
		if (read_u256(r, &call->index_sets[i]) != 0)
			return ERR_PARSE;
	}
	return 0;
}

static int
read_arguments(struct reader *r, struct abi_call *call)
{
	if (read_address(r, call->address) != 0)
		return ERR_PARSE;
	if (!has_partition(call->selector))
		return read_u256(r, &call->amount);
	if (read_copy(r, WORD, call->parent_collection) != 0 ||
	    read_copy(r, WORD, call->condition_id) != 0 ||
	    expect_count(r, partition_offset(call->selector)) != 0)
		return ERR_PARSE;
	if (call->selector != ABI_REDEEM && read_u256(r, &call->amount) != 0)
		return ERR_PARSE;
	return read_partition(r, call);
}

int
abi_call_decode(struct bytes data, struct abi_call *ret)
{
	struct reader r = reader_of(data.p, data.len);
	struct abi_call call = {0};
	int e;

	if (read_be32(&r, &call.selector) != 0 || !is_call(call.selector))
		return ERR_UNSUPPORTED;
	if ((e = read_arguments(&r, &call)) != 0)
		return e;
	if (r.left != 0)
		return ERR_PARSE;
	*ret = call;
	return 0;
}

/* --- what comes back -------------------------------------------------------- */

static int
one_word(struct bytes data, struct type type)
{
	if (data.len != WORD)
		return ERR_PARSE;
	return type_check_word(type, data.p);
}

int
abi_word_u256(struct bytes data, struct u256 *ret)
{
	int e;

	if ((e = one_word(data, UINT256)) != 0)
		return e;
	*ret = u256_from_be32(data.p);
	return 0;
}

int
abi_word_address(struct bytes data, uint8_t ret[20])
{
	int e;

	if ((e = one_word(data, ADDRESS)) != 0)
		return e;
	memcpy(ret, data.p + 12, 20);
	return 0;
}

int
abi_word_bool(struct bytes data, int *ret)
{
	int e;

	if ((e = one_word(data, BOOL)) != 0)
		return e;
	*ret = data.p[WORD - 1];
	return 0;
}

/* Solidity documentation, "Panic via assert and Error via require". */
static const char *
panic_meaning(uint64_t code)
{
	static const struct {
		uint8_t code;
		const char *meaning;
	} known[] = {
	    {0x01, "assertion failed"},
	    {0x11, "arithmetic overflow or underflow"},
	    {0x12, "division by zero"},
	    {0x21, "no such enum value"},
	    {0x22, "corrupt storage byte array"},
	    {0x31, "pop on an empty array"},
	    {0x32, "array index out of bounds"},
	    {0x41, "out of memory"},
	    {0x51, "call of an uninitialised function"},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].code == code)
			return known[i].meaning;
	}
	return NULL;
}

/* As much as fits, printable. */
static void
write_printable(struct writer *w, struct bytes text)
{
	for (size_t i = 0; i < text.len && w->len < w->cap; i++)
		write_u8(w, text.p[i] >= 0x20 && text.p[i] < 0x7f ? text.p[i] : '?');
}

/* The argument of Error(string); a bad offset or length is no reason at all. */
static int
error_reason(struct reader *r, struct bytes *ret)
{
	uint64_t len;

	if (expect_count(r, WORD) != 0 || read_count(r, &len) != 0 || len > r->left)
		return ERR_PARSE;
	return read_take(r, (size_t)len, ret);
}

static void
write_panic(struct writer *w, uint64_t code)
{
	uint8_t byte = (uint8_t)code;

	if (panic_meaning(code) != NULL) {
		write_text(w, panic_meaning(code));
		write_text(w, " ");
	}
	write_text(w, "(Panic 0x");
	if (code > 0xff)
		write_text(w, "..");
	write_hex(w, &byte, 1);
	write_text(w, ")");
}

void
abi_revert_text(struct bytes data, char ret[ABI_REVERT_TEXT_MAX])
{
	struct writer w = writer_of((uint8_t *)ret, ABI_REVERT_TEXT_MAX - 1);
	struct reader r = reader_of(data.p, data.len);
	uint32_t selector = 0;
	struct bytes reason;
	uint64_t code;

	if (read_be32(&r, &selector) != 0) {
		write_text(&w, data.len == 0 ? "reverted without a reason" :
		    "reverted with data that is no error");
	} else if (selector == ABI_ERROR && error_reason(&r, &reason) == 0) {
		write_printable(&w, reason);
	} else if (selector == ABI_PANIC && read_count(&r, &code) == 0 && r.left == 0) {
		write_panic(&w, code);
	} else {
		write_text(&w, "custom error 0x");
		write_hex(&w, data.p, 4);
	}
	if (w.len == 0)
		write_text(&w, "reverted with an empty reason");
	ret[w.len] = '\0';
}

/* --- types ------------------------------------------------------------------ */

int
abi_type_parse(struct bytes text, struct type *ret)
{
	if (bytes_are(text, "uint"))
		*ret = UINT256;
	else if (bytes_are(text, "int"))
		*ret = (struct type){TYPE_INT, 256};
	else
		return type_parse(text, ret);
	return 0;
}

static int
is_tuple(struct bytes text)
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

/* What a type takes in a head, and whether it is only an offset there. */
struct shape {
	int is_dynamic;
	size_t size; /* bytes of a static value; WORD when dynamic */
};

static int shape_of(struct bytes text, unsigned depth, struct shape *ret);

static int
shape_of_tuple(struct bytes text, unsigned depth, struct shape *ret)
{
	struct shape sum = {0, 0}, one;
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
shape_of_array(struct bytes element, uint32_t count, unsigned depth, struct shape *ret)
{
	struct shape one;
	int e;

	if ((e = shape_of(element, depth, &one)) != 0)
		return e;
	if (count == 0 || one.is_dynamic) {
		*ret = (struct shape){1, WORD};
		return 0;
	}
	if (one.size > ABI_STATIC_MAX / count)
		return ERR_RANGE;
	*ret = (struct shape){0, one.size * count};
	return 0;
}

/* Also the check of a type's text: whatever has a shape can be encoded. */
static int
shape_of(struct bytes text, unsigned depth, struct shape *ret)
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
	if (is_tuple(text)) {
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
	*ret = (struct shape){!type_is_word(type), WORD};
	return 0;
}

int
abi_types_check(struct bytes types)
{
	struct shape shape;

	if (types.len > ABI_SIGNATURE_MAX)
		return ERR_RANGE;
	if (!is_tuple(types))
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

/* --- a run of values with one head: tuple, array or parameter list ---------- */

struct sequence {
	struct bytes rest; /* of a tuple's text; len 0: an array */
	struct bytes element;
	uint64_t count; /* elements left */
};

static int
sequence_next(struct sequence *s, struct bytes *ret, int *ret_end)
{
	if (s->rest.len > 0)
		return abi_types_next(&s->rest, ret, ret_end);
	*ret_end = s->count == 0;
	if (s->count == 0)
		return 0;
	s->count--;
	*ret = s->element;
	return 0;
}

static int
sequence_head_size(const struct sequence *s, size_t *ret)
{
	struct shape shape;
	int e;

	if (s->rest.len > 0)
		e = shape_of_tuple(s->rest, 0, &shape);
	else
		e = shape_of(s->element, 0, &shape);
	if (e != 0)
		return e;
	if (s->rest.len > 0)
		*ret = shape.size;
	else if (__builtin_mul_overflow(shape.size, s->count, ret))
		return ERR_RANGE;
	return 0;
}

/* --- encode ----------------------------------------------------------------- */

static int encode_value(struct bytes text, struct reader *form, struct writer *w);

/* The next component: in place when it is static, else its offset there and itself behind. */
static int
encode_component(struct bytes text, struct reader *form, struct writer *head, size_t base,
    struct writer *w)
{
	struct shape shape;
	int e;

	if ((e = shape_of(text, 0, &shape)) != 0)
		return e;
	if (!shape.is_dynamic)
		return encode_value(text, form, head);
	write_count(head, w->len - base);
	return encode_value(text, form, w);
}

static int
encode_sequence(struct sequence *s, struct reader *form, struct writer *w)
{
	size_t base = w->len, head_size;
	struct bytes component;
	struct writer head;
	int end, e;

	if ((e = sequence_head_size(s, &head_size)) != 0)
		return e;
	if (w->err != 0 || head_size > w->cap - w->len)
		return ERR_SPACE;
	head = writer_of(w->p + base, head_size);
	w->len += head_size;
	for (;;) {
		if ((e = sequence_next(s, &component, &end)) != 0 || end)
			return e;
		if ((e = encode_component(component, form, &head, base, w)) != 0)
			return e;
	}
}

static int
encode_array(struct bytes element, uint32_t declared, struct reader *form, struct writer *w)
{
	struct sequence s = {{NULL, 0}, element, 0};
	uint32_t count;

	if (read_be32(form, &count) != 0 || count > form->left) /* no element without a byte */
		return ERR_PARSE;
	if (declared != 0 && count != declared)
		return ERR_RANGE;
	if (declared == 0)
		write_count(w, count);
	s.count = count;
	return encode_sequence(&s, form, w);
}

static int
encode_type(struct type type, struct reader *form, struct writer *w)
{
	struct bytes run;
	int e;

	if (type_is_word(type)) {
		if (read_take(form, WORD, &run) != 0)
			return ERR_PARSE;
		if ((e = type_check_word(type, run.p)) != 0)
			return e;
		write_bytes(w, run.p, run.len);
		return w->err;
	}
	if ((e = read_lp(form, SIZE_MAX, &run)) != 0)
		return e;
	write_count(w, run.len);
	write_bytes(w, run.p, run.len);
	write_zeros(w, padding_of(run.len));
	return w->err;
}

static int
encode_value(struct bytes text, struct reader *form, struct writer *w)
{
	struct bytes element;
	struct type type;
	int is_array, e;
	uint32_t count;

	if ((e = type_split_array(text, &is_array, &element, &count)) != 0)
		return e;
	if (is_array)
		return encode_array(element, count, form, w);
	if (is_tuple(text)) {
		struct sequence s = {text, {NULL, 0}, 0};

		return encode_sequence(&s, form, w);
	}
	if ((e = abi_type_parse(text, &type)) != 0)
		return e;
	return encode_type(type, form, w);
}

int
abi_encode(struct bytes types, struct bytes form, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct reader r = reader_of(form.p, form.len);
	struct writer w = writer_of(ret, cap);
	struct sequence s = {types, {NULL, 0}, 0};
	int e;

	if ((e = abi_types_check(types)) != 0 || (e = encode_sequence(&s, &r, &w)) != 0 ||
	    (e = reader_end(&r)) != 0)
		return e;
	return writer_end(&w, ret_len);
}

/* --- decode ----------------------------------------------------------------- */

static int decode_value(struct bytes text, struct reader *data, struct writer *form);

/* The next component. A dynamic one must begin where the one before it ended. */
static int
decode_component(struct bytes text, struct reader *head, const uint8_t *base, struct reader *tail,
    struct writer *form)
{
	struct shape shape;
	int e;

	if ((e = shape_of(text, 0, &shape)) != 0)
		return e;
	if (!shape.is_dynamic)
		return decode_value(text, head, form);
	if ((e = expect_count(head, (uint64_t)(tail->p - base))) != 0)
		return e;
	return decode_value(text, tail, form);
}

static int
decode_sequence(struct sequence *s, struct reader *data, struct writer *form)
{
	const uint8_t *base = data->p;
	struct bytes head_run, component;
	struct reader head;
	size_t head_size;
	int end, e;

	if ((e = sequence_head_size(s, &head_size)) != 0)
		return e;
	if (read_take(data, head_size, &head_run) != 0)
		return ERR_PARSE;
	head = reader_of(head_run.p, head_run.len);
	for (;;) {
		if ((e = sequence_next(s, &component, &end)) != 0 || end)
			return e;
		if ((e = decode_component(component, &head, base, data, form)) != 0)
			return e;
	}
}

static int
decode_array(struct bytes element, uint32_t declared, struct reader *data, struct writer *form)
{
	struct sequence s = {{NULL, 0}, element, declared};

	if (declared == 0 && read_count(data, &s.count) != 0)
		return ERR_PARSE;
	if (s.count > data->left)
		return ERR_PARSE;
	write_be32(form, (uint32_t)s.count);
	return decode_sequence(&s, data, form);
}

static int
decode_type(struct type type, struct reader *data, struct writer *form)
{
	struct bytes run, padding;
	uint64_t len;
	int e;

	if (type_is_word(type)) {
		if (read_take(data, WORD, &run) != 0)
			return ERR_PARSE;
		if ((e = type_check_word(type, run.p)) != 0)
			return e;
		write_bytes(form, run.p, run.len);
		return form->err;
	}
	if (read_count(data, &len) != 0 || len > data->left ||
	    read_take(data, (size_t)len, &run) != 0 ||
	    read_take(data, padding_of(run.len), &padding) != 0)
		return ERR_PARSE;
	for (size_t i = 0; i < padding.len; i++) {
		if (padding.p[i] != 0)
			return ERR_PARSE;
	}
	write_lp(form, run.p, run.len);
	return form->err;
}

static int
decode_value(struct bytes text, struct reader *data, struct writer *form)
{
	struct bytes element;
	struct type type;
	int is_array, e;
	uint32_t count;

	if ((e = type_split_array(text, &is_array, &element, &count)) != 0)
		return e;
	if (is_array)
		return decode_array(element, count, data, form);
	if (is_tuple(text)) {
		struct sequence s = {text, {NULL, 0}, 0};

		return decode_sequence(&s, data, form);
	}
	if ((e = abi_type_parse(text, &type)) != 0)
		return e;
	return decode_type(type, data, form);
}

int
abi_decode(struct bytes types, struct bytes data, uint8_t *ret_form, size_t cap, size_t *ret_len)
{
	struct reader r = reader_of(data.p, data.len);
	struct writer w = writer_of(ret_form, cap);
	struct sequence s = {types, {NULL, 0}, 0};
	int e;

	if ((e = abi_types_check(types)) != 0 || (e = decode_sequence(&s, &r, &w)) != 0 ||
	    (e = reader_end(&r)) != 0)
		return e;
	return writer_end(&w, ret_len);
}
