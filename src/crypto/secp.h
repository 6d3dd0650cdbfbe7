/*
 * secp256k1 ECDSA on libsecp256k1: deterministic (RFC 6979), low-s,
 * recoverable. One context for the process, made and randomised before the
 * sandbox closes; nothing allocates afterwards. What needs no key is in
 * crypto/secp_verify.h and comes along.
 */
#ifndef SELFSAME_CRYPTO_SECP_H
#define SELFSAME_CRYPTO_SECP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "crypto/secp_verify.h"

/* Make and randomise the context; again at any time to re-randomise. ERR_CRYPTO. */
int secp_open(void) MUST_USE;

/* Whether 0 < key < n. ERR_RANGE when not. */
int secp_key_check(const uint8_t key32[32]) MUST_USE;

/* ret_key = key + tweak mod n; ERR_HD_INVALID when tweak >= n or the sum is 0. Constant time. */
int secp_key_add(const uint8_t key32[32], const uint8_t tweak32[32], uint8_t ret_key32[32])
    MUST_USE;

/* 33 bytes compressed. Constant time in the key. */
int secp_public_key(const uint8_t key32[32], uint8_t ret_public_key33[33]) MUST_USE;

/* X || Y without the 0x04. Constant time in the key. */
int secp_public_key_64(const uint8_t key32[32], uint8_t ret_public_key64[64]) MUST_USE;

/*
 * Sign a 32-byte digest. extra32 may be NULL (RFC 6979 plain) or 32 bytes of
 * additional data (section 3.6); wallets use NULL.
 *
 * Out:     r || s, s at most n/2; the recovery id's parity bit
 * Time:    independent of key and digest
 */
int secp_sign(const uint8_t key32[32], const uint8_t digest32[32], const uint8_t *extra32,
    uint8_t ret_signature64[64], uint8_t *ret_y_parity) MUST_USE;

#endif
