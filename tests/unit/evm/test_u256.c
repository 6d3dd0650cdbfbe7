#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "evm/u256.h"

#define MAX_TEXT "115792089237316195423570985008687907853269984665640564039457584007913129639935"

static struct u256
dec(const char *text)
{
	struct u256 v;

	assert_int_equal(u256_parse_decimal(text, strlen(text), 0, &v), 0);
	return v;
}

static void
assert_u256(const struct u256 *v, const char *text)
{
	char got[U256_TEXT_MAX];
	size_t len = u256_format_decimal(v, 0, got);

	assert_string_equal(got, text);
	assert_int_equal(len, strlen(text));
}

static void
test_add_and_sub_are_checked(void **state)
{
	struct u256 max = U256_MAX, one = u256_of(1), zero = U256_ZERO, r = u256_of(7);

	(void)state;
	assert_int_equal(u256_add(&max, &one, &r), ERR_OVERFLOW);
	assert_u256(&r, "7");
	assert_int_equal(u256_sub(&zero, &one, &r), ERR_OVERFLOW);
	assert_u256(&r, "7");
	r = dec("18446744073709551615");
	assert_int_equal(u256_add(&r, &one, &r), 0);
	assert_u256(&r, "18446744073709551616");
	assert_int_equal(u256_sub(&r, &one, &r), 0);
	assert_u256(&r, "18446744073709551615");
	r = max;
	assert_int_equal(u256_sub(&r, &max, &r), 0);
	assert_true(u256_is_zero(&r));
}

static void
test_borrow_goes_through_every_limb(void **state)
{
	struct u256 a = {{0, 0, 0, 1}}, one = u256_of(1), r;

	(void)state;
	assert_int_equal(u256_sub(&a, &one, &r), 0);
	assert_memory_equal(r.limb, ((uint64_t[]){UINT64_MAX, UINT64_MAX, UINT64_MAX, 0}), 32);
	assert_int_equal(u256_add(&r, &one, &r), 0);
	assert_int_equal(u256_compare(&r, &a), 0);
	/* the borrow of a limb meets a limb that is equal */
	a = (struct u256){{0, 5, 1, 0}};
	r = (struct u256){{1, 5, 0, 0}};
	assert_int_equal(u256_sub(&a, &r, &r), 0);
	assert_memory_equal(r.limb, ((uint64_t[]){UINT64_MAX, UINT64_MAX, 0, 0}), 32);
}

static void
test_mul_is_checked(void **state)
{
	struct u256 a = dec("340282366920938463463374607431768211455"), r;
	struct u256 b = dec("340282366920938463463374607431768211456"); /* 2^128 */

	(void)state;
	assert_int_equal(u256_mul(&a, &b, &r), 0);
	assert_u256(
	    &r, "115792089237316195423570985008687907852929702298719625575994209400481361428480");
	r = u256_of(7);
	assert_int_equal(u256_mul(&b, &b, &r), ERR_OVERFLOW);
	assert_u256(&r, "7");
	r = u256_of(3);
	assert_int_equal(u256_mul(&r, &r, &r), 0);
	assert_u256(&r, "9");
}

static void
test_mul_u64_is_checked(void **state)
{
	struct u256 max = U256_MAX, r = u256_of(7),
		    a = dec("340282366920938463463374607431768211455");

	(void)state;
	assert_int_equal(u256_mul_u64(&max, 2, &r), ERR_OVERFLOW);
	assert_u256(&r, "7");
	assert_int_equal(u256_mul_u64(&a, UINT64_MAX, &r), 0);
	assert_u256(&r, "6277101735386680763495507056286727952620534092958556749825");
}

static void
test_div_u64(void **state)
{
	struct u256 max = U256_MAX, r = u256_of(7);
	uint64_t rest = 7;

	(void)state;
	assert_int_equal(u256_div_u64(&max, 0, &r, &rest), ERR_RANGE);
	assert_u256(&r, "7");
	assert_int_equal(u256_div_u64(&max, 10, &r, &rest), 0);
	assert_u256(
	    &r, "11579208923731619542357098500868790785326998466564056403945758400791312963993");
	assert_int_equal(rest, 5);
}

static void
test_mul_div_keeps_the_wide_product(void **state)
{
	struct u256 max = U256_MAX, r = u256_of(7), a = dec("1000000000000000000000000000000");

	(void)state;
	assert_int_equal(u256_mul_div_u64(&max, UINT64_MAX, UINT64_MAX, &r), 0);
	assert_int_equal(u256_compare(&r, &max), 0);
	assert_int_equal(u256_mul_div_u64(&a, 3, 7, &r), 0);
	assert_u256(&r, "428571428571428571428571428571");
	r = u256_of(7);
	assert_int_equal(u256_mul_div_u64(&max, 3, 2, &r), ERR_OVERFLOW);
	assert_int_equal(u256_mul_div_u64(&max, 3, 0, &r), ERR_RANGE);
	assert_u256(&r, "7");
}

static void
test_to_u64(void **state)
{
	struct u256 a = dec("18446744073709551615"), b = dec("18446744073709551616");
	uint64_t v = 7;

	(void)state;
	assert_int_equal(u256_to_u64(&b, &v), ERR_OVERFLOW);
	assert_int_equal(v, 7);
	assert_int_equal(u256_to_u64(&a, &v), 0);
	assert_true(v == UINT64_MAX);
}

static void
test_big_endian(void **state)
{
	uint8_t be[33], back[32];
	struct u256 v;

	(void)state;
	for (size_t i = 0; i < sizeof be; i++)
		be[i] = (uint8_t)(i + 1);
	v = u256_from_be32(be);
	assert_true(v.limb[3] == 0x0102030405060708U && v.limb[0] == 0x191a1b1c1d1e1f20U);
	u256_to_be32(&v, back);
	assert_memory_equal(back, be, 32);
	assert_int_equal(u256_from_be(be, 33, &v), ERR_RANGE);
	assert_int_equal(u256_from_be(be, 2, &v), 0);
	assert_u256(&v, "258");
	assert_int_equal(u256_from_be(be, 0, &v), 0);
	assert_true(u256_is_zero(&v));
}

static void
test_reader_and_writer_match(void **state)
{
	uint8_t buf[32];
	struct writer w = writer_of(buf, sizeof buf);
	struct reader r = reader_of(buf, sizeof buf);
	struct u256 a = dec(MAX_TEXT), b;

	(void)state;
	write_u256(&w, &a);
	assert_int_equal(w.len, 32);
	assert_int_equal(read_u256(&r, &b), 0);
	assert_int_equal(u256_compare(&a, &b), 0);
	r = reader_of(buf, 31);
	assert_int_equal(read_u256(&r, &b), ERR_PARSE);
	assert_int_equal(r.left, 31);
}

static void
test_decimals_are_exact(void **state)
{
	static const struct {
		const char *text;
		unsigned decimals;
		const char *units;
	} good[] = {
	    {"0", 6, "0"},
	    {"0.0", 6, "0"},
	    {"12", 6, "12000000"},
	    {"0.5", 6, "500000"},
	    {"1.000000", 6, "1000000"},
	    {"0.000001", 6, "1"},
	    {"1", 0, "1"},
	    {"115792089237316195423570985008687907853269984665640564039457.584007913129639935", 18,
		MAX_TEXT},
	    {"0", 1000000000, "0"},
	};
	struct u256 v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(
		    u256_parse_decimal(good[i].text, strlen(good[i].text), good[i].decimals, &v),
		    0);
		assert_u256(&v, good[i].units);
	}
}

static void
test_decimals_of_another_spelling_are_refused(void **state)
{
	static const char *const bad[] = {"", ".", ".5", "5.", "01", "00", "-1", "+1", " 1", "1 ",
	    "1e3", "0x1", "1,5", "1.2.3", "1.-2", "1_000"};
	struct u256 v = u256_of(7);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(u256_parse_decimal(bad[i], strlen(bad[i]), 6, &v), ERR_PARSE);
	assert_int_equal(u256_parse_decimal("1\0", 2, 6, &v), ERR_PARSE);
	assert_int_equal(u256_parse_decimal("0.0000001", 9, 6, &v), ERR_RANGE);
	assert_int_equal(u256_parse_decimal("1.0", 3, 0, &v), ERR_RANGE);
	assert_int_equal(u256_parse_decimal("115792089237316195423570985008687907853269984665640564"
					    "039457584007913129639936",
			     78, 0, &v),
	    ERR_OVERFLOW);
	assert_int_equal(u256_parse_decimal("1", 1, 78, &v), ERR_OVERFLOW);
	assert_int_equal(u256_parse_decimal("1", 1, 1000000000, &v), ERR_OVERFLOW);
	assert_u256(&v, "7");
}

static void
test_decimal_rendering_is_the_shortest(void **state)
{
	static const struct {
		const char *units;
		unsigned decimals;
		const char *text;
	} cases[] = {
	    {"0", 0, "0"},
	    {"0", 18, "0"},
	    {"1", 18, "0.000000000000000001"},
	    {"500000", 6, "0.5"},
	    {"1000000", 6, "1"},
	    {"1200000", 6, "1.2"},
	    {"10000000000000000000", 0, "10000000000000000000"},
	    {"10000000000000000000", 19, "1"},
	    {"10000000000000000001", 19, "1.0000000000000000001"},
	    {MAX_TEXT, 78,
		"0.115792089237316195423570985008687907853269984665640564039457584007913129639935"},
	};
	char got[U256_TEXT_MAX];
	struct u256 v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		v = dec(cases[i].units);
		assert_int_equal(
		    u256_format_decimal(&v, cases[i].decimals, got), strlen(cases[i].text));
		assert_string_equal(got, cases[i].text);
	}
}

static void
test_hex(void **state)
{
	char got[67];
	struct u256 v = u256_of(7);

	(void)state;
	assert_int_equal(u256_parse_hex("0x", 2, &v), ERR_PARSE);
	assert_int_equal(u256_parse_hex("0X1", 3, &v), ERR_PARSE);
	assert_int_equal(u256_parse_hex("1", 1, &v), ERR_PARSE);
	assert_int_equal(u256_parse_hex("0xg", 3, &v), ERR_PARSE);
	assert_int_equal(u256_parse_hex("0x00000000000000000000000000000000000000000000000000000000"
					"000000001",
			     67, &v),
	    ERR_PARSE);
	assert_u256(&v, "7");
	assert_int_equal(u256_parse_hex("0x00fF", 6, &v), 0);
	assert_u256(&v, "255");
	assert_int_equal(u256_format_hex(&v, got), 4);
	assert_string_equal(got, "0xff");
	v = U256_ZERO;
	assert_int_equal(u256_format_hex(&v, got), 3);
	assert_string_equal(got, "0x0");
	v = U256_MAX;
	assert_int_equal(u256_format_hex(&v, got), 66);
	assert_int_equal(u256_parse_hex(got, 66, &v), 0);
	assert_u256(&v, MAX_TEXT);
}

/* Every value survives text: powers of two and their neighbours reach every carry. */
static void
test_text_round_trips(void **state)
{
	struct u256 v = u256_of(1), one = u256_of(1), near, back;
	char text[U256_TEXT_MAX];

	(void)state;
	for (unsigned bit = 0; bit < 255; bit++) {
		assert_int_equal(u256_mul_u64(&v, 2, &v), 0);
		assert_int_equal(u256_sub(&v, &one, &near), 0);
		for (unsigned decimals = 0; decimals < 78; decimals += 6) {
			size_t len = u256_format_decimal(&near, decimals, text);

			assert_int_equal(u256_parse_decimal(text, len, decimals, &back), 0);
			assert_int_equal(u256_compare(&near, &back), 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_add_and_sub_are_checked),
	    cmocka_unit_test(test_borrow_goes_through_every_limb),
	    cmocka_unit_test(test_mul_is_checked),
	    cmocka_unit_test(test_mul_u64_is_checked),
	    cmocka_unit_test(test_div_u64),
	    cmocka_unit_test(test_mul_div_keeps_the_wide_product),
	    cmocka_unit_test(test_to_u64),
	    cmocka_unit_test(test_big_endian),
	    cmocka_unit_test(test_reader_and_writer_match),
	    cmocka_unit_test(test_decimals_are_exact),
	    cmocka_unit_test(test_decimals_of_another_spelling_are_refused),
	    cmocka_unit_test(test_decimal_rendering_is_the_shortest),
	    cmocka_unit_test(test_hex),
	    cmocka_unit_test(test_text_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
