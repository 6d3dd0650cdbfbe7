/*
 * A trade request as transactions: which steps, to whom, with which calldata
 * and gas. Pure: what the chain was asked (allowance, code, gas) comes in as
 * facts.
 */
#ifndef SELFSAME_TRADE_PLAN_H
#define SELFSAME_TRADE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "agent/policy.h"
#include "base/attr.h"
#include "base/buffer.h"
#include "chain/fees.h"
#include "evm/transaction.h"
#include "trade/trade.h"

#define PLAN_STEPS_MAX 2

/* What the planner must ask the chain first. */
enum plan_question {
	PLAN_ASK_NOTHING,
	PLAN_ASK_ALLOWANCE, /* of the wallet to ConditionalTokens */
	PLAN_ASK_CODE,	    /* of the recipient */
	PLAN_ASK_GAS	    /* of the call */
};

struct plan_facts {
	uint64_t nonce; /* of the first step */
	struct fees fees;
	uint64_t gas_ceiling; /* the policy's */
	int needs_approval;   /* split: the allowance is smaller, or a step under way may use it */
	int recipient_has_code; /* native transfer */
	uint64_t gas_estimate;	/* call */
};

struct plan_step {
	char kind[16];
	struct tx tx; /* data borrows from the next member */
	struct buffer data;
};

struct plan {
	size_t count;
	struct plan_step steps[PLAN_STEPS_MAX];
};

/* actions: the policy's; a call that it refuses is not estimated first. */
enum plan_question plan_question(const struct trade_request *req, uint8_t actions);

/* Owns: *ret, plan_free(); it must not be moved. ERR_SPACE, ERR_MEM, ERR_RANGE. */
int plan_build(const struct trade_options *options, const struct trade_request *req,
	       const struct plan_facts *facts, struct plan *ret) MUST_USE;
void plan_free(struct plan *plan);

/* The JSON params of the plan's questions; out is a fresh buffer. */
void plan_allowance_params(const struct trade_options *options, const uint8_t wallet[20],
			   struct buffer *out);
void plan_code_params(const struct trade_request *req, struct buffer *out);
void plan_gas_params(const struct trade_request *req, const uint8_t wallet[20], struct buffer *out);

/* eth_call of a journalled transaction as it was, at a block. */
void plan_replay_params(const struct tx *tx, const uint8_t wallet[20], uint64_t block,
			struct buffer *out);

/* "split", "merge", ... */
const char *trade_type_name(enum trade_type type);

#endif
