/*
 * Ethereum transactions of type 0 (EIP-155), 1 (EIP-2930) and 2 (EIP-1559):
 * encode, hash, and a strict decoder. Type 3 (blobs) and 4 (EIP-7702) are
 * refused. No heap: data and access list are borrowed.
 */
#ifndef SELFSAME_EVM_TRANSACTION_H
#define SELFSAME_EVM_TRANSACTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evm/u256.h"

enum tx_type { TX_LEGACY = 0, TX_ACCESS_LIST = 1, TX_DYNAMIC_FEE = 2 };

/* Of what we sign; the decoder is bound by the length of its input only. */
#define TX_DATA_MAX 16384
#define TX_ACCESS_LIST_MAX 3072
#define TX_RAW_MAX (TX_DATA_MAX + 4096)

struct tx {
	uint8_t type; /* enum tx_type */
	uint64_t chain_id;
	uint64_t nonce;
	uint64_t gas_limit;
	struct u256 max_fee_per_gas; /* types 0 and 1: the gas price */
	struct u256 max_priority_fee; /* type 2 only, else zero */
	uint8_t has_to; /* 0 creates a contract */
	uint8_t to[20];
	struct u256 value;
	struct bytes data;
	struct bytes access_list; /* RLP of the list; empty run = the empty list */
};

struct tx_signature {
	uint8_t r[32];
	uint8_t s[32];
	uint8_t y_parity; /* 0 or 1 */
};

/*
 * The bounded binary form in which a transaction's fields cross processes and
 * stand in the journal (the "intent"). Matched by tx_read_fields().
 */
void tx_write_fields(struct writer *w, const struct tx *tx);

/*
 * Matched by tx_write_fields(): one form for one transaction.
 *
 * Returns: 0, ERR_PARSE (also: a flag that is not 0 or 1, a recipient without
 *          the flag, a field that the type does not have, a malformed access
 *          list), ERR_RANGE (data or access list too long), ERR_UNSUPPORTED
 *          (type 3 and up)
 */
int tx_read_fields(struct reader *r, struct tx *ret) MUST_USE;

/*
 * The bytes that are hashed for the signature (with the type byte; for type 0
 * with chain id, 0, 0 as in EIP-155).
 *
 * Returns: 0, ERR_RANGE (a field is out of its range: nonce 2^64-1, priority
 *          fee above max fee, type 0 with chain id 0), ERR_PARSE (access list)
 *          or ERR_SPACE
 */
int tx_encode_unsigned(const struct tx *tx, uint8_t *ret, size_t cap, size_t *ret_len) MUST_USE;

/* keccak256 of the same, without needing the buffer. */
int tx_signing_hash(const struct tx *tx, uint8_t ret_hash32[32]) MUST_USE;

/*
 * The signed transaction as it goes to eth_sendRawTransaction. ERR_RANGE also
 * for a signature that no node accepts (r or s out of range, high s, parity).
 */
int tx_encode_signed(const struct tx *tx, const struct tx_signature *signature, uint8_t *ret,
    size_t cap, size_t *ret_len) MUST_USE;

/*
 * Decode a signed transaction strictly: canonical RLP, nothing trailing,
 * integers without leading zeros, every field in its range, low s, y parity 0
 * or 1. Whether the gas suffices is tx_check_gas()'s question. A legacy
 * transaction without chain id (v 27 or 28) decodes with chain_id 0. ret
 * borrows from raw.
 *
 * Returns: 0, ERR_PARSE, ERR_RANGE or ERR_UNSUPPORTED (type 3 and up).
 */
int tx_decode_signed(const uint8_t *raw, size_t len, struct tx *ret,
    struct tx_signature *ret_signature) MUST_USE;

/*
 * The hash that the signature of a decoded transaction covers, also in the form
 * before EIP-155 (type 0, chain_id 0), which is never signed here.
 */
int tx_recovery_hash(const struct tx *tx, uint8_t ret_hash32[32]) MUST_USE;

/* The gas that a transaction costs before it runs (data, access list, creation). */
int tx_intrinsic_gas(const struct tx *tx, uint64_t *ret) MUST_USE;

/*
 * What the execution specification demands beyond the single field: the gas
 * limit covers the intrinsic gas, gas limit x fee is below 2^256, init code is
 * at most 49,152 bytes (EIP-3860). ERR_RANGE.
 */
int tx_check_gas(const struct tx *tx) MUST_USE;

#endif
