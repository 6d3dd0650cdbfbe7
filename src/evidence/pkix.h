/*
 * X.509 certificates of PKIs other than Intel's, through OpenSSL: a chain to one
 * of the given roots at a given time. No store of the system, no network.
 */
#ifndef SELFSAME_EVIDENCE_PKIX_H
#define SELFSAME_EVIDENCE_PKIX_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"

#define PKIX_CERTIFICATE_MAX 4096
#define PKIX_CHAIN_MAX 8 /* certificates besides the leaf */

/* A list of certificates in DER. */
struct pkix_list {
	const struct bytes *der;
	size_t count;
};

/*
 * One whole certificate; NULL when it is malformed, too long, or followed by bytes.
 *
 * Owns: the caller's, X509_free()
 */
X509 *pkix_parse(struct bytes der);

/*
 * Whether leaf leads over some of `others` to one of the roots, all of them valid at
 * `at` (Unix seconds). Extended key usages are not looked at: Google's intermediates carry
 * one that belongs to TPMs (2.23.133.8.1). Keys and hashes below 112 bits are refused.
 *
 * Returns: TDX_HOLDS, TDX_ROOT_NOT_TRUSTED, TDX_NOT_YET_VALID, TDX_EXPIRED, TDX_INTERNAL,
 *          `broken` for any other failure
 */
enum tdx_reason pkix_verify(X509 *leaf, struct pkix_list others, struct pkix_list roots,
    int64_t at, enum tdx_reason broken) MUST_USE;

/* The key as SubjectPublicKeyInfo DER. Returns: 0, ERR_SPACE or ERR_CRYPTO */
int pkix_spki(const X509 *certificate, uint8_t *ret, size_t cap, size_t *ret_len) MUST_USE;

#endif
