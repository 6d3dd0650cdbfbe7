/*
 * What is asked of an EigenCompute or Confidential Space launcher on behalf of
 * report data R, so that its evidence commits to R and can be nothing else.
 *
 *   challenge = SHA-256("SELFSAME_ATTEST_V1" || 0x00 || R), R = report_data_of(statement)
 *
 * bound evidence: the challenge, with R itself as extra_data (64 bytes, never empty)
 * token: audience EVIDENCE_AUDIENCE, one nonce: the challenge as 64 lower-case digits
 *
 * The platform's KMS gives the mnemonic to whoever presents evidence over a challenge in
 * its own domain, or a token for its own audience. Those are listed here, so that whoever
 * builds requests can be tested against every one of them.
 */
#ifndef SELFSAME_EVIDENCE_CHALLENGE_H
#define SELFSAME_EVIDENCE_CHALLENGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define EVIDENCE_CHALLENGE_DOMAIN "SELFSAME_ATTEST_V1"
#define EVIDENCE_CHALLENGE_LEN 32
#define EVIDENCE_EXTRA_DATA_LEN 64

#define EVIDENCE_AUDIENCE "selfsame-attestation/v1"
#define EVIDENCE_TOKEN_NONCE_LEN 64

/* Returns: 0 or ERR_CRYPTO */
int evidence_challenge(const uint8_t report_data[64], uint8_t ret[EVIDENCE_CHALLENGE_LEN])
    MUST_USE;

/* The challenge as hex with a NUL. Returns: 0 or ERR_CRYPTO */
int evidence_token_nonce(const uint8_t report_data[64], char ret[EVIDENCE_TOKEN_NONCE_LEN + 1])
    MUST_USE;

/*
 * The domains of the KMS: no challenge of ours may ever be SHA-256(domain || 0x00 || anything).
 * Source: eigenx-kms, ecloud's SDK.
 *
 * Returns: the i-th domain; NULL behind the last
 */
const char *evidence_foreign_domain(size_t i);

/* The digest of such a domain over some content. Returns: 0 or ERR_CRYPTO */
int evidence_domain_digest(const char *domain, struct bytes content, uint8_t ret[32]) MUST_USE;

/* The audiences whose tokens open something of somebody else's; NULL behind the last. */
const char *evidence_foreign_audience(size_t i);

#endif
