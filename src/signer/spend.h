/*
 * What an agent has spent: one token bucket for native value and one for each
 * token of its policy.
 *
 * A bucket's fill grows by what is charged and leaks at cap / 86,400 per second
 * of the signer's monotonic clock; a charge is allowed while the fill stays at
 * or below the cap. So in any 24 hours less than twice the cap goes out, and
 * after a quiet day all of it is there again. Exact integers: a fraction of a
 * base unit is kept, so that looking often does not slow the leak.
 *
 * Refuses: a charge above the cap of one transaction, or one that does not fit.
 */
#ifndef SELFSAME_SIGNER_SPEND_H
#define SELFSAME_SIGNER_SPEND_H

#include <stdint.h>

#include "agent/policy.h"
#include "agent/record.h"
#include "base/attr.h"
#include "evm/u256.h"
#include "signer/rule.h"

#define SPEND_DAY 86400 /* seconds */
#define SPEND_DAY_NS ((uint64_t)SPEND_DAY * 1000000000)

struct bucket {
	struct u256 used; /* base units */
	uint64_t rest; /* leaked beyond that: below SPEND_DAY_NS parts of one base unit */
	uint64_t at; /* when it last leaked, monotonic ns */
};

/* Let the bucket leak until now; a clock that went back changes nothing. */
void bucket_leak(struct bucket *b, const struct u256 *per_day, uint64_t now);

/* Add amount (after bucket_leak()). Returns 0, or ERR_POLICY (b is unchanged). */
int bucket_take(struct bucket *b, const struct u256 *per_day, const struct u256 *amount) MUST_USE;

/* The buckets of one agent; tokens are in the order of the policy that it follows. */
struct spend {
	struct bucket native;
	uint8_t token_count;
	uint8_t tokens[POLICY_TOKENS_MAX][20];
	struct bucket token[POLICY_TOKENS_MAX];
};

/* What one transaction or signature costs; tokens in the order of the policy. */
struct charge {
	struct u256 native;
	struct u256 token[POLICY_TOKENS_MAX];
};

/* The caps of one transaction. Returns: RULE_NONE or the cap that refuses */
enum rule charge_judge(const struct charge *charge, const struct policy *policy) MUST_USE;

/* Raise every part of charge to that of other, where that is higher. */
void charge_raise(struct charge *charge, const struct charge *other);

/* What of charge is not paid. */
struct charge charge_beyond(const struct charge *charge, const struct charge *paid);

/* Fill the buckets from a record of this policy; they leak from `from` on. */
void spend_seed(struct spend *s, const struct policy *policy, const struct agent_record *rec,
    uint64_t from);

/* Go over to another policy: what it keeps keeps its fill, a new token starts empty. */
void spend_follow(struct spend *s, const struct policy *policy, uint64_t now);

/* Let every bucket leak until now. */
void spend_leak(struct spend *s, const struct policy *policy, uint64_t now);

/*
 * Charge one transaction: charge_judge(), and the buckets. On a refusal s is
 * unchanged.
 *
 * Returns: RULE_NONE or the cap that refuses
 */
enum rule spend_take(struct spend *s, const struct policy *policy, const struct charge *charge,
    uint64_t now) MUST_USE;

/*
 * Why a charge was refused: what the cap would have let through, and after how
 * many seconds the charge fits if nothing else is spent; 0: it never does.
 */
struct shortage {
	int is_token;
	uint8_t token[20];
	struct u256 available;
	uint32_t seconds;
};

/* After charge_judge() or spend_take() at this time refused the charge by this rule. */
void spend_explain(const struct spend *s, const struct policy *policy, const struct charge *charge,
    enum rule rule, uint64_t now, struct shortage *ret);

/* What a bucket would let through now, and the seconds until it is empty. After spend_leak(). */
struct u256 bucket_available(const struct bucket *b, const struct u256 *per_day);
uint32_t bucket_seconds_to_empty(const struct bucket *b, const struct u256 *per_day);

/* The fills, as a record of this policy carries them. */
void spend_write(const struct spend *s, struct agent_record *rec);

#endif
