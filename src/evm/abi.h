/*
 * Solidity's ABI: the calls that we send and judge, in one struct both ways.
 * (Any other call is encoded by abi_encode.h and judged by its selector.)
 *
 * Decoding accepts only what the encoder here would have written: exact length,
 * offsets in order without gaps, zero padding. A contract may read other
 * layouts too; the policy must not judge what it could misread.
 */
#ifndef SELFSAME_EVM_ABI_H
#define SELFSAME_EVM_ABI_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evm/u256.h"

/* The first four bytes of keccak256(signature), big-endian. */
#define ABI_APPROVE 0x095ea7b3U /* approve(address,uint256) */
#define ABI_TRANSFER 0xa9059cbbU /* transfer(address,uint256) */
#define ABI_SPLIT 0x72ce4275U /* splitPosition(address,bytes32,bytes32,uint256[],uint256) */
#define ABI_MERGE 0x9e7212adU /* mergePositions(address,bytes32,bytes32,uint256[],uint256) */
#define ABI_REDEEM 0x01b7037cU /* redeemPositions(address,bytes32,bytes32,uint256[]) */
#define ABI_ALLOWANCE 0xdd62ed3eU /* allowance(address,address) */
#define ABI_BALANCE_OF 0x70a08231U /* balanceOf(address) */
#define ABI_POSITION_BALANCE_OF 0x00fdd58eU /* balanceOf(address,uint256) */
#define ABI_DECIMALS 0x313ce567U /* decimals() */
#define ABI_PAYOUT_DENOMINATOR 0xdd34de67U /* payoutDenominator(bytes32) */

/* --- the calls that we send ------------------------------------------------ */

#define ABI_INDEX_SETS_MAX 16
#define ABI_CALL_MAX (4 + 32 * (6 + ABI_INDEX_SETS_MAX))

struct abi_call {
	uint32_t selector; /* ABI_APPROVE, _TRANSFER, _SPLIT, _MERGE or _REDEEM */
	uint8_t address[20]; /* spender, recipient; split, merge, redeem: the collateral token */
	struct u256 amount; /* all but redeem */
	/* split, merge, redeem */
	uint8_t parent_collection[32];
	uint8_t condition_id[32];
	size_t index_set_count;
	struct u256 index_sets[ABI_INDEX_SETS_MAX]; /* the partition */
};

/* Returns: 0, ERR_UNSUPPORTED (selector), ERR_RANGE (too many index sets) or ERR_SPACE. */
int abi_call_encode(const struct abi_call *call, uint8_t *ret, size_t cap, size_t *ret_len)
    MUST_USE;

/*
 * Matched by abi_call_encode(): data is exactly what it writes.
 *
 * Returns: 0, ERR_UNSUPPORTED (another selector, or fewer than 4 bytes),
 *          ERR_RANGE (too many index sets) or ERR_PARSE (one of our selectors,
 *          but not this layout)
 */
int abi_call_decode(struct bytes data, struct abi_call *ret) MUST_USE;

/* Words: arguments after write_be32(w, ABI_...), lengths and offsets (of at most 64 bits). */
void abi_write_address(struct writer *w, const uint8_t address[20]);
void abi_write_count(struct writer *w, uint64_t v);
int abi_read_count(struct reader *r, uint64_t *ret) MUST_USE;	     /* ERR_PARSE */
int abi_expect_count(struct reader *r, uint64_t expected) MUST_USE; /* ERR_PARSE */

#endif
