#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "chain/fees.h"

#define GWEI 1000000000ULL

static int
market_of(const char *text, struct fee_market *ret)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	int r;

	assert_non_null(value);
	r = fee_market_parse(value, ret);
	json_decref(value);
	return r;
}

static uint64_t
small(const struct u256 *v)
{
	uint64_t n = 0;

	assert_int_equal(u256_to_u64(v, &n), 0);
	return n;
}

static void
test_history(void **state)
{
	struct fee_market m;

	(void)state;
	/* the last base fee is the next block's; the tip is the median */
	assert_int_equal(
	    market_of("{\"oldestBlock\":\"0x1\",\"baseFeePerGas\":[\"0x1\",\"0x2\",\"0x7\"],"
		      "\"reward\":[[\"0x9\"],[\"0x3\"],[\"0x5\"]]}",
		      &m),
	    0);
	assert_int_equal(small(&m.base_fee), 7);
	assert_int_equal(small(&m.tip), 5);
	assert_int_equal(market_of("{\"baseFeePerGas\":[\"0x7\"]}", &m), 0);
	assert_int_equal(small(&m.tip), 0);
	assert_int_equal(market_of("{\"baseFeePerGas\":[\"0x7\"],\"reward\":null}", &m), 0);
}

static void
test_bad_history_is_refused(void **state)
{
	static const char *const bad[] = {
	    "{}",
	    "[]",
	    "null",
	    "{\"baseFeePerGas\":[]}",
	    "{\"baseFeePerGas\":\"0x1\"}",
	    "{\"baseFeePerGas\":[1]}",
	    "{\"baseFeePerGas\":[\"7\"]}",
	    "{\"baseFeePerGas\":[\"0x7\"],\"reward\":\"0x1\"}",
	    "{\"baseFeePerGas\":[\"0x7\"],\"reward\":[[]]}",
	    "{\"baseFeePerGas\":[\"0x7\"],\"reward\":[[\"x\"]]}",
	    "{\"baseFeePerGas\":[\"0x7\"],\"reward\":[\"0x1\"]}",
	};
	struct fee_market m;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (market_of(bad[i], &m) == 0)
			fail_msg("taken: %s", bad[i]);
	}
}

static void
test_choose(void **state)
{
	struct fee_market m = {u256_of(100 * GWEI), u256_of(2 * GWEI)};
	const struct u256 floor = u256_of(1), ceiling = u256_of(500 * GWEI);
	struct fees f;

	(void)state;
	assert_int_equal(fees_choose(&m, &floor, &ceiling, &f), 0);
	assert_int_equal(small(&f.max_fee), 202 * GWEI);
	assert_int_equal(small(&f.tip), 2 * GWEI);
}

static void
test_the_tip_is_raised_to_the_floor(void **state)
{
	struct fee_market m = {u256_of(100 * GWEI), u256_of(2 * GWEI)};
	const struct u256 floor = fee_tip_floor(137), ceiling = u256_of(500 * GWEI);
	struct fees f;

	(void)state;
	assert_int_equal(fees_choose(&m, &floor, &ceiling, &f), 0);
	assert_int_equal(small(&f.tip), 30 * GWEI);
	assert_int_equal(small(&f.max_fee), 230 * GWEI);
}

static void
test_the_ceiling_holds_whatever_the_node_says(void **state)
{
	const struct u256 floor = u256_of(1), ceiling = u256_of(500 * GWEI);
	struct fee_market m = {u256_of(400 * GWEI), u256_of(900 * GWEI)};
	struct fees f = {U256_ZERO, U256_ZERO};

	(void)state;
	assert_int_equal(fees_choose(&m, &floor, &ceiling, &f), 0);
	assert_int_equal(small(&f.max_fee), 500 * GWEI);
	assert_int_equal(small(&f.tip), 500 * GWEI);
	m.base_fee = u256_of(500 * GWEI);
	assert_int_equal(fees_choose(&m, &floor, &ceiling, &f), 0);
	m.base_fee = u256_of(500 * GWEI + 1);
	assert_int_equal(fees_choose(&m, &floor, &ceiling, &f), ERR_POLICY);
	m = (struct fee_market){U256_MAX, U256_MAX};
	assert_int_equal(fees_choose(&m, &floor, &ceiling, &f), ERR_POLICY);
	/* sums beyond 256 bits under the highest ceiling */
	assert_int_equal(fees_choose(&m, &floor, &U256_MAX, &f), 0);
	assert_int_equal(u256_compare(&f.max_fee, &U256_MAX), 0);
}

static void
bump(uint64_t max_fee, uint64_t tip, uint64_t want_max, uint64_t want_tip)
{
	const struct fees old = {u256_of(max_fee), u256_of(tip)};
	const struct u256 floor = u256_of(0), ceiling = u256_of(500 * GWEI);
	const struct fee_market m = {U256_ZERO, U256_ZERO};
	struct fees f;

	assert_int_equal(fees_bump(&old, &m, &floor, &ceiling, &f), 0);
	assert_int_equal(small(&f.max_fee), want_max);
	assert_int_equal(small(&f.tip), want_tip);
}

static void
test_bumps_are_ten_percent_rounded_up_on_both(void **state)
{
	(void)state;
	bump(100, 10, 110, 11);
	bump(101, 11, 112, 13); /* 111.1, 12.1 */
	bump(109, 9, 120, 10);	/* 119.9, 9.9 */
	bump(1, 1, 2, 2);
	bump(1, 0, 2, 1); /* nothing more than nothing is one */
	bump(10, 10, 11, 11);
	bump(2 * GWEI, GWEI, 2200000000ULL, 1100000000ULL);
}

static void
test_a_bump_follows_the_market(void **state)
{
	const struct fees old = {u256_of(100 * GWEI), u256_of(30 * GWEI)};
	const struct u256 floor = u256_of(1), ceiling = u256_of(500 * GWEI);
	struct fee_market m = {u256_of(120 * GWEI), u256_of(40 * GWEI)};
	struct fees f;

	(void)state;
	assert_int_equal(fees_bump(&old, &m, &floor, &ceiling, &f), 0);
	assert_int_equal(small(&f.max_fee), 280 * GWEI);
	assert_int_equal(small(&f.tip), 40 * GWEI);
	/* the base fee is out of reach: still 10 % */
	m.base_fee = u256_of(600 * GWEI);
	assert_int_equal(fees_bump(&old, &m, &floor, &ceiling, &f), 0);
	assert_int_equal(small(&f.max_fee), 110 * GWEI);
	assert_int_equal(small(&f.tip), 33 * GWEI);
}

static void
test_a_bump_stops_at_the_ceiling(void **state)
{
	const struct u256 floor = u256_of(1), ceiling = u256_of(110);
	const struct fee_market m = {u256_of(1), u256_of(1)};
	const struct fees at = {u256_of(100), u256_of(10)}, above = {u256_of(101), u256_of(10)};
	const struct fees huge = {U256_MAX, u256_of(10)};
	struct fees f = {U256_ZERO, U256_ZERO};

	(void)state;
	assert_int_equal(fees_bump(&at, &m, &floor, &ceiling, &f), 0);
	assert_int_equal(small(&f.max_fee), 110);
	assert_int_equal(fees_bump(&above, &m, &floor, &ceiling, &f), ERR_POLICY);
	assert_int_equal(fees_bump(&huge, &m, &floor, &U256_MAX, &f), ERR_POLICY);
}

static void
test_the_tip_never_exceeds_the_max_fee(void **state)
{
	const struct u256 floor = u256_of(1), ceiling = u256_of(500);

	(void)state;
	for (uint64_t max_fee = 1; max_fee < 200; max_fee++) {
		for (uint64_t tip = 0; tip <= max_fee; tip++) {
			const struct fees old = {u256_of(max_fee), u256_of(tip)};
			const struct fee_market m = {u256_of(3), u256_of(2)};
			struct fees f;

			assert_int_equal(fees_bump(&old, &m, &floor, &ceiling, &f), 0);
			assert_true(u256_compare(&f.tip, &f.max_fee) <= 0);
			assert_true(u256_compare(&f.max_fee, &ceiling) <= 0);
			/* what a node demands */
			assert_true(small(&f.max_fee) * 10 >= max_fee * 11);
			assert_true(small(&f.tip) * 10 >= tip * 11);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_history),
	    cmocka_unit_test(test_bad_history_is_refused),
	    cmocka_unit_test(test_choose),
	    cmocka_unit_test(test_the_tip_is_raised_to_the_floor),
	    cmocka_unit_test(test_the_ceiling_holds_whatever_the_node_says),
	    cmocka_unit_test(test_bumps_are_ten_percent_rounded_up_on_both),
	    cmocka_unit_test(test_a_bump_follows_the_market),
	    cmocka_unit_test(test_a_bump_stops_at_the_ceiling),
	    cmocka_unit_test(test_the_tip_never_exceeds_the_max_fee),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
