/*
 * X.509 certificates in the profile of Intel's provisioning PKI, and the parts
 * that its CRLs share with them: names, extensions and their order are those
 * of the originals. For the simulated hierarchy only. Deterministic.
 */
#ifndef SELFSAME_TEE_X509_WRITER_H
#define SELFSAME_TEE_X509_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/certificate.h"
#include "tdx/pck.h"

#define X509_ID_LEN 20

/* What a certificate says; nothing is checked, so that a test can ask for nonsense. */
struct x509_spec {
	const char *subject; /* common name */
	const char *issuer;
	uint8_t serial[X509_ID_LEN];
	int64_t not_before; /* Unix seconds, 1950 or later */
	int64_t not_after;
	uint8_t key[64]; /* X || Y */
	uint8_t subject_id[X509_ID_LEN];
	uint8_t authority_id[X509_ID_LEN];
	const char *crl_url;
	int path_len; /* -1: no authority */
	uint8_t key_usage; /* enum key_usage_bit */
	const struct pck_platform *platform; /* what a PCK certificate says; NULL: nothing */
};

/*
 * Matched by certificate_parse() and pck_chain_parse().
 *
 * Returns: 0, ERR_CRYPTO or ERR_SPACE (ret has room for CERTIFICATE_MAX)
 */
int x509_certificate_write(const struct x509_spec *spec, const uint8_t issuer_secret32[32],
    uint8_t *ret, size_t *ret_len) MUST_USE;

/* Serial and key identifier of an authority are the same, at Intel and here. ERR_CRYPTO */
int x509_key_id(const uint8_t key64[64], uint8_t ret[X509_ID_LEN]) MUST_USE;

enum x509_extension {
	X509_SKI = 14,
	X509_KEY_USAGE = 15,
	X509_CONSTRAINTS = 19,
	X509_CRL_NUMBER = 20,
	X509_REASON = 21,
	X509_CRL_POINTS = 31,
	X509_AKI = 35
};

struct x509_open {
	size_t sequence;
	size_t value;
};

/* The caller writes the value in between. */
struct x509_open x509_extension_begin(struct writer *w, enum x509_extension type, int critical);
void x509_extension_end(struct writer *w, struct x509_open open);

void x509_put_algorithm(struct writer *w); /* ecdsa-with-SHA256 */
void x509_put_name(struct writer *w, const char *common_name);
void x509_put_authority_id(struct writer *w, const uint8_t id[X509_ID_LEN]);

/* UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
void x509_put_time(struct writer *w, int64_t at);

/*
 * SEQUENCE { signed part, algorithm, signature }: a certificate or a CRL.
 *
 * Returns: 0, ERR_CRYPTO or ERR_SPACE
 */
int x509_sign(struct bytes tbs, const uint8_t secret32[32], uint8_t *ret, size_t cap,
    size_t *ret_len) MUST_USE;

#endif
