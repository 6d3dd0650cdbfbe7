/* What becomes of a journalled step: sent again, raised, reorganised, reverted, final. */
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

static struct trades_counts
counts(void)
{
	struct trades_counts c;

	trades_counts(world.trades, &c);
	return c;
}

static void
state_is(size_t step, uint32_t state)
{
	if (world.steps[step].state != state)
		fail_msg("step %zu: state %u, not %u (%s)", step, world.steps[step].state, state,
			 world.steps[step].error == NULL ? "" : world.steps[step].error);
}

static void
error_says(size_t step, const char *words)
{
	assert_non_null(world.steps[step].error);
	if (strstr(world.steps[step].error, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", world.steps[step].error, words);
}

static void
test_final_at_the_depth_and_not_before(void **state)
{
	(void)state;
	(void)world_transfer(WAIT);
	state_is(0, STEP_MINED);
	assert_int_equal(world.steps[0].block_number, world.head);
	assert_int_equal(world.steps[0].gas_used, 20000);
	world.head += 2;
	world_run(10);
	state_is(0, STEP_MINED);
	world.head += 1;
	world_run(10);
	state_is(0, STEP_FINAL);
	/* it is not looked at again */
	world_run(5);
	assert_int_equal(counts().open, 0);
	world.hide_receipts = 1;
	world_run(10);
	state_is(0, STEP_FINAL);
}

static void
test_a_revert_has_its_reason(void **state)
{
	struct world_outcome o;

	(void)state;
	world.reverting = 1;
	o = world_transfer(WAIT);
	assert_string_equal(o.status, "reverted");
	assert_string_equal(o.error, "no");
	world.head += 3;
	world_run(10);
	state_is(0, STEP_FAILED);
	error_says(0, "no");
}

static void
test_a_revert_for_want_of_gas_says_so(void **state)
{
	struct world_outcome o;

	(void)state;
	world.reverting = 1;
	world.gas_used = 21000; /* all that it had */
	o = world_transfer(WAIT);
	assert_string_equal(o.error, "out of gas");
}

static void
test_a_reorganisation_sends_it_again(void **state)
{
	(void)state;
	(void)world_transfer(WAIT);
	state_is(0, STEP_MINED);
	/* the block is gone, and its transaction in no pool */
	world.automine = 0;
	world.txs[0].block = 0;
	world_run(10);
	state_is(0, STEP_SENT);
	assert_int_equal(world.steps[0].block_number, 0);
	assert_int_equal(world.sent, 2);
	assert_int_equal(counts().reorged, 1);
	world.head += 5;
	world_mine();
	world_run(10);
	assert_int_equal(world.steps[0].block_number, world.head);
	state_is(0, STEP_MINED);
}

static void
test_the_same_block_number_with_another_hash_is_a_reorganisation(void **state)
{
	uint8_t before[32];

	(void)state;
	(void)world_transfer(WAIT);
	memcpy(before, world.steps[0].block_hash, 32);
	world.branch = 7;
	world_run(10);
	state_is(0, STEP_MINED);
	assert_memory_not_equal(before, world.steps[0].block_hash, 32);
	assert_int_equal(counts().reorged, 1);
	/* success on one branch, failure on the other */
	world.branch = 8;
	world.reverting = 1;
	world_run(10);
	state_is(0, STEP_REVERTED);
	error_says(0, "no");
	world.branch = 9;
	world.reverting = 0;
	world_run(10);
	state_is(0, STEP_MINED);
	assert_null(world.steps[0].error);
}

static void
test_a_node_that_does_not_answer_changes_nothing(void **state)
{
	(void)state;
	(void)world_transfer(WAIT);
	world.node_down = 1;
	world_run(20);
	state_is(0, STEP_MINED);
	assert_int_equal(counts().reorged, 0);
}

static void
test_what_a_node_forgot_is_sent_again(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	world_run(20);
	assert_int_equal(world.sent, 1);
	world.txs[0].pooled = 0;
	world_run(20);
	assert_int_equal(world.sent, 2);
	assert_int_equal(world.txs[1].pooled, 1);
	assert_memory_equal(world.txs[0].hash, world.txs[1].hash, 32);
}

static void
test_a_start_sends_what_is_open_again(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	world_run(10);
	assert_int_equal(world.sent, 1);
	world_restart();
	world_run(10);
	assert_int_equal(world.sent, 2);
	/* and what was journalled and never sent */
	world.steps[0].state = STEP_SIGNED;
	world.tx_count = 0;
	world.automine = 1;
	world_restart();
	world_run(10);
	state_is(0, STEP_MINED);
}

static void
test_a_node_that_is_down_when_it_is_to_be_sent(void **state)
{
	struct world_outcome o;

	(void)state;
	world.refusal = "no RPC node can be reached";
	world.refusal_class = RPC_UNREACHABLE;
	o = world_transfer(0);
	assert_int_equal(o.outcome.err, 0);
	assert_string_equal(o.status, "signed");
	world.refusal = NULL;
	world_run(10);
	state_is(0, STEP_MINED);
}

static void
test_without_funds_it_is_stuck_and_goes_on_with_them(void **state)
{
	struct world_outcome o;

	(void)state;
	world.poor = 1;
	o = world_transfer(WAIT);
	assert_string_equal(o.status, "stuck");
	assert_non_null(strstr(o.error, "native coin"));
	world.poor = 0;
	world_run(20);
	state_is(0, STEP_MINED);
	assert_null(world.steps[0].error);
}

static void
test_other_refusals_are_stuck_with_the_nodes_words(void **state)
{
	struct world_outcome o;

	(void)state;
	world.refusal = "tx fee exceeds the configured cap";
	world.refusal_class = RPC_OTHER;
	o = world_transfer(WAIT);
	assert_string_equal(o.status, "stuck");
	assert_non_null(strstr(o.error, "exceeds the configured cap"));
}

/* --- fee bumps ---------------------------------------------------------------- */

static void
stuck_for(uint64_t ms)
{
	world.clock_ms += ms;
	world_run(10);
}

static void
test_fees_are_raised_after_the_time_and_not_before(void **state)
{
	struct u256 fee, tip;

	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	world_run(5);
	fee = world.txs[0].max_fee;
	tip = world.txs[0].tip;
	stuck_for(29000);
	assert_int_equal(world.bumps, 0);
	stuck_for(2000);
	assert_int_equal(world.bumps, 1);
	assert_int_equal(world.steps[0].attempt, 1);
	assert_int_equal(world.tx_count, 2);
	/* at least a tenth more on both */
	assert_true(world.txs[1].max_fee.limb[0] * 10 >= fee.limb[0] * 11);
	assert_true(world.txs[1].tip.limb[0] * 10 >= tip.limb[0] * 11);
	assert_int_equal(world.txs[1].nonce, world.txs[0].nonce);
	assert_memory_equal(world.steps[0].tx_hash, world.txs[1].hash, 32);
	assert_int_equal(world.steps[0].earlier_hashes.len, 32);
	assert_memory_equal(world.steps[0].earlier_hashes.p, world.txs[0].hash, 32);
	assert_int_equal(counts().bumped, 1);
	stuck_for(29000);
	assert_int_equal(world.bumps, 1);
	stuck_for(2000);
	assert_int_equal(world.bumps, 2);
	world_mine();
	world_run(10);
	state_is(0, STEP_MINED);
	assert_memory_equal(world.steps[0].tx_hash, world.txs[2].hash, 32);
}

static void
test_an_earlier_hash_may_be_the_one_that_is_mined(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	stuck_for(31000);
	assert_int_equal(world.bumps, 1);
	/* the block has the first one after all */
	world.txs[0].block = ++world.head;
	world.txs[1].pooled = 0;
	world_run(10);
	state_is(0, STEP_MINED);
	assert_memory_equal(world.steps[0].tx_hash, world.txs[0].hash, 32);
	assert_memory_equal(world.steps[0].earlier_hashes.p, world.txs[1].hash, 32);
	/* reorganised: what is sent again is the newest */
	world.txs[0].block = 0;
	world_run(10);
	assert_memory_equal(world.txs[world.tx_count - 1].hash, world.txs[1].hash, 32);
}

static void
test_only_the_lowest_nonce_is_raised(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	(void)world_transfer(0);
	stuck_for(31000);
	assert_int_equal(world.steps[0].attempt, 1);
	assert_int_equal(world.steps[1].attempt, 0);
	world_mine(); /* both */
	world_run(10);
	state_is(0, STEP_MINED);
	state_is(1, STEP_MINED);
}

static void
test_the_policys_ceiling_ends_the_raising(void **state)
{
	(void)state;
	world.automine = 0;
	world.base_fee = 235 * GWEI; /* 2 x base + tip = 500 Gwei: the ceiling */
	(void)world_transfer(0);
	stuck_for(31000);
	assert_int_equal(world.bumps, 0);
	error_says(0, "fee-ceiling");
	state_is(0, STEP_SENT);
	assert_int_equal(world.steps[0].attempt, 0);
}

static void
test_what_the_signer_refuses_is_told(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	world.refuse_err = ERR_POLICY;
	world.refuse_rule = "native-per-day";
	stuck_for(31000);
	assert_int_equal(world.bumps, 0);
	error_says(0, "native-per-day");
	state_is(0, STEP_SENT);
	world.refuse_err = 0;
	stuck_for(31000);
	assert_int_equal(world.bumps, 1);
}

static void
test_a_bump_that_is_not_what_was_asked_is_not_believed(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	world.wrong_field = 1;
	stuck_for(31000);
	assert_int_equal(world.steps[0].attempt, 0);
	assert_int_equal(world.tx_count, 1);
}

static void
test_a_rewritten_intent_is_not_raised(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	/* the recipient's last byte in the journalled fields */
	{
		uint8_t *intent = (uint8_t *)(uintptr_t)world.steps[0].intent.p;

		for (size_t i = 0; i + 20 <= world.steps[0].intent.len; i++) {
			if (intent[i] == 0x35 && intent[i + 19] == 0x35) {
				intent[i] = 0x36;
				break;
			}
		}
	}
	stuck_for(31000);
	assert_int_equal(world.bumps, 0);
	assert_int_equal(world.steps[0].attempt, 0);
	state_is(0, STEP_STUCK);
	error_says(0, "not the one that was asked for");
}

static void
test_an_underpriced_step_is_raised_sooner(void **state)
{
	(void)state;
	world.automine = 0;
	world.refusal = "transaction underpriced";
	world.refusal_class = RPC_UNDERPRICED;
	(void)world_transfer(0);
	stuck_for(9000);
	assert_int_equal(world.bumps, 0);
	stuck_for(2000);
	assert_int_equal(world.bumps, 1);
}

/* --- nonces ------------------------------------------------------------------- */

static void
test_a_nonce_that_is_used_by_nobody_of_ours_stops_the_wallet(void **state)
{
	struct world_outcome o;

	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	/* somebody else's transaction was mined with this nonce */
	world.txs[0].pooled = 0;
	world.refusal = "nonce too low";
	world.refusal_class = RPC_NONCE_TOO_LOW;
	world_run(9);
	state_is(0, STEP_SENT); /* not at the first word */
	world_run(60);
	state_is(0, STEP_STUCK);
	error_says(0, "nonce 0");
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
	assert_non_null(strstr(o.outcome.detail, "nonce"));
	/* its receipt explains it: the wallet goes on */
	world.refusal = NULL;
	world.automine = 1;
	world.txs[0].block = ++world.head;
	world_run(20);
	state_is(0, STEP_MINED);
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, 0);
}

static void
test_the_open_steps_of_a_stopped_wallet_say_so(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	world.lie_count = 1;
	world.count_lie = 77;
	stuck_for(16000);
	world_run(10);
	state_is(0, STEP_STUCK);
	error_says(0, "77");
	/* no fees are raised there */
	stuck_for(60000);
	assert_int_equal(world.bumps, 0);
}

static void
test_an_unmined_nonce_too_low_with_a_receipt_is_no_loss(void **state)
{
	(void)state;
	(void)world_transfer(WAIT);
	world.steps[0].state = STEP_SENT; /* as after a crash between receipt and commit */
	world_restart();
	world_run(20);
	state_is(0, STEP_MINED);
	assert_int_equal(world.sent, 1);
	assert_int_equal(counts().stopped_wallets, 0);
}

/* --- the database is the adversary's ------------------------------------------ */

static void
test_rewritten_bytes_are_not_sent(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	world.txs[0].pooled = 0;
	((uint8_t *)(uintptr_t)world.steps[0].raw.p)[10] ^= 1;
	world_restart();
	world_run(10);
	state_is(0, STEP_STUCK);
	error_says(0, "database");
	assert_int_equal(world.sent, 1);
}

/* Rounds, with the time between them that makes the count be asked for again. */
static void
listen_for(int times)
{
	for (int i = 0; i < times; i++) {
		world.clock_ms += 16000;
		world_run(10);
	}
}

static void
test_invented_receipts_are_undone_by_the_truth(void **state)
{
	(void)state;
	world.swallow = 1;
	world.invent_receipts = 1;
	(void)world_transfer(WAIT);
	(void)world_transfer(WAIT);
	world.head += 5;
	world_run(10);
	state_is(0, STEP_FINAL);
	state_is(1, STEP_FINAL);
	assert_int_equal(counts().open, 0);
	assert_int_equal(world.tx_count, 0);
	/* nobody trades and nothing is open, and it is found all the same */
	world.swallow = 0;
	world.invent_receipts = 0;
	listen_for(6);
	state_is(0, STEP_MINED);
	state_is(1, STEP_MINED);
	assert_int_equal(world.tx_count, 2);
	assert_int_equal(counts().reopened, 2);
	world.head += 5;
	listen_for(6);
	state_is(1, STEP_FINAL);
	assert_int_equal(world.tx_count, 2);
	assert_int_equal(counts().reopened, 2);
	assert_int_equal(counts().stopped_wallets, 0);
}

static void
test_a_wallet_behind_invented_receipts_goes_on(void **state)
{
	struct world_outcome o;

	(void)state;
	world.swallow = 1;
	world.invent_receipts = 1;
	(void)world_transfer(WAIT);
	world.head += 5;
	world_run(10);
	state_is(0, STEP_FINAL);
	world.swallow = 0;
	world.invent_receipts = 0;
	world_restart();
	o = world_transfer(WAIT);
	assert_int_equal(o.nonces[0], 1);
	listen_for(3);
	state_is(0, STEP_MINED);
	state_is(1, STEP_MINED);
	assert_int_equal(world.tx_count, 2);
}

static void
test_a_row_edited_to_final_is_opened_again(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	(void)world_transfer(0);
	/* lost by the node, so that only the journal has it; both edited */
	world.txs[0].pooled = 0;
	world.steps[0].state = STEP_FINAL;
	world.steps[1].state = STEP_FAILED;
	world.automine = 1;
	listen_for(8);
	state_is(0, STEP_MINED);
	state_is(1, STEP_MINED);
	assert_int_equal(counts().reopened, 2);
}

static void
test_one_low_count_opens_nothing(void **state)
{
	(void)state;
	(void)world_transfer(WAIT);
	world.head += 3;
	world_run(10);
	state_is(0, STEP_FINAL);
	/* a node behind the others answers once */
	world.lie_count = 1;
	world.count_lie = 0;
	listen_for(1);
	world.lie_count = 0;
	listen_for(4);
	assert_int_equal(counts().reopened, 0);
	/* one that stays behind is believed, and what was final is so again, unsent */
	world.lie_count = 1;
	listen_for(6);
	assert_true(counts().reopened >= 1);
	world.lie_count = 0;
	listen_for(3);
	state_is(0, STEP_FINAL);
	assert_int_equal(world.sent, 1);
}

static void
test_a_malformed_row_stops_its_wallet_until_it_is_whole(void **state)
{
	struct world_outcome o;

	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	(void)world_transfer(0);
	world.bad_row = 1;
	world_run(10);
	assert_int_equal(counts().unreadable, 1);
	assert_int_equal(counts().stopped_wallets, 1);
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
	assert_non_null(strstr(o.outcome.detail, world.steps[0].trade_id));
	/* the step behind it is still followed */
	world_mine();
	world_run(10);
	state_is(0, STEP_SENT);
	state_is(1, STEP_MINED);
	world.bad_row = 0;
	world_run(10);
	state_is(0, STEP_MINED);
	assert_int_equal(counts().unreadable, 0);
	assert_int_equal(counts().stopped_wallets, 0);
	world.automine = 1;
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, 0);
}

static void
swap_bytes(struct bytes *a, struct bytes *b)
{
	struct bytes keep = *a;

	*a = *b;
	*b = keep;
}

/* The bytes and hash of another transaction that was mined: the step is not mined by it. */
static void
test_another_transactions_bytes_are_not_taken_as_its_own(void **state)
{
	struct world_outcome o;
	uint8_t hash[32];

	(void)state;
	(void)world_transfer(WAIT);
	world.automine = 0;
	(void)world_transfer(0);
	world.txs[1].pooled = 0;
	world_run(1);
	memcpy(hash, world.steps[1].tx_hash, 32);
	memcpy(world.steps[1].tx_hash, world.steps[0].tx_hash, 32);
	swap_bytes(&world.steps[0].raw, &world.steps[1].raw);
	world_run(10);
	state_is(1, STEP_STUCK);
	error_says(1, "database");
	assert_int_equal(world.sent, 2);
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
	assert_non_null(strstr(o.outcome.detail, "not the one"));
	/* restored: all goes on */
	memcpy(world.steps[1].tx_hash, hash, 32);
	swap_bytes(&world.steps[0].raw, &world.steps[1].raw);
	world.automine = 1;
	world_run(20);
	state_is(0, STEP_MINED);
	state_is(1, STEP_MINED);
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, 0);
}

/* A whole row copied from another agent, intent and all: its receipt names another wallet. */
static void
test_a_receipt_of_another_wallet_is_not_its_own(void **state)
{
	struct world_outcome o;

	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	world.txs[0].stranger = 1;
	world_mine();
	world_run(10);
	state_is(0, STEP_STUCK);
	assert_int_equal(counts().stopped_wallets, 1);
	o = world_transfer(WAIT);
	assert_int_equal(o.outcome.err, ERR_WRONG_STATE);
	world.txs[0].stranger = 0;
	world_run(10);
	state_is(0, STEP_MINED);
	assert_int_equal(counts().stopped_wallets, 0);
}

static void
test_a_row_of_another_chain_is_left_alone(void **state)
{
	(void)state;
	world.automine = 0;
	(void)world_transfer(0);
	world.steps[0].chain_id = 1;
	world_restart();
	world_run(20);
	assert_int_equal(world.sent, 1);
	state_is(0, STEP_SENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_final_at_the_depth_and_not_before),
	    TEST(test_a_revert_has_its_reason),
	    TEST(test_a_revert_for_want_of_gas_says_so),
	    TEST(test_a_reorganisation_sends_it_again),
	    TEST(test_the_same_block_number_with_another_hash_is_a_reorganisation),
	    TEST(test_a_node_that_does_not_answer_changes_nothing),
	    TEST(test_what_a_node_forgot_is_sent_again),
	    TEST(test_a_start_sends_what_is_open_again),
	    TEST(test_a_node_that_is_down_when_it_is_to_be_sent),
	    TEST(test_without_funds_it_is_stuck_and_goes_on_with_them),
	    TEST(test_other_refusals_are_stuck_with_the_nodes_words),
	    TEST(test_fees_are_raised_after_the_time_and_not_before),
	    TEST(test_an_earlier_hash_may_be_the_one_that_is_mined),
	    TEST(test_only_the_lowest_nonce_is_raised),
	    TEST(test_the_policys_ceiling_ends_the_raising),
	    TEST(test_what_the_signer_refuses_is_told),
	    TEST(test_a_bump_that_is_not_what_was_asked_is_not_believed),
	    TEST(test_a_rewritten_intent_is_not_raised),
	    TEST(test_an_underpriced_step_is_raised_sooner),
	    TEST(test_a_nonce_that_is_used_by_nobody_of_ours_stops_the_wallet),
	    TEST(test_the_open_steps_of_a_stopped_wallet_say_so),
	    TEST(test_an_unmined_nonce_too_low_with_a_receipt_is_no_loss),
	    TEST(test_rewritten_bytes_are_not_sent),
	    TEST(test_invented_receipts_are_undone_by_the_truth),
	    TEST(test_a_wallet_behind_invented_receipts_goes_on),
	    TEST(test_a_row_edited_to_final_is_opened_again),
	    TEST(test_one_low_count_opens_nothing),
	    TEST(test_a_malformed_row_stops_its_wallet_until_it_is_whole),
	    TEST(test_another_transactions_bytes_are_not_taken_as_its_own),
	    TEST(test_a_receipt_of_another_wallet_is_not_its_own),
	    TEST(test_a_row_of_another_chain_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
