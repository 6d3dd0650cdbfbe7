#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "base/hex.h"
#include "json/value.h"

static struct buffer out;
static struct json_error error;

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

static int
add(const char *type_text, const char *json)
{
	struct json_values v = json_values_of(&out, &error, "m");
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	struct type type;
	int r;

	assert_non_null(value);
	assert_int_equal(
	    type_parse((struct bytes){(const uint8_t *)type_text, strlen(type_text)}, &type), 0);
	buffer_reset(&out);
	r = json_values_add(&v, value, type);
	json_decref(value);
	assert_int_equal(error.err, r);
	assert_string_equal(error.field, r == 0 ? "" : "m");
	return r;
}

static void
assert_out(const char *hex)
{
	char text[256];

	assert_true(2 * out.len < sizeof text);
	hex_encode(out.p, out.len, text);
	assert_string_equal(text, hex);
}

/* The last byte of a word that is otherwise this filling. */
static void
assert_word(const char *fill, const char *last)
{
	char text[65];

	for (size_t i = 0; i < 62; i += 2)
		memcpy(text + i, fill, 2);
	memcpy(text + 62, last, 3);
	assert_out(text);
}

static void
test_integers(void **state)
{
	static const char *const spellings[] = {"42", "\"42\"", "\"0x2a\"", "\"0x002A\""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		assert_int_equal(add("uint8", spellings[i]), 0);
		assert_word("00", "2a");
		assert_int_equal(add("int256", spellings[i]), 0);
		assert_word("00", "2a");
	}
	assert_int_equal(add("int8", "-1"), 0);
	assert_word("ff", "ff");
	assert_int_equal(add("int8", "\"-128\""), 0);
	assert_word("ff", "80");
	assert_int_equal(add("int256", "-9223372036854775808"), 0);
	assert_out("ffffffffffffffffffffffffffffffffffffffffffffffff8000000000000000");
	assert_int_equal(add("int256",
			     "\"-578960446186580977117854925043439539266349923328202820"
			     "19728792003956564819968\""),
	    0);
	assert_out("8000000000000000000000000000000000000000000000000000000000000000");
	assert_int_equal(add("uint256",
			     "\"1157920892373161954235709850086879078532699846656405640"
			     "39457584007913129639935\""),
	    0);
	assert_word("ff", "ff");
	assert_int_equal(add("uint256", "0"), 0);
	assert_word("00", "00");
}

static void
test_integers_out_of_range(void **state)
{
	static const char *const uint8_bad[] = {"256", "-1", "\"-1\"", "\"0x100\""};
	static const char *const int8_bad[] = {"128", "-129", "\"-256\"", "\"0xff\"",
	    "\"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\""};
	static const char above[] =
	    "\"57896044618658097711785492504343953926634992332820282019728792003956"
	    "564819968\"";
	static const char below[] =
	    "\"-57896044618658097711785492504343953926634992332820282019728792003956"
	    "564819969\"";
	static const char too_large[] =
	    "\"115792089237316195423570985008687907853269984665640564039457584007"
	    "913129639936\"";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(uint8_bad); i++)
		assert_int_equal(add("uint8", uint8_bad[i]), ERR_RANGE);
	for (size_t i = 0; i < ARRAY_LEN(int8_bad); i++)
		assert_int_equal(add("int8", int8_bad[i]), ERR_RANGE);
	assert_int_equal(add("int256", above), ERR_RANGE);
	assert_int_equal(add("int256", below), ERR_RANGE);
	assert_int_equal(add("uint256", too_large), ERR_RANGE);
	assert_int_equal(out.len, 0);
}

static void
test_integers_of_another_spelling(void **state)
{
	static const char *const bad[] = {"1.0", "true", "null", "[]", "\"\"", "\"01\"", "\"0x\"",
	    "\"1e3\"", "\" 1\"", "\"+1\"", "\"-\"", "\"-0\"", "\"-0x1\"", "\"0b1\"", "\"one\""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(add("int256", bad[i]), ERR_PARSE);
}

static void
test_addresses(void **state)
{
	(void)state;
	assert_int_equal(add("address", "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\""), 0);
	assert_out("0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
	assert_int_equal(add("address", "\"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\""), 0);
	assert_int_equal(
	    add("address", "\"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\""), ERR_RANGE);
	assert_int_equal(add("address", "\"0x5aaeb6053f3e94c9b9a09f33669435e7ef1bea\""), ERR_PARSE);
	assert_int_equal(add("address", "0"), ERR_PARSE);
	assert_int_equal(add("address", "null"), ERR_PARSE);
}

static void
test_bools(void **state)
{
	(void)state;
	assert_int_equal(add("bool", "true"), 0);
	assert_word("00", "01");
	assert_int_equal(add("bool", "false"), 0);
	assert_word("00", "00");
	assert_int_equal(add("bool", "1"), ERR_PARSE);
	assert_int_equal(add("bool", "\"true\""), ERR_PARSE);
}

static void
test_bytes(void **state)
{
	char long_hex[2 + 600 + 3] = "\"0x";

	(void)state;
	assert_int_equal(add("bytes2", "\"0xABcd\""), 0);
	assert_out("abcd000000000000000000000000000000000000000000000000000000000000");
	assert_int_equal(add("bytes2", "\"0xab\""), ERR_PARSE);
	assert_int_equal(add("bytes2", "\"0xabcdef\""), ERR_PARSE);
	assert_int_equal(add("bytes2", "\"abcd\""), ERR_PARSE);
	assert_int_equal(add("bytes2", "4660"), ERR_PARSE);
	assert_int_equal(add("bytes", "\"0x\""), 0);
	assert_out("00000000");
	assert_int_equal(add("bytes", "\"0xabcdef\""), 0);
	assert_out("00000003abcdef");
	assert_int_equal(add("bytes", "\"0xabc\""), ERR_PARSE);
	assert_int_equal(add("bytes", "\"0xxx\""), ERR_PARSE);
	assert_int_equal(add("bytes", "\"abcd\""), ERR_PARSE);
	assert_int_equal(add("bytes", "\"\""), ERR_PARSE);
	assert_int_equal(add("bytes", "[1,2]"), ERR_PARSE);
	/* longer than what is decoded at a time */
	memset(long_hex + 3, 'a', 600);
	memcpy(long_hex + 603, "\"", 2);
	assert_int_equal(add("bytes", long_hex), 0);
	assert_int_equal(out.len, 4 + 300);
	assert_true(out.p[3] == (300 & 0xff) && out.p[4] == 0xaa && out.p[303] == 0xaa);
	long_hex[602] = 'g';
	assert_int_equal(add("bytes", long_hex), ERR_PARSE);
}

static void
test_strings(void **state)
{
	(void)state;
	assert_int_equal(add("string", "\"\\u00e9\""), 0);
	assert_out("00000002c3a9");
	assert_int_equal(add("string", "12345"), ERR_PARSE);
	assert_int_equal(add("string", "null"), ERR_PARSE);
}

static void
test_counts_and_paths(void **state)
{
	struct json_values v = json_values_of(&out, &error, "message");
	json_t *two = json_pack("[i,i]", 1, 2);
	size_t outer, inner;

	(void)state;
	assert_int_equal(json_values_count(&v, two, 0), 0);
	assert_int_equal(json_values_count(&v, two, 2), 0);
	assert_out("0000000200000002");
	outer = json_values_member(&v, (struct bytes){(const uint8_t *)"to", 2});
	inner = json_values_element(&v, 3);
	assert_string_equal(v.path, "message.to[3]");
	json_values_leave(&v, inner);
	assert_string_equal(v.path, "message.to");
	assert_int_equal(json_values_count(&v, two, 3), ERR_RANGE);
	assert_string_equal(error.field, "message.to");
	json_values_leave(&v, outer);
	assert_int_equal(json_values_fail(&v, ERR_PARSE, "later"), ERR_RANGE);
	assert_string_equal(error.field, "message.to");
	v = json_values_of(&out, &error, "");
	assert_int_equal(json_values_count(&v, json_true(), 0), ERR_PARSE);
	json_decref(two);
}

static void
test_paths_are_cut(void **state)
{
	struct json_values v = json_values_of(&out, &error, "");
	char name[40];

	(void)state;
	memset(name, 'n', sizeof name);
	for (unsigned i = 0; i < 10; i++)
		(void)json_values_member(&v, (struct bytes){(const uint8_t *)name, sizeof name});
	assert_int_equal(strlen(v.path), sizeof v.path - 1);
	assert_int_equal(json_values_fail(&v, ERR_PARSE, "wrong"), ERR_PARSE);
	assert_string_equal(error.field, v.path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_integers),
	    TEST(test_integers_out_of_range),
	    TEST(test_integers_of_another_spelling),
	    TEST(test_addresses),
	    TEST(test_bools),
	    TEST(test_bytes),
	    TEST(test_strings),
	    TEST(test_counts_and_paths),
	    TEST(test_paths_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
