#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <stdio.h>

#include "base/err.h"
#include "evm/type.h"

static struct bytes
text_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static void
test_every_elementary_type(void **state)
{
	char name[16];
	struct type t;

	(void)state;
	for (unsigned bits = 8; bits <= 256; bits += 8) {
		assert_true(snprintf(name, sizeof name, "uint%u", bits) > 0);
		assert_int_equal(type_parse(text_of(name), &t), 0);
		assert_true(t.kind == TYPE_UINT && t.size == bits && type_is_word(t));
		assert_int_equal(type_parse(text_of(name + 1), &t), 0);
		assert_true(t.kind == TYPE_INT && t.size == bits && type_is_word(t));
	}
	for (unsigned n = 1; n <= 32; n++) {
		assert_true(snprintf(name, sizeof name, "bytes%u", n) > 0);
		assert_int_equal(type_parse(text_of(name), &t), 0);
		assert_true(t.kind == TYPE_FIXED_BYTES && t.size == n && type_is_word(t));
	}
	assert_int_equal(type_parse(text_of("address"), &t), 0);
	assert_true(t.kind == TYPE_ADDRESS && type_is_word(t));
	assert_int_equal(type_parse(text_of("bool"), &t), 0);
	assert_true(t.kind == TYPE_BOOL && type_is_word(t));
	assert_int_equal(type_parse(text_of("bytes"), &t), 0);
	assert_true(t.kind == TYPE_BYTES && !type_is_word(t));
	assert_int_equal(type_parse(text_of("string"), &t), 0);
	assert_true(t.kind == TYPE_STRING && !type_is_word(t));
}

static void
test_other_spellings_are_no_types(void **state)
{
	static const char *const bad[] = {"", "uint", "int", "uint0", "uint7", "uint08", "uint264",
	    "uint2568", "uint25689", "uint256 ", " uint256", "Uint256", "int-8", "bytes0",
	    "bytes33", "bytes01", "byte", "Address", "boolean", "strings", "function",
	    "fixed128x18", "uint8[]"};
	struct type t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(type_parse(text_of(bad[i]), &t), ERR_PARSE);
}

static void
test_arrays_split_from_the_end(void **state)
{
	struct bytes element;
	uint32_t count;
	int is_array;

	(void)state;
	assert_int_equal(type_split_array(text_of("bool[2][]"), &is_array, &element, &count), 0);
	assert_true(is_array && count == 0 && bytes_are(element, "bool[2]"));
	assert_int_equal(type_split_array(element, &is_array, &element, &count), 0);
	assert_true(is_array && count == 2 && bytes_are(element, "bool"));
	assert_int_equal(type_split_array(element, &is_array, &element, &count), 0);
	assert_false(is_array);
	assert_int_equal(type_split_array(text_of(""), &is_array, &element, &count), 0);
	assert_false(is_array);
	assert_int_equal(type_split_array(text_of("T[65536]"), &is_array, &element, &count), 0);
	assert_int_equal(count, 65536);
}

static void
test_malformed_arrays(void **state)
{
	static const char *const bad[] = {"]", "[]", "T]", "T[0]", "T[01]", "T[-1]", "T[ 1]",
	    "T[x]", "T[65537]", "T[4294967297]"};
	struct bytes element;
	uint32_t count;
	int is_array;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(
		    type_split_array(text_of(bad[i]), &is_array, &element, &count), ERR_PARSE);
}

static void
test_identifiers(void **state)
{
	static const char *const good[] = {"a", "_", "$", "Mail", "a1", "from_$2"};
	static const char *const bad[] = {"", "1a", "hello wallet", "a-b", "a.b", "\xc3\xa9", "a("};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(type_is_identifier(text_of(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(type_is_identifier(text_of(bad[i])));
}

static void
test_reserved_names(void **state)
{
	static const char *const reserved[] = {"address", "bool", "string", "function", "tuple",
	    "uint", "int", "bytes", "uint256", "uint7", "int999", "bytes33", "fixed", "ufixed128"};
	static const char *const free_names[] = {
	    "Mail", "uintX", "bytes32x", "Address", "integer", "strings", "boolean"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		assert_true(type_is_reserved(text_of(reserved[i])));
	for (size_t i = 0; i < ARRAY_LEN(free_names); i++)
		assert_false(type_is_reserved(text_of(free_names[i])));
}

/* A word of one filling with one other byte. */
static int
check(const char *type, uint8_t fill, size_t at, uint8_t byte)
{
	uint8_t word[32];
	struct type t;

	memset(word, fill, sizeof word);
	word[at] = byte;
	assert_int_equal(type_parse(text_of(type), &t), 0);
	return type_check_word(t, word);
}

static void
test_words_have_one_encoding(void **state)
{
	(void)state;
	assert_int_equal(check("uint8", 0, 31, 0xff), 0);
	assert_int_equal(check("uint8", 0, 30, 1), ERR_RANGE);
	assert_int_equal(check("uint256", 0xff, 0, 0xff), 0);
	assert_int_equal(check("int8", 0, 31, 0x7f), 0);
	assert_int_equal(check("int8", 0, 31, 0x80), ERR_RANGE);    /* 128 */
	assert_int_equal(check("int8", 0xff, 31, 0x80), 0);	    /* -128 */
	assert_int_equal(check("int8", 0xff, 31, 0x7f), ERR_RANGE); /* -129 */
	assert_int_equal(check("int16", 0xff, 0, 0), ERR_RANGE);
	assert_int_equal(check("int256", 0, 0, 0x80), 0);
	assert_int_equal(check("address", 0, 12, 0xff), 0);
	assert_int_equal(check("address", 0, 11, 1), ERR_RANGE);
	assert_int_equal(check("bool", 0, 31, 1), 0);
	assert_int_equal(check("bool", 0, 31, 2), ERR_RANGE);
	assert_int_equal(check("bool", 0, 0, 1), ERR_RANGE);
	assert_int_equal(check("bytes31", 0xff, 31, 0), 0);
	assert_int_equal(check("bytes31", 0xff, 31, 1), ERR_RANGE);
	assert_int_equal(check("bytes32", 0xff, 31, 1), 0);
	assert_int_equal(check("string", 0, 0, 0), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_elementary_type),
	    cmocka_unit_test(test_other_spellings_are_no_types),
	    cmocka_unit_test(test_arrays_split_from_the_end),
	    cmocka_unit_test(test_malformed_arrays),
	    cmocka_unit_test(test_identifiers),
	    cmocka_unit_test(test_reserved_names),
	    cmocka_unit_test(test_words_have_one_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
