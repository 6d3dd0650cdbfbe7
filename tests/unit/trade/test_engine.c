/* A request's way: turn, plan, signer, journal, node; and the same request twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "trade/step.h"
#include "world.h"

#define SPLIT                                                                                \
	"{\"type\":\"split\",\"conditionId\":"                                               \
	"\"0x1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51\",\"amount\":" \
	"\"10\"}"
#define SPLIT_OTHER                                                                          \
	"{\"type\":\"split\",\"conditionId\":"                                               \
	"\"0x1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51\",\"amount\":" \
	"\"11\"}"
#define CALL "{\"type\":\"call\",\"to\":\"0x3535353535353535353535353535353535353535\"}"
#define WAIT 20000

static int
setup(void **state)
{
	(void)state;
	world_open();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	world_close();
	assert_int_equal(world.sent_before_journal, 0);
	return 0;
}

static struct world_outcome
trade(const char *body, uint64_t wait_ms)
{
	struct world_outcome o;

	world_trade(body, NULL, wait_ms, &o);
	world_run(20);
	assert_int_equal(o.done, 1);
	return o;
}

static void
nothing_happened(void)
{
	assert_int_equal(world.trade_count, 0);
	assert_int_equal(world.sent, 0);
}

static void
test_a_split_is_journalled_sent_and_mined(void **state)
{
	struct world_outcome o = trade(SPLIT, WAIT);

	(void)state;
	assert_int_equal(o.outcome.err, 0);
	assert_string_equal(o.status, "mined");
	assert_int_equal(o.step_count, 2);
	assert_string_equal(o.kinds[0], "approve");
	assert_string_equal(o.kinds[1], "split");
	assert_int_equal(o.nonces[0], 0);
	assert_int_equal(o.nonces[1], 1);
	assert_int_equal(strlen(o.id), 36);
	assert_memory_equal(o.id, "trd_", 4);
	assert_int_equal(world.trade_count, 1);
	assert_string_equal(world.trades_rows[0].request, SPLIT);
	assert_string_equal(world.trades_rows[0].kind, "split");
	assert_non_null(strstr(world.trades_rows[0].receipt, "\"signature\":\"0x"));
	assert_int_equal(world.steps[0].wallet[0], 0xaa);
	assert_int_equal(world.signatures, 2);
}

static void
test_an_allowance_that_suffices_needs_no_approval(void **state)
{
	struct world_outcome o;

	(void)state;
	world.allowance = 10000000;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.step_count, 1);
	/* one unit less, and it does */
	world.allowance--;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.step_count, 2);
}

static void
test_a_step_under_way_may_use_the_allowance_up(void **state)
{
	struct world_outcome o;

	(void)state;
	world.allowance = 10000000;
	world.automine = 0;
	o = trade(SPLIT, 0);
	assert_int_equal(o.step_count, 1);
	o = trade(SPLIT, 0);
	assert_int_equal(o.step_count, 2);
	assert_int_equal(o.nonces[0], 1);
}

static void
test_without_waiting_the_answer_comes_once_it_is_sent(void **state)
{
	struct world_outcome o;

	(void)state;
	world.automine = 0;
	o = trade(SPLIT, 0);
	assert_int_equal(o.outcome.err, 0);
	assert_string_equal(o.status, "pending");
	assert_int_equal(world.sent, 2);
}

static void
test_waiting_has_an_end(void **state)
{
	struct world_outcome o;

	(void)state;
	world.automine = 0;
	world_trade(SPLIT, NULL, 500, &o);
	world_run(5);
	assert_int_equal(o.done, 0);
	world.clock_ms += 500;
	for (int i = 0; i < 100 && o.done == 0; i++)
		world_run(1);
	assert_int_equal(o.done, 1);
	assert_int_equal(o.outcome.err, 0);
	assert_string_equal(o.status, "pending");
}

static void
test_a_refusal_signs_journals_and_sends_nothing(void **state)
{
	struct world_outcome o;

	(void)state;
	world.refuse_err = ERR_POLICY;
	world.refuse_rule = "token-per-day";
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, ERR_POLICY);
	assert_string_equal(o.outcome.rule, "token-per-day");
	assert_true(o.outcome.detail[0] != '\0');
	nothing_happened();
	/* its nonces go to the next */
	world.refuse_err = 0;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.nonces[0], 0);
}

static void
test_a_wrong_key_is_refused(void **state)
{
	struct world_outcome o;
	uint8_t right = world.api_key[0];

	(void)state;
	world_trade(SPLIT, NULL, WAIT, &o);
	world.api_key[0] ^= 1; /* of the signer */
	world_run(10);
	assert_int_equal(o.outcome.err, ERR_AUTH);
	world.api_key[0] = right;
	nothing_happened();
}

static void
test_a_signer_that_signs_something_else_is_not_believed(void **state)
{
	(void)state;
	for (int field = 1; field <= 4; field++) {
		struct world_outcome o;

		world.wrong_field = field;
		o = trade(SPLIT, WAIT);
		if (o.outcome.err == 0)
			fail_msg("field %d", field);
		nothing_happened();
	}
}

static void
test_the_fee_ceiling_holds(void **state)
{
	struct world_outcome o;

	(void)state;
	world.base_fee = 501 * GWEI;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, ERR_POLICY);
	assert_string_equal(o.outcome.rule, "fee-ceiling");
	nothing_happened();
	assert_int_equal(world.signatures, 0);
	/* below it, the fees are bounded by it */
	world.base_fee = 400 * GWEI;
	world.clock_ms += 10000;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, 0);
	assert_true(world.txs[0].max_fee.limb[0] == 500 * GWEI);
}

static void
test_fees_are_asked_once_for_all(void **state)
{
	struct world_outcome o[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		world_trade(CALL, NULL, 0, &o[i]);
	world_run(20);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(o[i].outcome.err, 0);
	assert_int_equal(world.histories, 1);
	world.clock_ms += 2000;
	(void)world_transfer(0);
	assert_int_equal(world.histories, 2);
}

static void
test_a_commit_that_fails_sends_nothing_and_gives_the_nonces_back(void **state)
{
	struct world_outcome o;

	(void)state;
	world.insert_err = ERR_DATABASE;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, ERR_DATABASE);
	nothing_happened();
	assert_int_equal(world.signatures, 2);
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, 0);
	assert_int_equal(o.nonces[0], 0);
}

static void
test_a_commit_whose_end_was_not_heard_is_looked_up(void **state)
{
	struct world_outcome o;

	(void)state;
	world.insert_err = ERR_DATABASE;
	world.insert_applied = 1;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, 0);
	assert_string_equal(o.status, "mined");
	world.insert_applied = 0;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.nonces[0], 2);
}

static void
test_a_commit_in_doubt_leaves_its_nonces_to_the_journal(void **state)
{
	struct world_outcome o;

	(void)state;
	world.insert_err = ERR_DATABASE;
	world.insert_applied = 1;
	world.read_err = ERR_DATABASE;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, ERR_DATABASE);
	/* it is in the journal all the same, and goes out from there */
	world.insert_applied = 0;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, 0);
	assert_int_equal(o.nonces[0], 2);
	world_run(20);
	for (size_t i = 0; i < 4; i++)
		assert_true(step_has_receipt(&world.steps[i]));
}

static void
test_nonces_taken_in_the_journal_are_planned_again(void **state)
{
	struct world_outcome o;

	(void)state;
	(void)world_transfer(WAIT);
	/* somebody else's step appears behind the engine's back */
	assert_int_equal(step_copy(&world.steps[0], &world.steps[world.step_count]), 0);
	world.steps[world.step_count].nonce = 1;
	world.steps[world.step_count].number = 1;
	world.steps[world.step_count++].state = STEP_FINAL;
	o = trade(SPLIT, 0);
	assert_int_equal(o.outcome.err, 0);
	assert_int_equal(o.nonces[0], 2);
}

static void
test_eight_at_once_have_gapless_nonces_in_order(void **state)
{
	struct world_outcome o[8];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		world_trade(SPLIT, NULL, WAIT, &o[i]);
	world_run(60);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(o[i].done, 1);
		assert_int_equal(o[i].outcome.err, 0);
		assert_int_equal(o[i].nonces[0], 2 * i);
		assert_int_equal(o[i].nonces[1], 2 * i + 1);
		assert_true(strcmp(o[i].status, "mined") == 0 || strcmp(o[i].status, "final") == 0);
	}
	assert_int_equal(world.step_count, 16);
}

static void
test_a_long_queue_of_refusals_is_no_deep_stack(void **state)
{
	static struct world_outcome o[2000];

	(void)state;
	world.lie_count = 1;
	(void)world_transfer(0);
	world.count_lie = 50;
	world.clock_ms += 60000;
	for (size_t i = 0; i < 2000; i++)
		world_trade(CALL, NULL, 0, &o[i]);
	world_run(200);
	for (size_t i = 0; i < 2000; i++)
		assert_int_equal(o[i].done, 1);
	assert_int_equal(o[1999].outcome.err, ERR_WRONG_STATE);
}

/* --- nonces and the node ------------------------------------------------------ */

static void
test_the_first_nonce_is_the_nodes_and_no_other(void **state)
{
	struct world_outcome o;

	(void)state;
	world.first_count = 5;
	o = world_transfer(WAIT);
	assert_int_equal(o.nonces[0], 5);
	world.lie_count = 1;
	world.count_lie = 0;
	world.clock_ms += 60000;
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, 0);
	assert_int_equal(o.nonces[0], 6);
	world_restart();
	/* a count that low would leave nonces that nobody has: not while the node says so */
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
	world.lie_count = 0;
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, 0);
	assert_int_equal(o.nonces[0], 7);
}

static void
test_a_planted_nonce_stops_the_wallet_after_a_start(void **state)
{
	struct world_outcome o;
	char text[256];

	(void)state;
	(void)world_transfer(WAIT);
	(void)world_transfer(WAIT);
	world.steps[1].nonce = 1000;
	o = world_transfer(WAIT); /* what this process knows stands */
	assert_int_equal(o.nonces[0], 2);
	world_restart();
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
	assert_non_null(strstr(o.outcome.detail, "nonce 1000"));
	assert_int_equal(trades_wallet_stopped(world.trades, world.steps[0].wallet, text, 256), 1);
	world.steps[1].nonce = 1;
	o = world_transfer(WAIT);
	assert_int_equal(o.nonces[0], 3);
	assert_int_equal(trades_wallet_stopped(world.trades, world.steps[0].wallet, text, 256), 0);
}

static void
test_the_last_nonce_has_none_after_it(void **state)
{
	struct world_outcome o;

	(void)state;
	world.first_count = INT64_MAX;
	world.automine = 0;
	o = world_transfer(0);
	assert_int_equal(o.nonces[0], INT64_MAX);
	o = world_transfer(0);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
	assert_non_null(strstr(o.outcome.detail, "used up"));
	world_restart();
	o = world_transfer(0);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
}

static void
test_a_node_that_counts_more_stops_the_wallet(void **state)
{
	struct world_outcome o;
	struct trades_counts counts;
	uint8_t wallet[20];
	char text[256];

	(void)state;
	memset(wallet, 0xaa, sizeof wallet);
	(void)world_transfer(WAIT);
	assert_int_equal(trades_wallet_stopped(world.trades, wallet, text, sizeof text), 0);
	world.lie_count = 1;
	world.count_lie = 99;
	world.clock_ms += 60000;
	(void)world_transfer(0); /* the count is heard beside it */
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
	assert_non_null(strstr(o.outcome.detail, "99"));
	assert_int_equal(trades_wallet_stopped(world.trades, wallet, text, sizeof text), 1);
	trades_counts(world.trades, &counts);
	assert_int_equal(counts.stopped_wallets, 1);
	/* a start sees it again */
	world_restart();
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
	/* and a node that says so no more, after a start, is believed */
	world.lie_count = 0;
	world_restart();
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, 0);
}

static void
test_a_node_that_cannot_be_reached_is_an_error_before_signing(void **state)
{
	struct world_outcome o;

	(void)state;
	world.node_down = 1;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, ERR_RPC);
	assert_true(o.outcome.detail[0] != '\0');
	assert_int_equal(world.signatures, 0);
	nothing_happened();
}

static void
test_a_call_that_would_revert_is_refused_with_its_reason(void **state)
{
	struct world_outcome o;

	(void)state;
	world.reverting = 1;
	/* the fake node estimates gas all the same; the allowance's eth_call is what reverts */
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, ERR_RPC);
	nothing_happened();
}

/* --- records ------------------------------------------------------------------ */

static void
test_the_newest_record_is_known_and_goes_on(void **state)
{
	struct bytes record;
	uint8_t mac[32];

	(void)state;
	assert_int_equal(trades_latest_record(world.trades, "a", &record, mac), ERR_NOT_FOUND);
	(void)world_transfer(WAIT);
	assert_int_equal(trades_latest_record(world.trades, "a", &record, mac), 0);
	assert_int_equal(mac[0], 1);
}

static void
test_a_change_in_between_is_tried_again_with_the_new_record(void **state)
{
	struct world_outcome o;

	(void)state;
	world.stale_once = 1;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, 0);
	assert_int_equal(o.nonces[0], 0);
	assert_int_equal(world.trade_count, 1);
}

static void
test_a_stale_row_without_a_newer_record_is_refused(void **state)
{
	struct world_outcome o;

	(void)state;
	world.refuse_err = ERR_STALE;
	world.refuse_rule = "";
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, ERR_STALE);
	nothing_happened();
}

static void
test_a_malformed_row_is_refused(void **state)
{
	struct world_outcome o;

	(void)state;
	world.agent.record.len--;
	o = trade(SPLIT, WAIT);
	assert_int_equal(o.outcome.err, ERR_MAC);
	nothing_happened();
}

/* --- idempotency -------------------------------------------------------------- */

static void
test_the_same_key_at_once_is_one_trade(void **state)
{
	struct world_outcome a, b, c;

	(void)state;
	world_trade(SPLIT, "k", WAIT, &a);
	world_trade(SPLIT, "k", WAIT, &b);
	world_trade(SPLIT_OTHER, "k", WAIT, &c);
	world_run(30);
	assert_int_equal(a.outcome.err, 0);
	assert_int_equal(b.outcome.err, 0);
	assert_string_equal(a.id, b.id);
	assert_int_equal(a.outcome.replayed, 0);
	assert_int_equal(b.outcome.replayed, 1);
	assert_string_equal(b.status, "mined");
	assert_int_equal(c.outcome.err, ERR_EXISTS);
	assert_int_equal(world.trade_count, 1);
	assert_int_equal(world.signatures, 2);
}

/* The signer keeps count of keys too, in case the journal loses one. */
static void
test_the_signer_learns_the_key(void **state)
{
	struct world_outcome o;

	(void)state;
	world_trade(SPLIT, "k", WAIT, &o);
	world_run(20);
	assert_int_equal(world.named, 1);
	assert_memory_equal(world.name, world.trades_rows[0].idempotency_hash, 32);
	world_trade(SPLIT, NULL, WAIT, &o);
	world_run(20);
	assert_int_equal(world.named, 0);
}

static void
test_the_same_key_later_and_after_a_restart(void **state)
{
	struct world_outcome a, b;

	(void)state;
	world_trade(SPLIT, "k", WAIT, &a);
	world_run(20);
	world_trade(SPLIT, "k", WAIT, &b);
	world_run(20);
	assert_string_equal(a.id, b.id);
	assert_int_equal(b.outcome.replayed, 1);
	world_restart();
	world_trade(SPLIT, "k", 0, &b);
	world_run(20);
	assert_string_equal(a.id, b.id);
	assert_int_equal(b.step_count, 2);
	world_trade(SPLIT_OTHER, "k", WAIT, &b);
	world_run(20);
	assert_int_equal(b.outcome.err, ERR_EXISTS);
	world_trade(SPLIT, "k2", WAIT, &b);
	world_run(20);
	assert_string_not_equal(a.id, b.id);
	assert_int_equal(world.trade_count, 2);
}

static void
test_an_earlier_trade_is_shown_to_the_keys_holder_only(void **state)
{
	struct world_outcome a, b;

	(void)state;
	world_trade(SPLIT, "k", WAIT, &a);
	world_run(20);
	world_trade(SPLIT, "k", WAIT, &b);
	world.api_key[0] ^= 1;
	world_run(20);
	assert_int_equal(b.outcome.err, ERR_AUTH);
	assert_null(b.outcome.op);
}

static void
test_a_request_that_failed_leaves_its_key_free(void **state)
{
	struct world_outcome a, b;

	(void)state;
	world.node_down = 1;
	world_trade(SPLIT, "k", WAIT, &a);
	world_trade(SPLIT, "k", WAIT, &b);
	world_run(20);
	assert_int_equal(a.outcome.err, ERR_RPC);
	assert_int_equal(b.outcome.err, ERR_RPC);
	world.node_down = 0;
	world_trade(SPLIT, "k", WAIT, &a);
	world_run(20);
	assert_int_equal(a.outcome.err, 0);
	assert_int_equal(world.trade_count, 1);
}

static void
test_a_key_that_another_process_took_first_shows_its_trade(void **state)
{
	struct world_outcome a, b;

	(void)state;
	world_trade(SPLIT, "k", WAIT, &a);
	world_run(20);
	world.miss = 1; /* the insert meets the row all the same */
	world_trade(SPLIT, "k", WAIT, &b);
	world_run(30);
	assert_int_equal(b.outcome.err, 0);
	assert_string_equal(a.id, b.id);
	assert_int_equal(b.outcome.replayed, 1);
	assert_int_equal(world.trade_count, 1);
	/* the nonces that it had reserved go to the next */
	world_trade(SPLIT, "k2", WAIT, &b);
	world_run(30);
	assert_int_equal(b.nonces[0], 2);
	/* with another body it is refused there too */
	world.miss = 1;
	world_trade(SPLIT_OTHER, "k", WAIT, &b);
	world_run(30);
	assert_int_equal(b.outcome.err, ERR_EXISTS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_split_is_journalled_sent_and_mined),
	    TEST(test_an_allowance_that_suffices_needs_no_approval),
	    TEST(test_a_step_under_way_may_use_the_allowance_up),
	    TEST(test_without_waiting_the_answer_comes_once_it_is_sent),
	    TEST(test_waiting_has_an_end),
	    TEST(test_a_refusal_signs_journals_and_sends_nothing),
	    TEST(test_a_wrong_key_is_refused),
	    TEST(test_a_signer_that_signs_something_else_is_not_believed),
	    TEST(test_the_fee_ceiling_holds),
	    TEST(test_fees_are_asked_once_for_all),
	    TEST(test_a_commit_that_fails_sends_nothing_and_gives_the_nonces_back),
	    TEST(test_a_commit_whose_end_was_not_heard_is_looked_up),
	    TEST(test_a_commit_in_doubt_leaves_its_nonces_to_the_journal),
	    TEST(test_nonces_taken_in_the_journal_are_planned_again),
	    TEST(test_eight_at_once_have_gapless_nonces_in_order),
	    TEST(test_a_long_queue_of_refusals_is_no_deep_stack),
	    TEST(test_the_first_nonce_is_the_nodes_and_no_other),
	    TEST(test_a_planted_nonce_stops_the_wallet_after_a_start),
	    TEST(test_the_last_nonce_has_none_after_it),
	    TEST(test_a_node_that_counts_more_stops_the_wallet),
	    TEST(test_a_node_that_cannot_be_reached_is_an_error_before_signing),
	    TEST(test_a_call_that_would_revert_is_refused_with_its_reason),
	    TEST(test_the_newest_record_is_known_and_goes_on),
	    TEST(test_a_change_in_between_is_tried_again_with_the_new_record),
	    TEST(test_a_stale_row_without_a_newer_record_is_refused),
	    TEST(test_a_malformed_row_is_refused),
	    TEST(test_the_same_key_at_once_is_one_trade),
	    TEST(test_the_signer_learns_the_key),
	    TEST(test_the_same_key_later_and_after_a_restart),
	    TEST(test_an_earlier_trade_is_shown_to_the_keys_holder_only),
	    TEST(test_a_request_that_failed_leaves_its_key_free),
	    TEST(test_a_key_that_another_process_took_first_shows_its_trade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
