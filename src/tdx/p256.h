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

/*
 * For many checks in a row: what the library needs for a key is set up once,
 * and a key that was used last is not imported again. Zero bytes are an empty
 * one; for one thread at a time.
 */
struct p256 {
	struct ec_key_st *key;
	int has_point; /* key is that of key64 */
	uint8_t key64[64];
	struct ECDSA_SIG_st *signature;
	struct bignum_st *r, *s; /* the signature's own */
};

/* As p256_verify(). */
int p256_check(struct p256 *p256, const uint8_t key64[64], const uint8_t hash32[32],
    const uint8_t sig64[64]) MUST_USE;

void p256_close(struct p256 *p256);

#endif
