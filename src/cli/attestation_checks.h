/*
 * The checks of an attestation of ours besides those of its evidence: form,
 * statement, nonce and channel first; then, with the evidence judged, what
 * that evidence says of the statement.
 */
#ifndef SELFSAME_CLI_ATTESTATION_CHECKS_H
#define SELFSAME_CLI_ATTESTATION_CHECKS_H

#include "base/attr.h"
#include "cli/evaluate.h"

/* Returns: 0, or ERR_EVIDENCE when there is no document that anything else could be said of */
int attestation_check_first(struct evaluation *e, const struct question *q,
    struct bytes document) MUST_USE;

void attestation_check_rest(struct evaluation *e, const struct question *q);

#endif
