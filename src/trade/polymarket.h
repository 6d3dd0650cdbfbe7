/* The calldata of ConditionalTokens and ERC-20 as Polymarket's traders use them. */
#ifndef SELFSAME_TRADE_POLYMARKET_H
#define SELFSAME_TRADE_POLYMARKET_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "trade/trade.h"

/* splitPosition, mergePositions or redeemPositions on the collateral, below the root collection. */
int polymarket_position_data(const struct trade_options *options, const struct trade_request *req,
			     struct buffer *out) MUST_USE;

/* approve(spender, amount) and transfer(to, amount) of an ERC-20. */
int polymarket_approve_data(const uint8_t spender[20], const struct u256 *amount,
			    struct buffer *out) MUST_USE;
int polymarket_transfer_data(const uint8_t to[20], const struct u256 *amount,
			     struct buffer *out) MUST_USE;

/* allowance(owner, spender) */
int polymarket_allowance_data(const uint8_t owner[20], const uint8_t spender[20],
			      struct buffer *out) MUST_USE;

#endif
