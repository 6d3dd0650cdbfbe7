/*
 * The verdict on evidence of any kind: bytes and what is asked of them in, a
 * list of checks out. No network, no clock, no files.
 */
#ifndef SELFSAME_CLI_EVALUATE_H
#define SELFSAME_CLI_EVALUATE_H

#include "base/bytes.h"
#include "cli/attestation.h"
#include "cli/checks.h"
#include "cli/facts.h"
#include "cli/kind.h"
#include "cli/question.h"
#include "evidence/bound_evidence.h"
#include "evidence/cs_token.h"
#include "evidence/dstack.h"

/* All that is kept of one evaluation; large, and points into itself: keep it where it is. */
struct evaluation {
	enum kind kind;
	struct verdict verdict;
	struct facts facts;
	struct attestation attestation; /* KIND_ATTESTATION */
	int has_quote; /* there was one to judge: quote and policy say how */
	struct tdx_result quote;
	struct tdx_policy_result policy;
	struct dstack_evidence dstack;
	struct dstack_result dstack_result;
	struct tdx_result kms_quote; /* where one was given */
	struct tdx_policy_result kms_policy;
	struct bound_result bound;
	struct cs_result token;
};

/*
 * In:   bytes  as kind_detect() gives them; borrowed by *ret
 * Owns: *ret needs evaluation_close() in any case
 */
void evaluate(enum kind kind, struct bytes bytes, const struct question *q,
    struct evaluation *ret);

void evaluation_close(struct evaluation *e);

#endif
