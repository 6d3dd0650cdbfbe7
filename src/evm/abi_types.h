/*
 * Parameter lists as Solidity writes them, "(uint256,(address,bytes)[],string)":
 * no spaces, no names; "uint" and "int" mean 256 bits; a tuple inside has a
 * component.
 */
#ifndef SELFSAME_EVM_ABI_TYPES_H
#define SELFSAME_EVM_ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evm/type.h"

#define ABI_SIGNATURE_MAX 1024
#define ABI_DEPTH_MAX 12 /* tuples and array dimensions, one in another */
#define ABI_STATIC_MAX (1 << 20) /* bytes of a value without dynamic parts */

/* Returns: 0, ERR_PARSE or ERR_RANGE (too long, too deep, too large) */
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
int abi_type_parse(struct bytes text, struct type *ret) MUST_USE;

int abi_is_tuple(struct bytes type);

/* What a type takes in a head, and whether it is only an offset there. */
struct abi_shape {
	int is_dynamic;
	size_t size; /* bytes of a static value; of a word when dynamic */
};

/* Of one type; of what is left of a list, its components together. ERR_PARSE or ERR_RANGE. */
int abi_shape_of(struct bytes type, struct abi_shape *ret) MUST_USE;
int abi_shape_of_list(struct bytes types, struct abi_shape *ret) MUST_USE;

#endif
