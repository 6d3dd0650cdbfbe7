/*
 * Solidity's ABI: the calls that we send and judge, in one struct both ways;
 * words and revert data that come back; and an encoder and strict decoder for
 * any parameter list.
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

/* For calls that only read: after write_be32(w, ABI_...), the words of the arguments. */
void abi_write_address(struct writer *w, const uint8_t address[20]);

/* --- what comes back ------------------------------------------------------- */

/* Return data that is exactly one word of this type; ERR_PARSE or ERR_RANGE. */
int abi_word_u256(struct bytes data, struct u256 *ret) MUST_USE;
int abi_word_address(struct bytes data, uint8_t ret[20]) MUST_USE;
int abi_word_bool(struct bytes data, int *ret) MUST_USE;

#define ABI_REVERT_TEXT_MAX 200

/*
 * Revert data for a person: the reason of Error(string), the meaning of
 * Panic(uint256), the selector of a custom error. Printable ASCII (other bytes
 * become '?'), cut to the room; always ends with a NUL. Never fails.
 */
void abi_revert_text(struct bytes data, char ret[ABI_REVERT_TEXT_MAX]);

/* --- any parameter list ----------------------------------------------------- */

#define ABI_SIGNATURE_MAX 1024
#define ABI_DEPTH_MAX 12 /* tuples and array dimensions, one in another */
#define ABI_STATIC_MAX (1 << 20) /* bytes of a value without dynamic parts */

/*
 * Check a parameter list, "(uint256,(address,bytes)[],string)": no spaces, no
 * names; "uint" and "int" mean 256 bits; a tuple inside has a component.
 *
 * Returns: 0, ERR_PARSE or ERR_RANGE (too long, too deep, too large)
 */
int abi_types_check(struct bytes types) MUST_USE;

/*
 * Check "name(type,...)" and give its selector (aliases spelt out) and its
 * parameter list (borrowed). ERR_PARSE or ERR_RANGE.
 */
int abi_signature(struct bytes signature, uint8_t ret_selector[4], struct bytes *ret_types)
    MUST_USE;

/*
 * Take a checked list or tuple apart: begin with *rest = types, then one
 * component at a time. ret_end 1: there is no more. ERR_PARSE.
 */
int abi_types_next(struct bytes *rest, struct bytes *ret_component, int *ret_end) MUST_USE;

/* An elementary type, aliases included; ERR_PARSE. */
struct type;
int abi_type_parse(struct bytes text, struct type *ret) MUST_USE;

/*
 * Encode values in the form of evm/typed_data.h (a word: 32 bytes; bytes and
 * string: LP; array: u32 count and the elements; tuple: its components) as the
 * parameter list types. The whole form must be used.
 *
 * Returns: 0, ERR_PARSE, ERR_RANGE (a word that is no value of its type, a
 *          count that is not the declared one), ERR_TRAILING or ERR_SPACE
 */
int abi_encode(struct bytes types, struct bytes form, uint8_t *ret, size_t cap, size_t *ret_len)
    MUST_USE;

/* The reverse, strictly. Matched by abi_encode(). */
int abi_decode(struct bytes types, struct bytes data, uint8_t *ret_form, size_t cap,
    size_t *ret_len) MUST_USE;

#endif
