/*
 * Google's roots that evidence is judged by, as whole certificates.
 *
 * vTPM attestation keys: SHA-256 of the DER 594759594b9b61524f6c8ef668f7177f
 * 7b9066bc0674f2f49fe9e052be78beb2. Confidential Space's tokens of type PKI: SHA-256
 * 148b293821bb0c6a317f413c8ba475814091cb22d49b9e3c94198db8e8f86c39, published at
 * https://confidentialcomputing.googleapis.com/.well-known/attestation-pki-root.
 */
#ifndef SELFSAME_EVIDENCE_GOOGLE_ROOTS_H
#define SELFSAME_EVIDENCE_GOOGLE_ROOTS_H

#include "evidence/pkix.h"

struct pkix_list google_ak_roots(void);
struct pkix_list google_confidential_space_roots(void);

#endif
