/*
 * What a relying party expects, as FIELD=VALUE: a member of the statement
 * ("mode", "settings.NAME", "binaries.NAME") or a field of the TD report.
 */
#ifndef SELFSAME_CLI_EXPECT_H
#define SELFSAME_CLI_EXPECT_H

#include "base/attr.h"
#include "base/bytes.h"
#include "cli/attestation.h"
#include "cli/checks.h"
#include "tdx/quote.h"

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

/* quote: NULL when its structure does not hold. Hex compares without case and prefix. */
void expectation_check(const struct expectation *e, const struct attestation *a,
    const struct tdx_quote *quote, struct verdict *v);

#endif
