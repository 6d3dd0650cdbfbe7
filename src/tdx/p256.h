/* ECDSA on P-256, as quotes and certificates carry it. */
#ifndef SELFSAME_TDX_P256_H
#define SELFSAME_TDX_P256_H

#include <stddef.h>
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
 * Keys that sign more than once in one chain of evidence: imported at the first
 * use, then found by their bytes. Zero bytes are an empty pool.
 */
#define P256_POOL_MAX 8

struct p256_pool {
	size_t count;
	struct p256_pool_key {
		uint8_t key64[64];
		struct ec_key_st *key;
	} entry[P256_POOL_MAX];
};

/* As p256_verify(). */
int p256_pool_verify(struct p256_pool *pool, const uint8_t key64[64], const uint8_t hash32[32],
    const uint8_t sig64[64]) MUST_USE;

void p256_pool_close(struct p256_pool *pool);

#endif
