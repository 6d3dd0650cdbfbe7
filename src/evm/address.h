/* 20-byte account addresses: EIP-55 text, from a public key, CREATE and CREATE2. */
#ifndef SELFSAME_EVM_ADDRESS_H
#define SELFSAME_EVM_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define ADDRESS_TEXT_MAX 43 /* 0x, 40 digits, NUL */

/* The address of an uncompressed public key X || Y (64 bytes, without the 0x04). */
void address_from_public_key(const uint8_t public_key64[64], uint8_t ret[20]);

/* EIP-55 text and a NUL. */
void address_format(const uint8_t address[20], char ret[ADDRESS_TEXT_MAX]);

/*
 * "0x" and 40 hex digits. All lower or all upper case passes; mixed case must
 * be the EIP-55 form.
 *
 * Returns: 0, ERR_PARSE (shape) or ERR_RANGE (wrong EIP-55 checksum).
 */
int address_parse(const char *text, size_t len, uint8_t ret[20]) MUST_USE;

/* keccak256(rlp([sender, nonce]))[12:] */
void address_create(const uint8_t sender[20], uint64_t nonce, uint8_t ret[20]);

/* EIP-1014: keccak256(0xff || sender || salt || init_code_hash)[12:] */
void address_create2(const uint8_t sender[20], const uint8_t salt32[32],
    const uint8_t init_code_hash32[32], uint8_t ret[20]);

#endif
