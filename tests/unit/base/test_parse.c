#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"

static int
decimal(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	return parse_u64(text, strlen(text), min, max, ret);
}

static void
test_u64(void **state)
{
	uint64_t v = 77;

	(void)state;
	assert_int_equal(decimal("0", 0, 10, &v), 0);
	assert_true(v == 0);
	assert_int_equal(decimal("10", 0, 10, &v), 0);
	assert_true(v == 10);
	assert_int_equal(decimal("18446744073709551615", 0, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	/* the length counts, not a NUL */
	assert_int_equal(parse_u64("1234", 2, 0, 100, &v), 0);
	assert_true(v == 12);
}

static void
test_u64_refuses(void **state)
{
	static const char *const malformed[] = {"", "00", "01", "+1", "-1", " 1", "1 ", "1\n",
	    "0x1", "1e3", "1.0", "1,000", "a"};
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_int_equal(decimal(malformed[i], 0, UINT64_MAX, &v), ERR_PARSE);
	assert_int_equal(decimal("18446744073709551616", 0, UINT64_MAX, &v), ERR_RANGE);
	assert_int_equal(decimal("18446744073709551620", 0, UINT64_MAX, &v), ERR_RANGE);
	assert_int_equal(decimal("99999999999999999999999", 0, UINT64_MAX, &v), ERR_RANGE);
	assert_int_equal(decimal("11", 0, 10, &v), ERR_RANGE);
	assert_int_equal(decimal("4", 5, 10, &v), ERR_RANGE);
	assert_int_equal(parse_u64("1\0", 2, 0, 100, &v), ERR_PARSE);
	assert_true(v == 77);
}

static void
test_quantity(void **state)
{
	uint64_t v = 77;

	(void)state;
	assert_int_equal(parse_quantity("0x0", 3, &v), 0);
	assert_true(v == 0);
	assert_int_equal(parse_quantity("0x89", 4, &v), 0);
	assert_true(v == 0x89);
	assert_int_equal(parse_quantity("0xaBcDeF", 8, &v), 0);
	assert_true(v == 0xabcdef);
	assert_int_equal(parse_quantity("0xffffffffffffffff", 18, &v), 0);
	assert_true(v == UINT64_MAX);
}

static void
test_quantity_refuses(void **state)
{
	static const char *const malformed[] = {"", "0", "0x", "x1", "1", "0X1", "0x00", "0x01",
	    "0xg", "0x1 ", " 0x1", "-0x1", "0x-1"};
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_int_equal(parse_quantity(malformed[i], strlen(malformed[i]), &v), ERR_PARSE);
	assert_int_equal(parse_quantity("0x10000000000000000", 19, &v), ERR_RANGE);
	assert_true(v == 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_u64),
	    cmocka_unit_test(test_u64_refuses),
	    cmocka_unit_test(test_quantity),
	    cmocka_unit_test(test_quantity_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
