/* What is said of one quote: for people, and as JSON for machines. */
#ifndef SELFSAME_CLI_QUOTE_REPORT_H
#define SELFSAME_CLI_QUOTE_REPORT_H

#include <stdio.h>

#include "base/attr.h"
#include "tdx/policy.h"

struct quote_verdict {
	const struct tdx_result *result;
	const struct tdx_policy_result *policy;
	enum tdx_reason bundle; /* TDX_HOLDS, or why the collateral could not be read */
	int simulated; /* judged under a root that was named as a simulated one */
};

int quote_verdict_accepts(const struct quote_verdict *v);

/* Why it is refused: TDX_HOLDS when it is not; *ret_step is the name of the step. */
enum tdx_reason quote_verdict_reason(const struct quote_verdict *v, const char **ret_step);

void quote_report_text(FILE *out, const struct quote_verdict *v);

/*
 * One object: verdict ("accept" or "refuse"), tcbStatus, advisoryIds and tcbDate (null unless the
 * evidence holds), reason (class word or null), code, step, remedy, then the details: checks,
 * policy, tcb, shortfall, validity, platform, quote.
 *
 * Returns: 0, ERR_MEM or ERR_IO
 */
int quote_report_json(FILE *out, const struct quote_verdict *v) MUST_USE;

#endif
