/*
 * What was asked of evidence and evidence of this kind cannot answer. Which kind
 * comes is chosen by whoever serves it: an expectation that it has no place for
 * must not go by unseen, or a machine that fails it would only have to show
 * evidence of another kind.
 */
#ifndef SELFSAME_CLI_UNANSWERED_H
#define SELFSAME_CLI_UNANSWERED_H

#include "cli/evaluate.h"

/* After everything else: one failure for each such expectation. */
void unanswered_check(const struct question *q, struct evaluation *e);

#endif
