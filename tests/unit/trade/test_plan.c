#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <stdlib.h>

#include <jansson.h>

#include "base/err.h"
#include "base/hex.h"
#include "crypto/keccak256.h"
#include "trade/plan.h"
#include "trade/polymarket.h"

#define CONDITION "0x1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51"
#define USDC "0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174"
#define CTF "0x4D97DCd97eC945f40cF65F87097ACe5EA0476045"
#define SOMEBODY "0x3535353535353535353535353535353535353535"
#define GWEI 1000000000ULL

/* The published vector: 10 USDC.e into the market 0x1171...ac51. */
#define SPLIT_DATA                                                                 \
	"72ce42750000000000000000000000002791bca1f2de4661ed88a30c99a7a9449aa84174" \
	"0000000000000000000000000000000000000000000000000000000000000000"         \
	"1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51"         \
	"00000000000000000000000000000000000000000000000000000000000000a0"         \
	"0000000000000000000000000000000000000000000000000000000000989680"         \
	"0000000000000000000000000000000000000000000000000000000000000002"         \
	"0000000000000000000000000000000000000000000000000000000000000001"         \
	"0000000000000000000000000000000000000000000000000000000000000002"

static struct trade_options options;
static struct plan_facts facts;
static struct trade_request req;
static struct plan plan;

static int
setup(void **state)
{
	(void)state;
	options = (struct trade_options){.chain_id = 137, .token_count = 1};
	memcpy(options.tokens[0].symbol, "USDC", 5);
	options.tokens[0].decimals = 6;
	facts = (struct plan_facts){
	    .nonce = 0, .fees = {u256_of(100 * GWEI), u256_of(30 * GWEI)}, .gas_ceiling = 1000000};
	req = (struct trade_request){.type = TRADE_SPLIT};
	assert_int_equal(hex_decode_0x(USDC, strlen(USDC), options.tokens[0].address, 20), 0);
	assert_int_equal(hex_decode_0x(CTF, strlen(CTF), options.conditional_tokens, 20), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	plan_free(&plan);
	trade_request_free(&req);
	return 0;
}

static void
plan_for(const char *body)
{
	struct json_error error = {0};

	plan_free(&plan);
	trade_request_free(&req);
	assert_int_equal(trade_request_parse(&options, body, strlen(body), &req, &error), 0);
	assert_int_equal(plan_build(&options, &req, &facts, &plan), 0);
}

static void
data_is(const struct plan_step *step, const char *hex)
{
	char *text = malloc(2 * step->tx.data.len + 1);

	assert_non_null(text);
	hex_encode(step->tx.data.p, step->tx.data.len, text);
	assert_string_equal(text, hex);
	free(text);
}

static void
goes_to(const struct plan_step *step, const char *address)
{
	uint8_t to[20];

	assert_int_equal(hex_decode_0x(address, strlen(address), to, 20), 0);
	assert_int_equal(step->tx.has_to, 1);
	assert_memory_equal(step->tx.to, to, 20);
}

static void
test_a_split_is_the_published_transaction(void **state)
{
	static const char signing_hash[] =
	    "227f92b199e7d3ea42408adafead8d76e4eb6726026c904866a4b0420c87e9f7";
	uint8_t hash[32];
	char text[65];

	(void)state;
	plan_for("{\"type\":\"split\",\"conditionId\":\"" CONDITION "\",\"amount\":\"10\"}");
	assert_int_equal(plan.count, 1);
	assert_string_equal(plan.steps[0].kind, "split");
	data_is(&plan.steps[0], SPLIT_DATA);
	goes_to(&plan.steps[0], CTF);
	assert_int_equal(plan.steps[0].tx.gas_limit, 400000);
	assert_int_equal(tx_signing_hash(&plan.steps[0].tx, hash), 0);
	hex_encode(hash, sizeof hash, text);
	assert_string_equal(text, signing_hash);
}

static void
test_a_split_with_its_exact_approval(void **state)
{
	(void)state;
	facts.needs_approval = 1;
	facts.nonce = 7;
	plan_for("{\"type\":\"split\",\"conditionId\":\"" CONDITION "\",\"amount\":\"10\"}");
	assert_int_equal(plan.count, 2);
	assert_string_equal(plan.steps[0].kind, "approve");
	goes_to(&plan.steps[0], USDC);
	data_is(&plan.steps[0],
		"095ea7b30000000000000000000000004d97dcd97ec945f40cf65f87097ace5ea0476045"
		"0000000000000000000000000000000000000000000000000000000000989680");
	assert_int_equal(plan.steps[0].tx.gas_limit, 80000);
	assert_int_equal(plan.steps[0].tx.nonce, 7);
	assert_int_equal(plan.steps[1].tx.nonce, 8);
	data_is(&plan.steps[1], SPLIT_DATA);
}

static void
test_only_a_split_needs_approval(void **state)
{
	(void)state;
	facts.needs_approval = 1;
	plan_for("{\"type\":\"merge\",\"conditionId\":\"" CONDITION "\",\"amount\":\"10\"}");
	assert_int_equal(plan.count, 1);
	assert_string_equal(plan.steps[0].kind, "merge");
	assert_int_equal(plan.steps[0].tx.gas_limit, 350000);
	assert_memory_equal(plan.steps[0].tx.data.p, "\x9e\x72\x12\xad", 4);
	plan_for("{\"type\":\"redeem\",\"conditionId\":\"" CONDITION "\"}");
	assert_int_equal(plan.steps[0].tx.gas_limit, 350000);
	data_is(&plan.steps[0],
		"01b7037c0000000000000000000000002791bca1f2de4661ed88a30c99a7a9449aa84174"
		"0000000000000000000000000000000000000000000000000000000000000000"
		"1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51"
		"0000000000000000000000000000000000000000000000000000000000000080"
		"0000000000000000000000000000000000000000000000000000000000000002"
		"0000000000000000000000000000000000000000000000000000000000000001"
		"0000000000000000000000000000000000000000000000000000000000000002");
}

static void
test_transfers(void **state)
{
	(void)state;
	plan_for("{\"type\":\"transfer\",\"token\":\"USDC\",\"to\":\"" SOMEBODY
		 "\",\"amount\":\"1\"}");
	goes_to(&plan.steps[0], USDC);
	data_is(&plan.steps[0],
		"a9059cbb0000000000000000000000003535353535353535353535353535353535353535"
		"00000000000000000000000000000000000000000000000000000000000f4240");
	assert_int_equal(plan.steps[0].tx.gas_limit, 120000);
	assert_true(u256_is_zero(&plan.steps[0].tx.value));
	plan_for("{\"type\":\"transfer\",\"to\":\"" SOMEBODY "\",\"amount\":\"1\"}");
	goes_to(&plan.steps[0], SOMEBODY);
	assert_int_equal(plan.steps[0].tx.data.len, 0);
	assert_int_equal(plan.steps[0].tx.gas_limit, 21000);
	assert_int_equal(plan.steps[0].tx.value.limb[0], 1000000000000000000);
	facts.recipient_has_code = 1;
	plan_for("{\"type\":\"transfer\",\"to\":\"" SOMEBODY "\",\"amount\":\"1\"}");
	assert_int_equal(plan.steps[0].tx.gas_limit, 100000);
}

static void
test_approve_and_call(void **state)
{
	(void)state;
	plan_for("{\"type\":\"approve\",\"token\":\"USDC\",\"spender\":\"" SOMEBODY
		 "\",\"amount\":\"0\"}");
	goes_to(&plan.steps[0], USDC);
	assert_memory_equal(plan.steps[0].tx.data.p, "\x09\x5e\xa7\xb3", 4);
	facts.gas_estimate = 100001;
	plan_for("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"data\":\"0x01\",\"value\":\"2\"}");
	goes_to(&plan.steps[0], SOMEBODY);
	data_is(&plan.steps[0], "01");
	assert_int_equal(plan.steps[0].tx.gas_limit, 125001);
	assert_int_equal(plan.steps[0].tx.value.limb[0], 2000000000000000000);
	plan_for("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"gasLimit\":55555}");
	assert_int_equal(plan.steps[0].tx.gas_limit, 55555);
}

static void
test_gas_stays_below_the_policys_ceiling(void **state)
{
	(void)state;
	facts.gas_ceiling = 60000;
	facts.needs_approval = 1;
	plan_for("{\"type\":\"split\",\"conditionId\":\"" CONDITION "\",\"amount\":\"10\"}");
	assert_int_equal(plan.steps[0].tx.gas_limit, 60000);
	assert_int_equal(plan.steps[1].tx.gas_limit, 60000);
	facts.gas_estimate = UINT64_MAX;
	plan_for("{\"type\":\"call\",\"to\":\"" SOMEBODY "\"}");
	assert_int_equal(plan.steps[0].tx.gas_limit, 60000);
}

static void
test_the_last_nonces_are_not_planned(void **state)
{
	(void)state;
	facts.nonce = UINT64_MAX - 1;
	assert_int_equal(plan_build(&options, &req, &facts, &plan), ERR_RANGE);
}

static void
test_questions(void **state)
{
	struct trade_request r = {.type = TRADE_SPLIT};

	(void)state;
	assert_int_equal(plan_question(&r, POLICY_SPLIT), PLAN_ASK_ALLOWANCE);
	r.type = TRADE_MERGE;
	assert_int_equal(plan_question(&r, POLICY_MERGE), PLAN_ASK_NOTHING);
	r.type = TRADE_TRANSFER;
	assert_int_equal(plan_question(&r, POLICY_TRANSFER), PLAN_ASK_CODE);
	r.has_token = 1;
	assert_int_equal(plan_question(&r, POLICY_TRANSFER), PLAN_ASK_NOTHING);
	r.type = TRADE_CALL;
	assert_int_equal(plan_question(&r, POLICY_CALL), PLAN_ASK_GAS);
	/* the signer will refuse it: nobody is asked what it would cost */
	assert_int_equal(plan_question(&r, POLICY_SPLIT), PLAN_ASK_NOTHING);
	r.gas_limit = 30000;
	assert_int_equal(plan_question(&r, POLICY_CALL), PLAN_ASK_NOTHING);
}

static void
params_are(struct buffer *b, const char *want)
{
	buffer_add(b, "", 1);
	assert_int_equal(b->err, 0);
	assert_string_equal((const char *)b->p, want);
	buffer_free(b);
}

static void
test_params(void **state)
{
	static const uint8_t wallet[20] = {0xaa};
	struct buffer b = buffer_of(4096);
	struct tx tx = {.gas_limit = 21000, .value = u256_of(16), .has_to = 1};

	(void)state;
	plan_allowance_params(&options, wallet, &b);
	params_are(
	    &b, "[{\"to\":\"0x2791bca1f2de4661ed88a30c99a7a9449aa84174\",\"data\":\"0xdd62ed3e"
		"000000000000000000000000aa00000000000000000000000000000000000000"
		"0000000000000000000000004d97dcd97ec945f40cf65f87097ace5ea0476045\"},\"latest\"]");
	memset(req.to, 0x35, 20);
	plan_code_params(&req, &b);
	params_are(&b, "[\"" SOMEBODY "\",\"latest\"]");
	req.value = u256_of(255);
	plan_gas_params(&req, wallet, &b);
	params_are(&b,
		   "[{\"from\":\"0xaa00000000000000000000000000000000000000\",\"to\":\"" SOMEBODY
		   "\",\"value\":\"0xff\",\"data\":\"0x\"}]");
	memset(tx.to, 0x35, 20);
	plan_replay_params(&tx, wallet, 4096, &b);
	params_are(&b,
		   "[{\"from\":\"0xaa00000000000000000000000000000000000000\",\"to\":\"" SOMEBODY
		   "\",\"gas\":\"0x5208\",\"value\":\"0x10\",\"data\":\"0x\"},\"0x1000\"]");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_split_is_the_published_transaction),
	    TEST(test_a_split_with_its_exact_approval),
	    TEST(test_only_a_split_needs_approval),
	    TEST(test_transfers),
	    TEST(test_approve_and_call),
	    TEST(test_gas_stays_below_the_policys_ceiling),
	    TEST(test_the_last_nonces_are_not_planned),
	    TEST(test_questions),
	    TEST(test_params),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
