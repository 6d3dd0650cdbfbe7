/*
 * The kinds of evidence, each judged by its own verifier, with its steps in the
 * verdict and what it says among the facts.
 */
#ifndef SELFSAME_CLI_JUDGE_H
#define SELFSAME_CLI_JUDGE_H

#include <stdint.h>

#include "cli/evaluate.h"

/*
 * What evidence is about. An attestation of ours fixes it: the hash of its statement. For
 * other evidence report_data is NULL, and the question says what to compare.
 */
struct commitment {
	int ours;
	const uint8_t *report_data; /* 64 bytes; NULL: not known */
};

/* A bare quote: structure to collateral, then the policy. */
void judge_quote(struct evaluation *e, const struct question *q, struct bytes quote);

/* e->dstack has been read. */
void judge_dstack(struct evaluation *e, const struct question *q, const struct commitment *c);

void judge_bound(struct evaluation *e, const struct question *q, const struct commitment *c,
    struct bytes message);
void judge_token(struct evaluation *e, const struct question *q, const struct commitment *c,
    struct bytes token);

/*
 * Whether evidence is judged without collateral: simulated, by whose root was named, and nobody
 * asked for any. Who named it knows what such evidence is worth.
 */
int judge_is_lenient(const struct question *q);

/* For judges: the steps of e->quote and e->policy, once they have been filled. */
void judge_add_quote(struct evaluation *e, const struct question *q);

#endif
