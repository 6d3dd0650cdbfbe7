/*
 * What a relying party expects, as FIELD=VALUE: a member of the statement
 * ("mode", "settings.NAME", "binaries.NAME"), a field of the TD report, or what
 * evidence says of the application and its machine ("appId", "imageDigest").
 */
#ifndef SELFSAME_CLI_EXPECT_H
#define SELFSAME_CLI_EXPECT_H

#include "base/attr.h"
#include "base/bytes.h"
#include "cli/checks.h"

struct evaluation;

#define EXPECTATIONS_MAX 32

struct expectation {
	struct bytes field; /* borrowed, as is the value */
	struct bytes value;
};

/*
 * Split "FIELD=VALUE" and see that such a field can exist.
 *
 * Returns: 0, ERR_PARSE (no "=") or ERR_UNKNOWN_FIELD
 */
int expectation_parse(const char *text, struct expectation *ret) MUST_USE;

/* Hex compares without case and prefix. What the evidence does not say fails. */
void expectation_check(const struct expectation *e, const struct evaluation *evaluation,
    struct verdict *v);

#endif
