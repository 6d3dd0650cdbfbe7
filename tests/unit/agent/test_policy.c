#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "agent/policy.h"
#include "base/err.h"
#include "base/hex.h"

/* Where the counts stand in the canonical bytes. */
enum { AT_FORM, AT_ACTIONS, AT_FLAGS, AT_CHAINS, AT_TOKENS, AT_RECIPIENTS, AT_SPENDERS, AT_CALLS,
	AT_TYPED };
#define HEAD (9 + 3 * 32 + 8 + 20)

static struct policy
full_policy(void)
{
	struct policy p;

	memset(&p, 0, sizeof p);
	p.actions = POLICY_ACTIONS;
	p.flags = POLICY_TO_OWNER;
	p.native_per_transaction = u256_of(1000);
	p.native_per_day = u256_of(10000);
	p.max_fee_per_gas = u256_of(500);
	p.max_gas = 90000;
	memset(p.conditional_tokens, 0xc7, 20);
	p.chain_count = 2;
	p.chains[0] = 137;
	p.chains[1] = 31337;
	p.token_count = 2;
	for (uint8_t i = 0; i < 2; i++) {
		memset(p.tokens[i].token, 0x70 + i, 20);
		p.tokens[i].per_transaction = u256_of(100);
		p.tokens[i].per_day = u256_of(1000);
		memset(p.recipients[i], 0x10 + i, 20);
		memset(p.spenders[i], 0x50 + i, 20);
		memset(p.calls[i].contract, 0x20 + i, 20);
		memset(p.calls[i].selector, 0x33, 4);
		p.typed[i].chain_id = 137;
		memset(p.typed[i].contract, 0x40 + i, 20);
		memset(p.typed[i].type_hash, 0x44, 32);
	}
	p.calls[1].any_selector = 1;
	memset(p.calls[1].selector, 0, 4);
	p.recipient_count = p.spender_count = p.call_count = p.typed_count = 2;
	return p;
}

static size_t
write_policy(const struct policy *p, uint8_t ret[POLICY_BYTES_MAX])
{
	struct writer w = writer_of(ret, POLICY_BYTES_MAX);
	size_t len;

	policy_write(&w, p);
	assert_int_equal(writer_end(&w, &len), 0);
	return len;
}

static int
read_back(const struct policy *p)
{
	uint8_t b[POLICY_BYTES_MAX];
	struct policy q;

	return policy_read(b, write_policy(p, b), &q);
}

static void
test_round_trip(void **state)
{
	struct policy p = full_policy(), q;
	uint8_t b[POLICY_BYTES_MAX], c[POLICY_BYTES_MAX];
	size_t len;

	(void)state;
	len = write_policy(&p, b);
	assert_int_equal(len, HEAD + 2 * 8 + 2 * 84 + 2 * 20 + 2 * 20 + 2 * 25 + 2 * 60);
	assert_int_equal(policy_read(b, len, &q), 0);
	assert_int_equal(write_policy(&q, c), len);
	assert_memory_equal(b, c, len);
	assert_int_equal(q.calls[1].any_selector, 1);
	assert_int_equal(q.max_gas, 90000);
	assert_int_equal(q.tokens[1].per_day.limb[0], 1000);
}

static void
test_largest_fits(void **state)
{
	struct policy p;
	uint8_t b[POLICY_BYTES_MAX];

	(void)state;
	memset(&p, 0, sizeof p);
	p.chain_count = POLICY_CHAINS_MAX;
	p.token_count = POLICY_TOKENS_MAX;
	p.recipient_count = POLICY_RECIPIENTS_MAX;
	p.spender_count = POLICY_SPENDERS_MAX;
	p.call_count = POLICY_CALLS_MAX;
	p.typed_count = POLICY_TYPED_MAX;
	assert_true(write_policy(&p, b) <= POLICY_BYTES_MAX);
}

/* Every list, given backwards, comes out in the one order. */
static void
test_sort(void **state)
{
	const struct policy sorted = full_policy();
	struct policy p = sorted;

	(void)state;
	p.chains[0] = sorted.chains[1];
	p.chains[1] = sorted.chains[0];
	p.tokens[0] = sorted.tokens[1];
	p.tokens[1] = sorted.tokens[0];
	memcpy(p.recipients[0], sorted.recipients[1], 20);
	memcpy(p.recipients[1], sorted.recipients[0], 20);
	memcpy(p.spenders[0], sorted.spenders[1], 20);
	memcpy(p.spenders[1], sorted.spenders[0], 20);
	p.calls[0] = sorted.calls[1];
	p.calls[1] = sorted.calls[0];
	p.typed[0] = sorted.typed[1];
	p.typed[1] = sorted.typed[0];
	assert_int_equal(read_back(&p), ERR_DUPLICATE);
	policy_sort(&p);
	assert_memory_equal(p.chains, sorted.chains, sizeof p.chains);
	assert_memory_equal(p.recipients, sorted.recipients, sizeof p.recipients);
	assert_memory_equal(p.tokens[0].token, sorted.tokens[0].token, 20);
	assert_int_equal(read_back(&p), 0);
}

static void
test_each_list_must_ascend(void **state)
{
	struct policy p;

	(void)state;
#define TWICE(list) \
	p = full_policy(); \
	memcpy(&p.list[1], &p.list[0], sizeof p.list[0]); \
	assert_int_equal(read_back(&p), ERR_DUPLICATE);
	TWICE(chains)
	TWICE(tokens)
	TWICE(recipients)
	TWICE(spenders)
	TWICE(calls)
	TWICE(typed)
	/* one token, two caps: the looser one must not win */
	p = full_policy();
	memcpy(p.tokens[1].token, p.tokens[0].token, 20);
	p.tokens[1].per_day = U256_MAX;
	assert_int_equal(read_back(&p), ERR_DUPLICATE);
}

static void
test_refusals(void **state)
{
	const struct policy p = full_policy();
	uint8_t good[POLICY_BYTES_MAX + 1], b[POLICY_BYTES_MAX + 1];
	struct policy q;
	size_t len = write_policy(&p, good);

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(policy_read(good, cut, &q), ERR_PARSE);
	good[len] = 0;
	assert_int_equal(policy_read(good, len + 1, &q), ERR_TRAILING);
	assert_int_equal(policy_read(good, POLICY_BYTES_MAX + 1, &q), ERR_RANGE);
#define WITH(at, value, want) \
	memcpy(b, good, len); \
	b[at] = (value); \
	assert_int_equal(policy_read(b, len, &q), want);
	WITH(AT_FORM, 2, ERR_PARSE)
	WITH(AT_FLAGS, 4, ERR_RANGE)
	WITH(AT_CHAINS, POLICY_CHAINS_MAX + 1, ERR_RANGE)
	WITH(AT_TOKENS, POLICY_TOKENS_MAX + 1, ERR_RANGE)
	WITH(AT_RECIPIENTS, POLICY_RECIPIENTS_MAX + 1, ERR_RANGE)
	WITH(AT_SPENDERS, POLICY_SPENDERS_MAX + 1, ERR_RANGE)
	WITH(AT_CALLS, POLICY_CALLS_MAX + 1, ERR_RANGE)
	WITH(AT_TYPED, POLICY_TYPED_MAX + 1, ERR_RANGE)
}

static void
test_entry_refusals(void **state)
{
	struct policy p = full_policy();

	(void)state;
	p.chains[0] = 0;
	assert_int_equal(read_back(&p), ERR_RANGE);
	p = full_policy();
	p.typed[0].chain_id = 0;
	assert_int_equal(read_back(&p), ERR_RANGE);
	p = full_policy();
	p.calls[1].any_selector = 2;
	assert_int_equal(read_back(&p), ERR_RANGE);
	p = full_policy();
	p.calls[1].selector[3] = 1; /* a selector beside "any" */
	assert_int_equal(read_back(&p), ERR_RANGE);
}

/* By Python's hashlib. */
#define WANT "350facabb69e2f7307bbb893442cd4c6e9e5bd933ed6da126ddcd58a91123670"

static void
test_hash(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3};
	uint8_t hash[32], want[32];

	(void)state;
	assert_int_equal(hex_decode(WANT, 64, want, 32), 0);
	policy_hash(bytes, sizeof bytes, hash);
	assert_memory_equal(hash, want, 32);
}

static void
test_token_find(void **state)
{
	const struct policy p = full_policy();
	uint8_t other[20] = {0};

	(void)state;
	assert_ptr_equal(policy_token_find(&p, p.tokens[1].token), &p.tokens[1]);
	assert_null(policy_token_find(&p, other));
}

/* --- tighter ------------------------------------------------------------- */

#define TIGHTER(change) \
	do { \
		const struct policy before = full_policy(); \
		struct policy after = full_policy(); \
		change; \
		assert_true(policy_is_tighter(&before, &after)); \
		assert_false(policy_is_tighter(&after, &before)); \
	} while (0)

static void
test_tighter_limits(void **state)
{
	const struct policy same = full_policy();

	(void)state;
	assert_true(policy_is_tighter(&same, &same));
	TIGHTER(after.actions &= (uint8_t)~POLICY_CALL);
	TIGHTER(after.flags = 0);
	TIGHTER(after.native_per_transaction = u256_of(999));
	TIGHTER(after.native_per_day = u256_of(9999));
	TIGHTER(after.max_fee_per_gas = u256_of(499));
	TIGHTER(after.max_gas = 89999);
	TIGHTER(after.tokens[0].per_transaction = u256_of(99));
	TIGHTER(after.tokens[1].per_day = u256_of(999));
	TIGHTER(after.token_count = 1);
	TIGHTER(after.chain_count = 1);
	TIGHTER(after.recipient_count = 1);
	TIGHTER(after.spender_count = 1);
	TIGHTER(after.call_count = 1);
	TIGHTER(after.typed_count = 1);
	TIGHTER(memset(after.conditional_tokens, 0, 20));
}

#define NOT_TIGHTER(change) \
	do { \
		const struct policy before = full_policy(); \
		struct policy after = full_policy(); \
		change; \
		assert_false(policy_is_tighter(&before, &after)); \
	} while (0)

/* Another entry is no subset, even where the counts agree. */
static void
test_other_entries_are_not_tighter(void **state)
{
	(void)state;
	NOT_TIGHTER(after.chains[0] = 1);
	NOT_TIGHTER(after.tokens[1].token[0]++);
	NOT_TIGHTER(after.recipients[1][0]++);
	NOT_TIGHTER(after.spenders[1][0]++);
	NOT_TIGHTER(after.calls[0].selector[0]++);
	NOT_TIGHTER(after.calls[0].any_selector = 1);
	NOT_TIGHTER(after.typed[1].type_hash[0]++);
	NOT_TIGHTER(after.typed[1].chain_id++);
	NOT_TIGHTER(after.conditional_tokens[0]++);
	/* one cap lower, another higher */
	NOT_TIGHTER(after.native_per_day = u256_of(1); after.max_gas++);
}

static void
test_recipients_below_anyone(void **state)
{
	struct policy before = full_policy(), after = full_policy();

	(void)state;
	before.flags |= POLICY_TO_ANYONE;
	after.recipients[1][5] = 0xee;
	assert_true(policy_is_tighter(&before, &after));
	assert_false(policy_is_tighter(&after, &before));
	/* the owner is anyone, too */
	before.flags = POLICY_TO_ANYONE;
	after.flags = POLICY_TO_OWNER;
	assert_true(policy_is_tighter(&before, &after));
	assert_false(policy_is_tighter(&after, &before));
}

/* A call to a token of the policy is charged; the same call without the cap would not be. */
static void
test_a_named_token_is_not_forgotten(void **state)
{
	struct policy before = full_policy(), after;

	(void)state;
	memcpy(before.calls[1].contract, before.tokens[1].token, 20);
	after = before;
	after.token_count = 1;
	assert_false(policy_is_tighter(&before, &after));
	after.call_count = 1; /* without the call it is */
	assert_true(policy_is_tighter(&before, &after));
}

static void
test_named_conditional_tokens_are_not_forgotten(void **state)
{
	struct policy before = full_policy(), after;

	(void)state;
	memcpy(before.calls[1].contract, before.conditional_tokens, 20);
	after = before;
	memset(after.conditional_tokens, 0, 20);
	assert_false(policy_is_tighter(&before, &after));
	after.call_count = 1;
	assert_true(policy_is_tighter(&before, &after));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_largest_fits),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_each_list_must_ascend),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_entry_refusals),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_token_find),
		cmocka_unit_test(test_tighter_limits),
		cmocka_unit_test(test_other_entries_are_not_tighter),
		cmocka_unit_test(test_recipients_below_anyone),
		cmocka_unit_test(test_a_named_token_is_not_forgotten),
		cmocka_unit_test(test_named_conditional_tokens_are_not_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
