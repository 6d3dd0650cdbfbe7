#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "evm/rlp.h"

static int
check_of(const char *bytes, size_t len)
{
	return rlp_check((const uint8_t *)bytes, len);
}

static void
test_sizes_are_what_is_written(void **state)
{
	static const uint64_t values[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, UINT64_MAX};
	uint8_t buf[400], text[300] = {0x80};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct writer w = writer_of(buf, sizeof buf);
		struct u256 v = u256_of(values[i]);

		rlp_write_u64(&w, values[i]);
		assert_int_equal(w.len, rlp_size_u64(values[i]));
		assert_int_equal(w.len, rlp_size_u256(&v));
	}
	for (size_t len = 0; len < sizeof text; len++) {
		struct writer w = writer_of(buf, sizeof buf);

		rlp_write_string(&w, text, len);
		assert_int_equal(w.len, rlp_size_string(text, len));
		assert_int_equal(rlp_check(buf, w.len), 0);
	}
	assert_int_equal(rlp_size_list(55), 56);
	assert_int_equal(rlp_size_list(56), 58);
}

static void
test_reads_what_was_written(void **state)
{
	uint8_t buf[128], address[20], wanted[20];
	struct writer w = writer_of(buf, sizeof buf);
	struct u256 max = U256_MAX, big;
	struct reader r, list;
	struct bytes text;
	uint64_t v;

	(void)state;
	memset(wanted, 0xaa, sizeof wanted);
	rlp_write_list(&w, rlp_size_u64(0) + rlp_size_u256(&max) + 21 + 4);
	rlp_write_u64(&w, 0);
	rlp_write_u256(&w, &max);
	rlp_write_string(&w, wanted, sizeof wanted);
	rlp_write_string(&w, (const uint8_t *)"dog", 3);
	r = reader_of(buf, w.len);
	assert_int_equal(rlp_read_list(&r, &list), 0);
	assert_int_equal(r.left, 0);
	assert_int_equal(rlp_read_u64(&list, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(rlp_read_u256(&list, &big), 0);
	assert_int_equal(u256_compare(&big, &max), 0);
	assert_int_equal(rlp_read_exact(&list, 20, address), 0);
	assert_memory_equal(address, wanted, 20);
	assert_int_equal(rlp_read_string(&list, &text), 0);
	assert_memory_equal(text.p, "dog", 3);
	assert_int_equal(list.left, 0);
	assert_int_equal(rlp_read_u64(&list, &v), ERR_PARSE);
}

static void
test_refusals_move_nothing(void **state)
{
	static const uint8_t list[] = {0xc1, 0x01}, string[] = {0x82, 0x00, 0x01};
	static const uint8_t long_number[] = {0x89, 1, 2, 3, 4, 5, 6, 7, 8, 9};
	struct reader r = reader_of(list, sizeof list), unused;
	struct bytes text;
	struct u256 big;
	uint8_t two[2];
	uint64_t v;

	(void)state;
	assert_int_equal(rlp_read_string(&r, &text), ERR_PARSE);
	assert_int_equal(rlp_read_u256(&r, &big), ERR_PARSE);
	assert_int_equal(rlp_read_exact(&r, 2, two), ERR_PARSE);
	assert_int_equal(r.left, sizeof list);
	r = reader_of(string, sizeof string);
	assert_int_equal(rlp_read_list(&r, &unused), ERR_PARSE);
	assert_int_equal(rlp_read_u64(&r, &v), ERR_PARSE); /* leading zero */
	assert_int_equal(rlp_read_exact(&r, 1, two), ERR_PARSE);
	assert_int_equal(r.left, sizeof string);
	r = reader_of(long_number, sizeof long_number);
	assert_int_equal(rlp_read_u64(&r, &v), ERR_RANGE);
	assert_int_equal(r.left, sizeof long_number);
	assert_int_equal(rlp_read_u256(&r, &big), 0);
}

static void
test_integer_above_256_bits(void **state)
{
	uint8_t buf[34] = {0x80 + 33, 1};
	struct reader r = reader_of(buf, sizeof buf);
	struct u256 big;

	(void)state;
	assert_int_equal(rlp_read_u256(&r, &big), ERR_RANGE);
}

static void
test_only_the_canonical_form(void **state)
{
	uint8_t long_ok[58] = {0xb8, 56}, long_short[57] = {0xb8, 55}, zeros[59] = {0xb9, 0, 56};

	(void)state;
	assert_int_equal(check_of("\x81\x7f", 2), ERR_PARSE); /* a byte that is itself */
	assert_int_equal(check_of("\x81\x80", 2), 0);
	assert_int_equal(rlp_check(long_ok, sizeof long_ok), 0);
	assert_int_equal(rlp_check(long_short, sizeof long_short), ERR_PARSE);
	assert_int_equal(rlp_check(zeros, sizeof zeros), ERR_PARSE);
	long_ok[0] = 0xf8;
	assert_int_equal(rlp_check(long_ok, sizeof long_ok), 0);
	long_short[0] = 0xf8;
	assert_int_equal(rlp_check(long_short, sizeof long_short), ERR_PARSE);
	assert_int_equal(check_of("\xbf\xff\xff\xff\xff\xff\xff\xff\xff", 9), ERR_PARSE);
	assert_int_equal(check_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9), ERR_PARSE);
}

static void
test_check_needs_exactly_one_item(void **state)
{
	(void)state;
	assert_int_equal(check_of("", 0), ERR_PARSE);
	assert_int_equal(check_of("\x01\x02", 2), ERR_TRAILING);
	assert_int_equal(check_of("\x82\x01", 2), ERR_PARSE);
	assert_int_equal(check_of("\xc2\x01", 2), ERR_PARSE);
	assert_int_equal(check_of("\xc1\x82", 2), ERR_PARSE); /* an item beyond its list */
	assert_int_equal(check_of("\xc7\xc0\xc1\xc0\xc3\xc0\xc1\xc0", 8), 0);
}

static void
test_depth_is_bound(void **state)
{
	uint8_t nested[RLP_DEPTH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof nested; i++)
		nested[i] = (uint8_t)(0xc0 + sizeof nested - 1 - i);
	assert_int_equal(rlp_check(nested, sizeof nested), ERR_RANGE);
	assert_int_equal(rlp_check(nested + 1, sizeof nested - 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sizes_are_what_is_written),
	    cmocka_unit_test(test_reads_what_was_written),
	    cmocka_unit_test(test_refusals_move_nothing),
	    cmocka_unit_test(test_integer_above_256_bits),
	    cmocka_unit_test(test_only_the_canonical_form),
	    cmocka_unit_test(test_check_needs_exactly_one_item),
	    cmocka_unit_test(test_depth_is_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
