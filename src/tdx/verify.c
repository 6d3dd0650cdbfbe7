#include "tdx/verify.h"

#include <string.h>

#include "base/err.h"
#include "tdx/digest.h"
#include "tdx/p256.h"
#include "base/banned.h"

static void
note(struct tdx_result *ret, enum tdx_step step, enum tdx_reason reason)
{
	ret->check[step].outcome = reason == TDX_HOLDS ? TDX_PASSED : TDX_FAILED;
	ret->check[step].reason = reason;
}

static void
note_unchecked(struct tdx_result *ret, enum tdx_step step, enum tdx_reason reason)
{
	ret->check[step].outcome = TDX_NOT_CHECKED;
	ret->check[step].reason = reason;
}

static enum tdx_reason
from_error(int r, enum tdx_reason reason)
{
	if (r == 0)
		return TDX_HOLDS;
	return r == ERR_SIGNATURE ? reason : TDX_INTERNAL;
}

/* The platform's key signed the quoting enclave's report. */
static enum tdx_reason
check_qe_report(const struct tdx_quote *q, const struct certificate *leaf)
{
	const struct bytes report = {q->qe_report, QE_REPORT_LEN};
	uint8_t hash[32];

	if (digest_sha256(&report, 1, hash) != 0)
		return TDX_INTERNAL;
	return from_error(p256_verify(leaf->key, hash, q->qe_signature), TDX_QE_REPORT_SIGNATURE);
}

/* "report_data = SHA-256(attestation key || QE authentication data) || 32 zero bytes" */
static enum tdx_reason
check_qe_binding(const struct tdx_quote *q)
{
	static const uint8_t zeros[32];
	const struct bytes parts[2] = {{q->key, 64}, q->qe_auth};
	const uint8_t *data = q->qe_report + QE_REPORT_DATA;
	uint8_t hash[32];

	if (digest_sha256(parts, 2, hash) != 0)
		return TDX_INTERNAL;
	if (memcmp(data, hash, 32) != 0 || memcmp(data + 32, zeros, 32) != 0)
		return TDX_QE_REPORT_DATA;
	return TDX_HOLDS;
}

static enum tdx_reason
check_signature(const struct tdx_quote *q)
{
	uint8_t hash[32];

	if (digest_sha256(&q->signed_part, 1, hash) != 0)
		return TDX_INTERNAL;
	return from_error(p256_verify(q->key, hash, q->signature), TDX_QUOTE_SIGNATURE);
}

static void
check_chain(struct tdx_result *ret, struct pck_chain *chain, struct bytes root_der, int64_t at)
{
	enum tdx_reason reason;

	if ((reason = pck_chain_parse(ret->quote.pck_chain, chain)) != TDX_HOLDS) {
		note(ret, TDX_STEP_PCK_CHAIN, reason);
		note_unchecked(ret, TDX_STEP_ROOT, reason);
		note_unchecked(ret, TDX_STEP_VALIDITY, reason);
		note_unchecked(ret, TDX_STEP_QE_REPORT, reason);
		return;
	}
	note(ret, TDX_STEP_PCK_CHAIN, pck_chain_verify(chain));
	note(ret, TDX_STEP_ROOT, pck_root_is(chain, root_der));
	note(ret, TDX_STEP_VALIDITY, pck_chain_valid_at(chain, at));
	note(ret, TDX_STEP_QE_REPORT,
	     check_qe_report(&ret->quote, &chain->certificate[PCK_LEAF]));
	ret->has_platform = ret->check[TDX_STEP_PCK_CHAIN].outcome == TDX_PASSED &&
			    ret->check[TDX_STEP_ROOT].outcome == TDX_PASSED;
}

/* The list has causes before what they leave unchecked. */
static void
conclude(struct tdx_result *ret)
{
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++) {
		if (ret->check[i].outcome == TDX_PASSED)
			continue;
		ret->reason = ret->check[i].reason;
		ret->step = (enum tdx_step)i;
		return;
	}
	ret->reason = TDX_HOLDS;
}

/* Steps that need collateral, and are failures without it. */
static int
needs_collateral(enum tdx_step step)
{
	return (step >= TDX_STEP_ROOT_CRL && step <= TDX_STEP_TCB) ||
	       step == TDX_STEP_COLLATERAL_VALIDITY;
}

static void
note_no_collateral(struct tdx_result *ret, enum tdx_reason reason)
{
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		if (needs_collateral((enum tdx_step)i))
			note_unchecked(ret, (enum tdx_step)i, reason);
}

void
tdx_verify(struct bytes quote, const struct collateral *collateral, struct bytes root_der,
	   int64_t at, struct tdx_result *ret)
{
	struct pck_chain chain;
	enum tdx_reason reason;

	memset(ret, 0, sizeof *ret);
	ret->reason = TDX_NOT_EVALUATED;
	reason = quote_parse(quote, &ret->quote);
	note(ret, TDX_STEP_STRUCTURE, reason);
	for (unsigned i = TDX_STEP_STRUCTURE + 1; i < TDX_STEPS_COUNT; i++)
		note_unchecked(ret, (enum tdx_step)i, reason);
	if (reason == TDX_HOLDS) {
		ret->has_quote = 1;
		check_chain(ret, &chain, root_der, at);
		note(ret, TDX_STEP_QE_BINDING, check_qe_binding(&ret->quote));
		note(ret, TDX_STEP_SIGNATURE, check_signature(&ret->quote));
		note_no_collateral(ret, collateral == NULL ? TDX_COLLATERAL_MISSING
							   : TDX_NOT_EVALUATED);
	}
	conclude(ret);
}

int
tdx_holds(const struct tdx_result *result)
{
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		if (result->check[i].outcome != TDX_PASSED)
			return 0;
	return result->reason == TDX_HOLDS && result->has_platform && result->has_tcb;
}

int
tdx_is_signed(const struct tdx_result *result)
{
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		if (!needs_collateral((enum tdx_step)i) && result->check[i].outcome != TDX_PASSED)
			return 0;
	return result->has_platform;
}

const char *
tdx_step_name(enum tdx_step step)
{
	static const char *const names[TDX_STEPS_COUNT] = {
#define S(id, name, text) [id] = name,
	    TDX_STEPS(S)
#undef S
	};

	return (unsigned)step < TDX_STEPS_COUNT ? names[step] : "?";
}

const char *
tdx_step_text(enum tdx_step step)
{
	static const char *const texts[TDX_STEPS_COUNT] = {
#define S(id, name, text) [id] = text,
	    TDX_STEPS(S)
#undef S
	};

	return (unsigned)step < TDX_STEPS_COUNT ? texts[step] : "?";
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

const char *
tdx_remedy_text(enum tdx_remedy remedy)
{
	switch (remedy) {
	case TDX_UPDATE_BIOS:
		return "update the host's BIOS";
	case TDX_UPDATE_OS_VMM:
		return "update the host's operating system or VMM, and microcode";
	case TDX_UPDATE_MODULE:
		return "update the host's TDX module";
	case TDX_UPDATE_QE:
		return "update the host's TD quoting enclave";
	case TDX_UPDATE_PLATFORM:
		return "update the host's platform software (PCE) and BIOS";
	case TDX_RELAUNCH:
		return "launch the domain again: the host has been updated since";
	}
	return "?";
}
