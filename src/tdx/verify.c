#include "tdx/verify.h"

#include <string.h>

#include "tdx/conclusion.h"
#include "base/banned.h"

void
tdx_verify(struct bytes quote, const struct collateral *collateral, struct bytes root_der,
	   int64_t at, struct tdx_result *ret)
{
	struct p256 p256 = {.key = NULL};
	struct platform_state platform;
	struct collateral_state state;

	if (conclusion_begin(ret, quote) != 0)
		return;
	platform_state_chain(&platform, ret->quote.pck_chain,
			     collateral == NULL ? NULL : &collateral->pck_crl, root_der, &p256);
	platform_state_enclave(&platform, &ret->quote, &p256);
	if (collateral != NULL)
		collateral_state_make(&state, collateral, root_der, &p256);
	conclusion_make(ret,
			&(struct conclusion_input){.platform = &platform,
						   .state = collateral == NULL ? NULL : &state,
						   .collateral = collateral,
						   .p256 = &p256,
						   .at = at});
	p256_close(&p256);
}

int
tdx_holds(const struct tdx_result *result)
{
	return step_list_open(&tdx_steps, result->check, 0) == TDX_STEPS_COUNT &&
	       result->reason == TDX_HOLDS && result->has_platform && result->has_tcb;
}

/* Steps that need collateral. */
static int
needs_collateral(enum tdx_step step)
{
	return (step >= TDX_STEP_ROOT_CRL && step <= TDX_STEP_TCB) ||
	       step == TDX_STEP_COLLATERAL_VALIDITY;
}

int
tdx_is_signed(const struct tdx_result *result)
{
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		if (!needs_collateral((enum tdx_step)i) && result->check[i].outcome != TDX_PASSED)
			return 0;
	return result->has_platform;
}

const struct step_list tdx_steps = {
    .count = TDX_STEPS_COUNT,
    .step = (const struct step_words[]){TDX_STEPS(STEP_WORDS)},
};

const char *
tdx_step_name(enum tdx_step step)
{
	return step_list_name(&tdx_steps, (unsigned)step);
}

int
td_is_debug(const struct tdx_quote *quote)
{
	return (quote->body.p[TD_TDATTRIBUTES] & TD_ATTRIBUTE_DEBUG) != 0;
}

const char *
tdx_item_name(enum tdx_item item)
{
	static const char *const names[TDX_ITEMS_COUNT] = {
#define I(id, name) [id] = name,
	    TDX_ITEMS(I)
#undef I
	};

	return (unsigned)item < TDX_ITEMS_COUNT ? names[item] : "?";
}
