/* What a relying party asks of evidence: whom to trust, what to expect, what is good enough. */
#ifndef SELFSAME_CLI_QUESTION_H
#define SELFSAME_CLI_QUESTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cli/expect.h"
#include "evidence/dstack_policy.h"
#include "evidence/pkix.h"
#include "tdx/collateral.h"
#include "tdx/policy.h"

#define RECEIPTS_MAX 16

/* How the document came, which decides whether a TLS key can be compared. */
enum channel_kind { CHANNEL_NONE, CHANNEL_PLAIN, CHANNEL_TLS };

/* All runs are borrowed; zero bytes ask for nothing. */
struct question {
	/* of every kind */
	int64_t at; /* Unix seconds */
	struct bytes root; /* DER: Intel's, or the simulated one that was named */
	int simulated_root; /* which of both */
	const struct collateral *collateral; /* NULL: none */
	const char *collateral_where; /* where it came from, for the user */
	int collateral_malformed; /* there was something, but no bundle */
	const char *no_collateral; /* why it could not be had, for the user; NULL: nobody asked */
	struct tdx_policy policy;
	int has_policy; /* it is somebody's, not the default */
	size_t expectation_count;
	struct expectation expectation[EXPECTATIONS_MAX];

	/* of an attestation of ours */
	int has_nonce;
	struct bytes nonce;
	enum channel_kind channel;
	uint8_t peer_key_hash[32]; /* SHA-256 of the peer's SubjectPublicKeyInfo, CHANNEL_TLS */
	size_t receipt_count;
	struct bytes receipt[RECEIPTS_MAX];

	/* of what runs */
	struct bytes image; /* "sha256:..." of the container */
	int has_app_id;
	uint8_t app_id[20]; /* of EigenCompute */

	/* of dstack */
	struct bytes compose; /* app-compose.json, len 0: the one that came with the evidence */
	struct dstack_policy dstack;
	struct bytes kms_quote; /* of the key management service, raw; len 0: none */
	const struct collateral *kms_collateral; /* for that quote; NULL: none */

	/* of bound evidence and tokens that are not inside of an attestation of ours */
	struct bytes challenge;
	struct bytes extra_data;
	struct bytes audience;
	struct bytes nonce_text; /* of a token */
	struct bytes jwks;
	struct bytes google_root; /* DER; len 0: Google's pinned ones */
};

#endif
