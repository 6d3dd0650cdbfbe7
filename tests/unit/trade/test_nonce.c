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

static int
seed_new(uint64_t count)
{
	return nonces_seed(&n, &(struct nonces_journal){0, 0, 0}, count);
}

/* A journal without gaps. */
static int
seed(uint64_t highest, uint64_t count)
{
	uint64_t above = count > highest ? 0 : highest - count + 1;

	return nonces_seed(&n, &(struct nonces_journal){1, highest, above}, count);
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
	assert_int_equal(seed_new(5), 0);
	assert_int_equal(take(1), 5);
	assert_false(nonces_open(&n));
}

static void
test_the_journal_counts_not_the_node(void **state)
{
	(void)state;
	/* lying low is harmless */
	assert_int_equal(seed(9, 0), 0);
	assert_int_equal(take(1), 10);
	assert_true(nonces_open(&n));
}

static void
test_a_node_that_knows_more_stops_the_wallet(void **state)
{
	uint64_t first = 99;

	(void)state;
	assert_int_equal(seed(9, 11), ERR_WRONG_STATE);
	assert_int_equal(n.stopped != NONCES_GO_ON, 1);
	assert_non_null(strstr(n.text, "11"));
	assert_non_null(strstr(n.text, "nonces below 10"));
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_WRONG_STATE);
	assert_int_equal(first, 99);
	/* an answer that fits again does not start it */
	nonces_heard(&n, 10);
	assert_int_equal(n.stopped != NONCES_GO_ON, 1);
	assert_int_equal(seed(9, 10), ERR_WRONG_STATE);
}

static void
test_what_is_heard_later(void **state)
{
	(void)state;
	nonces_heard(&n, 1000); /* nothing is known to compare it with */
	assert_int_equal(n.stopped, 0);
	assert_int_equal(seed(9, 10), 0);
	nonces_heard(&n, 0);
	nonces_heard(&n, 10);
	assert_int_equal(n.stopped, 0);
	assert_int_equal(n.next, 10);
	nonces_heard(&n, 11);
	assert_int_equal(n.stopped != NONCES_GO_ON, 1);
}

static void
test_reserve_commit_release(void **state)
{
	uint64_t first = 99;

	(void)state;
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_WRONG_STATE);
	assert_int_equal(seed_new(0), 0);
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
	assert_int_equal(seed(2, 0), 0);
	assert_int_equal(take(1), 3);
}

static void
test_open_steps(void **state)
{
	(void)state;
	assert_int_equal(seed_new(0), 0);
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
	assert_int_equal(seed_new(0), 0);
	(void)take(2);
	nonces_commit(&n);
	nonces_lost(&n, 0);
	assert_int_equal(n.stopped != NONCES_GO_ON, 1);
	assert_non_null(strstr(n.text, "nonce 0"));
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_WRONG_STATE);
	nonces_mined(&n, 1); /* another step's */
	assert_int_equal(n.stopped != NONCES_GO_ON, 1);
	nonces_mined(&n, 0);
	assert_int_equal(n.stopped, 0);
	assert_int_equal(take(1), 2);
}

static void
test_a_receipt_does_not_lift_a_stop_by_count(void **state)
{
	(void)state;
	assert_int_equal(seed_new(0), 0);
	(void)take(1);
	nonces_commit(&n);
	nonces_heard(&n, 50);
	nonces_lost(&n, 0); /* the first reason stays */
	nonces_mined(&n, 0);
	assert_int_equal(n.stopped != NONCES_GO_ON, 1);
	assert_non_null(strstr(n.text, "50"));
}

static void
test_a_planted_nonce_stops_until_the_gap_is_closed(void **state)
{
	const struct nonces_journal planted = {1, 1000, 3}; /* 8, 9 and 1000 */

	(void)state;
	assert_int_equal(nonces_seed(&n, &planted, 8), ERR_WRONG_STATE);
	assert_int_equal(n.stopped, NONCES_STOPPED_BY_GAP);
	assert_non_null(strstr(n.text, "nonce 1000"));
	assert_non_null(strstr(n.text, "database"));
	assert_int_equal(n.known, 0);
	/* another word does not lift it, the journal as it should be does */
	nonces_heard(&n, 8);
	nonces_mined(&n, 9);
	assert_int_equal(n.stopped, NONCES_STOPPED_BY_GAP);
	assert_int_equal(seed(9, 8), 0);
	assert_int_equal(take(1), 10);
}

static void
test_a_missing_row_is_a_gap(void **state)
{
	(void)state;
	assert_int_equal(nonces_seed(&n, &(struct nonces_journal){1, 9, 1}, 8), ERR_WRONG_STATE);
	assert_int_equal(n.stopped, NONCES_STOPPED_BY_GAP);
	/* below the count nothing is missed: it is on chain */
	assert_int_equal(nonces_seed(&n, &(struct nonces_journal){1, 9, 0}, 10), 0);
}

static void
test_the_end_of_the_nonces_is_not_passed(void **state)
{
	const uint64_t end = INT64_MAX;
	uint64_t first = 99;

	(void)state;
	assert_int_equal(seed_new(end + 1), ERR_WRONG_STATE);
	assert_int_equal(n.stopped, NONCES_STOPPED_BY_GAP);
	assert_int_equal(seed(UINT64_MAX, 5), ERR_WRONG_STATE);
	assert_int_equal(nonces_seed(&n, &(struct nonces_journal){1, UINT64_MAX, 0}, 0),
			 ERR_WRONG_STATE);
	/* the last one can be used, alone */
	assert_int_equal(seed_new(end), 0);
	assert_int_equal(nonces_reserve(&n, 2, &first), ERR_WRONG_STATE);
	assert_int_equal(first, 99);
	assert_non_null(strstr(n.text, "used up"));
	assert_int_equal(seed_new(end), 0);
	assert_int_equal(take(1), end);
	nonces_commit(&n);
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_WRONG_STATE);
	assert_int_equal(seed(end, end), 0);
	assert_int_equal(nonces_reserve(&n, 1, &first), ERR_WRONG_STATE);
	assert_int_equal(nonces_reserve(&n, UINT64_MAX, &first), ERR_WRONG_STATE);
}

static void
test_spoiled_and_unreadable_rows_stop_until_they_are_whole(void **state)
{
	(void)state;
	assert_int_equal(seed(9, 8), 0);
	nonces_spoiled(&n, 9, "trd_1");
	assert_non_null(strstr(n.text, "nonce 9 (trade trd_1)"));
	nonces_unreadable(&n, "trd_2"); /* the first reason stays */
	nonces_readable(&n);
	nonces_repaired(&n, 8);
	nonces_mined(&n, 9);
	assert_int_equal(n.stopped, NONCES_STOPPED_BY_BYTES);
	nonces_repaired(&n, 9);
	assert_int_equal(n.stopped, NONCES_GO_ON);
	nonces_unreadable(&n, "");
	assert_non_null(strstr(n.text, "trade unknown"));
	nonces_spoiled(&n, 9, "trd_1");
	nonces_repaired(&n, 9);
	assert_int_equal(n.stopped, NONCES_STOPPED_BY_ROW);
	nonces_readable(&n);
	assert_int_equal(take(1), 10);
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
	    TEST(test_a_planted_nonce_stops_until_the_gap_is_closed),
	    TEST(test_a_missing_row_is_a_gap),
	    TEST(test_the_end_of_the_nonces_is_not_passed),
	    TEST(test_spoiled_and_unreadable_rows_stop_until_they_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
