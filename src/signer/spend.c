#include "signer/spend.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

/*
 * What leaks in `elapsed` ns: floor((per_day elapsed + rest) / day) and the new
 * rest. With per_day = q day + m it is q elapsed + (m elapsed + rest) / day, and
 * since elapsed < day nothing here can overflow.
 */
static int
leaked(const struct u256 *per_day, uint64_t elapsed, uint64_t rest, struct u256 *ret,
    uint64_t *ret_rest)
{
	struct u256 quotient, whole, part, add = u256_of(rest);
	uint64_t m;
	int r;

	if ((r = u256_div_u64(per_day, SPEND_DAY_NS, &quotient, &m)) != 0)
		return r;
	if ((r = u256_mul_u64(&quotient, elapsed, &whole)) != 0)
		return r;
	part = u256_of(m);
	if ((r = u256_mul_u64(&part, elapsed, &part)) != 0)
		return r;
	if ((r = u256_add(&part, &add, &part)) != 0)
		return r;
	if ((r = u256_div_u64(&part, SPEND_DAY_NS, &part, ret_rest)) != 0)
		return r;
	return u256_add(&whole, &part, ret);
}

void
bucket_leak(struct bucket *b, const struct u256 *per_day, uint64_t now)
{
	struct u256 out;
	uint64_t elapsed, rest;

	if (now <= b->at)
		return;
	elapsed = now - b->at;
	b->at = now;
	if (elapsed >= SPEND_DAY_NS) {
		b->used = U256_ZERO;
		b->rest = 0;
		return;
	}
	if (leaked(per_day, elapsed, b->rest, &out, &rest) != 0)
		return;
	b->rest = rest;
	if (u256_compare(&out, &b->used) < 0 && u256_sub(&b->used, &out, &b->used) == 0)
		return;
	/* an empty bucket saves nothing for later */
	b->used = U256_ZERO;
	b->rest = 0;
}

int
bucket_take(struct bucket *b, const struct u256 *per_day, const struct u256 *amount)
{
	struct u256 sum;

	if (u256_add(&b->used, amount, &sum) != 0 || u256_compare(&sum, per_day) > 0)
		return ERR_POLICY;
	b->used = sum;
	return 0;
}

void
spend_seed(struct spend *s, const struct policy *policy, const struct agent_record *rec,
    uint64_t from)
{
	memset(s, 0, sizeof *s);
	s->native = (struct bucket){rec->native_used, 0, from};
	s->token_count = policy->token_count;
	for (size_t i = 0; i < policy->token_count; i++) {
		memcpy(s->tokens[i], policy->tokens[i].token, 20);
		s->token[i] = (struct bucket){rec->token_used[i], 0, from};
	}
}

static struct bucket
bucket_of(const struct spend *s, const uint8_t token[20], uint64_t now)
{
	for (size_t i = 0; i < s->token_count; i++) {
		if (memcmp(s->tokens[i], token, 20) == 0)
			return s->token[i];
	}
	return (struct bucket){U256_ZERO, 0, now};
}

void
spend_follow(struct spend *s, const struct policy *policy, uint64_t now)
{
	const struct spend before = *s;

	memset(s, 0, sizeof *s);
	s->native = before.native;
	s->token_count = policy->token_count;
	for (size_t i = 0; i < policy->token_count; i++) {
		memcpy(s->tokens[i], policy->tokens[i].token, 20);
		s->token[i] = bucket_of(&before, s->tokens[i], now);
	}
}

void
spend_leak(struct spend *s, const struct policy *policy, uint64_t now)
{
	bucket_leak(&s->native, &policy->native_per_day, now);
	for (size_t i = 0; i < s->token_count && i < policy->token_count; i++)
		bucket_leak(&s->token[i], &policy->tokens[i].per_day, now);
}

/* --- charges ------------------------------------------------------------- */

enum rule
charge_judge(const struct charge *charge, const struct policy *policy)
{
	if (u256_compare(&charge->native, &policy->native_per_transaction) > 0)
		return RULE_NATIVE_PER_TRANSACTION;
	for (size_t i = 0; i < policy->token_count; i++) {
		if (u256_compare(&charge->token[i], &policy->tokens[i].per_transaction) > 0)
			return RULE_TOKEN_PER_TRANSACTION;
	}
	return RULE_NONE;
}

static void
raise_part(struct u256 *a, const struct u256 *b)
{
	if (u256_compare(a, b) < 0)
		*a = *b;
}

void
charge_raise(struct charge *charge, const struct charge *other)
{
	raise_part(&charge->native, &other->native);
	for (size_t i = 0; i < POLICY_TOKENS_MAX; i++)
		raise_part(&charge->token[i], &other->token[i]);
}

static struct u256
beyond(const struct u256 *amount, const struct u256 *paid)
{
	struct u256 rest;

	return u256_sub(amount, paid, &rest) == 0 ? rest : U256_ZERO;
}

struct charge
charge_beyond(const struct charge *charge, const struct charge *paid)
{
	struct charge ret = {.native = beyond(&charge->native, &paid->native)};

	for (size_t i = 0; i < POLICY_TOKENS_MAX; i++)
		ret.token[i] = beyond(&charge->token[i], &paid->token[i]);
	return ret;
}

/* --- what an agent has spent --------------------------------------------- */

static enum rule
take_tokens(struct spend *s, const struct policy *policy, const struct charge *charge)
{
	for (size_t i = 0; i < policy->token_count; i++) {
		/* nothing asked, nothing refused: a cap may have sunk below the fill */
		if (u256_is_zero(&charge->token[i]))
			continue;
		if (bucket_take(&s->token[i], &policy->tokens[i].per_day, &charge->token[i]) != 0)
			return RULE_TOKEN_PER_DAY;
	}
	return RULE_NONE;
}

enum rule
spend_take(struct spend *s, const struct policy *policy, const struct charge *charge, uint64_t now)
{
	struct spend after = *s;
	enum rule rule;

	spend_leak(&after, policy, now);
	if ((rule = charge_judge(charge, policy)) != RULE_NONE)
		return rule;
	if (!u256_is_zero(&charge->native) &&
	    bucket_take(&after.native, &policy->native_per_day, &charge->native) != 0)
		return RULE_NATIVE_PER_DAY;
	if ((rule = take_tokens(&after, policy, charge)) != RULE_NONE)
		return rule;
	*s = after;
	return RULE_NONE;
}

/* --- what is left -------------------------------------------------------- */

struct u256
bucket_available(const struct bucket *b, const struct u256 *per_day)
{
	struct u256 left;

	return u256_sub(per_day, &b->used, &left) == 0 ? left : U256_ZERO;
}

/* The seconds in which `amount` leaks; a day empties every bucket. */
static uint32_t
seconds_to_leak(const struct u256 *per_day, const struct u256 *amount)
{
	uint32_t low = 0, high = SPEND_DAY;
	struct u256 gone;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (u256_mul_div_u64(per_day, middle, SPEND_DAY, &gone) == 0 &&
		    u256_compare(&gone, amount) >= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint32_t
bucket_seconds_to_empty(const struct bucket *b, const struct u256 *per_day)
{
	return seconds_to_leak(per_day, &b->used);
}

/* A charge that a bucket did not take. Never 0: a leak of no time would have let it through. */
static void
explain_bucket(const struct bucket *b, const struct u256 *per_day, const struct u256 *amount,
    struct shortage *ret)
{
	struct u256 room;

	ret->available = bucket_available(b, per_day);
	if (u256_sub(per_day, amount, &room) != 0 || u256_sub(&b->used, &room, &room) != 0)
		return; /* more than a whole bucket */
	ret->seconds = seconds_to_leak(per_day, &room);
}

static int
is_over(const struct bucket *b, const struct u256 *per_day, const struct u256 *amount)
{
	struct bucket copy = *b;

	return !u256_is_zero(amount) && bucket_take(&copy, per_day, amount) != 0;
}

static void
explain_token(const struct spend *s, const struct policy *policy, const struct charge *charge,
    enum rule rule, struct shortage *ret)
{
	for (size_t i = 0; i < policy->token_count; i++) {
		const struct policy_token *cap = &policy->tokens[i];
		const struct u256 *amount = &charge->token[i];

		if (rule == RULE_TOKEN_PER_TRANSACTION
		        ? u256_compare(amount, &cap->per_transaction) <= 0
		        : !is_over(&s->token[i], &cap->per_day, amount))
			continue;
		ret->is_token = 1;
		memcpy(ret->token, cap->token, sizeof ret->token);
		ret->available = cap->per_transaction;
		if (rule == RULE_TOKEN_PER_DAY)
			explain_bucket(&s->token[i], &cap->per_day, amount, ret);
		return;
	}
}

void
spend_explain(const struct spend *s, const struct policy *policy, const struct charge *charge,
    enum rule rule, uint64_t now, struct shortage *ret)
{
	struct spend then = *s;

	memset(ret, 0, sizeof *ret);
	spend_leak(&then, policy, now);
	if (rule == RULE_NATIVE_PER_TRANSACTION)
		ret->available = policy->native_per_transaction;
	else if (rule == RULE_NATIVE_PER_DAY)
		explain_bucket(&then.native, &policy->native_per_day, &charge->native, ret);
	else
		explain_token(&then, policy, charge, rule, ret);
}

void
spend_write(const struct spend *s, struct agent_record *rec)
{
	rec->native_used = s->native.used;
	rec->token_count = s->token_count;
	for (size_t i = 0; i < s->token_count; i++)
		rec->token_used[i] = s->token[i].used;
}
