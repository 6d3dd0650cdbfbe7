#include "tdx/conclusion.h"

#include <string.h>

#include "tdx/digest.h"
#include "tdx/evaluation.h"
#include "base/banned.h"

/* The list of steps has causes before what they leave unchecked. */
static void
conclude(struct tdx_result *ret)
{
	const unsigned open = step_list_open(&tdx_steps, ret->check, 0);

	ret->reason = TDX_HOLDS;
	if (open == TDX_STEPS_COUNT)
		return;
	ret->reason = ret->check[open].reason;
	ret->step = (enum tdx_step)open;
}

int
conclusion_begin(struct tdx_result *ret, struct bytes quote)
{
	enum tdx_reason reason;

	memset(ret, 0, sizeof *ret);
	ret->reason = TDX_NOT_EVALUATED;
	reason = quote_parse(quote, &ret->quote);
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		ret->check[i] = tdx_not_checked(reason);
	ret->check[TDX_STEP_STRUCTURE] = tdx_checked(reason);
	ret->has_quote = reason == TDX_HOLDS;
	if (ret->has_quote)
		return 0;
	conclude(ret);
	return ERR_PARSE;
}

static enum tdx_reason
check_signature(const struct tdx_quote *q, struct p256 *p256)
{
	uint8_t hash[32];

	if (digest_sha256(&q->signed_part, 1, hash) != 0)
		return TDX_INTERNAL;
	return tdx_reason_of(p256_check(p256, q->key, hash, q->signature),
			     TDX_QUOTE_SIGNATURE);
}

static void
take_platform(struct tdx_result *ret, const struct platform_state *p)
{
	ret->check[TDX_STEP_PCK_CHAIN] = p->chain_check;
	ret->check[TDX_STEP_ROOT] = p->root_check;
	ret->check[TDX_STEP_QE_REPORT] = p->report_check;
	ret->check[TDX_STEP_QE_BINDING] = p->binding_check;
	ret->check[TDX_STEP_PCK_CRL] = p->crl_check;
	ret->has_platform =
	    p->chain_check.outcome == TDX_PASSED && p->root_check.outcome == TDX_PASSED;
	if (!ret->has_platform)
		return;
	ret->platform = p->chain.platform;
	ret->pck_serial_len = p->chain.certificate[PCK_LEAF].serial.len;
	memcpy(ret->pck_serial, p->chain.certificate[PCK_LEAF].serial.p, ret->pck_serial_len);
}

static void
take_collateral(struct tdx_result *ret, const struct collateral_state *c)
{
	ret->check[TDX_STEP_ROOT_CRL] = c->crl_check;
	ret->check[TDX_STEP_TCB_SIGNER] = c->signer_check[DOCUMENT_TCB_INFO];
	if (c->signer_check[DOCUMENT_TCB_INFO].outcome == TDX_PASSED)
		ret->check[TDX_STEP_TCB_SIGNER] = c->signer_check[DOCUMENT_QE_IDENTITY];
	ret->check[TDX_STEP_TCB_INFO] = c->document_check[DOCUMENT_TCB_INFO];
	ret->check[TDX_STEP_QE_DOCUMENT] = c->document_check[DOCUMENT_QE_IDENTITY];
}

static int
has_passed(const struct tdx_result *ret, enum tdx_step step)
{
	return ret->check[step].outcome == TDX_PASSED;
}

/* A check that needs two others; not made unless both have passed. */
static int
can_check(struct tdx_result *ret, enum tdx_step step, enum tdx_step first, enum tdx_step second)
{
	const enum tdx_step missing = has_passed(ret, first) ? second : first;

	if (has_passed(ret, missing))
		return 1;
	ret->check[step] = tdx_not_checked(ret->check[missing].reason);
	return 0;
}

/* A revocation that is known counts even where another list is missing. */
static enum tdx_reason
find_revoked(const struct tdx_result *ret, const struct conclusion_input *in)
{
	const struct platform_state *p = in->platform;
	const struct collateral_state *c = in->state;
	const struct certificate *chain = p->chain.certificate;

	if (has_passed(ret, TDX_STEP_PCK_CRL) && crl_revokes(&p->crl, chain[PCK_LEAF].serial))
		return TDX_PCK_REVOKED;
	if (!has_passed(ret, TDX_STEP_ROOT_CRL))
		return TDX_HOLDS;
	if (p->is_parsed && crl_revokes(&c->crl, chain[PCK_INTERMEDIATE].serial))
		return TDX_CA_REVOKED;
	for (size_t i = 0; i < DOCUMENTS_COUNT; i++)
		if (c->signer_check[i].outcome == TDX_PASSED &&
		    crl_revokes(&c->crl, c->signer[i]->certificate.serial))
			return TDX_TCB_SIGNER_REVOKED;
	return TDX_HOLDS;
}

static void
check_revocation(struct tdx_result *ret, const struct conclusion_input *in)
{
	static const enum tdx_step needs[] = {TDX_STEP_PCK_CHAIN, TDX_STEP_ROOT_CRL,
					      TDX_STEP_PCK_CRL, TDX_STEP_TCB_SIGNER};
	enum tdx_reason reason = find_revoked(ret, in);

	ret->check[TDX_STEP_REVOCATION] = tdx_checked(reason);
	if (reason != TDX_HOLDS)
		return;
	for (size_t i = 0; i < ARRAY_LEN(needs); i++)
		if (!has_passed(ret, needs[i])) {
			ret->check[TDX_STEP_REVOCATION] =
			    tdx_not_checked(ret->check[needs[i]].reason);
			return;
		}
}

/* Hex is compared as the bytes it stands for: documents differ in its case. */
static void
check_platform(struct tdx_result *ret, const struct conclusion_input *in)
{
	const struct pck_platform *p = &in->platform->chain.platform;
	const struct tcb_info *info = &in->state->tcb_info;
	enum tdx_reason reason = TDX_HOLDS;

	if (!can_check(ret, TDX_STEP_PLATFORM, TDX_STEP_PCK_CHAIN, TDX_STEP_TCB_INFO))
		return;
	if (memcmp(p->fmspc, info->fmspc, sizeof p->fmspc) != 0)
		reason = TDX_FMSPC_MISMATCH;
	else if (memcmp(p->pceid, info->pceid, sizeof p->pceid) != 0)
		reason = TDX_PCEID_MISMATCH;
	ret->check[TDX_STEP_PLATFORM] = tdx_checked(reason);
}

/* Intel's library wants the attributes equal and zero, and does not apply the mask. */
static void
check_module(struct tdx_result *ret, const struct conclusion_input *in)
{
	static const uint8_t zeros[8];
	const uint8_t *body = ret->quote.body.p;
	const struct tcb_module *m;
	int same;

	if (!can_check(ret, TDX_STEP_MODULE, TDX_STEP_STRUCTURE, TDX_STEP_TCB_INFO))
		return;
	m = tcb_info_module(&in->state->tcb_info, body[TD_TEE_TCB_SVN + 1]);
	same = m != NULL && memcmp(body + TD_MRSIGNERSEAM, m->mrsigner, sizeof m->mrsigner) == 0 &&
	       memcmp(body + TD_SEAMATTRIBUTES, m->attributes, sizeof m->attributes) == 0 &&
	       memcmp(body + TD_SEAMATTRIBUTES, zeros, sizeof zeros) == 0;
	ret->check[TDX_STEP_MODULE] = tdx_checked(same ? TDX_HOLDS : TDX_MODULE_MISMATCH);
}

static void
check_qe_identity(struct tdx_result *ret, const struct conclusion_input *in)
{
	if (!can_check(ret, TDX_STEP_QE_IDENTITY, TDX_STEP_STRUCTURE, TDX_STEP_QE_DOCUMENT))
		return;
	ret->check[TDX_STEP_QE_IDENTITY] =
	    tdx_checked(qe_identity_matches(&in->state->qe_identity, ret->quote.qe_report)
			    ? TDX_HOLDS
			    : TDX_QE_IDENTITY_MISMATCH);
}

static struct tdx_platform_tcb
platform_tcb(const struct tdx_result *ret, const struct conclusion_input *in)
{
	const uint8_t *report = ret->quote.qe_report;
	const struct bytes body = ret->quote.body;

	return (struct tdx_platform_tcb){
	    .pck = &in->platform->chain.platform,
	    .qe_isvsvn = report[QE_ISVSVN] | (uint32_t)report[QE_ISVSVN + 1] << 8,
	    .tee_tcb_svn = body.p + TD_TEE_TCB_SVN,
	    .tee_tcb_svn2 = body.len >= TD_15_LEN ? body.p + TD_TEE_TCB_SVN2 : NULL,
	    .info = &in->state->tcb_info,
	    .info_text = in->collateral->tcb_info,
	    .qe = &in->state->qe_identity,
	    .qe_text = in->collateral->qe_identity};
}

static void
check_tcb(struct tdx_result *ret, const struct conclusion_input *in)
{
	struct tdx_platform_tcb tcb;

	if (!can_check(ret, TDX_STEP_TCB, TDX_STEP_PLATFORM, TDX_STEP_QE_DOCUMENT))
		return;
	tcb = platform_tcb(ret, in);
	ret->has_tcb = 1;
	ret->has_current = tcb.tee_tcb_svn2 != NULL;
	tdx_evaluate(&tcb, tcb.tee_tcb_svn, &ret->launch);
	ret->status = ret->launch.status;
	if (ret->has_current) {
		tdx_evaluate(&tcb, tcb.tee_tcb_svn2, &ret->current);
		ret->status = tcb_relaunch(ret->launch.status, ret->current.status);
	}
	if (ret->status != TCB_UP_TO_DATE)
		ret->shortfall_count = tdx_shortfalls(&tcb, ret->shortfall);
	ret->check[TDX_STEP_TCB] = tdx_checked(
	    ret->status == TCB_NOT_SUPPORTED ? TDX_TCB_NOT_SUPPORTED : TDX_HOLDS);
}

static void
take_numbers(struct tdx_result *ret, const struct collateral_state *c)
{
	if (!has_passed(ret, TDX_STEP_TCB_INFO) || !has_passed(ret, TDX_STEP_QE_DOCUMENT))
		return;
	ret->tcb_info_number = c->tcb_info.number;
	ret->qe_identity_number = c->qe_identity.number;
	/* both need not be of one evaluation: the older one counts */
	ret->evaluation_number = c->tcb_info.number < c->qe_identity.number
				     ? c->tcb_info.number
				     : c->qe_identity.number;
}

static void
set_window(struct tdx_result *ret, enum tdx_item item, int64_t from, int64_t until)
{
	ret->window[item] = (struct tdx_window){.known = 1, .from = from, .until = until};
	if (from > ret->valid_from)
		ret->valid_from = from;
	if (until < ret->valid_until)
		ret->valid_until = until;
}

static void
set_certificate_window(struct tdx_result *ret, enum tdx_item item, const struct certificate *c)
{
	set_window(ret, item, c->not_before, c->not_after);
}

static void
take_platform_windows(struct tdx_result *ret, const struct platform_state *p)
{
	if (p->is_parsed) {
		const struct certificate *chain = p->chain.certificate;

		set_certificate_window(ret, TDX_ITEM_PCK, &chain[PCK_LEAF]);
		set_certificate_window(ret, TDX_ITEM_PCK_CA, &chain[PCK_INTERMEDIATE]);
		set_certificate_window(ret, TDX_ITEM_ROOT, &chain[PCK_ROOT]);
	}
	if (has_passed(ret, TDX_STEP_PCK_CRL))
		set_window(ret, TDX_ITEM_PCK_CRL, p->crl.this_update, p->crl.next_update);
}

static void
take_collateral_windows(struct tdx_result *ret, const struct collateral_state *c)
{
	if (has_passed(ret, TDX_STEP_ROOT_CRL))
		set_window(ret, TDX_ITEM_ROOT_CRL, c->crl.this_update, c->crl.next_update);
	if (c->signer_check[DOCUMENT_TCB_INFO].outcome == TDX_PASSED)
		set_certificate_window(ret, TDX_ITEM_TCB_SIGNER,
				       &c->signer[DOCUMENT_TCB_INFO]->certificate);
	if (c->signer_check[DOCUMENT_QE_IDENTITY].outcome == TDX_PASSED)
		set_certificate_window(ret, TDX_ITEM_QE_SIGNER,
				       &c->signer[DOCUMENT_QE_IDENTITY]->certificate);
	if (has_passed(ret, TDX_STEP_TCB_INFO))
		set_window(ret, TDX_ITEM_TCB_INFO, c->tcb_info.issue_date,
			   c->tcb_info.next_update);
	if (has_passed(ret, TDX_STEP_QE_DOCUMENT))
		set_window(ret, TDX_ITEM_QE_IDENTITY, c->qe_identity.issue_date,
			   c->qe_identity.next_update);
}

/* Which step reads an item. */
static enum tdx_step
step_of_item(enum tdx_item item)
{
	switch (item) {
	case TDX_ITEM_PCK:
	case TDX_ITEM_PCK_CA:
	case TDX_ITEM_ROOT:
		return TDX_STEP_PCK_CHAIN;
	case TDX_ITEM_ROOT_CRL:
		return TDX_STEP_ROOT_CRL;
	case TDX_ITEM_PCK_CRL:
		return TDX_STEP_PCK_CRL;
	case TDX_ITEM_TCB_SIGNER:
	case TDX_ITEM_QE_SIGNER:
		return TDX_STEP_TCB_SIGNER;
	case TDX_ITEM_TCB_INFO:
		return TDX_STEP_TCB_INFO;
	case TDX_ITEM_QE_IDENTITY:
	case TDX_ITEMS_COUNT:
		break;
	}
	return TDX_STEP_QE_DOCUMENT;
}

/* Both ends of every window, inclusive; a date that is wrong counts before one that is unknown. */
static struct tdx_check
check_windows(const struct tdx_result *ret, enum tdx_item first, enum tdx_item last, int64_t at)
{
	struct tdx_check unknown = tdx_checked(TDX_HOLDS);

	for (unsigned i = first; i <= last; i++) {
		const struct tdx_window *w = &ret->window[i];

		if (!w->known && unknown.outcome == TDX_PASSED)
			unknown = tdx_not_checked(
			    ret->check[step_of_item((enum tdx_item)i)].reason);
		if (!w->known)
			continue;
		if (at < w->from)
			return tdx_checked(TDX_NOT_YET_VALID);
		if (at > w->until)
			return tdx_checked(TDX_EXPIRED);
	}
	return unknown;
}

void
conclusion_make(struct tdx_result *ret, const struct conclusion_input *in)
{
	for (unsigned i = TDX_STEP_STRUCTURE + 1; i < TDX_STEPS_COUNT; i++)
		ret->check[i] = tdx_not_checked(TDX_COLLATERAL_MISSING);
	ret->valid_from = INT64_MIN;
	ret->valid_until = INT64_MAX;
	take_platform(ret, in->platform);
	ret->check[TDX_STEP_SIGNATURE] = tdx_checked(check_signature(&ret->quote, in->p256));
	take_platform_windows(ret, in->platform);
	ret->check[TDX_STEP_VALIDITY] = check_windows(ret, TDX_ITEM_PCK, TDX_ITEM_ROOT, in->at);
	if (in->state != NULL) {
		take_collateral(ret, in->state);
		check_revocation(ret, in);
		check_platform(ret, in);
		check_module(ret, in);
		check_qe_identity(ret, in);
		check_tcb(ret, in);
		take_numbers(ret, in->state);
		take_collateral_windows(ret, in->state);
		ret->check[TDX_STEP_COLLATERAL_VALIDITY] =
		    check_windows(ret, TDX_ITEM_ROOT_CRL, TDX_ITEM_QE_IDENTITY, in->at);
	}
	conclude(ret);
}
