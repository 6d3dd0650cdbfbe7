#include <string.h>

#include "cli/judge.h"
#include "evidence/challenge.h"
#include "evidence/google_roots.h"
#include "tdx/digest.h"
#include "base/banned.h"

static void
add_facts(struct evaluation *e)
{
	const struct bound_result *r = &e->bound;

	if (r->has_instance) {
		facts_add(&e->facts, "instanceName", r->instance.name);
		facts_add(&e->facts, "zone", r->instance.zone);
		facts_add(&e->facts, "projectId", r->instance.project_id);
		if (r->instance.has_app_id)
			facts_add_hex(&e->facts, "appId", r->instance.app_id, 20);
	}
	if (r->has_log) {
		facts_add(&e->facts, "imageReference", r->log.image_reference);
		facts_add(&e->facts, "imageDigest", r->log.image_digest);
	}
}

/* In: challenge  room for that of an attestation of ours */
static struct bound_expect
expectation(const struct question *q, const struct commitment *c, const struct pkix_list *root,
	    uint8_t challenge[EVIDENCE_CHALLENGE_LEN])
{
	struct bound_expect x = {
	    .challenge = q->challenge,
	    .extra_data = q->extra_data,
	    .ak_roots = q->google_root.len > 0 ? *root : google_ak_roots(),
	    .collateral = q->collateral,
	    .tdx_root = q->root,
	    .at = q->at,
	    .image_digest = q->image,
	    .app_id = q->has_app_id ? q->app_id : NULL,
	};

	if (!c->ours)
		return x;
	/* without report data there is nothing that evidence could be about: no challenge fits */
	x.challenge = x.extra_data = (struct bytes){NULL, 0};
	if (c->report_data != NULL && evidence_challenge(c->report_data, challenge) == 0) {
		x.challenge = (struct bytes){challenge, EVIDENCE_CHALLENGE_LEN};
		x.extra_data = (struct bytes){c->report_data, EVIDENCE_EXTRA_DATA_LEN};
	}
	return x;
}

void
judge_bound(struct evaluation *e, const struct question *q, const struct commitment *c,
	    struct bytes message)
{
	const struct pkix_list root = {&q->google_root, 1};
	uint8_t challenge[EVIDENCE_CHALLENGE_LEN];
	const struct bound_expect x = expectation(q, c, &root, challenge);
	struct bound_result *r = &e->bound;
	struct steps steps = {
	    .list = &bound_steps,
	    .check = r->check,
	    .uncollateralled = "there is no collateral",
	};

	bound_evidence_verify(message, &x, r);
	if (r->has_message && r->platform == BOUND_TDX) {
		/* the runs of the copy stay in r->quote */
		e->quote = r->tdx;
		judge_add_quote(e, q);
	}
	steps.holds = judge_is_lenient(q) ? bound_evidence_is_signed(r) : bound_evidence_holds(r);
	steps.blocking = r->step;
	check_steps(&e->verdict, &steps);
	add_facts(e);
}
