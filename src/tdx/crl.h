/*
 * X.509 revocation lists in the one profile that Intel's provisioning PKI uses:
 * version 2, ECDSA-with-SHA256, complete, with CRL number and authority key
 * identifier. A list that parses is not thereby anybody's.
 */
#ifndef SELFSAME_TDX_CRL_H
#define SELFSAME_TDX_CRL_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/certificate.h"

#define CRL_MAX 1048576

/* All runs borrow from the DER that was parsed. */
struct crl {
	struct bytes tbs; /* what is signed */
	struct bytes issuer; /* whole Name */
	int64_t this_update; /* Unix seconds; both ends inclusive */
	int64_t next_update;
	struct bytes entries; /* each of them well-formed */
	size_t count;
	struct bytes authority_key_id; /* 20 */
	uint8_t signature[64]; /* r || s */
};

/*
 * Both extensions are required, as is nextUpdate; a duplicate, or a critical
 * extension of the list or of an entry, is refused (indirect and delta lists are critical).
 *
 * Returns: 0 or ERR_PARSE
 */
int crl_parse(struct bytes der, struct crl *ret) MUST_USE;

/* Whether it is this issuer's by name, key identifier and the right to sign lists. */
int crl_is_of(const struct crl *crl, const struct certificate *issuer);

/* Returns: 0, ERR_SIGNATURE or ERR_CRYPTO */
int crl_signed_by(const struct crl *crl, const struct certificate *issuer,
    struct p256 *p256) MUST_USE;

/* Whether a certificate's serial number is in it. */
int crl_revokes(const struct crl *crl, struct bytes serial);

#endif
