/*
 * EIP-712 typed data in a bounded binary form, and its hashes.
 *
 * The gateway turns eth_signTypedData_v4 JSON into this form
 * (gateway/typed_data_json.h); the signer reads it, derives every type string
 * and hash itself, and refuses what is ambiguous: a struct that neither the
 * message nor the domain uses (wallets accept those in JSON; the gateway leaves
 * them out), a struct without members (but the domain), a name that is no
 * identifier or looks like an elementary type, two structs or two members with
 * one name, a recursive type, the domain as a member or as the message, a
 * domain member that is unknown, of another type than the EIP's or out of the
 * order name, version, chainId, verifyingContract, salt, a word that is not the
 * one encoding of its type, an array whose length is not the declared one, a
 * type alias ("uint"). Any subset of the domain's members is read: what must be
 * there is the policy's to say.
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
#include "evm/type.h"

#define TYPED_DATA_VERSION 1
#define TYPED_DATA_BYTES_MAX 32768
#define TYPED_STRUCTS_MAX 24
#define TYPED_MEMBERS_MAX 32
#define TYPED_NAME_MAX 64
#define TYPED_TYPE_MAX 96
#define TYPED_DEPTH_MAX 12 /* of values: structs and array dimensions together */

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
	uint32_t uses[TYPED_STRUCTS_MAX]; /* bit j: struct j is a part of this one, at any depth */
	/* taken from the domain for the policy; has_* is 0 where it is absent */
	uint8_t has_chain_id;
	uint8_t has_verifying_contract;
	uint64_t chain_id; /* ERR_RANGE when above 64 bits */
	uint8_t verifying_contract[20];
};

/* Whether it has a member of that name. */
int typed_struct_has(const struct typed_struct *s, struct bytes name);

/* What a type text means within one message. */
struct typed_meaning {
	enum { TYPED_PLAIN, TYPED_STRUCT, TYPED_ARRAY } what;
	struct type type; /* TYPED_PLAIN */
	uint8_t index; /* TYPED_STRUCT */
	struct bytes element; /* TYPED_ARRAY: the type text of an element */
	uint32_t count; /* TYPED_ARRAY: the declared length, 0 = any */
};

struct typed_hashes {
	uint8_t type_hash[32]; /* of the primary type */
	uint8_t domain_separator[32];
	uint8_t struct_hash[32]; /* of the message */
	uint8_t digest[32]; /* keccak256(0x1901 || domain_separator || struct_hash) */
};

/*
 * Read and check the whole form. ret borrows from p; it is large (about 26 KiB),
 * so it is filled in place and means nothing after a failure.
 *
 * Returns: 0, ERR_PARSE, ERR_RANGE, ERR_TRAILING, ERR_DUPLICATE, ERR_UNSUPPORTED
 */
int typed_data_read(const uint8_t *p, size_t len, struct typed_data *ret) MUST_USE;

/*
 * Read and check the form's first half, everything but the values; for who
 * writes the second. The same errors.
 */
int typed_data_read_types(struct reader *r, struct typed_data *ret) MUST_USE;

/* ERR_PARSE when the text is no type and names no struct. */
int typed_data_meaning(const struct typed_data *td, struct bytes type_text,
    struct typed_meaning *ret) MUST_USE;

/* 0 for everything that typed_data_read() accepted. */
int typed_data_hash(const struct typed_data *td, struct typed_hashes *ret) MUST_USE;

/*
 * encodeType of one struct: "Mail(Person from,...)Person(...)", the structs it
 * uses sorted by name. ERR_RANGE (no such struct) or ERR_SPACE.
 */
int typed_data_encode_type(const struct typed_data *td, uint8_t index, uint8_t *ret, size_t cap,
    size_t *ret_len) MUST_USE;

/*
 * One atomic member of the message by name, as 32 bytes (ABI form). For the
 * policy, which decodes permits. A dotted path descends into structs, [n] into
 * arrays: "permitted.amount", "details[0].token".
 *
 * Returns: 0 or ERR_NOT_FOUND (no such member or element, or it is not one word)
 */
int typed_data_member(const struct typed_data *td, const char *path, uint8_t ret_word32[32])
    MUST_USE;

/* EIP-191: keccak256("\x19Ethereum Signed Message:\n" || decimal length || message). */
void eip191_hash(const uint8_t *message, size_t len, uint8_t ret_hash32[32]);

#endif
