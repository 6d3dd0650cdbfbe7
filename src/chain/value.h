/*
 * The values that nodes answer with, as the JSON-RPC specification writes
 * them: quantities "0x1a" without leading zeros, data "0x00ff" in pairs.
 * Everything else is ERR_PARSE; a quantity above the type is ERR_RANGE.
 */
#ifndef SELFSAME_CHAIN_VALUE_H
#define SELFSAME_CHAIN_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "evm/u256.h"

/* value may be NULL (an absent member): ERR_PARSE. */
int value_u64(const json_t *value, uint64_t *ret) MUST_USE;
int value_u256(const json_t *value, struct u256 *ret) MUST_USE;

/* Exactly n bytes of data. */
int value_fixed(const json_t *value, uint8_t *ret, size_t n) MUST_USE;

/* A word as eth_call returns it: exactly 32 bytes of data. */
int value_word(const json_t *value, struct u256 *ret) MUST_USE;

/* What the receipt of a transaction says. A claim, like all else. */
struct chain_receipt {
	int success;
	uint8_t from[20]; /* who signed */
	uint64_t block_number;
	uint8_t block_hash[32];
	uint64_t gas_used;
};

/*
 * An answer of eth_getTransactionReceipt for the transaction hash32.
 *
 * Returns: 0, ERR_NOT_FOUND (null: not mined), ERR_PARSE (also: a receipt of
 *          another transaction, or one without a status)
 */
int
value_receipt(const json_t *value, const uint8_t hash32[32], struct chain_receipt *ret) MUST_USE;

#endif
