/* A policy file of anybody's; whatever it says, evidence that does not hold is refused. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tdx/policy.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As much of a result as the rules look at. */
static void
prepare(struct tdx_result *r, const uint8_t body[TD_15_EX_LEN])
{
	r->has_quote = r->has_platform = r->has_tcb = r->has_current = 1;
	r->quote.body = (struct bytes){body, TD_15_EX_LEN};
	r->quote.body_type = TD_BODY_15_EX;
	r->status = r->launch.status = r->current.status = TCB_UP_TO_DATE;
	r->launch.advisory[0] = (struct bytes){(const uint8_t *)"INTEL-SA-00001", 14};
	r->launch.advisory_count = 1;
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		r->check[i] = tdx_checked(TDX_HOLDS);
	r->reason = TDX_HOLDS;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t body[TD_15_EX_LEN];
	static struct tdx_result result;
	struct tdx_policy_result judged;
	struct tdx_policy policy;
	uint8_t *memory = malloc(size == 0 ? 1 : size);
	const char *field = NULL;

	if (memory == NULL)
		return 0;
	if (tdx_policy_read((struct bytes){data, size}, memory, &policy, &field) != 0) {
		/* the field can be read as text */
		if (field != NULL && strlen(field) > size)
			abort();
		free(memory);
		return 0;
	}
	prepare(&result, body);
	tdx_policy_judge(&policy, &result, 1780000000, &judged);
	result.check[TDX_STEP_REVOCATION] = tdx_checked(TDX_PCK_REVOKED);
	result.reason = TDX_PCK_REVOKED;
	tdx_policy_judge(&policy, &result, 1780000000, &judged);
	if (tdx_policy_accepts(&judged) || judged.reason != TDX_PCK_REVOKED)
		abort();
	free(memory);
	return 0;
}
