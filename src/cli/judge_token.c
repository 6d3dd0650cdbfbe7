#include <string.h>

#include "cli/judge.h"
#include "evidence/challenge.h"
#include "evidence/google_roots.h"
#include "base/banned.h"

static void
add_facts(struct evaluation *e)
{
	const struct cs_claims *c = &e->token.claims;

	if (!e->token.has_claims)
		return;
	facts_add(&e->facts, "hardware", c->hardware);
	facts_add(&e->facts, "imageReference", c->image_reference);
	facts_add(&e->facts, "imageDigest", c->image_digest);
	facts_add(&e->facts, "instanceName", c->instance_name);
	facts_add(&e->facts, "zone", c->zone);
	facts_add(&e->facts, "projectId", c->project_id);
	facts_add(&e->facts, "googleTcbStatus", c->tcb_status);
	facts_add(&e->facts, "googleTcbDate", c->tcb_date);
	if (c->has_app_id)
		facts_add_hex(&e->facts, "appId", c->app_id, sizeof c->app_id);
}

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

void
judge_token(struct evaluation *e, const struct question *q, const struct commitment *c,
	    struct bytes token)
{
	const struct pkix_list root = {&q->google_root, 1};
	char nonce[EVIDENCE_TOKEN_NONCE_LEN + 1] = "-"; /* no token has this one */
	struct cs_expect x = {
	    .roots = q->google_root.len > 0 ? root : google_confidential_space_roots(),
	    .jwks = q->jwks,
	    .at = q->at,
	    .audience = q->audience,
	    .nonce = q->nonce_text,
	    .image_digest = q->image,
	    .app_id = q->has_app_id ? q->app_id : NULL,
	};
	struct steps steps = {
	    .list = &cs_token_steps,
	    .check = e->token.check,
	};

	if (c->ours) {
		if (c->report_data != NULL && evidence_token_nonce(c->report_data, nonce) != 0)
			nonce[0] = '-';
		x.audience = text(EVIDENCE_AUDIENCE);
		x.nonce = text(nonce);
	}
	cs_token_verify(token, &x, &e->token);
	steps.holds = cs_token_holds(&e->token);
	steps.blocking = e->token.step;
	check_steps(&e->verdict, &steps);
	add_facts(e);
}
