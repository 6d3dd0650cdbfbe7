#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "chain/rpc_internal.h"

#define SOON 100000

static struct endpoints two;

static int
setup(void **state)
{
	(void)state;
	two = (struct endpoints){.count = 2};
	return 0;
}

static void
test_nothing_is_used_before_its_chain_id_is_known(void **state)
{
	size_t i = 9;

	(void)state;
	assert_true(endpoint_wants_check(&two.at[0], 1000));
	assert_int_equal(endpoints_pick(&two, 0, SOON, 1000, &i), PICK_WAIT);
	two.at[0].verifying = 1;
	assert_false(endpoint_wants_check(&two.at[0], 1000));
	endpoint_checked(&two.at[0], 1, 1000);
	assert_int_equal(endpoints_pick(&two, 0, SOON, 1000, &i), PICK_ONE);
	assert_int_equal(i, 0);
}

static void
test_another_chain_is_never_used(void **state)
{
	size_t i = 9;

	(void)state;
	endpoint_checked(&two.at[0], 0, 1000);
	endpoint_checked(&two.at[1], 0, 1000);
	assert_int_equal(endpoints_pick(&two, 0, SOON, 1000, &i), PICK_NONE);
	/* it is asked again later, and used once it says the right one */
	assert_true(endpoint_wants_check(&two.at[0], 60000));
	assert_int_equal(endpoints_pick(&two, 0, SOON, 60000, &i), PICK_WAIT);
	endpoint_checked(&two.at[0], 1, 60000);
	assert_int_equal(endpoints_pick(&two, 0, SOON, 60000, &i), PICK_ONE);
	/* a failure does not make it unknown, that is: waiting for it is no use */
	endpoint_checked(&two.at[0], 0, 60000);
	endpoint_failed(&two.at[0], 61000);
	assert_int_equal(two.at[0].state, ENDPOINT_WRONG_CHAIN);
}

static void
test_a_failure_goes_to_the_next_and_asks_the_chain_id_again(void **state)
{
	size_t i = 9;

	(void)state;
	endpoint_checked(&two.at[0], 1, 1000);
	endpoint_checked(&two.at[1], 1, 1000);
	endpoint_failed(&two.at[0], 1000);
	assert_int_equal(two.at[0].state, ENDPOINT_UNKNOWN);
	assert_int_equal(endpoints_pick(&two, 1, SOON, 1000, &i), PICK_ONE);
	assert_int_equal(i, 1);
	assert_int_equal(endpoints_pick(&two, 3, SOON, 1000, &i), PICK_NONE);
	assert_false(endpoint_wants_check(&two.at[0], 1000));
	assert_true(endpoint_wants_check(&two.at[0], 2000));
}

static void
test_back_off_doubles_to_its_most_and_ends_with_success(void **state)
{
	struct endpoint *e = &two.at[0];
	uint64_t before = 0;

	(void)state;
	for (int i = 0; i < 50; i++) {
		endpoint_failed(e, 0);
		assert_true(e->not_before >= before && e->not_before <= 30000);
		before = e->not_before;
	}
	assert_int_equal(before, 30000);
	endpoint_worked(e);
	endpoint_failed(e, 0);
	assert_int_equal(e->not_before, 250);
}

static void
test_a_limited_one_is_waited_for_when_there_is_time(void **state)
{
	size_t i = 9;

	(void)state;
	endpoint_checked(&two.at[0], 1, 1000);
	endpoint_checked(&two.at[1], 1, 1000);
	endpoint_limited(&two.at[0], 3000, 1000);
	assert_int_equal(two.at[0].not_before, 4000);
	assert_int_equal(endpoints_pick(&two, 0, SOON, 1000, &i), PICK_ONE);
	assert_int_equal(i, 1);
	assert_int_equal(endpoints_pick(&two, 2, SOON, 1000, &i), PICK_WAIT);
	assert_int_equal(endpoints_pick(&two, 2, 3500, 1000, &i), PICK_NONE);
	assert_int_equal(endpoints_pick(&two, 2, SOON, 4000, &i), PICK_ONE);
	assert_int_equal(i, 0);
	/* a provider that says "come back tomorrow" is asked earlier */
	endpoint_limited(&two.at[0], 86400000, 1000);
	assert_true(two.at[0].not_before <= 61000);
}

static void
test_a_usable_one_is_checked_now_and_then_and_when_in_doubt(void **state)
{
	struct endpoint *e = &two.at[0];

	(void)state;
	endpoint_checked(e, 1, 1000);
	assert_false(endpoint_wants_check(e, 2000));
	assert_true(endpoint_wants_check(e, 32000));
	endpoint_checked(e, 1, 32000);
	endpoint_doubted(e);
	assert_true(endpoint_wants_check(e, 32000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_nothing_is_used_before_its_chain_id_is_known, setup),
	    cmocka_unit_test_setup(test_another_chain_is_never_used, setup),
	    cmocka_unit_test_setup(test_a_failure_goes_to_the_next_and_asks_the_chain_id_again,
				   setup),
	    cmocka_unit_test_setup(test_back_off_doubles_to_its_most_and_ends_with_success, setup),
	    cmocka_unit_test_setup(test_a_limited_one_is_waited_for_when_there_is_time, setup),
	    cmocka_unit_test_setup(test_a_usable_one_is_checked_now_and_then_and_when_in_doubt,
				   setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
