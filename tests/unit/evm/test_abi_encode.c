#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <stdlib.h>

#include "base/err.h"
#include "base/hex.h"
#include "evm/abi_encode.h"
#include "evm/u256.h"

#define W(last) "00000000000000000000000000000000000000000000000000000000000000" last

static uint8_t room[8192], *exact;

/* The bytes of a text, in a block of exactly their size. */
static struct bytes
bytes_of(const char *hex)
{
	size_t n = strlen(hex) / 2;

	free(exact);
	exact = malloc(n + 1);
	assert_non_null(exact);
	assert_int_equal(hex_decode(hex, strlen(hex), exact + 1, n), 0);
	return (struct bytes){exact + 1, n};
}

static struct bytes
text_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static int
free_exact(void **state)
{
	(void)state;
	free(exact);
	exact = NULL;
	return 0;
}

static void
lp(struct writer *w, const char *text)
{
	write_lp(w, text, strlen(text));
}

static void
word(struct writer *w, uint64_t v)
{
	struct u256 big = u256_of(v);

	write_u256(w, &big);
}

/* The example of Solidity's ABI specification: f(uint256,uint32[],bytes10,bytes) */
static void
test_the_example_of_the_specification(void **state)
{
	static const char types[] = "(uint256,uint32[],bytes10,bytes)";
	struct bytes wanted = bytes_of(
	    "0000000000000000000000000000000000000000000000000000000000000123" W(
		"80") "3132333435363738393000000000000000000000000000000000000000000000" W("e0")
		W("02") "0000000000000000000000000000000000000000000000000000000000000456"
			"0000000000000000000000000000000000000000000000000000000000000789" W(
			    "0d") "48656c6c6f2c20776f726c64210000000000000000000000000000000000000"
				  "0");
	uint8_t form[512];
	struct writer w = writer_of(form, sizeof form);
	size_t len;

	(void)state;
	word(&w, 0x123);
	write_be32(&w, 2);
	word(&w, 0x456);
	word(&w, 0x789);
	write_bytes(&w, "1234567890\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
	lp(&w, "Hello, world!");
	assert_int_equal(
	    abi_encode(text_of(types), (struct bytes){form, w.len}, room, sizeof room, &len), 0);
	assert_int_equal(len, wanted.len);
	assert_memory_equal(room, wanted.p, len);
	for (size_t cut = 0; cut < w.len; cut++)
		assert_int_not_equal(
		    abi_encode(text_of(types), (struct bytes){form, cut}, room, sizeof room, &len),
		    0);
	for (size_t cap = 0; cap < wanted.len; cap++)
		assert_int_equal(
		    abi_encode(text_of(types), (struct bytes){form, w.len}, room, cap, &len),
		    ERR_SPACE);
}

static int
encode_words(const char *types, uint32_t count, size_t words)
{
	uint8_t form[512];
	struct writer w = writer_of(form, sizeof form);
	size_t len;

	if (count != UINT32_MAX)
		write_be32(&w, count);
	for (size_t i = 0; i < words; i++)
		word(&w, 256);
	return abi_encode(text_of(types), (struct bytes){form, w.len}, room, sizeof room, &len);
}

static void
test_forms_that_do_not_fit_the_types(void **state)
{
	(void)state;
	assert_int_equal(encode_words("(uint16)", UINT32_MAX, 1), 0);
	assert_int_equal(encode_words("(uint8)", UINT32_MAX, 1), ERR_RANGE);
	assert_int_equal(encode_words("(uint16)", UINT32_MAX, 2), ERR_TRAILING);
	assert_int_equal(encode_words("(uint16", UINT32_MAX, 1), ERR_PARSE);
	assert_int_equal(encode_words("(uint16[2])", 2, 2), 0);
	assert_int_equal(encode_words("(uint16[3])", 2, 2), ERR_RANGE);
	assert_int_equal(encode_words("(uint16[])", 3, 2), ERR_PARSE);
	assert_int_equal(encode_words("(uint16[])", 0xfffffffe, 2), ERR_PARSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_example_of_the_specification),
	    cmocka_unit_test(test_forms_that_do_not_fit_the_types),
	};

	return cmocka_run_group_tests(tests, NULL, free_exact);
}
