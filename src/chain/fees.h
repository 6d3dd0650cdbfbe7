/*
 * EIP-1559 fees from what a node says (eth_feeHistory), under a ceiling that
 * no node can lift; and the arithmetic of fee bumps.
 */
#ifndef SELFSAME_CHAIN_FEES_H
#define SELFSAME_CHAIN_FEES_H

#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "evm/u256.h"

/* The params that fee_market_parse() reads the answer of. */
#define FEE_HISTORY_PARAMS "[\"0x5\",\"latest\",[50]]"

/* What the market asks, as far as the node is honest. */
struct fee_market {
	struct u256 base_fee; /* of the next block */
	struct u256 tip;      /* the median of the last blocks' median tips */
};

struct fees {
	struct u256 max_fee; /* wei per gas */
	struct u256 tip;     /* at most max_fee */
};

/* An answer of eth_feeHistory with FEE_HISTORY_PARAMS. ERR_PARSE, ERR_RANGE. */
int fee_market_parse(const json_t *result, struct fee_market *ret) MUST_USE;

/* The lowest tip that the chain's nodes accept; what lower answers are raised to. */
struct u256 fee_tip_floor(uint64_t chain_id);

/*
 * Fees of a first transaction: tip = the market's, at least floor; max fee = 2
 * base fee + tip, so that six full blocks in a row do not price it out; both
 * at most the ceiling.
 *
 * Returns: 0, or ERR_POLICY when the base fee is above the ceiling.
 */
int fees_choose(const struct fee_market *market, const struct u256 *floor,
		const struct u256 *ceiling, struct fees *ret) MUST_USE;

/*
 * Fees of a replacement: each at least 10 % above the old one, rounded up
 * (what nodes demand), and at least what fees_choose() would take now.
 *
 * Returns: 0, or ERR_POLICY when 10 % more is above the ceiling.
 */
int fees_bump(const struct fees *old, const struct fee_market *market, const struct u256 *floor,
	      const struct u256 *ceiling, struct fees *ret) MUST_USE;

#endif
