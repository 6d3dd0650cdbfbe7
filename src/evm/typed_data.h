/*
 * EIP-712 typed data in a bounded binary form, and its hashes.
 *
 * The gateway turns eth_signTypedData_v4 JSON into this form
 * (gateway/typed_data_json.h); the signer reads it, derives every type string
 * and hash itself, and refuses what is ambiguous: a type that is defined and
 * not used by the message or the domain, a struct name or member name that is
 * no identifier, two members with one name, a recursive type, a domain member
 * that is unknown or out of the order name, version, chainId,
 * verifyingContract, salt, an integer out of its type's range, an array whose
 * length is not the declared one.
 *
 * Form: u8 version (1) | u8 struct count | structs | u8 primary (index) |
 * domain values | message values. Struct 0 is EIP712Domain.
 *   struct:  LP(name) u8 members, member: LP(name) LP(type text)
 *   value:   uintN/intN/bool/address/bytesN: 32 bytes as in encodeData;
 *            bytes, string: LP; array: u32 count and the elements;
 *            struct: its members in order
 */
#ifndef SELFSAME_EVM_TYPED_DATA_H
#define SELFSAME_EVM_TYPED_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define TYPED_DATA_BYTES_MAX 32768
#define TYPED_STRUCTS_MAX 24
#define TYPED_MEMBERS_MAX 32
#define TYPED_NAME_MAX 64
#define TYPED_TYPE_MAX 96
#define TYPED_DEPTH_MAX 12

struct typed_member {
	struct bytes name;
	struct bytes type;
};

struct typed_struct {
	struct bytes name;
	uint8_t member_count;
	struct typed_member members[TYPED_MEMBERS_MAX];
};

struct typed_data {
	uint8_t struct_count;
	uint8_t primary;
	struct typed_struct structs[TYPED_STRUCTS_MAX]; /* 0 is EIP712Domain */
	struct bytes domain; /* the values, borrowed */
	struct bytes message;
	/* taken from the domain for the policy; has_* is 0 where it is absent */
	uint8_t has_chain_id;
	uint8_t has_verifying_contract;
	uint64_t chain_id; /* ERR_RANGE when above 64 bits */
	uint8_t verifying_contract[20];
};

struct typed_hashes {
	uint8_t type_hash[32]; /* of the primary type */
	uint8_t domain_separator[32];
	uint8_t struct_hash[32]; /* of the message */
	uint8_t digest[32]; /* keccak256(0x1901 || domain_separator || struct_hash) */
};

/*
 * Read and check the whole form. ret borrows from p.
 *
 * Returns: 0, ERR_PARSE, ERR_RANGE, ERR_TRAILING, ERR_DUPLICATE, ERR_UNSUPPORTED
 */
int typed_data_read(const uint8_t *p, size_t len, struct typed_data *ret) MUST_USE;

int typed_data_hash(const struct typed_data *td, struct typed_hashes *ret) MUST_USE;

/*
 * encodeType of one struct: "Mail(Person from,...)Person(...)".
 */
int typed_data_encode_type(const struct typed_data *td, uint8_t index, uint8_t *ret, size_t cap,
    size_t *ret_len) MUST_USE;

/*
 * One atomic member of the message by name, as 32 bytes (ABI form). For the
 * policy, which decodes permits. A dotted path descends into structs, [n] into
 * arrays: "permitted.amount", "details[0].token".
 *
 * Returns: 0 or ERR_NOT_FOUND (no such member, or it is not atomic)
 */
int typed_data_member(const struct typed_data *td, const char *path, uint8_t ret_word32[32])
    MUST_USE;

/* EIP-191: keccak256("\x19Ethereum Signed Message:\n" || decimal length || message). */
void eip191_hash(const uint8_t *message, size_t len, uint8_t ret_hash32[32]);

#endif
