/*
 * The development hierarchy under which the simulated platform signs, with the
 * names, extensions and rules of Intel's, so that the production verifier runs
 * unchanged, and under a root of its own that nobody trusts unless told to.
 *
 * Every private key here is SHA-256 of a published label: anyone can make such
 * evidence. Dates and nonces are fixed, so the certificates are the same bytes
 * on every machine (deploy/simulated-root.pem is the root).
 */
#ifndef SELFSAME_TEE_SIMULATED_PKI_H
#define SELFSAME_TEE_SIMULATED_PKI_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/certificate.h"
#include "tdx/pck.h"
#include "tee/x509_writer.h"

/* How long the simulated certificates and collateral are valid. */
#define SIMULATED_START INT64_C(1735689600) /* 2025-01-01T00:00:00Z */
#define SIMULATED_END INT64_C(2524607999) /* 2049-12-31T23:59:59Z */

struct simulated_key {
	uint8_t secret[32]; /* published all the same */
	uint8_t public[64];
};

/* SHA-256("selfsame/simulated/v1/" || label) as private key. ERR_CRYPTO */
int simulated_key_make(const char *label, struct simulated_key *ret) MUST_USE;

/* The same text through SHA-256 or SHA-384, for ids and measurements. */
int simulated_bytes32(const char *label, uint8_t ret[32]) MUST_USE;
int simulated_bytes48(const char *label, uint8_t ret[48]) MUST_USE;

/* The holders of certificates. */
enum simulated_role {
	SIMULATED_PCK,
	SIMULATED_PLATFORM_CA,
	SIMULATED_PROCESSOR_CA,
	SIMULATED_TCB_SIGNER,
	SIMULATED_ROOT,
	SIMULATED_ROLES_COUNT
};

/* Returns: 0 or ERR_CRYPTO */
int simulated_role_key(enum simulated_role role, struct simulated_key *ret) MUST_USE;

/*
 * What the certificate of one role by another says, without a platform.
 *
 * Returns: 0 or ERR_CRYPTO
 */
int simulated_role_spec(enum simulated_role role, enum simulated_role issuer,
    struct x509_spec *ret) MUST_USE;

/* The one machine: FMSPC "SELF" 00 01, under the Platform CA. Returns: 0 or ERR_CRYPTO */
int simulated_platform_make(struct pck_platform *ret) MUST_USE;

struct simulated_pki {
	struct simulated_key key[PCK_CHAIN_LEN]; /* by enum pck_place */
	uint8_t der[PCK_CHAIN_LEN][CERTIFICATE_MAX];
	size_t der_len[PCK_CHAIN_LEN];
};

/* Make keys and certificates. Returns: 0, ERR_CRYPTO or ERR_SPACE */
int simulated_pki_make(struct simulated_pki *ret) MUST_USE;

/* PEM: leaf, intermediate, root, as quotes carry it. */
void simulated_pki_write_chain(struct writer *w, const struct simulated_pki *pki);

#endif
