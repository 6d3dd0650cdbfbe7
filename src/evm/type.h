/*
 * The types that Solidity's ABI and EIP-712 share, from their text, and the
 * check of a value's 32-byte word. One spelling for one type: "uint08",
 * "uint7", "bytes0" and "bytes33" are no types here. The aliases "uint" and
 * "int" are the ABI's (evm/abi_types.h); EIP-712 has none.
 */
#ifndef SELFSAME_EVM_TYPE_H
#define SELFSAME_EVM_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

enum type_kind {
	TYPE_UINT,
	TYPE_INT,
	TYPE_ADDRESS,
	TYPE_BOOL,
	TYPE_FIXED_BYTES, /* left-aligned in the word */
	TYPE_BYTES, /* dynamic */
	TYPE_STRING /* dynamic */
};

struct type {
	enum type_kind kind;
	unsigned size; /* uint and int: bits; fixed bytes: bytes; else 0 */
};

/* Whether a value is one word; bytes and string are not. */
int type_is_word(struct type t);

/* "uint256", "int8", "address", "bool", "bytes32", "bytes", "string"; ERR_PARSE. */
int type_parse(struct bytes text, struct type *ret) MUST_USE;

#define TYPE_ARRAY_MAX 65536 /* elements of a fixed array, more is refused */

/*
 * Split the last dimension off: "T[2][]" is a run-time array of "T[2]". Text
 * without a bracket at its end is no array. A length has no leading zeros and
 * is not 0.
 *
 * Returns: 0 or ERR_PARSE
 * Out:     ret_is_array; ret_element and ret_count (0: any length) when it is one
 */
int type_split_array(struct bytes text, int *ret_is_array, struct bytes *ret_element,
    uint32_t *ret_count) MUST_USE;

/* A Solidity identifier: letters, digits, _ and $, not beginning with a digit. */
int type_is_identifier(struct bytes text);

/*
 * Whether a struct must not have this name, because it is or looks like a
 * type's: elementary names and every "uint...", "int...", "bytes..." with digits.
 */
int type_is_reserved(struct bytes text);

/* The word is the one encoding of a value of this type; ERR_RANGE. */
int type_check_word(struct type t, const uint8_t word32[32]) MUST_USE;

/* Whether a run is this text. */
int bytes_are(struct bytes b, const char *text);

#endif
