/*
 * The verdict on an attestation document: bytes and what is asked of them in,
 * a list of checks out. No network, no clock, no files.
 */
#ifndef SELFSAME_CLI_EVALUATE_H
#define SELFSAME_CLI_EVALUATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cli/attestation.h"
#include "cli/checks.h"
#include "cli/expect.h"

#define RECEIPTS_MAX 16

/* How the document came, which decides whether a TLS key can be compared. */
enum channel_kind { CHANNEL_NONE, CHANNEL_PLAIN, CHANNEL_TLS };

struct question {
	int has_nonce;
	struct bytes nonce;
	struct bytes simulated_root; /* DER; len 0: no simulated TEE is accepted */
	int64_t at; /* Unix seconds */
	enum channel_kind channel;
	uint8_t peer_key_hash[32]; /* SHA-256 of the peer's SubjectPublicKeyInfo, CHANNEL_TLS */
	size_t expectation_count;
	struct expectation expectation[EXPECTATIONS_MAX];
	size_t receipt_count;
	struct bytes receipt[RECEIPTS_MAX];
};

/* All that is kept of one evaluation; large: keep it off the stack. */
struct evaluation {
	struct attestation attestation;
	struct tdx_result quote;
	struct verdict verdict;
};

/* Owns: *ret needs evaluation_close() in any case */
void evaluate(struct bytes document, const struct question *q, struct evaluation *ret);

void evaluation_close(struct evaluation *e);

#endif
