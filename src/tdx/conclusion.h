/*
 * From what has been checked of a platform and of collateral to the result for
 * one quote at one time: its signature, revocation, matching, TCB, dates. What
 * verification without a cache and with one have in common.
 */
#ifndef SELFSAME_TDX_CONCLUSION_H
#define SELFSAME_TDX_CONCLUSION_H

#include "base/attr.h"
#include "tdx/collateral_state.h"
#include "tdx/platform_state.h"
#include "tdx/verify.h"

struct conclusion_input {
	const struct platform_state *platform;
	const struct collateral_state *state; /* NULL without collateral */
	const struct collateral *collateral; /* equal to what the state was made of */
	struct p256 *p256; /* for the attestation key */
	int64_t at;
};

/* Resets the result and parses. Returns: 0, or ERR_PARSE when the result is a refusal already. */
int conclusion_begin(struct tdx_result *ret, struct bytes quote) MUST_USE;

void conclusion_make(struct tdx_result *ret, const struct conclusion_input *in);

#endif
