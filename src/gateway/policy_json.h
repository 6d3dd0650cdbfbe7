/*
 * A policy as JSON, in the units people use: amounts in decimals of the known
 * tokens, names for actions and recipients, signatures for selectors.
 *
 *   {"chains": [137],
 *    "actions": ["split", "merge", "redeem", "approve", "transfer", "call",
 *                "sign-typed-data", "sign-message"],
 *    "conditionalTokens": "0x...",
 *    "native": {"perTransaction": "5", "perDay": "5"},
 *    "fees": {"maxFeePerGas": "500000000000", "maxGas": 1000000},
 *    "tokens": [{"token": "USDC", "perTransaction": "100", "perDay": "1000"}],
 *    "recipients": ["owner", "anyone", "0x..."],
 *    "spenders": ["0x..."],
 *    "calls": [{"contract": "0x...", "selector": "0x12345678" or "any"}],
 *    "typedData": [{"chainId": 137, "verifyingContract": "0x...", "typeHash": "0x..."}]}
 *
 * A member that is left out keeps what the policy had before. A call may name
 * "function": "f(uint256)" in place of its selector, typed data "type":
 * "Mail(address to)" in place of its hash. What is written can be read again.
 */
#ifndef SELFSAME_GATEWAY_POLICY_JSON_H
#define SELFSAME_GATEWAY_POLICY_JSON_H

#include "agent/policy.h"
#include "base/attr.h"
#include "json/reader.h"
#include "json/writer.h"
#include "trade/trade.h"

/*
 * Replace the members of *policy that the object has; the result is sorted.
 * Failures are recorded in in->error, with the path of the member.
 *
 * Returns: 0, ERR_PARSE, ERR_RANGE, ERR_DUPLICATE, ERR_UNKNOWN_FIELD
 */
int policy_json_read(struct json_in *in, const struct trade_options *options, struct policy *policy)
    MUST_USE;

/* A token that is no longer among the known ones is written in base units ("unit": "base"). */
void policy_json_write(struct json_writer *w, const char *name, const struct trade_options *options,
    const struct policy *policy);

/*
 * Name a token inside an object: "token", and "unit": "base" where it is no
 * longer known. Returns the decimals that its amounts are written with.
 */
unsigned policy_json_token(struct json_writer *w, const struct trade_options *options,
    const uint8_t token[20]);

/* The PolicyChange that an owner signs, as eth_signTypedData_v4 JSON. */
struct policy_change {
	uint64_t chain_id;
	uint8_t root_id[32];
	const char *agent_id;
	uint8_t wallet[20];
	uint8_t old_policy[32];
	uint8_t new_policy[32];
	uint64_t policy_version; /* the new one */
};
void policy_change_write(struct json_writer *w, const char *name,
    const struct policy_change *change);

#endif
