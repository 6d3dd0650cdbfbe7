/* RSASSA-PKCS1-v1_5 with SHA-256 (RS256), as Google's vTPMs and tokens use it. */
#ifndef SELFSAME_EVIDENCE_RSA_H
#define SELFSAME_EVIDENCE_RSA_H

#include <openssl/evp.h>

#include "base/attr.h"
#include "base/bytes.h"

/* Of the modulus. */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

/*
 * A public key from its two numbers, big-endian.
 *
 * Returns: 0, ERR_RANGE (size of the modulus, exponent not 65537), ERR_CRYPTO
 * Owns:    *ret is the caller's, EVP_PKEY_free()
 */
int rsa_key_make(struct bytes modulus, struct bytes exponent, EVP_PKEY **ret) MUST_USE;

/* Returns: 0, ERR_UNSUPPORTED (not RSA, or a size out of bounds), ERR_SIGNATURE, ERR_CRYPTO */
int rsa_verify(EVP_PKEY *key, struct bytes message, struct bytes signature) MUST_USE;

#endif
