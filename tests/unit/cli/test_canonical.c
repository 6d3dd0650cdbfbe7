/* RFC 8785 within our bounds: its own examples of order and escaping, and what has no form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "cli/canonical.h"
#include "base/banned.h"

static int
canonical(const char *json, struct buffer *out)
{
	json_error_t e;
	json_t *v = json_loads(json, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e);
	int r;

	assert_non_null(v);
	r = canonical_write(v, out);
	json_decref(v);
	return r;
}

static void
test_forms(void **state)
{
	static const char *const rows[][2] = {
	    {"{}", "{}"},
	    {" { \"b\" : 1 , \"a\" : [ ] } ", "{\"a\":[],\"b\":1}"},
	    {"{\"aa\":1,\"a\":2,\"B\":3,\"1\":4,\"a.b\":5}",
	     "{\"1\":4,\"B\":3,\"a\":2,\"a.b\":5,\"aa\":1}"},
	    {"[true,false,null,-5,9007199254740991]", "[true,false,null,-5,9007199254740991]"},
	    /* RFC 8785 3.2.2.2 */
	    {"\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\"",
	     "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""},
	    {"{\"a\":{\"c\":1,\"b\":{\"z\":[{\"y\":0,\"x\":0}]}}}",
	     "{\"a\":{\"b\":{\"z\":[{\"x\":0,\"y\":0}]},\"c\":1}}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buffer out = buffer_of(1024);

		assert_int_equal(canonical(rows[i][0], &out), 0);
		assert_int_equal(out.len, strlen(rows[i][1]));
		assert_memory_equal(out.p, rows[i][1], out.len);
		buffer_free(&out);
	}
}

static void
test_refused(void **state)
{
	static const char *const rows[] = {
	    "1.5",
	    "1e3",
	    "9007199254740992",
	    "-9007199254740992",
	    "{\"\\u00e4\":1}",
	    "{\"a\\n\":1}",
	    "[[[[[[[[[1]]]]]]]]]",
	    "{\"a\":{\"b\":1.0}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buffer out = buffer_of(1024);

		assert_int_equal(canonical(rows[i], &out), ERR_RANGE);
		buffer_free(&out);
	}
}

static void
test_bounds(void **state)
{
	json_t *v = json_object();
	struct buffer out = buffer_of(8192), small = buffer_of(8);
	char name[8] = "n000";

	(void)state;
	for (int i = 0; i <= CANONICAL_MEMBERS_MAX; i++) {
		name[1] = (char)('0' + i / 100);
		name[2] = (char)('0' + i / 10 % 10);
		name[3] = (char)('0' + i % 10);
		assert_int_equal(json_object_set_new(v, name, json_null()), 0);
		assert_int_equal(canonical_write(v, &out),
				 i < CANONICAL_MEMBERS_MAX ? 0 : ERR_RANGE);
		buffer_reset(&out);
	}
	json_decref(v);
	buffer_free(&out);
	assert_int_equal(canonical("\"123456789\"", &small), ERR_SPACE);
	buffer_free(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
