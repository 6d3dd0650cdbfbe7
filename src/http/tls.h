/*
 * TLS inside the process: 1.3 only, with a P-256 key made at boot that is
 * written nowhere, and a self-signed certificate around it. What a client can
 * trust is not the certificate but the hash of its public key in the attestation.
 */
#ifndef SELFSAME_HTTP_TLS_H
#define SELFSAME_HTTP_TLS_H

#include <stdint.h>

#include "base/attr.h"

struct ssl_ctx_st;

/*
 * Out: ret_context   tls_free()
 *      ret_spki32    SHA-256 of the DER SubjectPublicKeyInfo
 *
 * Returns: 0 or ERR_CRYPTO.
 */
int tls_new(struct ssl_ctx_st **ret_context, uint8_t ret_spki32[32]) MUST_USE;
void tls_free(struct ssl_ctx_st *context);

#endif
