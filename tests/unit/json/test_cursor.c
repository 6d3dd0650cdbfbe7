/* The JSON cursor: what it reads, what it refuses, and that it says where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "json/cursor.h"
#include "base/banned.h"

static const char *const names[] = {"id", "n", "list", "flag", "hex"};

struct document {
	struct bytes id;
	uint64_t n;
	size_t elements;
	int flag;
	uint8_t hex[2];
	const char *field;
};

static void
read_list(struct json_cursor *c, struct document *d)
{
	uint64_t v = 0;

	cursor_array(c);
	for (size_t i = 0; cursor_element(c, i); i++) {
		cursor_u64(c, 100, &v);
		d->elements++;
	}
}

/* An exact block, so that the sanitizer sees a read beyond it. */
static int
read_document(const char *text, struct document *d)
{
	const size_t len = strlen(text);
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	struct json_cursor c = cursor_of((struct bytes){copy, len});
	struct cursor_object o;
	int i, r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(d, 0, sizeof *d);
	cursor_object(&c, &o);
	while ((i = cursor_member(&c, &o, names, ARRAY_LEN(names))) != CURSOR_END) {
		if (i == 0)
			cursor_text(&c, 1, 4, &d->id);
		else if (i == 1)
			cursor_u64(&c, 1000, &d->n);
		else if (i == 2)
			read_list(&c, d);
		else if (i == 3)
			cursor_bool(&c, &d->flag);
		else
			cursor_hex(&c, d->hex, sizeof d->hex);
	}
	cursor_need(&c, &o, names, 1);
	r = cursor_close(&c);
	d->field = c.field;
	free(copy);
	return r;
}

static void
test_reads(void **state)
{
	struct document d;

	(void)state;
	assert_int_equal(read_document(" { \"id\" : \"x\" ,\r\n\t\"n\":7,\"list\":[1, 2,3],"
				       "\"flag\":true,\"hex\":\"aB0f\"} \n", &d), 0);
	assert_int_equal(d.id.len, 1);
	assert_int_equal(d.n, 7);
	assert_int_equal(d.elements, 3);
	assert_int_equal(d.flag, 1);
	assert_int_equal(d.hex[0], 0xab);
	assert_int_equal(read_document("{\"id\":\"x\",\"list\":[],\"flag\":false}", &d), 0);
	assert_int_equal(d.elements, 0);
	assert_int_equal(read_document("{\"id\":\"x\",\"n\":0}", &d), 0);
	assert_int_equal(read_document("{\"id\":\"x\",\"n\":1000}", &d), 0);
}

/* What nobody asks for is passed over, whatever it is. */
static void
test_passes_over(void **state)
{
	static const char *const values[] = {
	    "null", "true", "false", "0", "-1", "12.5e+10", "1E-2", "\"\"", "\"\\u00e9\\n\\\"\"",
	    "\"\x7f\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\u0000\"",
	    "[]", "{}", "[[],[1,[2]],{\"a\":[]}]", "{\"id\":1,\"x\":{\"id\":2}}"};
	char text[128];
	struct document d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		assert_true(snprintf(text, sizeof text, "{\"y\":%s,\"id\":\"x\",\"z\":%s}", values[i],
				     values[i]) < (int)sizeof text);
		if (read_document(text, &d) != 0)
			fail_msg("%s", text);
	}
}

static void
assert_refused(const char *text, int err, const char *field)
{
	struct document d;
	int r = read_document(text, &d);

	if (r != err)
		fail_msg("%s: %d, not %d", text, r, err);
	if (field != NULL)
		assert_string_equal(d.field, field);
}

static void
test_refuses(void **state)
{
	static const char *const malformed[] = {
	    "", " ", "[]", "\"id\"", "{", "{\"id\"", "{\"id\":", "{\"id\":\"x\"", "{\"id\":\"x\",}",
	    "{,\"id\":\"x\"}", "{\"id\":\"x\" \"n\":1}", "{\"id\" \"x\"}", "{id:\"x\"}",
	    "{'id':'x'}", "{\"id\":\"x}", "{\"id\":\"\\u0078\"}", "{\"id\":\"\x01\"}",
	    "{\"id\":\"\xc3\xa9\"}", "{\"id\":\"x\",\"y\":\"\xc3\"}", "{\"id\":x}",
	    "{\"id\":\"x\",\"y\":\"\xa9\"}", "{\"id\":\"x\",\"y\":\"\xc0\x80\"}",
	    "{\"id\":\"x\",\"y\":\"\xed\xa0\x80\"}", "{\"id\":\"x\",\"\xc3\xa9\":1}",
	    "{\"id\":\"x\",\"y\":tru}", "{\"id\":\"x\",\"y\":01}", "{\"id\":\"x\",\"y\":1.}",
	    "{\"id\":\"x\",\"y\":.5}", "{\"id\":\"x\",\"y\":1e}", "{\"id\":\"x\",\"y\":-}",
	    "{\"id\":\"x\",\"y\":+1}", "{\"id\":\"x\",\"y\":\"\\x\"}", "{\"id\":\"x\",\"y\":\"\\u12g4\"}",
	    "{\"id\":\"x\",\"y\":[1,]}", "{\"id\":\"x\",\"y\":[1 2]}", "{\"id\":\"x\",\"y\":[}",
	    "{\"id\":\"x\",\"y\":\"\\", "{\"\\u0069d\":\"x\"}", "{\"id\":\"x\",\"y\":}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(malformed); i++)
		assert_refused(malformed[i], ERR_PARSE, NULL);
	assert_refused("{\"id\":\"x\"} x", ERR_TRAILING, NULL);
	assert_refused("{\"id\":\"x\"}{}", ERR_TRAILING, NULL);
}

static void
test_refuses_values(void **state)
{
	(void)state;
	assert_refused("{\"n\":1}", ERR_PARSE, "id");
	assert_refused("{\"id\":\"\"}", ERR_RANGE, "id");
	assert_refused("{\"id\":\"xxxxx\"}", ERR_RANGE, "id");
	assert_refused("{\"id\":1}", ERR_PARSE, "id");
	assert_refused("{\"id\":\"x\",\"n\":\"1\"}", ERR_PARSE, "n");
	assert_refused("{\"id\":\"x\",\"n\":1001}", ERR_RANGE, "n");
	assert_refused("{\"id\":\"x\",\"n\":18446744073709551616}", ERR_RANGE, "n");
	assert_refused("{\"id\":\"x\",\"n\":-1}", ERR_PARSE, "n");
	assert_refused("{\"id\":\"x\",\"n\":1.0}", ERR_PARSE, "n");
	assert_refused("{\"id\":\"x\",\"n\":1e2}", ERR_PARSE, "n");
	assert_refused("{\"id\":\"x\",\"n\":01}", ERR_PARSE, "n");
	assert_refused("{\"id\":\"x\",\"n\":null}", ERR_PARSE, "n");
	assert_refused("{\"id\":\"x\",\"flag\":1}", ERR_PARSE, "flag");
	assert_refused("{\"id\":\"x\",\"hex\":\"abc\"}", ERR_RANGE, "hex");
	assert_refused("{\"id\":\"x\",\"hex\":\"abcdef\"}", ERR_RANGE, "hex");
	assert_refused("{\"id\":\"x\",\"hex\":\"abcg\"}", ERR_PARSE, "hex");
	assert_refused("{\"id\":\"x\",\"list\":{}}", ERR_PARSE, "list");
}

static void
test_refuses_what_is_said_twice(void **state)
{
	(void)state;
	assert_refused("{\"id\":\"x\",\"id\":\"x\"}", ERR_DUPLICATE, "id");
	assert_refused("{\"id\":\"x\",\"y\":1,\"y\":1}", ERR_DUPLICATE, NULL);
	assert_refused("{\"id\":\"x\",\"y\":{\"a\":1,\"b\":2,\"a\":3}}", ERR_DUPLICATE, NULL);
	assert_refused("{\"id\":\"x\",\"y\":[[{\"a\":1,\"a\":1}]]}", ERR_DUPLICATE, NULL);
}

/* The text of an object nested so deep, around nothing. */
static int
read_nested(size_t depth, const char *open, const char *close)
{
	char text[256] = "{\"id\":\"x\",\"y\":";
	struct writer w = writer_of((uint8_t *)text, sizeof text - 1);
	struct document d;

	w.len = strlen(text);
	for (size_t i = 1; i < depth; i++)
		write_text(&w, open);
	if (open[0] == '{')
		write_text(&w, "1");
	for (size_t i = 1; i < depth; i++)
		write_text(&w, close);
	write_text(&w, "}");
	assert_int_equal(w.err, 0);
	text[w.len] = '\0';
	return read_document(text, &d);
}

static void
test_depth(void **state)
{
	(void)state;
	assert_int_equal(read_nested(CURSOR_DEPTH_MAX, "[", "]"), 0);
	assert_int_equal(read_nested(CURSOR_DEPTH_MAX + 1, "[", "]"), ERR_RANGE);
	assert_int_equal(read_nested(CURSOR_DEPTH_MAX, "{\"a\":", "}"), 0);
	assert_int_equal(read_nested(CURSOR_DEPTH_MAX + 1, "{\"a\":", "}"), ERR_RANGE);
}

static void
test_unknown_members_have_a_limit(void **state)
{
	char text[1024];
	struct document d;

	(void)state;
	for (unsigned count = CURSOR_UNKNOWN_MAX; count <= CURSOR_UNKNOWN_MAX + 1; count++) {
		struct writer w = writer_of((uint8_t *)text, sizeof text - 1);

		write_text(&w, "{\"id\":\"x\"");
		for (unsigned i = 0; i < count; i++) {
			write_text(&w, ",\"u");
			write_decimal(&w, i);
			write_text(&w, "\":0");
		}
		write_text(&w, "}");
		text[w.len] = '\0';
		assert_int_equal(read_document(text, &d),
				 count > CURSOR_UNKNOWN_MAX ? ERR_SPACE : 0);
	}
}

static int
unescape(const char *text, char *ret, size_t cap)
{
	struct json_cursor c = cursor_of((struct bytes){(const uint8_t *)text, strlen(text)});
	struct writer w = writer_of((uint8_t *)ret, cap);
	size_t len;
	int r;

	cursor_unescape(&c, &w);
	if ((r = cursor_close(&c)) != 0 || (r = writer_end(&w, &len)) != 0)
		return r;
	ret[len] = '\0';
	return 0;
}

static void
test_unescape(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(unescape("\"plain\"", out, sizeof out), 0);
	assert_string_equal(out, "plain");
	assert_int_equal(unescape("\"a\\nb\\\"c\\\\\\/\\t\\r\\b\\f\\u0041\"", out, sizeof out), 0);
	assert_string_equal(out, "a\nb\"c\\/\t\r\b\fA");
	assert_int_equal(unescape("\"\\u0000\"", out, sizeof out), ERR_PARSE);
	assert_int_equal(unescape("\"\\u00e9\"", out, sizeof out), ERR_PARSE);
	assert_int_equal(unescape("\"\\ud83d\\ude00\"", out, sizeof out), ERR_PARSE);
	assert_int_equal(unescape("\"\\q\"", out, sizeof out), ERR_PARSE);
	assert_int_equal(unescape("\"toolong\"", out, 3), ERR_SPACE);
}

static void
test_skip_gives_the_run(void **state)
{
	static const char text[] = "[ {\"a\" : [1,2]} , 3]";
	struct json_cursor c = cursor_of((struct bytes){(const uint8_t *)text, strlen(text)});
	struct bytes run[2];

	(void)state;
	cursor_array(&c);
	for (size_t i = 0; cursor_element(&c, i); i++)
		cursor_skip(&c, &run[i]);
	assert_int_equal(cursor_close(&c), 0);
	assert_true(cursor_is(run[0], "{\"a\" : [1,2]}"));
	assert_true(cursor_is(run[1], "3"));
	assert_false(cursor_is(run[1], "31"));
}

static void
test_null_is_told_from_other_values(void **state)
{
	static const char text[] = "[null, 1, \"null\"]", wrong[] = "[nul]", longer[] = "[nullx]";
	struct json_cursor c = cursor_of((struct bytes){(const uint8_t *)text, strlen(text)});
	struct bytes skipped;
	int nulls = 0;

	(void)state;
	cursor_array(&c);
	for (size_t i = 0; cursor_element(&c, i); i++) {
		if (cursor_null(&c))
			nulls++;
		else
			cursor_skip(&c, &skipped);
	}
	assert_int_equal(cursor_close(&c), 0);
	assert_int_equal(nulls, 1);
	c = cursor_of((struct bytes){(const uint8_t *)wrong, strlen(wrong)});
	cursor_array(&c);
	assert_true(cursor_element(&c, 0));
	assert_false(cursor_null(&c));
	c = cursor_of((struct bytes){(const uint8_t *)longer, strlen(longer)});
	cursor_array(&c);
	assert_true(cursor_element(&c, 0));
	assert_true(cursor_null(&c));
	assert_false(cursor_element(&c, 1));
	assert_int_equal(cursor_close(&c), ERR_PARSE);
	assert_false(cursor_null(&c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads),
	    cmocka_unit_test(test_passes_over),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_refuses_values),
	    cmocka_unit_test(test_refuses_what_is_said_twice),
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_unknown_members_have_a_limit),
	    cmocka_unit_test(test_unescape),
	    cmocka_unit_test(test_skip_gives_the_run),
	    cmocka_unit_test(test_null_is_told_from_other_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
