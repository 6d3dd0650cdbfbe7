/*
 * The half of secp256k1 ECDSA that has no secrets: it needs no context of its
 * own, so that a verifier links it without the half that signs. High s is
 * refused everywhere, as in EIP-2: a signature has one form.
 */
#ifndef SELFSAME_CRYPTO_SECP_VERIFY_H
#define SELFSAME_CRYPTO_SECP_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* Low-s only. public_key is 33 or 65 bytes. Returns 0, ERR_PARSE or ERR_SIGNATURE. */
int secp_verify(const uint8_t *public_key, size_t public_key_len, const uint8_t digest32[32],
    const uint8_t signature64[64]) MUST_USE;

/*
 * The public key (X || Y) that made a signature. recovery_id 0 to 3 (Ethereum
 * allows 0 and 1). Refuses high s. Returns 0, ERR_RANGE or ERR_SIGNATURE.
 */
int secp_recover(const uint8_t digest32[32], const uint8_t signature64[64], uint8_t recovery_id,
    uint8_t ret_public_key64[64]) MUST_USE;

/* The 33-byte form of a point (X || Y) that is known to be one. */
void secp_compress(const uint8_t public_key64[64], uint8_t ret_public_key33[33]);

/*
 * The 33-byte form of a public key in any of its forms: 33 bytes, 65 with the
 * 0x04, or 64 without it.
 *
 * Returns: 0 or ERR_PARSE (another length or form, or not a point of the curve)
 */
int secp_normalize(const uint8_t *public_key, size_t len, uint8_t ret_public_key33[33]) MUST_USE;

#endif
