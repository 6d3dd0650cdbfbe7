#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "library/result.h"
#include "base/banned.h"

struct selfsame_policy {
	struct tdx_policy tdx; /* points into text */
	uint8_t *text;	       /* the policy's, and as much room for what is decoded from it */
};

static int
read_policy(struct selfsame_policy *p, const char *json, size_t len, char *error, size_t cap)
{
	const char *field = NULL;
	int r;

	if ((p->text = malloc(2 * len + 1)) == NULL)
		return SELFSAME_ERROR_MEMORY;
	memcpy(p->text, json, len);
	r = tdx_policy_read((struct bytes){p->text, len}, p->text + len, &p->tdx, &field);
	if (r == 0)
		return 0;
	if (error != NULL && cap > 0)
		snprintf(error, cap, "%s%s%s", field != NULL ? field : "",
			 field != NULL ? ": " : "", tdx_policy_problem(r, field));
	return SELFSAME_ERROR_POLICY;
}

int
selfsame_policy_parse(const char *json, size_t len, selfsame_policy **ret, char *error,
		      size_t error_cap)
{
	struct selfsame_policy *p;
	int r;

	if (ret == NULL)
		return SELFSAME_ERROR_ARGUMENT;
	*ret = NULL;
	if (json == NULL || len > TDX_POLICY_JSON_MAX)
		return SELFSAME_ERROR_ARGUMENT;
	if ((p = calloc(1, sizeof *p)) == NULL)
		return SELFSAME_ERROR_MEMORY;
	if ((r = read_policy(p, json, len, error, error_cap)) == 0) {
		*ret = p;
		p = NULL; /* transferred */
	}
	selfsame_policy_free(p);
	return r;
}

void
selfsame_policy_free(selfsame_policy *policy)
{
	if (policy == NULL)
		return;
	free(policy->text);
	free(policy);
}

int
selfsame_policy_apply(const selfsame_policy *policy, selfsame_result *result)
{
	const struct tdx_policy standard = tdx_policy_default();

	tdx_policy_judge(policy != NULL ? &policy->tdx : &standard, &result->tdx, result->at,
			 &result->policy);
	result->judged = 1;
	return tdx_holds(&result->tdx) && tdx_policy_accepts(&result->policy);
}
