#include "signer/rules.h"

#include <string.h>

#include "base/err.h"
#include "evm/abi.h"
#include "base/banned.h"

#define AMOUNT_NONE (-1)
#define AMOUNT_ALL (-2)

struct selector {
	uint32_t selector;
	int amount;
};

static const struct selector selectors[] = {
#define SELECTOR(selector, signature, amount) {selector, amount},
#include "signer/selectors.def"
#undef SELECTOR
};

static const struct selector *
selector_find(uint32_t selector)
{
	for (size_t i = 0; i < ARRAY_LEN(selectors); i++) {
		if (selectors[i].selector == selector)
			return &selectors[i];
	}
	return NULL;
}

int
rules_selector_dangerous(uint32_t selector)
{
	return selector_find(selector) != NULL;
}

int
rules_chain_allowed(const struct rules_subject *s, uint64_t chain_id)
{
	if (chain_id != s->chain_id)
		return 0;
	for (size_t i = 0; i < s->policy->chain_count; i++) {
		if (s->policy->chains[i] == chain_id)
			return 1;
	}
	return 0;
}

int
rules_recipient_allowed(const struct rules_subject *s, const uint8_t address[20])
{
	const struct policy *p = s->policy;

	if (p->flags & POLICY_TO_ANYONE)
		return 1;
	if ((p->flags & POLICY_TO_OWNER) && s->record->has_owner &&
	    memcmp(s->record->owner, address, 20) == 0)
		return 1;
	for (size_t i = 0; i < p->recipient_count; i++) {
		if (memcmp(p->recipients[i], address, 20) == 0)
			return 1;
	}
	return 0;
}

int
rules_spender_allowed(const struct policy *policy, const uint8_t address[20])
{
	for (size_t i = 0; i < policy->spender_count; i++) {
		if (memcmp(policy->spenders[i], address, 20) == 0)
			return 1;
	}
	return 0;
}

static int
is_conditional_tokens(const struct policy *policy, const uint8_t address[20])
{
	static const uint8_t none[20];

	return memcmp(policy->conditional_tokens, address, 20) == 0 &&
	       memcmp(address, none, 20) != 0;
}

enum rule
rules_charge_token(const struct policy *policy, const uint8_t token[20],
    const struct u256 *amount, struct charge *charge)
{
	const struct policy_token *cap = policy_token_find(policy, token);
	struct u256 *sum;

	if (cap == NULL)
		return RULE_TOKEN_UNKNOWN;
	sum = &charge->token[cap - policy->tokens];
	return u256_add(sum, amount, sum) == 0 ? RULE_NONE : RULE_TOKEN_PER_TRANSACTION;
}

/* --- gas, fees, value ---------------------------------------------------- */

static enum rule
judge_fees(const struct policy *p, const struct tx *tx)
{
	uint64_t needed;

	if (tx_intrinsic_gas(tx, &needed) != 0)
		return RULE_TRANSACTION;
	if (tx->gas_limit > p->max_gas || tx->gas_limit < needed)
		return RULE_GAS_LIMIT;
	if (u256_compare(&tx->max_fee_per_gas, &p->max_fee_per_gas) > 0)
		return RULE_FEE_CEILING;
	if (u256_compare(&tx->max_priority_fee, &tx->max_fee_per_gas) > 0)
		return RULE_PRIORITY_FEE;
	return RULE_NONE;
}

static enum rule
charge_native(const struct tx *tx, struct charge *charge)
{
	struct u256 gas;

	if (u256_mul_u64(&tx->max_fee_per_gas, tx->gas_limit, &gas) != 0)
		return RULE_NATIVE_PER_TRANSACTION;
	if (u256_add(&gas, &tx->value, &charge->native) != 0)
		return RULE_NATIVE_PER_TRANSACTION;
	return RULE_NONE;
}

/* --- what the transaction does ------------------------------------------- */

/* An entry of the calls list that names this very function. */
static int
call_named(const struct policy *p, const struct tx *tx)
{
	if (!(p->actions & POLICY_CALL))
		return 0;
	for (size_t i = 0; i < p->call_count; i++) {
		const struct policy_call *c = &p->calls[i];

		if (!c->any_selector && memcmp(c->contract, tx->to, 20) == 0 &&
		    memcmp(c->selector, tx->data.p, 4) == 0)
			return 1;
	}
	return 0;
}

static int
call_any(const struct policy *p, const struct tx *tx)
{
	for (size_t i = 0; i < p->call_count; i++) {
		if (p->calls[i].any_selector && memcmp(p->calls[i].contract, tx->to, 20) == 0)
			return 1;
	}
	return 0;
}

static enum rule
judge_native_transfer(const struct rules_subject *s, const struct tx *tx)
{
	if (!(s->policy->actions & POLICY_TRANSFER))
		return RULE_ACTION;
	return rules_recipient_allowed(s, tx->to) ? RULE_NONE : RULE_RECIPIENT;
}

static enum policy_action
position_action(uint32_t selector)
{
	if (selector == ABI_SPLIT)
		return POLICY_SPLIT;
	return selector == ABI_MERGE ? POLICY_MERGE : POLICY_REDEEM;
}

static int
is_position_call(uint32_t selector)
{
	return selector == ABI_SPLIT || selector == ABI_MERGE || selector == ABI_REDEEM;
}

/* Split, merge or redeem on ConditionalTokens; the calls list cannot override these. */
static enum rule
judge_position(const struct rules_subject *s, const struct tx *tx, uint32_t selector,
    struct charge *charge)
{
	static const uint8_t root[32];
	struct abi_call call;

	if (!(s->policy->actions & position_action(selector)))
		return RULE_ACTION;
	if (!u256_is_zero(&tx->value))
		return RULE_VALUE;
	if (abi_call_decode(tx->data, &call) != 0)
		return RULE_CALLDATA;
	if (memcmp(call.parent_collection, root, sizeof root) != 0)
		return RULE_PARENT_COLLECTION;
	if (selector != ABI_SPLIT) /* they bring collateral back */
		return RULE_NONE;
	return rules_charge_token(s->policy, call.address, &call.amount, charge);
}

static enum rule
judge_transfer(const struct rules_subject *s, const struct tx *tx, const struct abi_call *call,
    struct charge *charge)
{
	if (!(s->policy->actions & POLICY_TRANSFER))
		return RULE_ACTION;
	if (!rules_recipient_allowed(s, call->address))
		return RULE_RECIPIENT;
	return rules_charge_token(s->policy, tx->to, &call->amount, charge);
}

static enum rule
judge_approve(const struct rules_subject *s, const struct tx *tx, const struct abi_call *call,
    struct charge *charge)
{
	if (!(s->policy->actions & POLICY_APPROVE))
		return RULE_ACTION;
	if (!is_conditional_tokens(s->policy, call->address) &&
	    !rules_spender_allowed(s->policy, call->address))
		return RULE_SPENDER;
	return rules_charge_token(s->policy, tx->to, &call->amount, charge);
}

/* The amount of a token function that the calls list names. */
static enum rule
charge_named(const struct rules_subject *s, const struct tx *tx, const struct selector *known,
    struct charge *charge)
{
	struct u256 amount = U256_MAX;
	size_t end;

	if (known == NULL || known->amount == AMOUNT_NONE)
		return RULE_NONE;
	if (known->amount >= 0) {
		end = 4 + 32 * ((size_t)known->amount + 1);
		if (tx->data.len < end)
			return RULE_CALLDATA;
		amount = u256_from_be32(tx->data.p + end - 32);
	}
	return rules_charge_token(s->policy, tx->to, &amount, charge);
}

static enum rule
judge_standard(const struct rules_subject *s, const struct tx *tx, uint32_t selector,
    struct charge *charge)
{
	struct abi_call call;

	if (abi_call_decode(tx->data, &call) != 0)
		return RULE_CALLDATA;
	if (!u256_is_zero(&tx->value))
		return RULE_VALUE;
	if (selector == ABI_TRANSFER)
		return judge_transfer(s, tx, &call, charge);
	return judge_approve(s, tx, &call, charge);
}

/* Whether naming the function in the calls list can make up for this refusal. */
static int
is_forgiven(enum rule rule)
{
	return rule == RULE_ACTION || rule == RULE_RECIPIENT || rule == RULE_SPENDER;
}

/* A call to a token that the policy has caps for. */
static enum rule
judge_token(const struct rules_subject *s, const struct tx *tx, uint32_t selector,
    struct charge *charge)
{
	const struct selector *known = selector_find(selector);
	int named = call_named(s->policy, tx);
	enum rule rule;

	if (selector == ABI_TRANSFER || selector == ABI_APPROVE) {
		rule = judge_standard(s, tx, selector, charge);
		if (!named || !is_forgiven(rule))
			return rule;
	}
	if (named)
		return charge_named(s, tx, known, charge);
	if (known != NULL)
		return RULE_SELECTOR_DANGEROUS;
	return s->policy->actions & POLICY_CALL ? RULE_CALL : RULE_ACTION;
}

static enum rule
judge_call(const struct rules_subject *s, const struct tx *tx, uint32_t selector)
{
	if (call_named(s->policy, tx))
		return RULE_NONE;
	if (selector == ABI_TRANSFER || selector == ABI_APPROVE)
		return RULE_TOKEN_UNKNOWN;
	if (rules_selector_dangerous(selector))
		return RULE_SELECTOR_DANGEROUS;
	if (!(s->policy->actions & POLICY_CALL))
		return RULE_ACTION;
	return call_any(s->policy, tx) ? RULE_NONE : RULE_CALL;
}

static enum rule
judge_target(const struct rules_subject *s, const struct tx *tx, struct charge *charge)
{
	uint32_t selector;

	if (tx->data.len == 0)
		return judge_native_transfer(s, tx);
	if (tx->data.len < 4)
		return RULE_CALLDATA;
	selector = load_be32(tx->data.p);
	if (is_conditional_tokens(s->policy, tx->to) && is_position_call(selector))
		return judge_position(s, tx, selector, charge);
	if (policy_token_find(s->policy, tx->to) != NULL)
		return judge_token(s, tx, selector, charge);
	return judge_call(s, tx, selector);
}

enum rule
rules_judge_transaction(const struct rules_subject *s, const struct tx *tx, struct charge *ret)
{
	struct charge charge;
	enum rule rule;

	memset(&charge, 0, sizeof charge);
	if (tx->type > TX_DYNAMIC_FEE)
		return RULE_TRANSACTION;
	if (!rules_chain_allowed(s, tx->chain_id))
		return RULE_CHAIN;
	if (!tx->has_to)
		return RULE_CONTRACT_CREATION;
	if ((rule = judge_fees(s->policy, tx)) != RULE_NONE)
		return rule;
	if ((rule = charge_native(tx, &charge)) != RULE_NONE)
		return rule;
	if ((rule = judge_target(s, tx, &charge)) != RULE_NONE)
		return rule;
	*ret = charge;
	return RULE_NONE;
}

/* --- steps that are signed together -------------------------------------- */

/* Whether the transaction is this function's, with its canonical arguments. */
static int
is_call(const struct tx *tx, uint32_t selector, struct abi_call *ret)
{
	return tx->has_to && tx->data.len >= 4 && load_be32(tx->data.p) == selector &&
	       abi_call_decode(tx->data, ret) == 0;
}

/* Whether `split` uses up what `approve`, before it, lets ConditionalTokens take. */
static int
is_used_up(const struct policy *p, const struct tx *approve, const struct tx *split)
{
	struct abi_call allowed, taken;

	if (!is_call(approve, ABI_APPROVE, &allowed) || !is_call(split, ABI_SPLIT, &taken))
		return 0;
	if (!is_conditional_tokens(p, allowed.address) || !is_conditional_tokens(p, split->to))
		return 0;
	return memcmp(taken.address, approve->to, 20) == 0 &&
	       u256_compare(&taken.amount, &allowed.amount) >= 0;
}

enum rule
rules_judge_step(const struct rules_subject *s, const struct tx *steps, size_t count, size_t at,
    struct charge *ret)
{
	enum rule rule;

	if ((rule = rules_judge_transaction(s, &steps[at], ret)) != RULE_NONE)
		return rule;
	for (size_t i = at + 1; i < count; i++) {
		/* an approval charges its token and nothing else */
		if (is_used_up(s->policy, &steps[at], &steps[i]))
			memset(ret->token, 0, sizeof ret->token);
	}
	return RULE_NONE;
}

/* --- fee bumps ----------------------------------------------------------- */

/* At least a tenth more, rounded up, and more in any case: what nodes ask of a replacement. */
static int
is_raised(const struct u256 *before, const struct u256 *after)
{
	const struct u256 one = u256_of(1), nine = u256_of(9);
	struct u256 step, least;
	uint64_t rest;

	if (u256_add(before, &nine, &step) != 0 || u256_div_u64(&step, 10, &step, &rest) != 0)
		return 0;
	if (u256_is_zero(&step))
		step = one;
	if (u256_add(before, &step, &least) != 0)
		return 0;
	return u256_compare(after, &least) >= 0;
}

enum rule
rules_judge_bump(const struct rules_subject *s, const struct tx *before, const struct tx *after,
    struct charge *ret)
{
	struct charge charge, old;
	enum rule rule;

	memset(&charge, 0, sizeof charge);
	if (before->type != TX_DYNAMIC_FEE || after->type != TX_DYNAMIC_FEE)
		return RULE_BUMP_TYPE;
	if (!rules_chain_allowed(s, after->chain_id))
		return RULE_CHAIN;
	if (!is_raised(&before->max_fee_per_gas, &after->max_fee_per_gas) ||
	    !is_raised(&before->max_priority_fee, &after->max_priority_fee))
		return RULE_BUMP_FEE;
	if ((rule = judge_fees(s->policy, after)) != RULE_NONE)
		return rule;
	if ((rule = charge_native(after, &charge)) != RULE_NONE)
		return rule;
	/* the whole transaction stays within the cap of one, not the difference alone */
	if (u256_compare(&charge.native, &s->policy->native_per_transaction) > 0)
		return RULE_NATIVE_PER_TRANSACTION;
	if ((rule = charge_native(before, &old)) != RULE_NONE)
		return rule;
	if (u256_sub(&charge.native, &old.native, &charge.native) != 0)
		return RULE_BUMP_FEE;
	*ret = charge;
	return RULE_NONE;
}
