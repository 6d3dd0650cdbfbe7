/* Wire format by hand: values, limits, and each way to be malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "evidence/protobuf.h"
#include "base/banned.h"

static uint64_t small, large;
static struct bytes fixed, any;
static struct bytes room[2];
static struct protobuf_runs runs = {room, 2, 0};

static const struct protobuf_slot slots[] = {
    PROTOBUF_NUMBER(1, &small, 300),
    PROTOBUF_NUMBER(2, &large, UINT64_MAX),
    PROTOBUF_RUN(3, &fixed, 2, 2),
    PROTOBUF_RUN(4, &any, 0, 3),
    PROTOBUF_RUNS(16, &runs, 1, 2),
};

#define READ(literal) \
	protobuf_read((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1}, slots, \
	    ARRAY_LEN(slots))

/* Field 3 with its two bytes. */
#define F3 "\x1a\x02xy"

static void
test_values(void **state)
{
	(void)state;
	assert_int_equal(READ("\x08\xac\x02" F3 "\x22\x00"), 0);
	assert_int_equal(small, 300);
	assert_int_equal(large, 0);
	assert_int_equal(fixed.len, 2);
	assert_memory_equal(fixed.p, "xy", 2);
	assert_int_equal(any.len, 0);
	assert_int_equal(runs.count, 0);
	/* any order; two-byte tag; ten-byte number */
	assert_int_equal(READ("\x82\x01\x01z" F3 "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			      "\x82\x01\x02zz"),
	    0);
	assert_int_equal(small, 0);
	assert_true(large == UINT64_MAX);
	assert_int_equal(runs.count, 2);
	assert_int_equal(runs.run[1].len, 2);
	/* an explicit zero */
	assert_int_equal(READ("\x08\x00" F3), 0);
}

static void
test_refused(void **state)
{
	(void)state;
	assert_int_equal(READ(""), ERR_PARSE); /* field 3 is missing */
	assert_int_equal(READ("\x1a\x00"), ERR_RANGE);
	assert_int_equal(READ("\x1a\x01x"), ERR_RANGE);
	assert_int_equal(READ("\x1a\x03xyz"), ERR_RANGE);
	assert_int_equal(READ(F3 "\x22\x04zzzz"), ERR_RANGE);
	assert_int_equal(READ(F3 "\x08\xad\x02"), ERR_RANGE);
	assert_int_equal(READ(F3 "\x82\x01\x00"), ERR_RANGE);
	assert_int_equal(READ(F3 F3), ERR_DUPLICATE);
	assert_int_equal(READ(F3 "\x08\x01\x08\x01"), ERR_DUPLICATE);
	assert_int_equal(READ(F3 "\x22\x00\x22\x00"), ERR_DUPLICATE);
	assert_int_equal(READ(F3 "\x82\x01\x01z\x82\x01\x01z\x82\x01\x01z"), ERR_FULL);
	assert_int_equal(READ(F3 "\x28\x01"), ERR_UNKNOWN_FIELD);
	assert_int_equal(READ(F3 "\x00\x01"), ERR_UNKNOWN_FIELD); /* no field is number 0 */
	assert_int_equal(READ("\x1a\x02x"), ERR_PARSE); /* cut short */
	assert_int_equal(READ("\x1a"), ERR_PARSE);
	assert_int_equal(READ(F3 "\x80"), ERR_PARSE);
	assert_int_equal(READ(F3 "\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ERR_DUPLICATE);
	assert_int_equal(READ("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ERR_PARSE);
}

/* Another wire type than the field's, groups and fixed numbers among them. */
static void
test_wire_types(void **state)
{
	uint8_t message[12] = {0x08, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

	(void)state;
	for (uint8_t wire = 1; wire < 8; wire++) {
		message[0] = (uint8_t)(1 << 3 | wire);
		assert_int_equal(
		    protobuf_read((struct bytes){message, sizeof message}, slots, ARRAY_LEN(slots)),
		    ERR_PARSE);
	}
	assert_int_equal(READ("\x18\x02"), ERR_PARSE); /* a number for a run */
}

/* One number has one spelling. */
static void
test_varints(void **state)
{
	(void)state;
	assert_int_equal(READ(F3 "\x10\x81\x00"), ERR_PARSE);
	assert_int_equal(READ(F3 "\x10\x80\x00"), ERR_PARSE);
	assert_int_equal(READ(F3 "\x90\x00\x01"), ERR_PARSE); /* in a tag */
	assert_int_equal(READ(F3 "\x22\x81\x00z"), ERR_PARSE); /* in a length */
	assert_int_equal(READ(F3 "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), ERR_PARSE);
	assert_int_equal(READ(F3 "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ERR_PARSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_wire_types),
	    cmocka_unit_test(test_varints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
