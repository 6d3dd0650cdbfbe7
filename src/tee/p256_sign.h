/*
 * Deterministic ECDSA on P-256 (RFC 6979, SHA-256), for the simulated platform
 * only: its keys are published, so nothing here hides them.
 */
#ifndef SELFSAME_TEE_P256_SIGN_H
#define SELFSAME_TEE_P256_SIGN_H

#include <stdint.h>

#include "base/attr.h"

/* X || Y of a private key. Returns: 0 or ERR_CRYPTO (0, or not below the order) */
int p256_public(const uint8_t key32[32], uint8_t ret[64]) MUST_USE;

/* r || s, as RFC 6979 says: s is not made low. Returns: 0 or ERR_CRYPTO */
int p256_sign(const uint8_t key32[32], const uint8_t hash32[32], uint8_t ret[64]) MUST_USE;

#endif
