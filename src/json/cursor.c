#include "json/cursor.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/parse.h"
#include "base/utf8.h"
#include "base/banned.h"

struct json_cursor
cursor_of(struct bytes text)
{
	return (struct json_cursor){.in = reader_of(text.p, text.len)};
}

void
cursor_fail(struct json_cursor *c, int err)
{
	if (c->err == 0)
		c->err = err;
	/* nothing more is read: every look at the input finds its end */
	c->in.left = 0;
}

int
cursor_is(struct bytes run, const char *text)
{
	return run.len == strlen(text) && memcmp(run.p, text, run.len) == 0;
}

/* The next byte that is no white space, or -1. */
static int
peek(struct json_cursor *c)
{
	while (c->in.left > 0) {
		uint8_t b = *c->in.p;

		if (b != ' ' && b != '\n' && b != '\t' && b != '\r')
			return b;
		c->in.p++;
		c->in.left--;
	}
	return -1;
}

static void
step(struct json_cursor *c)
{
	c->in.p++;
	c->in.left--;
}

/* Take one structural byte, which must come next. */
static int
take(struct json_cursor *c, char wanted)
{
	if (peek(c) != wanted) {
		cursor_fail(c, ERR_PARSE);
		return 0;
	}
	step(c);
	return 1;
}

static void
enter(struct json_cursor *c, char bracket)
{
	if (!take(c, bracket))
		return;
	if (++c->depth > CURSOR_DEPTH_MAX)
		cursor_fail(c, ERR_RANGE);
}

/* Before a member or an element: 1 when one comes, 0 at the end or on failure. */
static int
another(struct json_cursor *c, int first, char bracket)
{
	if (c->err != 0)
		return 0;
	if (peek(c) == bracket) {
		step(c);
		c->depth--;
		return 0;
	}
	return first || take(c, ',');
}

static int
is_hex_digit(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F');
}

/* Behind a backslash: how many bytes belong to the escape, 0 when it is none. */
static size_t
escape_len(const struct reader *in)
{
	if (in->left == 0)
		return 0;
	if (in->p[0] != 'u')
		return memchr("\"\\/bfnrt", in->p[0], 8) != NULL;
	if (in->left < 5)
		return 0;
	for (size_t i = 1; i < 5; i++)
		if (!is_hex_digit(in->p[i]))
			return 0;
	return 5;
}

/* The first byte from here on that does not stand for itself in a string. */
static const uint8_t *
plain_end(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* What may stand in a string. */
enum string_form {
	STRING_PLAIN, /* printable ASCII */
	STRING_ESCAPED, /* and escapes */
	STRING_ANY /* and UTF-8: whatever JSON allows */
};

/* How many bytes belong to what does not stand for itself; 0 when it may not be there. */
static size_t
special_len(const struct reader *in, enum string_form form)
{
	const struct reader behind = reader_of(in->p + 1, in->left - 1);
	size_t n;

	if (*in->p >= 0x7f)
		return form == STRING_ANY ? utf8_length(in->p, in->left) : 0;
	if (*in->p != '\\' || form == STRING_PLAIN)
		return 0;
	n = escape_len(&behind);
	return n == 0 ? 0 : n + 1;
}

/* A string as it stands between its quotes. */
static int
take_string(struct json_cursor *c, struct bytes *ret, enum string_form form)
{
	const uint8_t *start, *p;
	size_t n;

	if (!take(c, '"'))
		return 0;
	start = c->in.p;
	for (;;) {
		p = plain_end(c->in.p, c->in.p + c->in.left);
		c->in.left -= (size_t)(p - c->in.p);
		c->in.p = p;
		if (c->in.left == 0 || *p == '"' || (n = special_len(&c->in, form)) == 0)
			break;
		c->in.p += n;
		c->in.left -= n;
	}
	if (c->in.left == 0 || *c->in.p != '"') {
		cursor_fail(c, ERR_PARSE);
		return 0;
	}
	*ret = (struct bytes){start, (size_t)(c->in.p - start)};
	step(c);
	return 1;
}

void
cursor_object(struct json_cursor *c, struct cursor_object *o)
{
	o->seen = 0;
	o->count = 0;
	enter(c, '{');
}

void
cursor_array(struct json_cursor *c)
{
	enter(c, '[');
}

int
cursor_element(struct json_cursor *c, size_t i)
{
	return another(c, i == 0, ']');
}

static int
find_name(struct bytes name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (name.len > 0 && name.p[0] == (uint8_t)names[i][0] && cursor_is(name, names[i]))
			return (int)i;
	return CURSOR_END;
}

/* Members that nobody asks for count too: a document must not say anything twice. */
static void
note_unknown(struct json_cursor *c, struct cursor_object *o, struct bytes name)
{
	for (unsigned i = 0; i < o->count; i++)
		if (bytes_equal(o->unknown[i], name)) {
			cursor_fail(c, ERR_DUPLICATE);
			return;
		}
	if (o->count == CURSOR_UNKNOWN_MAX) {
		cursor_fail(c, ERR_SPACE);
		return;
	}
	o->unknown[o->count++] = name;
}

int
cursor_member(struct json_cursor *c, struct cursor_object *o, const char *const *names,
	      size_t count)
{
	struct bytes name, skipped;
	int i;

	while (another(c, o->seen == 0 && o->count == 0, '}')) {
		if (!take_string(c, &name, STRING_PLAIN) || !take(c, ':'))
			break;
		if ((i = find_name(name, names, count)) == CURSOR_END) {
			note_unknown(c, o, name);
			cursor_skip(c, &skipped);
			continue;
		}
		c->field = names[i];
		if ((o->seen & UINT32_C(1) << i) != 0) {
			cursor_fail(c, ERR_DUPLICATE);
			break;
		}
		o->seen |= UINT32_C(1) << i;
		return i;
	}
	return CURSOR_END;
}

void
cursor_need(struct json_cursor *c, const struct cursor_object *o, const char *const *names,
	    uint32_t mask)
{
	uint32_t missing = mask & ~o->seen;

	if (c->err != 0 || missing == 0)
		return;
	c->field = names[__builtin_ctz(missing)];
	cursor_fail(c, ERR_PARSE);
}

void
cursor_text(struct json_cursor *c, size_t min, size_t max, struct bytes *ret)
{
	struct bytes text;

	if (!take_string(c, &text, STRING_PLAIN))
		return;
	if (text.len < min || text.len > max)
		cursor_fail(c, ERR_RANGE);
	else
		*ret = text;
}

void
cursor_hex(struct json_cursor *c, uint8_t *ret, size_t n)
{
	struct bytes text;
	int r;

	if (!take_string(c, &text, STRING_PLAIN))
		return;
	if ((r = hex_decode((const char *)text.p, text.len, ret, n)) != 0)
		cursor_fail(c, r);
}

static struct bytes
take_digits(struct json_cursor *c)
{
	struct bytes run = {c->in.p, 0};

	while (c->in.left > 0 && *c->in.p >= '0' && *c->in.p <= '9') {
		step(c);
		run.len++;
	}
	return run;
}

/* Whether the next byte, right here, is one of these. */
static int
next_is(const struct json_cursor *c, const char *set)
{
	return c->in.left > 0 && *c->in.p != '\0' && strchr(set, *c->in.p) != NULL;
}

void
cursor_u64(struct json_cursor *c, uint64_t max, uint64_t *ret)
{
	struct bytes digits;
	int r;

	(void)peek(c);
	digits = take_digits(c);
	r = parse_u64((const char *)digits.p, digits.len, 0, max, ret);
	if (r != 0 || next_is(c, ".eE"))
		cursor_fail(c, r != 0 ? r : ERR_PARSE);
}

static int
take_word(struct json_cursor *c, const char *word)
{
	size_t n = strlen(word);

	(void)peek(c);
	if (c->in.left < n || memcmp(c->in.p, word, n) != 0)
		return 0;
	c->in.p += n;
	c->in.left -= n;
	return 1;
}

void
cursor_bool(struct json_cursor *c, int *ret)
{
	if (c->err != 0)
		return;
	if (take_word(c, "true"))
		*ret = 1;
	else if (take_word(c, "false"))
		*ret = 0;
	else
		cursor_fail(c, ERR_PARSE);
}

int
cursor_null(struct json_cursor *c)
{
	return c->err == 0 && take_word(c, "null");
}

/* RFC 8259 6: -?int frac? exp? */
static void
skip_number(struct json_cursor *c)
{
	struct bytes digits;

	if (next_is(c, "-"))
		step(c);
	digits = take_digits(c);
	if (digits.len == 0 || (digits.len > 1 && digits.p[0] == '0'))
		cursor_fail(c, ERR_PARSE);
	if (next_is(c, ".")) {
		step(c);
		if (take_digits(c).len == 0)
			cursor_fail(c, ERR_PARSE);
	}
	if (next_is(c, "eE")) {
		step(c);
		if (next_is(c, "+-"))
			step(c);
		if (take_digits(c).len == 0)
			cursor_fail(c, ERR_PARSE);
	}
}

static void skip_value(struct json_cursor *c);

static void
skip_members(struct json_cursor *c)
{
	struct cursor_object o;

	cursor_object(c, &o);
	(void)cursor_member(c, &o, NULL, 0);
}

static void
skip_elements(struct json_cursor *c)
{
	cursor_array(c);
	for (size_t i = 0; cursor_element(c, i); i++)
		skip_value(c);
}

/* Calls itself at most CURSOR_DEPTH_MAX deep: entering refuses what is deeper. */
static void
skip_value(struct json_cursor *c)
{
	struct bytes text;

	switch (peek(c)) {
	case '{':
		skip_members(c);
		return;
	case '[':
		skip_elements(c);
		return;
	case '"':
		(void)take_string(c, &text, STRING_ANY);
		return;
	case 't':
	case 'f':
	case 'n':
		if (!take_word(c, "true") && !take_word(c, "false") && !take_word(c, "null"))
			cursor_fail(c, ERR_PARSE);
		return;
	default:
		skip_number(c);
		return;
	}
}

void
cursor_skip(struct json_cursor *c, struct bytes *ret)
{
	const uint8_t *start;

	(void)peek(c);
	start = c->in.p;
	skip_value(c);
	if (c->err == 0)
		*ret = (struct bytes){start, (size_t)(c->in.p - start)};
}

/* Behind a backslash; take_string() has checked the form. */
static uint32_t
escaped_char(struct reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint8_t kind, pair[2];
	struct bytes hex;

	/* the backslash itself, then its kind */
	if (read_u8(r, &kind) != 0 || read_u8(r, &kind) != 0)
		return UINT32_MAX;
	if (kind != 'u')
		return (uint8_t)to[(const char *)memchr(from, kind, sizeof from - 1) - from];
	if (read_take(r, 4, &hex) != 0 || hex_decode((const char *)hex.p, 4, pair, 2) != 0)
		return UINT32_MAX;
	return (uint32_t)pair[0] << 8 | pair[1];
}

void
cursor_unescape(struct json_cursor *c, struct writer *w)
{
	struct bytes text, plain;
	const uint8_t *escape;
	struct reader r;
	uint32_t ch;

	if (!take_string(c, &text, STRING_ESCAPED))
		return;
	r = reader_of(text.p, text.len);
	while (r.left > 0) {
		escape = memchr(r.p, '\\', r.left);
		if (read_take(&r, escape == NULL ? r.left : (size_t)(escape - r.p), &plain) != 0)
			break;
		write_bytes(w, plain.p, plain.len);
		if (escape == NULL)
			break;
		ch = escaped_char(&r);
		if (ch == 0 || ch > 0x7e) {
			cursor_fail(c, ERR_PARSE);
			break;
		}
		write_u8(w, (uint8_t)ch);
	}
}

int
cursor_close(struct json_cursor *c)
{
	if (c->err != 0)
		return c->err;
	return peek(c) == -1 ? 0 : ERR_TRAILING;
}
