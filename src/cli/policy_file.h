/*
 * A relying party's policy: one JSON object, of which the member "dstack" speaks
 * of an application of dstack (evidence/dstack_policy.h) and the others of the
 * quote (tdx/policy.h). docs/verify.md describes it.
 */
#ifndef SELFSAME_CLI_POLICY_FILE_H
#define SELFSAME_CLI_POLICY_FILE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "cli/question.h"

struct policy_problem {
	char field[96]; /* the member at fault, or "" */
	char text[160];
};

/*
 * Put it into a question. What options have given of dstack before counts more than the
 * file, as what they give later will; lists add up.
 *
 * Returns: 0, or an error that *ret_problem explains
 * In/Out:  file     read; kept for as long as the question is used
 *          *memory  likewise; free(); freed first if it is there already
 */
int policy_file_read(struct buffer *file, uint8_t **memory, struct question *q,
    struct policy_problem *ret_problem) MUST_USE;

#endif
