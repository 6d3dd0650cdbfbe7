/*
 * Quotes as a quoting enclave writes them: v4, or v5 with a body of any kind,
 * signed by an attestation key, which the enclave's report names and the PCK
 * vouches for. Matched by quote_parse().
 */
#ifndef SELFSAME_TEE_SIMULATED_QUOTE_H
#define SELFSAME_TEE_SIMULATED_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "tdx/quote.h"
#include "tee/simulated_pki.h"

#define SIMULATED_QE_AUTH_LEN 32

/* All that a quote says; nothing is checked, so that a test can ask for nonsense. */
struct simulated_quote {
	uint16_t version; /* 4, or 5 */
	uint16_t body_type; /* enum td_body_type; TD_BODY_10 in v4 */
	uint8_t user_data[20];
	uint8_t body[TD_15_EX_LEN]; /* as much of it as the type has */
	struct simulated_key attestation_key;
	uint8_t qe_report[QE_REPORT_LEN];
	uint8_t qe_signature[64];
	uint8_t qe_auth[SIMULATED_QE_AUTH_LEN];
	uint16_t data_type; /* of the certification data: CERT_DATA_PCK_CHAIN, ... */
	size_t data_len;
	uint8_t data[PCK_PEM_MAX];
};

/*
 * v4 with the TD report of the simulated domain, its RTMR3 and report data
 * zero, and the simulated quoting enclave; no certification data, not sealed.
 *
 * Returns: 0 or ERR_CRYPTO
 */
int simulated_quote_make(struct simulated_quote *ret) MUST_USE;

/*
 * Let the enclave's report name the attestation key, and the PCK sign it.
 *
 * Returns: 0 or ERR_CRYPTO
 */
int simulated_quote_seal(struct simulated_quote *q, const uint8_t pck_secret32[32]) MUST_USE;

/* Sign and write. Returns: 0, ERR_SPACE or ERR_CRYPTO */
int simulated_quote_write(const struct simulated_quote *q, uint8_t *ret, size_t cap,
    size_t *ret_len) MUST_USE;

#endif
