/*
 * The development hierarchy under which the simulated platform signs: root,
 * PCK Platform CA, PCK, with the names, extensions and rules of Intel's, so
 * that the production verifier runs unchanged, and under a root of its own
 * that nobody trusts unless told to.
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

struct simulated_key {
	uint8_t secret[32]; /* published all the same */
	uint8_t public[64];
};

/* SHA-256("selfsame/simulated/v1/" || label) as private key. ERR_CRYPTO */
int simulated_key_make(const char *label, struct simulated_key *ret) MUST_USE;

/* The same text through SHA-256 or SHA-384, for ids and measurements. */
int simulated_bytes32(const char *label, uint8_t ret[32]) MUST_USE;
int simulated_bytes48(const char *label, uint8_t ret[48]) MUST_USE;

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
