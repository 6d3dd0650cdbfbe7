#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "json/writer.h"

static struct buffer out;

static int
setup(void **state)
{
	(void)state;
	out = buffer_of(4096);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buffer_free(&out);
	return 0;
}

static void
assert_out(const char *wanted)
{
	assert_int_equal(out.err, 0);
	assert_int_equal(out.len, strlen(wanted));
	assert_memory_equal(out.p, wanted, out.len);
}

static void
test_every_value(void **state)
{
	struct json_writer w = json_writer_of(&out);
	const uint8_t bytes[] = {0x00, 0xff};
	const struct u256 amount = u256_of(1500000);
	uint8_t address[20] = {0x5a, 0xae, 0xb6, 0x05, 0x3f, 0x3e, 0x94, 0xc9, 0xb9, 0xa0, 0x9f,
	    0x33, 0x66, 0x94, 0x35, 0xe7, 0xef, 0x1b, 0xea, 0xed};

	(void)state;
	json_object_begin(&w, NULL);
	json_text(&w, "text", "a");
	json_text(&w, "none", NULL);
	json_u64(&w, "u", UINT64_MAX);
	json_i64(&w, "i", INT64_MIN);
	json_bool_value(&w, "yes", 2);
	json_bool_value(&w, "no", 0);
	json_null_value(&w, "null");
	json_hex(&w, "hex", bytes, sizeof bytes);
	json_hex(&w, "empty", NULL, 0);
	json_base64(&w, "b64", bytes, sizeof bytes);
	json_base64(&w, "b64s", (const uint8_t *)"foobar", 6);
	json_address(&w, "address", address);
	json_decimal(&w, "amount", &amount, 6);
	json_raw(&w, "raw", "[1]", 3);
	json_object_end(&w);
	assert_out("{\"text\":\"a\",\"none\":null,\"u\":18446744073709551615,"
		   "\"i\":-9223372036854775808,\"yes\":true,\"no\":false,\"null\":null,"
		   "\"hex\":\"0x00ff\",\"empty\":\"0x\",\"b64\":\"AP8=\",\"b64s\":\"Zm9vYmFy\","
		   "\"address\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\","
		   "\"amount\":\"1.5\",\"raw\":[1]}");
}

static void
test_commas_at_every_level(void **state)
{
	struct json_writer w = json_writer_of(&out);

	(void)state;
	json_array_begin(&w, NULL);
	json_object_begin(&w, NULL);
	json_object_end(&w);
	json_array_begin(&w, NULL);
	json_u64(&w, NULL, 1);
	json_u64(&w, NULL, 2);
	json_array_end(&w);
	json_object_begin(&w, NULL);
	json_array_begin(&w, "a");
	json_array_end(&w);
	json_object_begin(&w, "b");
	json_object_end(&w);
	json_object_end(&w);
	json_array_end(&w);
	assert_out("[{},[1,2],{\"a\":[],\"b\":{}}]");
}

/* RFC 8785, 3.2.2.2 */
static void
test_strings_are_escaped_as_jcs_wants(void **state)
{
	static const char text[] = "\x01\b\t\n\x0b\f\r\x1f\"\\/\x7f\xe2\x82\xac\xf0\x9f\x9a\x80";
	struct json_writer w = json_writer_of(&out);

	(void)state;
	json_textn(&w, NULL, text, sizeof text - 1);
	assert_out(
	    "\"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\x7f\xe2\x82\xac\xf0\x9f\x9a\x80\"");
	buffer_reset(&out);
	w = json_writer_of(&out);
	json_textn(&w, NULL, "a\0b", 3);
	assert_out("\"a\\u0000b\"");
}

/* Whatever a contract or a node says, the output is UTF-8. */
static void
test_what_is_not_utf8_is_replaced(void **state)
{
	static const struct {
		const char *text;
		const char *wanted;
	} cases[] = {
	    {"a\xff"
	     "b",
		"\"a\xef\xbf\xbd"
		"b\""},
	    {"\x80", "\"\xef\xbf\xbd\""},
	    {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""}, /* overlong */
	    {"\xe0\x80\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	    {"\xf0\x80\x80\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	    {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* surrogate */
	    {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	    {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""}, /* cut */
	    {"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
		"\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct json_writer w = json_writer_of(&out);

		json_text(&w, NULL, cases[i].text);
		assert_out(cases[i].wanted);
		buffer_reset(&out);
	}
}

static void
test_member_names_are_escaped_too(void **state)
{
	struct json_writer w = json_writer_of(&out);

	(void)state;
	json_object_begin(&w, NULL);
	json_null_value(&w, "a\"b");
	json_object_end(&w);
	assert_out("{\"a\\\"b\":null}");
}

static void
test_too_deep_is_an_error(void **state)
{
	struct json_writer w = json_writer_of(&out);

	(void)state;
	for (unsigned i = 0; i < 31; i++)
		json_array_begin(&w, NULL);
	assert_int_equal(out.err, 0);
	json_array_begin(&w, NULL);
	assert_int_equal(out.err, ERR_SPACE);
}

static void
test_one_end_too_many_is_an_error(void **state)
{
	struct json_writer w = json_writer_of(&out);

	(void)state;
	json_object_begin(&w, NULL);
	json_object_end(&w);
	json_object_end(&w);
	assert_int_equal(out.err, ERR_WRONG_STATE);
}

static void
test_no_room_is_an_error(void **state)
{
	struct buffer small = buffer_of(8);
	struct json_writer w = json_writer_of(&small);

	(void)state;
	json_text(&w, NULL, "12345678");
	assert_int_equal(small.err, ERR_SPACE);
	buffer_free(&small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_every_value),
	    TEST(test_commas_at_every_level),
	    TEST(test_strings_are_escaped_as_jcs_wants),
	    TEST(test_what_is_not_utf8_is_replaced),
	    TEST(test_member_names_are_escaped_too),
	    TEST(test_too_deep_is_an_error),
	    TEST(test_one_end_too_many_is_an_error),
	    TEST(test_no_room_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
