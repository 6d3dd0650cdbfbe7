/* ECDSA on P-256, as quotes and certificates carry it. */
#ifndef SELFSAME_TDX_P256_H
#define SELFSAME_TDX_P256_H

#include <stdint.h>

#include "base/attr.h"

/*
 * Check a signature over a SHA-256 hash.
 *
 * A signature with n - s for s is another valid one: never take the bytes of
 * a signature, or of anything that holds one, as an identity.
 *
 * Returns: 0
 *          ERR_SIGNATURE  it does not verify, or the key is not a point of the curve
 *          ERR_CRYPTO     the library failed
 * In:      key64   X || Y, big-endian
 *          sig64   r || s, big-endian
 */
int p256_verify(const uint8_t key64[64], const uint8_t hash32[32], const uint8_t sig64[64])
    MUST_USE;

#endif
