/* What is behind the handles of include/selfsame/selfsame.h. */
#ifndef SELFSAME_LIBRARY_RESULT_H
#define SELFSAME_LIBRARY_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "selfsame/selfsame.h"
#include "tdx/policy.h"
#include "tdx/verify.h"

#define DATE_TEXT_MAX 32

struct selfsame_result {
	struct tdx_result tdx; /* its runs point into input */
	int judged; /* policy is valid */
	struct tdx_policy_result policy;
	int64_t at;
	uint8_t *input; /* copies of quote and collateral, and what was decoded from them */
	char date[DATE_TEXT_MAX];
	char *advisory_text; /* all advisories, each with its NUL */
	const char *advisory[TDX_ADVISORIES_MAX];
};

#endif
