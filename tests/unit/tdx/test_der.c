/* The DER reader: one way to write a value, every other way refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "tdx/der.h"
#include "base/banned.h"

#define READER(...) \
	reader_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void
test_lengths(void **state)
{
	uint8_t big[4 + 0x100] = {0x04, 0x82, 0x01, 0x00};
	uint8_t middle[3 + 0x80] = {0x04, 0x81, 0x80};
	struct reader r = READER(0x04, 0x02, 0xaa, 0xbb, 0xcc);
	struct bytes v;

	(void)state;
	assert_int_equal(der_take(&r, DER_OCTET_STRING, &v), 0);
	assert_int_equal(v.len, 2);
	assert_int_equal(r.left, 1);
	r = reader_of(middle, sizeof middle);
	assert_int_equal(der_take(&r, DER_OCTET_STRING, &v), 0);
	assert_int_equal(v.len, 0x80);
	r = reader_of(big, sizeof big);
	assert_int_equal(der_take_whole(&r, DER_OCTET_STRING, &v), 0);
	assert_int_equal(v.len, sizeof big);
	assert_int_equal(r.left, 0);
	/* one byte short */
	r = reader_of(big, sizeof big - 1);
	assert_int_equal(der_take(&r, DER_OCTET_STRING, &v), ERR_PARSE);
	assert_int_equal(r.left, sizeof big - 1);
}

static void
test_lengths_refused(void **state)
{
	struct reader inputs[] = {
	    READER(0x04),		    /* no length */
	    READER(0x04, 0x01),		    /* no content */
	    READER(0x04, 0x80, 0x00, 0x00), /* indefinite */
	    READER(0x04, 0x81, 0x01, 0xaa), /* not minimal */
	    READER(0x04, 0x81, 0x7f, 0xaa),
	    READER(0x04, 0x82, 0x00, 0xff, 0xaa),	/* not minimal */
	    READER(0x04, 0x83, 0x00, 0x01, 0x00, 0xaa), /* too long a length */
	    READER(0x04, 0x84, 0xff, 0xff, 0xff, 0xff),
	    READER(0x04, 0xff),
	    READER(0x05, 0x00), /* another tag */
	};
	struct bytes v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
		size_t left = inputs[i].left;

		assert_int_equal(der_take(&inputs[i], DER_OCTET_STRING, &v), ERR_PARSE);
		assert_int_equal(inputs[i].left, left);
	}
}

static void
test_small(void **state)
{
	struct reader good[] = {READER(0x02, 0x01, 0x00), READER(0x02, 0x01, 0x7f),
				READER(0x02, 0x02, 0x00, 0x80), READER(0x02, 0x02, 0x00, 0xff)};
	const uint32_t values[] = {0, 0x7f, 0x80, 0xff};
	struct reader bad[] = {READER(0x02, 0x00),
			       READER(0x02, 0x01, 0x80),
			       READER(0x02, 0x02, 0x00, 0x7f),
			       READER(0x02, 0x02, 0x01, 0x00),
			       READER(0x02, 0x05, 0x01, 0x00, 0x00, 0x00, 0x00),
			       READER(0x0a, 0x01, 0x01)};
	uint32_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(der_small(&good[i], DER_INTEGER, 255, &v), 0);
		assert_int_equal(v, values[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(der_small(&bad[i], DER_INTEGER, 255, &v), ERR_PARSE);
}

static void
test_uint256(void **state)
{
	uint8_t longest[2 + 33] = {0x02, 33, 0x00, 0xff};
	uint8_t too_long[2 + 33] = {0x02, 33, 0x01};
	struct reader r = READER(0x02, 0x02, 0x01, 0x02);
	uint8_t v[32];

	(void)state;
	assert_int_equal(der_uint256(&r, v), 0);
	assert_int_equal(v[30] << 8 | v[31], 0x102);
	assert_int_equal(v[0], 0);
	r = reader_of(longest, sizeof longest);
	assert_int_equal(der_uint256(&r, v), 0);
	assert_int_equal(v[0], 0xff);
	r = reader_of(too_long, sizeof too_long);
	assert_int_equal(der_uint256(&r, v), ERR_PARSE);
}

static void
test_boolean_and_oid(void **state)
{
	static const uint8_t oid[] = {0x55, 0x04, 0x03};
	struct reader yes = READER(0x01, 0x01, 0xff), no = READER(0x01, 0x01, 0x00);
	struct reader maybe = READER(0x01, 0x01, 0x01), long_one = READER(0x01, 0x02, 0xff, 0xff);
	struct reader same = READER(0x06, 0x03, 0x55, 0x04, 0x03);
	struct reader other = READER(0x06, 0x03, 0x55, 0x04, 0x04);
	struct reader longer = READER(0x06, 0x04, 0x55, 0x04, 0x03, 0x01);
	int v = -1;

	(void)state;
	assert_int_equal(der_boolean(&yes, &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(der_boolean(&no, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(der_boolean(&maybe, &v), ERR_PARSE);
	assert_int_equal(der_boolean(&long_one, &v), ERR_PARSE);
	assert_int_equal(der_oid(&same, oid, sizeof oid), 0);
	assert_int_equal(der_oid(&other, oid, sizeof oid), ERR_PARSE);
	assert_int_equal(der_oid(&longer, oid, sizeof oid), ERR_PARSE);
}

static int
time_of(uint8_t tag, const char *text, int64_t *ret)
{
	uint8_t der[64] = {tag, (uint8_t)strlen(text)};
	struct reader r;

	memcpy(der + 2, text, strlen(text));
	r = reader_of(der, 2 + strlen(text));
	return der_time(&r, ret);
}

static void
test_time(void **state)
{
	static const struct {
		uint8_t tag;
		const char *text;
		int64_t value;
	} good[] = {
	    {DER_UTC_TIME, "700101000000Z", 0},
	    {DER_UTC_TIME, "691231235959Z", -1},
	    {DER_UTC_TIME, "500101000000Z", -631152000},
	    {DER_UTC_TIME, "000229120000Z", 951825600},
	    {DER_UTC_TIME, "250206232551Z", 1738884351},
	    {DER_UTC_TIME, "491231235959Z", 2524607999},
	    {DER_GENERALIZED_TIME, "20500101000000Z", 2524608000},
	    {DER_GENERALIZED_TIME, "99991231235959Z", 253402300799},
	};
	static const struct {
		uint8_t tag;
		const char *text;
	} bad[] = {
	    {DER_UTC_TIME, "250230000000Z"}, /* no such day */
	    {DER_UTC_TIME, "250229000000Z"},
	    {DER_UTC_TIME, "251301000000Z"},
	    {DER_UTC_TIME, "250001000000Z"},
	    {DER_UTC_TIME, "250100000000Z"},
	    {DER_UTC_TIME, "250101240000Z"},
	    {DER_UTC_TIME, "250101006000Z"},
	    {DER_UTC_TIME, "250101000060Z"},
	    {DER_UTC_TIME, "2501010000Z"},
	    {DER_UTC_TIME, "250101000000+0100"},
	    {DER_UTC_TIME, "250101000000z"},
	    {DER_UTC_TIME, "25010100000 Z"},
	    {DER_GENERALIZED_TIME, "20491231235959Z"}, /* UTCTime's */
	    {DER_GENERALIZED_TIME, "19700101000000Z"},
	    {DER_GENERALIZED_TIME, "20500101000000.5Z"},
	    {DER_OCTET_STRING, "250101000000Z"},
	};
	int64_t t = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(time_of(good[i].tag, good[i].text, &t), 0);
		assert_true(t == good[i].value);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(time_of(bad[i].tag, bad[i].text, &t), ERR_PARSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lengths),	    cmocka_unit_test(test_lengths_refused),
	    cmocka_unit_test(test_small),	    cmocka_unit_test(test_uint256),
	    cmocka_unit_test(test_boolean_and_oid), cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
