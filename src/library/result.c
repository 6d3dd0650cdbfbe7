#include "library/result.h"

#include <string.h>

#include "base/banned.h"

/* The check with this number: those of the evidence, then those of the policy. */
static const struct tdx_check *
check_at(const struct selfsame_result *r, size_t i)
{
	if (i < TDX_STEPS_COUNT)
		return &r->tdx.check[i];
	i -= TDX_STEPS_COUNT;
	return r->judged && i < TDX_POLICY_STEPS_COUNT ? &r->policy.check[i] : NULL;
}

/* Evidence that does not hold speaks for itself, whatever a policy adds. */
static enum tdx_reason
reason_of(const struct selfsame_result *r)
{
	if (!tdx_holds(&r->tdx) || !r->judged)
		return r->tdx.reason;
	return r->policy.reason;
}

int
selfsame_result_holds(const selfsame_result *result)
{
	return tdx_holds(&result->tdx);
}

const char *
selfsame_result_reason(const selfsame_result *result)
{
	return reason_code(reason_of(result));
}

const char *
selfsame_result_reason_class(const selfsame_result *result)
{
	return reason_class(reason_of(result));
}

const char *
selfsame_result_step(const selfsame_result *result)
{
	if (reason_of(result) == TDX_HOLDS)
		return "";
	return tdx_holds(&result->tdx) ? tdx_policy_step_name(result->policy.step)
				       : tdx_step_name(result->tdx.step);
}

const char *
selfsame_result_text(const selfsame_result *result)
{
	return reason_text(reason_of(result));
}

const char *
selfsame_result_remedy(const selfsame_result *result)
{
	return reason_remedy(reason_of(result));
}

size_t
selfsame_result_check_count(const selfsame_result *result)
{
	return TDX_STEPS_COUNT + (result->judged ? (size_t)TDX_POLICY_STEPS_COUNT : 0);
}

const char *
selfsame_result_check_name(const selfsame_result *result, size_t i)
{
	if (check_at(result, i) == NULL)
		return "";
	return i < TDX_STEPS_COUNT
		   ? tdx_step_name((enum tdx_step)i)
		   : tdx_policy_step_name((enum tdx_policy_step)(i - TDX_STEPS_COUNT));
}

enum selfsame_outcome
selfsame_result_check_outcome(const selfsame_result *result, size_t i)
{
	const struct tdx_check *c = check_at(result, i);

	if (c == NULL)
		return SELFSAME_NOT_CHECKED;
	switch (c->outcome) {
	case TDX_NOT_CHECKED:
		return SELFSAME_NOT_CHECKED;
	case TDX_PASSED:
		return SELFSAME_PASSED;
	case TDX_FAILED:
		return SELFSAME_FAILED;
	}
	return SELFSAME_FAILED;
}

const char *
selfsame_result_check_reason(const selfsame_result *result, size_t i)
{
	const struct tdx_check *c = check_at(result, i);

	return c != NULL ? reason_code(c->reason) : "";
}

const char *
selfsame_result_tcb_status(const selfsame_result *result)
{
	return tdx_holds(&result->tdx) ? tcb_status_name(result->tdx.status) : NULL;
}

const char *
selfsame_result_tcb_date(const selfsame_result *result)
{
	return tdx_holds(&result->tdx) ? result->date : NULL;
}

const char *
selfsame_result_launch_status(const selfsame_result *result)
{
	return tdx_holds(&result->tdx) ? tcb_status_name(result->tdx.launch.status) : NULL;
}

const char *
selfsame_result_current_status(const selfsame_result *result)
{
	if (!tdx_holds(&result->tdx) || !result->tdx.has_current)
		return NULL;
	return tcb_status_name(result->tdx.current.status);
}

size_t
selfsame_result_advisory_count(const selfsame_result *result)
{
	return tdx_holds(&result->tdx) ? result->tdx.launch.advisory_count : 0;
}

const char *
selfsame_result_advisory(const selfsame_result *result, size_t i)
{
	return i < selfsame_result_advisory_count(result) ? result->advisory[i] : NULL;
}

uint32_t
selfsame_result_evaluation_number(const selfsame_result *result)
{
	return tdx_holds(&result->tdx) ? result->tdx.evaluation_number : 0;
}

int64_t
selfsame_result_valid_from(const selfsame_result *result)
{
	return tdx_holds(&result->tdx) ? result->tdx.valid_from : 0;
}

int64_t
selfsame_result_valid_until(const selfsame_result *result)
{
	return tdx_holds(&result->tdx) ? result->tdx.valid_until : 0;
}

/* A field of the verified PCK. */
static const uint8_t *
platform_field(const struct pck_platform *p, const char *name, size_t *ret_len)
{
	const struct {
		const char *name;
		const uint8_t *p;
		size_t len;
	} fields[] = {
	    {"ppid", p->ppid, sizeof p->ppid},
	    {"fmspc", p->fmspc, sizeof p->fmspc},
	    {"pceid", p->pceid, sizeof p->pceid},
	    {"cpusvn", p->cpusvn, sizeof p->cpusvn},
	    {"platformInstanceId", p->platform_instance_id, sizeof p->platform_instance_id},
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcmp(fields[i].name, name) != 0)
			continue;
		*ret_len = fields[i].len;
		return fields[i].p;
	}
	return NULL;
}

const uint8_t *
selfsame_result_field(const selfsame_result *result, const char *name, size_t *ret_len)
{
	struct bytes field;

	if (result->tdx.has_quote &&
	    quote_field(&result->tdx.quote, name, strlen(name), &field) == 0) {
		*ret_len = field.len;
		return field.p;
	}
	return result->tdx.has_platform ? platform_field(&result->tdx.platform, name, ret_len)
					: NULL;
}
