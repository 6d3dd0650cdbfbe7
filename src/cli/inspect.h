/*
 * What evidence says, as JSON members; nothing is verified. Names are those of
 * docs/verify.md: of a quote the ones that verifiers of other projects print
 * ("tee_tcb_svn", "report_data"), of a document its own.
 */
#ifndef SELFSAME_CLI_INSPECT_H
#define SELFSAME_CLI_INSPECT_H

#include "base/attr.h"
#include "base/bytes.h"
#include "cli/kind.h"
#include "json/writer.h"

/*
 * All write members into an object that the caller has begun. What is malformed is shown as far
 * as it was read, and in the member "refused".
 *
 * Returns: 0, ERR_PARSE (something is malformed), ERR_MEM
 */
int inspect_quote(struct json_writer *w, struct bytes quote) MUST_USE;
int inspect_attestation(struct json_writer *w, struct bytes document) MUST_USE;
int inspect_dstack(struct json_writer *w, enum kind kind, struct bytes bytes) MUST_USE;
int inspect_bound(struct json_writer *w, struct bytes message) MUST_USE;
int inspect_token(struct json_writer *w, struct bytes token) MUST_USE;
int inspect_collateral(struct json_writer *w, struct bytes bundle) MUST_USE;
int inspect_ccel(struct json_writer *w, struct bytes log) MUST_USE;
int inspect_dstack_log(struct json_writer *w, struct bytes text) MUST_USE;

/* Whichever of them is for what kind_detect() found; what none is for is "refused". */
int inspect_kind(struct json_writer *w, enum kind kind, struct bytes bytes) MUST_USE;

#endif
