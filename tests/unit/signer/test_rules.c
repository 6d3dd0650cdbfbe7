#include "fixture.h"

#include "crypto/keccak256.h"
#include "signer/rules.h"

#define TRANSFER 0xa9059cbbU
#define APPROVE 0x095ea7b3U
#define TRANSFER_FROM 0x23b872ddU
#define INCREASE_ALLOWANCE 0x39509351U
#define SPLIT 0x72ce4275U
#define MERGE 0x9e7212adU
#define REDEEM 0x01b7037cU
#define SET_APPROVAL_FOR_ALL 0xa22cb465U
#define SAFE_TRANSFER_FROM 0xf242432aU
#define PERMIT 0xd505accfU
#define PERMIT_DAI 0x8fcbaf0cU
#define MULTICALL 0xac9650d8U
#define DEPOSIT 0xd0e30db0U /* deposit(): on no list */

static struct policy policy;
static struct agent_record rec;
static struct charge charge;
static uint8_t room[512];

static int
setup(void **state)
{
	(void)state;
	policy = test_policy();
	memset(&rec, 0, sizeof rec);
	rec.has_owner = 1;
	memset(rec.owner, OWNER, 20);
	memset(&charge, 0, sizeof charge);
	return 0;
}

static enum rule
judge(const struct tx *tx)
{
	const struct rules_subject subject = {&policy, &rec, CHAIN};

	memset(&charge, 0, sizeof charge);
	return rules_judge_transaction(&subject, tx, &charge);
}

static enum rule
judge_two(uint8_t to, uint32_t selector, uint8_t address, uint64_t amount)
{
	struct tx tx = test_tx(to);

	tx.data = call_two(room, selector, address, amount);
	return judge(&tx);
}

static enum rule
judge_split(uint32_t selector, uint8_t collateral, uint64_t amount)
{
	struct tx tx = test_tx(CTF);

	tx.data = call_split(room, selector, collateral, amount);
	return judge(&tx);
}

/* A call of this many words of arguments, all of the value 7. */
static enum rule
judge_words(uint8_t to, uint32_t selector, size_t words)
{
	struct tx tx = test_tx(to);
	struct writer w = writer_of(room, sizeof room);

	write_be32(&w, selector);
	for (size_t i = 0; i < words; i++)
		write_word(&w, 7);
	tx.data = (struct bytes){room, w.len};
	return judge(&tx);
}

/* --- chain, gas, fees ---------------------------------------------------- */

static void
test_chain(void **state)
{
	const struct rules_subject elsewhere = {&policy, &rec, 1};
	struct tx tx = test_tx(OWNER);

	(void)state;
	assert_int_equal(judge(&tx), RULE_NONE);
	assert_int_equal(rules_judge_transaction(&elsewhere, &tx, &charge), RULE_CHAIN);
	tx.chain_id = 1; /* the boot's chain, but not the policy's */
	assert_int_equal(rules_judge_transaction(&elsewhere, &tx, &charge), RULE_CHAIN);
	assert_int_equal(judge(&tx), RULE_CHAIN);
	tx.chain_id = CHAIN;
	policy.chain_count = 0;
	assert_int_equal(judge(&tx), RULE_CHAIN);
}

static void
test_types(void **state)
{
	struct tx tx = test_tx(OWNER);

	(void)state;
	tx.max_priority_fee = U256_ZERO;
	for (uint8_t type = 0; type <= 2; type++) {
		tx.type = type;
		assert_int_equal(judge(&tx), RULE_NONE);
	}
	tx.type = 3;
	assert_int_equal(judge(&tx), RULE_TRANSACTION);
	tx.type = 4;
	assert_int_equal(judge(&tx), RULE_TRANSACTION);
}

static void
test_no_creation(void **state)
{
	struct tx tx = test_tx(0);

	(void)state;
	policy.flags = POLICY_TO_ANYONE;
	tx.has_to = 0;
	assert_int_equal(judge(&tx), RULE_CONTRACT_CREATION);
}

static void
test_gas(void **state)
{
	struct tx tx = test_tx(OWNER);

	(void)state;
	tx.gas_limit = policy.max_gas;
	assert_int_equal(judge(&tx), RULE_NONE);
	tx.gas_limit++;
	assert_int_equal(judge(&tx), RULE_GAS_LIMIT);
	tx.gas_limit = 21000;
	assert_int_equal(judge(&tx), RULE_NONE);
	tx.gas_limit--;
	assert_int_equal(judge(&tx), RULE_GAS_LIMIT);
}

static void
test_fees(void **state)
{
	struct tx tx = test_tx(OWNER);

	(void)state;
	tx.max_fee_per_gas = policy.max_fee_per_gas;
	assert_int_equal(judge(&tx), RULE_NONE);
	tx.max_fee_per_gas.limb[0]++;
	assert_int_equal(judge(&tx), RULE_FEE_CEILING);
	tx.max_fee_per_gas = U256_MAX;
	assert_int_equal(judge(&tx), RULE_FEE_CEILING);
	tx.type = TX_LEGACY; /* a gas price is a fee */
	tx.max_priority_fee = U256_ZERO;
	assert_int_equal(judge(&tx), RULE_FEE_CEILING);
	tx = test_tx(OWNER);
	tx.max_priority_fee.limb[0]++;
	assert_int_equal(judge(&tx), RULE_PRIORITY_FEE);
}

static void
test_native_is_charged(void **state)
{
	struct tx tx = test_tx(OWNER);

	(void)state;
	tx.value = u256_of(5);
	assert_int_equal(judge(&tx), RULE_NONE);
	assert_int_equal(charge.native.limb[0], 5 + (uint64_t)100000 * GWEI);
	assert_true(u256_is_zero(&charge.token[0]));
	tx.value = U256_MAX; /* a sum beyond 256 bits is not a small one */
	assert_int_equal(judge(&tx), RULE_NATIVE_PER_TRANSACTION);
	policy.max_fee_per_gas = U256_MAX;
	tx = test_tx(OWNER);
	tx.max_fee_per_gas = U256_MAX;
	assert_int_equal(judge(&tx), RULE_NATIVE_PER_TRANSACTION);
}

/* --- transfers ----------------------------------------------------------- */

static void
test_recipients(void **state)
{
	struct tx owner = test_tx(OWNER), friend = test_tx(FRIEND);

	(void)state;
	assert_int_equal(judge(&owner), RULE_NONE);
	assert_int_equal(judge(&friend), RULE_RECIPIENT);
	assert_int_equal(judge_two(TOKEN, TRANSFER, OWNER, 1), RULE_NONE);
	assert_int_equal(judge_two(TOKEN, TRANSFER, FRIEND, 1), RULE_RECIPIENT);
	policy_add_recipient(&policy, FRIEND);
	assert_int_equal(judge(&friend), RULE_NONE);
	assert_int_equal(judge_two(TOKEN, TRANSFER, FRIEND, 1), RULE_NONE);
	assert_int_equal(judge_two(TOKEN, TRANSFER, STRANGER, 1), RULE_RECIPIENT);
	policy.flags = 0;
	assert_int_equal(judge(&owner), RULE_RECIPIENT);
	policy.flags = POLICY_TO_ANYONE;
	assert_int_equal(judge_two(TOKEN, TRANSFER, STRANGER, 1), RULE_NONE);
}

/* "To the owner" where there is none is to nobody, not to the zero address. */
static void
test_no_owner(void **state)
{
	struct tx tx = test_tx(0);

	(void)state;
	rec.has_owner = 0;
	memset(rec.owner, 0, 20);
	assert_int_equal(judge(&tx), RULE_RECIPIENT);
}

static void
test_transfer_action(void **state)
{
	struct tx tx = test_tx(OWNER);

	(void)state;
	policy.actions &= (uint8_t)~POLICY_TRANSFER;
	assert_int_equal(judge(&tx), RULE_ACTION);
	assert_int_equal(judge_two(TOKEN, TRANSFER, OWNER, 1), RULE_ACTION);
}

static void
test_transfer_is_charged(void **state)
{
	(void)state;
	assert_int_equal(judge_two(TOKEN2, TRANSFER, OWNER, 42), RULE_NONE);
	assert_true(u256_is_zero(&charge.token[0]));
	assert_int_equal(charge.token[1].limb[0], 42);
	assert_int_equal(judge_two(UNKNOWN_TOKEN, TRANSFER, OWNER, 1), RULE_TOKEN_UNKNOWN);
}

static void
test_calldata_is_exact(void **state)
{
	struct tx tx = test_tx(TOKEN);

	(void)state;
	tx.data = call_two(room, TRANSFER, OWNER, 1);
	for (tx.data.len = 1; tx.data.len < 68; tx.data.len++)
		assert_int_equal(judge(&tx), RULE_CALLDATA);
	room[68] = 0;
	tx.data.len = 69;
	assert_int_equal(judge(&tx), RULE_CALLDATA);
	tx.data = call_two(room, TRANSFER, OWNER, 1);
	room[4] = 1; /* an address with a 21st byte */
	assert_int_equal(judge(&tx), RULE_CALLDATA);
	tx.data = call_two(room, TRANSFER, OWNER, 1);
	tx.value = u256_of(1);
	assert_int_equal(judge(&tx), RULE_VALUE);
}

/* --- approvals ----------------------------------------------------------- */

static void
test_approve_conditional_tokens(void **state)
{
	(void)state;
	assert_int_equal(judge_two(TOKEN, APPROVE, CTF, 100), RULE_NONE);
	assert_int_equal(charge.token[0].limb[0], 100);
	policy.actions &= (uint8_t)~POLICY_APPROVE;
	assert_int_equal(judge_two(TOKEN, APPROVE, CTF, 1), RULE_ACTION);
}

static void
test_approve_everything(void **state)
{
	struct tx tx = test_tx(TOKEN);

	(void)state;
	policy_add_spender(&policy, SPENDER);
	for (size_t i = 0; i < 2; i++) {
		tx.data = call_two(room, APPROVE, i == 0 ? CTF : SPENDER, 0);
		memset(room + 36, 0xff, 32);
		assert_int_equal(judge(&tx), RULE_NONE); /* charge_judge() refuses it: */
		assert_int_equal(u256_compare(&charge.token[0], &U256_MAX), 0);
		assert_int_equal(charge_judge(&charge, &policy), RULE_TOKEN_PER_TRANSACTION);
	}
}

static uint8_t steps_room[4][260];
static struct tx steps[4];

static void
put_approve(size_t at, uint8_t token, uint8_t spender, uint64_t amount)
{
	steps[at] = test_tx(token);
	steps[at].data = call_two(steps_room[at], APPROVE, spender, amount);
}

static void
put_split(size_t at, uint32_t selector, uint8_t token, uint64_t amount)
{
	steps[at] = test_tx(CTF);
	steps[at].data = call_split(steps_room[at], selector, token, amount);
}

/* What the step charges of the two tokens. */
static uint64_t
cost(size_t count, size_t at)
{
	const struct rules_subject subject = {&policy, &rec, CHAIN};

	assert_int_equal(rules_judge_step(&subject, steps, count, at, &charge), RULE_NONE);
	assert_false(u256_is_zero(&charge.native)); /* of every step */
	return charge.token[0].limb[0] + charge.token[1].limb[0];
}

/* Free only where a split behind it takes all of it. */
static void
test_approve_and_split(void **state)
{
	(void)state;
	policy_add_spender(&policy, SPENDER);
	put_approve(0, TOKEN, CTF, 60);
	put_split(1, SPLIT, TOKEN, 60);
	assert_int_equal(cost(2, 0), 0);
	assert_int_equal(cost(2, 1), 60);
	assert_int_equal(cost(1, 0), 60); /* the split is not signed with it */
	put_split(1, SPLIT, TOKEN, 59);
	assert_int_equal(cost(2, 0), 60);
	put_split(1, SPLIT, TOKEN, 61);
	assert_int_equal(cost(2, 0), 0);
	put_split(1, SPLIT, TOKEN2, 60);
	assert_int_equal(cost(2, 0), 60);
	put_split(1, MERGE, TOKEN, 60);
	assert_int_equal(cost(2, 0), 60);
	put_split(1, SPLIT, TOKEN, 60);
	put_approve(0, TOKEN, SPENDER, 60);
	assert_int_equal(cost(2, 0), 60);
	put_approve(0, TOKEN2, CTF, 60);
	assert_int_equal(cost(2, 0), 60);
	/* a split before it uses nothing up, one further behind does */
	put_split(0, SPLIT, TOKEN, 60);
	put_approve(1, TOKEN, CTF, 60);
	assert_int_equal(cost(2, 1), 60);
	put_approve(2, TOKEN2, CTF, 5);
	put_split(3, SPLIT, TOKEN, 60);
	assert_int_equal(cost(4, 1), 0);
	assert_int_equal(cost(4, 2), 5);
}

static void
test_approve_spender(void **state)
{
	(void)state;
	assert_int_equal(judge_two(TOKEN, APPROVE, SPENDER, 10), RULE_SPENDER);
	policy_add_spender(&policy, SPENDER);
	assert_int_equal(judge_two(TOKEN, APPROVE, SPENDER, 10), RULE_NONE);
	assert_int_equal(charge.token[0].limb[0], 10);
	assert_int_equal(judge_two(UNKNOWN_TOKEN, APPROVE, SPENDER, 10), RULE_TOKEN_UNKNOWN);
	/* no contract configured: the zero address is not it */
	memset(policy.conditional_tokens, 0, 20);
	assert_int_equal(judge_two(TOKEN, APPROVE, 0, 10), RULE_SPENDER);
}

/* --- positions ----------------------------------------------------------- */

static void
test_split(void **state)
{
	(void)state;
	assert_int_equal(judge_split(SPLIT, TOKEN, 25), RULE_NONE);
	assert_int_equal(charge.token[0].limb[0], 25);
	assert_int_equal(judge_split(SPLIT, UNKNOWN_TOKEN, 25), RULE_TOKEN_UNKNOWN);
	policy.actions &= (uint8_t)~POLICY_SPLIT;
	assert_int_equal(judge_split(SPLIT, TOKEN, 25), RULE_ACTION);
	/* and the calls list does not bring it back, uncharged */
	policy_add_call(&policy, CTF, SPLIT, 0);
	assert_int_equal(judge_split(SPLIT, TOKEN, 25), RULE_ACTION);
}

static void
test_merge_and_redeem(void **state)
{
	struct tx tx = test_tx(CTF);

	(void)state;
	assert_int_equal(judge_split(MERGE, TOKEN, 1u << 30), RULE_NONE);
	assert_true(u256_is_zero(&charge.token[0]));
	tx.data = call_redeem(room, TOKEN);
	assert_int_equal(judge(&tx), RULE_NONE);
	policy.actions &= (uint8_t)~(POLICY_MERGE | POLICY_REDEEM);
	assert_int_equal(judge(&tx), RULE_ACTION);
	assert_int_equal(judge_split(MERGE, TOKEN, 1), RULE_ACTION);
}

static void
test_positions_are_canonical(void **state)
{
	struct tx tx = test_tx(CTF);

	(void)state;
	tx.data = call_split(room, SPLIT, TOKEN, 1);
	room[4 + 63] = 1;
	assert_int_equal(judge(&tx), RULE_PARENT_COLLECTION);
	tx.data = call_split(room, MERGE, TOKEN, 1);
	room[4 + 63] = 1;
	assert_int_equal(judge(&tx), RULE_PARENT_COLLECTION);
	tx.data = call_split(room, SPLIT, TOKEN, 1);
	room[4 + 4 * 32 - 1] -= 32; /* the partition elsewhere */
	assert_int_equal(judge(&tx), RULE_CALLDATA);
	tx.data = call_split(room, SPLIT, TOKEN, 1);
	tx.data.len -= 32;
	assert_int_equal(judge(&tx), RULE_CALLDATA);
	tx.data = call_split(room, SPLIT, TOKEN, 1);
	tx.value = u256_of(1);
	assert_int_equal(judge(&tx), RULE_VALUE);
	/* the same selector elsewhere is a call like any other */
	tx = test_tx(CONTRACT);
	tx.data = call_split(room, SPLIT, TOKEN, 1);
	assert_int_equal(judge(&tx), RULE_ACTION);
}

/* --- calls --------------------------------------------------------------- */

static void
test_calls(void **state)
{
	(void)state;
	assert_int_equal(judge_words(CONTRACT, DEPOSIT, 0), RULE_ACTION);
	policy_add_call(&policy, CONTRACT, DEPOSIT, 0);
	assert_int_equal(judge_words(CONTRACT, DEPOSIT, 0), RULE_NONE);
	assert_int_equal(judge_words(CONTRACT, DEPOSIT + 1, 0), RULE_CALL);
	assert_int_equal(judge_words(ANY_CONTRACT, DEPOSIT, 0), RULE_CALL);
	policy.actions &= (uint8_t)~POLICY_CALL;
	assert_int_equal(judge_words(CONTRACT, DEPOSIT, 0), RULE_ACTION);
}

static void
test_calls_pay(void **state)
{
	struct tx tx = test_tx(CONTRACT);

	(void)state;
	policy_add_call(&policy, CONTRACT, DEPOSIT, 0);
	store_be32(room, DEPOSIT);
	tx.data = (struct bytes){room, 4};
	tx.value = u256_of(9);
	assert_int_equal(judge(&tx), RULE_NONE);
	assert_int_equal(charge.native.limb[0], 9 + (uint64_t)100000 * GWEI);
}

struct selector_text {
	uint32_t selector;
	const char *signature;
};

static const struct selector_text dangerous[] = {
#define SELECTOR(selector, signature, amount) {selector, signature},
#include "signer/selectors.def"
#undef SELECTOR
};

static void
test_dangerous_selectors(void **state)
{
	uint8_t hash[32];

	(void)state;
	policy_add_call(&policy, ANY_CONTRACT, 0, 1);
	assert_int_equal(judge_words(ANY_CONTRACT, DEPOSIT, 1), RULE_NONE);
	for (size_t i = 0; i < ARRAY_LEN(dangerous); i++) {
		const struct selector_text *d = &dangerous[i];
		int erc20 = d->selector == TRANSFER || d->selector == APPROVE;

		keccak256(d->signature, strlen(d->signature), hash);
		assert_int_equal(load_be32(hash), d->selector);
		assert_true(rules_selector_dangerous(d->selector));
		assert_int_equal(judge_words(ANY_CONTRACT, d->selector, 12),
		    erc20 ? RULE_TOKEN_UNKNOWN : RULE_SELECTOR_DANGEROUS);
	}
	assert_int_equal(judge_words(CONTRACT, MULTICALL, 2), RULE_SELECTOR_DANGEROUS);
	policy_add_call(&policy, CONTRACT, MULTICALL, 0); /* named, it passes */
	assert_int_equal(judge_words(CONTRACT, MULTICALL, 2), RULE_NONE);
}

static void
test_conditional_tokens_transfers(void **state)
{
	(void)state;
	policy_add_call(&policy, CTF, 0, 1);
	assert_int_equal(judge_words(CTF, SAFE_TRANSFER_FROM, 6), RULE_SELECTOR_DANGEROUS);
	assert_int_equal(judge_words(CTF, SET_APPROVAL_FOR_ALL, 2), RULE_SELECTOR_DANGEROUS);
	policy_add_call(&policy, CTF, SAFE_TRANSFER_FROM, 0);
	assert_int_equal(judge_words(CTF, SAFE_TRANSFER_FROM, 6), RULE_NONE);
	assert_int_equal(judge_words(CTF, SET_APPROVAL_FOR_ALL, 2), RULE_SELECTOR_DANGEROUS);
}

/* Naming a token's function opens it, and charges it all the same. */
static void
test_named_token_functions_are_charged(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		static const uint32_t selectors[] = {TRANSFER_FROM, INCREASE_ALLOWANCE, PERMIT,
		    TRANSFER};

		setup(NULL);
		if (selectors[i] != TRANSFER) {
			assert_int_equal(judge_words(TOKEN, selectors[i], 7),
			    RULE_SELECTOR_DANGEROUS);
			policy_add_call(&policy, TOKEN, 0, 1); /* "any" does not cover a token */
			assert_int_equal(judge_words(TOKEN, selectors[i], 7),
			    RULE_SELECTOR_DANGEROUS);
		}
		policy_add_call(&policy, TOKEN, selectors[i], 0);
		if (selectors[i] == TRANSFER)
			assert_int_equal(judge_two(TOKEN, TRANSFER, STRANGER, 7), RULE_NONE);
		else
			assert_int_equal(judge_words(TOKEN, selectors[i], 7), RULE_NONE);
		assert_int_equal(charge.token[0].limb[0], 7);
	}
	assert_int_equal(judge_words(TOKEN, TRANSFER, 1), RULE_CALLDATA);
	policy_add_call(&policy, TOKEN, APPROVE, 0);
	assert_int_equal(judge_two(TOKEN, APPROVE, STRANGER, 9), RULE_NONE);
	assert_int_equal(charge.token[0].limb[0], 9);
	policy_add_call(&policy, TOKEN, PERMIT, 0);
	assert_int_equal(judge_words(TOKEN, PERMIT, 2), RULE_CALLDATA); /* the amount is cut off */
	policy_add_call(&policy, TOKEN, PERMIT_DAI, 0);
	assert_int_equal(judge_words(TOKEN, PERMIT_DAI, 8), RULE_NONE);
	assert_int_equal(u256_compare(&charge.token[0], &U256_MAX), 0);
}

/* What the standard rules allow is charged by them, and once. */
static void
test_named_and_allowed(void **state)
{
	struct tx tx = test_tx(TOKEN);

	(void)state;
	policy_add_call(&policy, TOKEN, TRANSFER, 0);
	policy_add_call(&policy, TOKEN, APPROVE, 0);
	assert_int_equal(judge_two(TOKEN, TRANSFER, OWNER, 7), RULE_NONE);
	assert_int_equal(charge.token[0].limb[0], 7);
	assert_int_equal(judge_two(TOKEN, APPROVE, CTF, 7), RULE_NONE);
	assert_int_equal(charge.token[0].limb[0], 7);
	/* and what makes no sense does not pass by being named */
	tx.data = call_two(room, TRANSFER, STRANGER, 7);
	tx.value = u256_of(1);
	assert_int_equal(judge(&tx), RULE_VALUE);
}

static void
test_other_token_functions(void **state)
{
	(void)state;
	assert_int_equal(judge_words(TOKEN, DEPOSIT, 0), RULE_ACTION);
	policy_add_call(&policy, TOKEN, 0, 1);
	assert_int_equal(judge_words(TOKEN, DEPOSIT, 0), RULE_CALL);
	policy_add_call(&policy, TOKEN, DEPOSIT, 0);
	assert_int_equal(judge_words(TOKEN, DEPOSIT, 0), RULE_NONE);
	assert_true(u256_is_zero(&charge.token[0]));
}

/* --- fee bumps ----------------------------------------------------------- */

static enum rule
judge_bump(const struct tx *before, uint64_t fee, uint64_t priority)
{
	const struct rules_subject subject = {&policy, &rec, CHAIN};
	struct tx after = *before;

	after.max_fee_per_gas = u256_of(fee);
	after.max_priority_fee = u256_of(priority);
	return rules_judge_bump(&subject, before, &after, &charge);
}

static void
test_bump(void **state)
{
	struct tx tx = test_tx(STRANGER); /* not judged again: it was, when it was signed */

	(void)state;
	tx.max_fee_per_gas = u256_of(1001);
	tx.max_priority_fee = u256_of(10);
	assert_int_equal(judge_bump(&tx, 1102, 11), RULE_NONE);
	assert_int_equal(charge.native.limb[0], 101 * 100000);
	assert_int_equal(judge_bump(&tx, 1101, 11), RULE_BUMP_FEE);
	assert_int_equal(judge_bump(&tx, 1102, 10), RULE_BUMP_FEE);
	assert_int_equal(judge_bump(&tx, 900, 9), RULE_BUMP_FEE);
	assert_int_equal(judge_bump(&tx, 1102, 1103), RULE_PRIORITY_FEE);
	assert_int_equal(judge_bump(&tx, policy.max_fee_per_gas.limb[0] + 1, 11), RULE_FEE_CEILING);
	tx.max_priority_fee = U256_ZERO;
	assert_int_equal(judge_bump(&tx, 1102, 0), RULE_BUMP_FEE);
	assert_int_equal(judge_bump(&tx, 1102, 1), RULE_NONE);
	tx.chain_id++;
	assert_int_equal(judge_bump(&tx, 1102, 1), RULE_CHAIN);
	tx.chain_id--;
	tx.type = TX_ACCESS_LIST;
	assert_int_equal(judge_bump(&tx, 1102, 1), RULE_BUMP_TYPE);
}

/* A difference within the cap must not carry the whole beyond it. */
static void
test_bump_stays_within_the_cap_of_one(void **state)
{
	struct tx tx = test_tx(OWNER);

	(void)state;
	policy.native_per_transaction = u256_of((uint64_t)100000 * GWEI + 1000);
	tx.value = u256_of(1000);
	assert_int_equal(judge(&tx), RULE_NONE);
	assert_int_equal(judge_bump(&tx, GWEI + GWEI / 10, GWEI + GWEI / 10),
	    RULE_NATIVE_PER_TRANSACTION);
}

static void
test_bump_near_the_end_of_the_numbers(void **state)
{
	const struct rules_subject subject = {&policy, &rec, CHAIN};
	struct tx before = test_tx(OWNER), after;

	(void)state;
	before.max_fee_per_gas = before.max_priority_fee = U256_MAX;
	after = before;
	policy.max_fee_per_gas = U256_MAX;
	assert_int_equal(rules_judge_bump(&subject, &before, &after, &charge), RULE_BUMP_FEE);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(rule_name(RULE_NONE), "");
	assert_string_equal(rule_name(RULE_FEE_CEILING), "fee-ceiling");
	assert_string_equal(rule_name(RULES_COUNT), "");
	for (int i = 1; i < RULES_COUNT; i++) {
		/* the limits of MSG_REFUSED */
		assert_true(strlen(rule_name((enum rule)i)) <= 48);
		assert_true(strlen(rule_text((enum rule)i)) <= 256);
		for (int j = 1; j < i; j++)
			assert_string_not_equal(rule_name((enum rule)i), rule_name((enum rule)j));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_chain, setup),
		cmocka_unit_test_setup(test_types, setup),
		cmocka_unit_test_setup(test_no_creation, setup),
		cmocka_unit_test_setup(test_gas, setup),
		cmocka_unit_test_setup(test_fees, setup),
		cmocka_unit_test_setup(test_native_is_charged, setup),
		cmocka_unit_test_setup(test_recipients, setup),
		cmocka_unit_test_setup(test_no_owner, setup),
		cmocka_unit_test_setup(test_transfer_action, setup),
		cmocka_unit_test_setup(test_transfer_is_charged, setup),
		cmocka_unit_test_setup(test_calldata_is_exact, setup),
		cmocka_unit_test_setup(test_approve_conditional_tokens, setup),
		cmocka_unit_test_setup(test_approve_everything, setup),
		cmocka_unit_test_setup(test_approve_and_split, setup),
		cmocka_unit_test_setup(test_approve_spender, setup),
		cmocka_unit_test_setup(test_split, setup),
		cmocka_unit_test_setup(test_merge_and_redeem, setup),
		cmocka_unit_test_setup(test_positions_are_canonical, setup),
		cmocka_unit_test_setup(test_calls, setup),
		cmocka_unit_test_setup(test_calls_pay, setup),
		cmocka_unit_test_setup(test_dangerous_selectors, setup),
		cmocka_unit_test_setup(test_conditional_tokens_transfers, setup),
		cmocka_unit_test_setup(test_named_token_functions_are_charged, setup),
		cmocka_unit_test_setup(test_named_and_allowed, setup),
		cmocka_unit_test_setup(test_other_token_functions, setup),
		cmocka_unit_test_setup(test_bump, setup),
		cmocka_unit_test_setup(test_bump_stays_within_the_cap_of_one, setup),
		cmocka_unit_test_setup(test_bump_near_the_end_of_the_numbers, setup),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
