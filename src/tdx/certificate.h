/*
 * X.509 certificates in the one profile that Intel's provisioning PKI uses:
 * version 3, ECDSA-with-SHA256, P-256, at most CERTIFICATE_MAX bytes. Anything
 * else is malformed here. A certificate that parses is not thereby trusted.
 */
#ifndef SELFSAME_TDX_CERTIFICATE_H
#define SELFSAME_TDX_CERTIFICATE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/p256.h"

#define CERTIFICATE_MAX 2048

enum key_usage_bit {
	KEY_USAGE_DIGITAL_SIGNATURE = 0x80,
	KEY_USAGE_NON_REPUDIATION = 0x40,
	KEY_USAGE_CERT_SIGN = 0x04,
	KEY_USAGE_CRL_SIGN = 0x02
};

/* All runs borrow from the DER that was parsed. */
struct certificate {
	struct bytes der;
	struct bytes tbs; /* what is signed */
	struct bytes serial; /* magnitude, without a sign byte */
	struct bytes issuer; /* whole Name */
	struct bytes subject; /* whole Name */
	struct bytes common_name; /* of the subject */
	int64_t not_before; /* Unix seconds; both ends inclusive */
	int64_t not_after;
	const uint8_t *key; /* 64: X || Y */
	uint8_t signature[64]; /* r || s */
	struct bytes subject_key_id; /* 20 */
	struct bytes authority_key_id; /* 20 */
	uint8_t key_usage; /* enum key_usage_bit */
	int is_ca;
	int path_len; /* -1: no limit */
	struct bytes crl_points; /* CRLDistributionPoints, content of the extension */
	struct bytes sgx; /* extension 1.2.840.113741.1.13.1; len 0 without it */
};

/*
 * The extensions AKI, CRLDP, SKI, KeyUsage and BasicConstraints (the last two
 * critical) are required, as every Intel certificate has them; a duplicate, or
 * a critical one that is not known here, is refused.
 *
 * Returns: 0 or ERR_PARSE
 */
int certificate_parse(struct bytes der, struct certificate *ret) MUST_USE;

/*
 * Whether `issuer` issued it: name, key identifier, right to sign certificates
 * and signature. Dates and roles are the caller's.
 *
 * Returns: 0, ERR_SIGNATURE or ERR_CRYPTO
 */
int certificate_issued_by(const struct certificate *c, const struct certificate *issuer,
    struct p256 *p256) MUST_USE;

/* Whether the subject's common name contains a phrase. */
int certificate_name_has(const struct certificate *c, const char *phrase);

#endif
