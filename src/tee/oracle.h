/*
 * The one place that builds a request to the launcher of an EigenCompute or
 * Confidential Space image. Whoever may choose a challenge or an audience there
 * gets what the platform's KMS takes for our own request: the mnemonic. So
 * nobody may. A request is made of report data, which is the hash of our own
 * statement, and of nothing else (evidence/challenge.h has the formulas).
 */
#ifndef SELFSAME_TEE_ORACLE_H
#define SELFSAME_TEE_ORACLE_H

#include <stdint.h>

#include "base/attr.h"
#include "tee/unix_http.h"

#define ORACLE_BODY_MAX 512

/* In the order in which they are tried. */
enum oracle_kind { ORACLE_BOUND_EVIDENCE, ORACLE_TOKEN_PKI, ORACLE_TOKEN_OIDC };

/* request points into body: not to be copied or moved. */
struct oracle {
	struct http_request request;
	uint8_t body[ORACLE_BODY_MAX];
};

/* Returns: 0, ERR_CRYPTO or ERR_SPACE */
int oracle_request(enum oracle_kind kind, const uint8_t report_data[64], struct oracle *ret)
    MUST_USE;

#endif
