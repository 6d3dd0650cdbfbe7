/* HKDF-SHA-256 (RFC 5869) and HMAC-SHA-256, on libsodium. No heap. */
#ifndef SELFSAME_CRYPTO_KDF_H
#define SELFSAME_CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

/* Extract with an empty salt and expand with info; len at most 255 * 32, else ERR_RANGE. */
int hkdf_sha256(const uint8_t *key, size_t key_len, const char *info, uint8_t *ret, size_t len)
    MUST_USE;

/* HMAC-SHA-256 over tag, its NUL, and then the parts as LP runs. */
void mac_parts(const uint8_t key32[32], const char *tag, const struct bytes *parts, size_t count,
    uint8_t ret_mac32[32]);

/* SHA-256 over tag, its NUL, and then the parts as LP runs. */
void hash_parts(const char *tag, const struct bytes *parts, size_t count, uint8_t ret_hash32[32]);

/* Whether two MACs are equal, in constant time. */
int mac_equal(const uint8_t a32[32], const uint8_t b32[32]);

#endif
