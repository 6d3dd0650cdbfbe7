/*
 * The nonces by which EigenCompute's launcher binds TPM, TEE and request:
 *
 *   TPM  SHA-256("WORKLOAD_ATTESTATION" || tag || SHA-256(challenge) [|| SHA-256(extra)])
 *   TEE  SHA-512("WORKLOAD_ATTESTATION" || SHA-512(challenge) || SHA-512(AK) [|| SHA-512(extra)])
 *
 * with AK the attestation key's SubjectPublicKeyInfo in DER; the last term is absent when
 * extra data is empty. The tag keeps evidence of one platform from passing as another's.
 *
 * Source: Layr-Labs/go-tpm-tools, internal/nonce.
 */
#ifndef SELFSAME_EVIDENCE_BOUND_NONCE_H
#define SELFSAME_EVIDENCE_BOUND_NONCE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define BOUND_TAG_TDX "INTEL_TDX"
#define BOUND_TAG_SEV_SNP "AMD_SEV_SNP"
#define BOUND_TAG_SHIELDED_VM "GCP_SHIELDED_VM"

/* Return: 0 or ERR_CRYPTO */
int bound_nonce_tpm(const char *tag, struct bytes challenge, struct bytes extra, uint8_t ret[32])
    MUST_USE;
int bound_nonce_tee(struct bytes challenge, struct bytes ak_spki, struct bytes extra,
    uint8_t ret[64]) MUST_USE;

#endif
