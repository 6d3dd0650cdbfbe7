/* X.509 certificates through OpenSSL, for hierarchies other than Intel's. */
#ifndef SELFSAME_TESTS_OPENSSL_PKI_H
#define SELFSAME_TESTS_OPENSSL_PKI_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/attr.h"
#include "base/bytes.h"

#define OPENSSL_PKI_MAX 4096

/* What a certificate says; nothing is checked, so that a test can ask for nonsense. */
struct openssl_certificate {
	const char *subject; /* common name */
	EVP_PKEY *key;
	const char *issuer;
	EVP_PKEY *issuer_key;
	int64_t not_before; /* Unix seconds */
	int64_t not_after;
	int is_ca;
	const char *extended_usage; /* OID; NULL: none */
	const EVP_MD *hash; /* NULL: SHA-256 */
	const char *oid; /* an extension more; NULL: none */
	struct bytes content;
};

/* ret has room for OPENSSL_PKI_MAX. Returns: 0, ERR_CRYPTO or ERR_SPACE */
int openssl_certificate_write(const struct openssl_certificate *c, uint8_t *ret, size_t *ret_len)
    MUST_USE;

#endif
