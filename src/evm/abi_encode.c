#include "evm/abi_encode.h"

#include "base/err.h"
#include "evm/abi.h"
#include "evm/abi_types.h"
#include "evm/type.h"
#include "base/banned.h"

#define WORD 32

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
	struct abi_shape shape;
	int e;

	if (s->rest.len > 0)
		e = abi_shape_of_list(s->rest, &shape);
	else
		e = abi_shape_of(s->element, &shape);
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
	struct abi_shape shape;
	int e;

	if ((e = abi_shape_of(text, &shape)) != 0)
		return e;
	if (!shape.is_dynamic)
		return encode_value(text, form, head);
	abi_write_count(head, w->len - base);
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
		abi_write_count(w, count);
	s.count = count;
	return encode_sequence(&s, form, w);
}

static int
encode_type(struct type type, struct reader *form, struct writer *w)
{
	static const uint8_t zeros[WORD];
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
	abi_write_count(w, run.len);
	write_bytes(w, run.p, run.len);
	write_bytes(w, zeros, (WORD - run.len % WORD) % WORD);
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
	if (abi_is_tuple(text)) {
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
