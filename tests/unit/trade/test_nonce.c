#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "trade/nonce.h"

static struct nonces n;

static int
setup(void **state)
{
	(void)state;
	n = (struct nonces){.known = 0};
	return 0;
}

static uint64_t
take(uint64_t count)
{
	uint64_t first = 99;

	assert_int_equal(nonces_reserve(&n, count, &first), 0);
	return first;
}

static void
test_a_new_wallet_begins_where_the_chain_is(void **state)
{
	(void)state;
	assert_int_equal(nonces_seed(&n, 0, 0, 5), 0);
	assert_int_equal(take(1), 5);
	assert_false(nonces_open(&n));
}

static void
test_the_journal_counts_not_the_node(void **state)
{
	(void)state;
	/* lying low is harmless */
	assert_int_equal(nonces_seed(&n, 1, 9, 0), 0);
	assert_int_equal(take(1), 10);
	assert_true(nonces_open(&n));
}

static void
test_a_node_that_knows_more_stops_the_wallet(void **state)
{
	uint64_t first = 99;

	(void)state;
	assert_int_equal(nonces_seed(&n, 1, 9, 11), ERR_WRONG_STATE);
	assert_int_equal(n.stopped, 1);
	assert_non_null(strstr(n.text, "11"));
	assert_non_null(strstr(n.text, "nonces below 10"));
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_WRONG_STATE);
	assert_int_equal(first, 99);
	/* an answer that fits again does not start it */
	nonces_heard(&n, 10);
	assert_int_equal(n.stopped, 1);
	assert_int_equal(nonces_seed(&n, 1, 9, 10), ERR_WRONG_STATE);
}

static void
test_what_is_heard_later(void **state)
{
	(void)state;
	nonces_heard(&n, 1000); /* nothing is known to compare it with */
	assert_int_equal(n.stopped, 0);
	assert_int_equal(nonces_seed(&n, 1, 9, 10), 0);
	nonces_heard(&n, 0);
	nonces_heard(&n, 10);
	assert_int_equal(n.stopped, 0);
	assert_int_equal(n.next, 10);
	nonces_heard(&n, 11);
	assert_int_equal(n.stopped, 1);
}

static void
test_reserve_commit_release(void **state)
{
	uint64_t first = 99;

	(void)state;
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_WRONG_STATE);
	assert_int_equal(nonces_seed(&n, 0, 0, 0), 0);
	assert_int_equal(take(2), 0);
	/* one trade of a wallet at a time */
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_CONFLICT);
	nonces_release(&n);
	assert_int_equal(take(2), 0);
	nonces_commit(&n);
	assert_int_equal(n.next, 2);
	nonces_commit(&n); /* nothing is held */
	nonces_release(&n);
	assert_int_equal(n.next, 2);
	assert_int_equal(take(1), 2);
	/* a commit whose end is not known: the journal is asked again */
	nonces_forget(&n);
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_WRONG_STATE);
	assert_int_equal(nonces_seed(&n, 1, 2, 0), 0);
	assert_int_equal(take(1), 3);
}

static void
test_open_steps(void **state)
{
	(void)state;
	assert_int_equal(nonces_seed(&n, 0, 0, 0), 0);
	(void)take(2);
	nonces_commit(&n);
	assert_true(nonces_open(&n));
	nonces_mined(&n, 0);
	assert_true(nonces_open(&n));
	nonces_mined(&n, 1);
	assert_false(nonces_open(&n));
	nonces_mined(&n, 0); /* seen again */
	assert_false(nonces_open(&n));
	nonces_reorged(&n, 1);
	assert_true(nonces_open(&n));
	nonces_mined(&n, 1);
	assert_false(nonces_open(&n));
}

static void
test_a_lost_step_stops_and_its_receipt_starts_again(void **state)
{
	uint64_t first;

	(void)state;
	assert_int_equal(nonces_seed(&n, 0, 0, 0), 0);
	(void)take(2);
	nonces_commit(&n);
	nonces_lost(&n, 0);
	assert_int_equal(n.stopped, 1);
	assert_non_null(strstr(n.text, "nonce 0"));
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_WRONG_STATE);
	nonces_mined(&n, 1); /* another step's */
	assert_int_equal(n.stopped, 1);
	nonces_mined(&n, 0);
	assert_int_equal(n.stopped, 0);
	assert_int_equal(take(1), 2);
}

static void
test_a_receipt_does_not_lift_a_stop_by_count(void **state)
{
	(void)state;
	assert_int_equal(nonces_seed(&n, 0, 0, 0), 0);
	(void)take(1);
	nonces_commit(&n);
	nonces_heard(&n, 50);
	nonces_lost(&n, 0); /* the first reason stays */
	nonces_mined(&n, 0);
	assert_int_equal(n.stopped, 1);
	assert_non_null(strstr(n.text, "50"));
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_new_wallet_begins_where_the_chain_is),
	    TEST(test_the_journal_counts_not_the_node),
	    TEST(test_a_node_that_knows_more_stops_the_wallet),
	    TEST(test_what_is_heard_later),
	    TEST(test_reserve_commit_release),
	    TEST(test_open_steps),
	    TEST(test_a_lost_step_stops_and_its_receipt_starts_again),
	    TEST(test_a_receipt_does_not_lift_a_stop_by_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
