#include <string.h>

#include "base/hex.h"
#include "cli/judge.h"
#include "base/banned.h"

/* The first step that evidence cannot hold without. */
static unsigned
first_missing(const struct dstack_result *r)
{
	for (unsigned i = 0; i < DSTACK_STEPS_COUNT; i++)
		if (dstack_step_is_required((enum dstack_step)i) &&
		    r->check[i].outcome != TDX_PASSED)
			return i;
	return DSTACK_STEPS_COUNT;
}

/* How a check of ours, made before, went. */
static enum dstack_answer
answer_of(const struct verdict *v, enum check_id id)
{
	const struct check *c = verdict_find(v, check_name(id));

	if (c == NULL || c->result == CHECK_NOT_CHECKED)
		return DSTACK_UNSEEN;
	return c->result == CHECK_PASSED ? DSTACK_SEEN : DSTACK_WRONG;
}

static void
add_facts(struct evaluation *e)
{
	const struct dstack_facts *f = &e->dstack_result.facts;
	const char *provider = dstack_provider_name(f->provider);

	if (!e->dstack_result.has_facts)
		return;
	facts_add_hex(&e->facts, "appId", f->app_id, sizeof f->app_id);
	facts_add_hex(&e->facts, "composeHash", f->compose_hash, sizeof f->compose_hash);
	if (f->has_os_image)
		facts_add_hex(&e->facts, "osImageHash", f->os_image, sizeof f->os_image);
	if (f->has_instance_id)
		facts_add_hex(&e->facts, "instanceId", f->instance_id, sizeof f->instance_id);
	if (f->has_mr_kms)
		facts_add_hex(&e->facts, "mrKms", f->mr_kms, sizeof f->mr_kms);
	if (provider != NULL)
		facts_add_text(&e->facts, "keyProvider", provider);
	facts_add_hex(&e->facts, "keyProviderId", f->provider_id, f->provider_id_len);
	if (e->dstack_result.has_roots)
		facts_add_hex(&e->facts, "kmsRoot", e->dstack_result.roots.kms_root, 33);
}

/* What the question about the quote makes of the one about dstack. */
static void
ask_about_quote(struct evaluation *e, const struct question *q, struct dstack_question *d)
{
	d->quote = &e->quote;
	d->signed_is_enough = judge_is_lenient(q);
	d->policy = &q->policy;
	d->judged = d->signed_is_enough ? NULL : &e->policy;
}

/*
 * The KMS is judged as the evidence is, but by its own machine: what is pinned of the evidence's
 * is not the KMS's.
 */
static void
ask_about_kms(struct evaluation *e, const struct question *q, struct dstack_kms *ret)
{
	struct tdx_policy policy = q->policy;

	memset(policy.pin, 0, sizeof policy.pin);
	policy.ppid = policy.platform_instance = policy.fmspc = (struct tdx_allowed){0};
	tdx_verify(q->kms_quote, q->kms_collateral, q->root, q->at, &e->kms_quote);
	tdx_policy_judge(&policy, &e->kms_quote, q->at, &e->kms_policy);
	*ret = (struct dstack_kms){.quote = &e->kms_quote, .judged = &e->kms_policy};
	if (!q->dstack.has_kms_root)
		return;
	ret->ca = (struct bytes){q->dstack.kms_ca, q->dstack.kms_ca_len};
	memcpy(ret->root, q->dstack.kms_root, sizeof ret->root);
}

/* Why, where the reason is another verifier's. */
static void
add_kms_detail(struct evaluation *e)
{
	const struct tdx_check *kms = &e->dstack_result.check[DSTACK_STEP_KMS];
	const enum tdx_reason reason =
	    tdx_holds(&e->kms_quote) ? e->kms_policy.reason : e->kms_quote.reason;

	if (kms->outcome == TDX_FAILED && kms->reason == DSTACK_KMS_QUOTE)
		check_add_detail(&e->verdict, "kms", "%s", reason_text(reason));
}

void
judge_dstack(struct evaluation *e, const struct question *q, const struct commitment *c)
{
	const struct bytes quote = {e->dstack.quote, e->dstack.quote_len};
	struct dstack_question d = {
	    .app_compose = q->compose.len > 0 ? q->compose : e->attestation.app_compose,
	    .report_data = c->report_data,
	    .nonce = answer_of(&e->verdict, CHECK_NONCE),
	    .channel = answer_of(&e->verdict, CHECK_TLS_KEY),
	    .key = e->attestation.key.has_chain ? &e->attestation.key.key : NULL,
	};
	struct dstack_kms kms;
	struct steps steps = {
	    .list = &dstack_steps,
	    .check = e->dstack_result.check,
	    .uncollateralled = "there is no collateral",
	};

	judge_quote(e, q, quote);
	ask_about_quote(e, q, &d);
	dstack_policy_ask(&q->dstack, &d);
	if (q->kms_quote.len > 0) {
		ask_about_kms(e, q, &kms);
		d.kms = &kms;
	}
	dstack_judge(&e->dstack, &d, &e->dstack_result);
	steps.holds = dstack_holds(&e->dstack_result);
	steps.blocking = first_missing(&e->dstack_result);
	check_steps(&e->verdict, &steps);
	add_kms_detail(e);
	add_facts(e);
}
