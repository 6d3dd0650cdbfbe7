/*
 * A policy: what an agent's wallet may sign. What no rule allows is refused.
 *
 * This is the form that both sides of the signer's door agree on: the struct,
 * its canonical bytes (one encoding for one policy: lists sorted, no
 * duplicates) and its hash. Judging a transaction is signer/rules.h's work;
 * JSON is gateway/policy_json.h's.
 */
#ifndef SELFSAME_AGENT_POLICY_H
#define SELFSAME_AGENT_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evm/u256.h"

#define POLICY_BYTES_MAX 4096
#define POLICY_CHAINS_MAX 4
#define POLICY_TOKENS_MAX 8
#define POLICY_RECIPIENTS_MAX 16
#define POLICY_SPENDERS_MAX 8
#define POLICY_CALLS_MAX 32
#define POLICY_TYPED_MAX 16

enum policy_action {
	POLICY_SPLIT = 1 << 0,
	POLICY_MERGE = 1 << 1,
	POLICY_REDEEM = 1 << 2,
	POLICY_APPROVE = 1 << 3, /* to conditional_tokens, and to spenders */
	POLICY_TRANSFER = 1 << 4, /* native and tokens, to recipients */
	POLICY_CALL = 1 << 5, /* the calls list */
	POLICY_TYPED_DATA = 1 << 6, /* the typed list */
	POLICY_MESSAGE = 1 << 7, /* EIP-191 text */
	POLICY_ACTIONS = 0xff
};

enum policy_flag {
	POLICY_TO_OWNER = 1 << 0, /* the record's owner is a recipient */
	POLICY_TO_ANYONE = 1 << 1, /* every address is a recipient */
	POLICY_FLAGS = 0x03
};

struct policy_token {
	uint8_t token[20];
	struct u256 per_transaction; /* base units */
	struct u256 per_day; /* base units; a token bucket, see signer/spend.h */
};

struct policy_call {
	uint8_t contract[20];
	uint8_t any_selector; /* 1: every selector but the dangerous ones; selector is zero */
	uint8_t selector[4];
};

struct policy_typed {
	uint64_t chain_id;
	uint8_t contract[20]; /* the domain's verifyingContract */
	uint8_t type_hash[32]; /* of the primary type */
};

struct policy {
	uint8_t actions; /* enum policy_action */
	uint8_t flags; /* enum policy_flag */
	uint8_t chain_count;
	uint8_t token_count;
	uint8_t recipient_count;
	uint8_t spender_count;
	uint8_t call_count;
	uint8_t typed_count;
	uint64_t chains[POLICY_CHAINS_MAX];
	struct u256 native_per_transaction; /* wei, value + gas limit x max fee */
	struct u256 native_per_day; /* wei; a token bucket */
	struct u256 max_fee_per_gas; /* wei */
	uint64_t max_gas; /* gas limit of one transaction */
	uint8_t conditional_tokens[20]; /* the ConditionalTokens contract */
	struct policy_token tokens[POLICY_TOKENS_MAX];
	uint8_t recipients[POLICY_RECIPIENTS_MAX][20];
	uint8_t spenders[POLICY_SPENDERS_MAX][20];
	struct policy_call calls[POLICY_CALLS_MAX];
	struct policy_typed typed[POLICY_TYPED_MAX];
};

/* Sort every list, as the canonical form wants them. */
void policy_sort(struct policy *p);

/*
 * Write the canonical bytes. The policy must be sorted. Matched by policy_read().
 *
 * Form: u8 form (1) | u8 actions | u8 flags | six u8 counts (chains, tokens,
 * recipients, spenders, calls, typed) | native per transaction 32 | native per
 * day 32 | max fee per gas 32 | u64 max gas | conditional tokens 20 | chains
 * u64 | tokens 20 32 32 | recipients 20 | spenders 20 | calls 20 u8 4 | typed
 * u64 20 32; integers big-endian.
 */
void policy_write(struct writer *w, const struct policy *p);

/*
 * Read canonical bytes, all of them. Matched by policy_write().
 *
 * Returns: 0, ERR_PARSE, ERR_TRAILING, ERR_RANGE (a count, an unknown action or
 *          flag, a chain id of 0, a selector beside any_selector),
 *          ERR_DUPLICATE (a list that is not strictly ascending)
 */
int policy_read(const uint8_t *p, size_t len, struct policy *ret) MUST_USE;

/* SHA-256("selfsame/policy/v1\0" || canonical bytes). */
void policy_hash(const uint8_t *canonical, size_t len, uint8_t ret_hash32[32]);

/*
 * Whether `after` allows nothing that `before` does not allow: every cap at
 * most as high, every list and mask a subset. A token (or the ConditionalTokens
 * contract) that the calls list names may not be forgotten: calls to a known
 * token are charged, to an unknown contract they are not.
 */
int policy_is_tighter(const struct policy *before, const struct policy *after);

/* The cap entry of a token, or NULL. */
const struct policy_token *policy_token_find(const struct policy *p, const uint8_t token[20]);

#endif
