#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"

static void
test_decode(void **state)
{
	uint8_t out[4];

	(void)state;
	assert_int_equal(hex_decode("00fFaB9c", 8, out, 4), 0);
	assert_memory_equal(out, "\x00\xff\xab\x9c", 4);
	assert_int_equal(hex_decode("", 0, out, 0), 0);
	assert_int_equal(hex_decode_0x("0x00fFaB9c", 10, out, 4), 0);
	assert_memory_equal(out, "\x00\xff\xab\x9c", 4);
	assert_int_equal(hex_decode_0x("0x", 2, out, 0), 0);
}

static int
value_of(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Every byte, in both places of a pair, against a definition that is easy to see. */
static void
test_every_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const char high[2] = {(char)c, '7'};
		const char low[2] = {'7', (char)c};
		uint8_t a = 0xee;
		uint8_t b = 0xee;
		int v = value_of(c);

		assert_int_equal(hex_decode(high, 2, &a, 1), v < 0 ? ERR_PARSE : 0);
		assert_int_equal(hex_decode(low, 2, &b, 1), v < 0 ? ERR_PARSE : 0);
		assert_int_equal(a, v < 0 ? 0xee : v << 4 | 7);
		assert_int_equal(b, v < 0 ? 0xee : 7 << 4 | v);
	}
}

static void
test_decode_refuses(void **state)
{
	uint8_t out[4] = {9, 9, 9, 9};

	(void)state;
	assert_int_equal(hex_decode("00f", 3, out, 1), ERR_RANGE);
	assert_int_equal(hex_decode("00ff", 4, out, 1), ERR_RANGE);
	assert_int_equal(hex_decode("00ff", 4, out, 3), ERR_RANGE);
	assert_int_equal(hex_decode("", 0, out, 1), ERR_RANGE);
	/* the last digit is wrong: nothing is written */
	assert_int_equal(hex_decode("0102030g", 8, out, 4), ERR_PARSE);
	assert_int_equal(hex_decode(" 1", 2, out, 1), ERR_PARSE);
	assert_int_equal(hex_decode_0x("0X00", 4, out, 1), ERR_PARSE);
	assert_int_equal(hex_decode_0x("0000", 4, out, 2), ERR_PARSE);
	assert_int_equal(hex_decode_0x("0", 1, out, 0), ERR_PARSE);
	assert_int_equal(hex_decode_0x("", 0, out, 0), ERR_PARSE);
	assert_int_equal(hex_decode_0x("0x000", 5, out, 1), ERR_RANGE);
	assert_memory_equal(out, "\x09\x09\x09\x09", 4);
}

static void
test_decode_run(void **state)
{
	uint8_t out[3] = {9, 9, 9};
	size_t len = 77;

	(void)state;
	assert_int_equal(hex_decode_0x_run("0x0102", 6, 3, out, &len), 0);
	assert_int_equal(len, 2);
	assert_memory_equal(out, "\x01\x02\x09", 3);
	assert_int_equal(hex_decode_0x_run("0x010203", 8, 3, out, &len), 0);
	assert_int_equal(len, 3);
	assert_int_equal(hex_decode_0x_run("0x", 2, 0, out, &len), 0);
	assert_int_equal(len, 0);

	len = 77;
	assert_int_equal(hex_decode_0x_run("0x01020304", 10, 3, out, &len), ERR_SPACE);
	assert_int_equal(hex_decode_0x_run("0x012", 5, 3, out, &len), ERR_PARSE);
	assert_int_equal(hex_decode_0x_run("0x0g", 4, 3, out, &len), ERR_PARSE);
	assert_int_equal(hex_decode_0x_run("0102", 4, 3, out, &len), ERR_PARSE);
	assert_int_equal(hex_decode_0x_run("", 0, 3, out, &len), ERR_PARSE);
	assert_int_equal(len, 77);
}

static void
test_encode(void **state)
{
	uint8_t all[256];
	uint8_t back[256];
	char text[2 * 256 + 3];

	(void)state;
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)i;
	hex_encode(all, sizeof all, text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_int_equal(hex_decode(text, 512, back, 256), 0);
	assert_memory_equal(back, all, sizeof all);
	for (size_t i = 0; i < 512; i++)
		assert_true(value_of(text[i]) >= 0 && !(text[i] >= 'A' && text[i] <= 'F'));

	hex_encode_0x(all + 254, 2, text);
	assert_string_equal(text, "0xfeff");
	hex_encode_0x(all, 0, text);
	assert_string_equal(text, "0x");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_decode),
	    cmocka_unit_test(test_every_byte),
	    cmocka_unit_test(test_decode_refuses),
	    cmocka_unit_test(test_decode_run),
	    cmocka_unit_test(test_encode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
