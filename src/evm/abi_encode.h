/* Values into the bytes of Solidity's ABI, for any parameter list. */
#ifndef SELFSAME_EVM_ABI_ENCODE_H
#define SELFSAME_EVM_ABI_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

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

#endif
