#include <string.h>

#include "cli/judge.h"
#include "base/banned.h"

#define NO_COLLATERAL "there is no collateral"

int
judge_is_lenient(const struct question *q)
{
	return q->simulated_root && q->collateral == NULL && q->no_collateral == NULL;
}

static void
add_collateral(struct evaluation *e, const struct question *q)
{
	struct verdict *v = &e->verdict;
	const char *why = q->no_collateral != NULL ? q->no_collateral : NO_COLLATERAL;

	if (q->collateral_malformed)
		check_fail_reason(v, CHECK_COLLATERAL, TDX_COLLATERAL_PARSE, "%s", why);
	else if (q->collateral != NULL)
		check_pass(v, CHECK_COLLATERAL, "%s; what it is worth is checked below",
			   q->collateral_where != NULL ? q->collateral_where : "given");
	else if (judge_is_lenient(q))
		check_skip(v, CHECK_COLLATERAL,
			   "simulated evidence, and no --collateral for it was given");
	else
		check_missing(v, CHECK_COLLATERAL, TDX_COLLATERAL_MISSING, "%s", why);
}

static void
add_quote_steps(struct evaluation *e, const struct question *q)
{
	const struct tdx_result *r = &e->quote;
	const struct steps steps = {
	    .list = &tdx_steps,
	    .check = r->check,
	    .holds = judge_is_lenient(q) ? tdx_is_signed(r) : tdx_holds(r),
	    .blocking = r->step,
	    .uncollateralled = NO_COLLATERAL,
	};

	check_steps(&e->verdict, &steps);
}

static void
add_policy_steps(struct evaluation *e, const struct question *q)
{
	const struct tdx_policy_result *p = &e->policy;
	const unsigned first = TDX_POLICY_EVIDENCE + 1;
	const int none_failed =
	    step_list_failed(&tdx_policy_steps, p->check, first) == TDX_POLICY_STEPS_COUNT;
	const struct steps steps = {
	    .first = first,
	    .list = &tdx_policy_steps,
	    .check = p->check,
	    .holds = judge_is_lenient(q) ? none_failed : tdx_policy_accepts(p),
	    .blocking = step_list_open(&tdx_policy_steps, p->check, first),
	    .uncollateralled = NO_COLLATERAL,
	};

	check_steps(&e->verdict, &steps);
}

static int
has_passed(const struct evaluation *e, enum tdx_policy_step step)
{
	return e->policy.check[step].outcome == TDX_PASSED;
}

static unsigned
pins_of(const struct tdx_policy *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < TDX_PINS_COUNT; i++)
		n += p->pin[i].given != 0;
	return n;
}

/* Which it was, where a step passes for more than one reason. */
static void
add_policy_details(struct evaluation *e, const struct question *q)
{
	const struct tdx_policy *p = &q->policy;
	struct verdict *v = &e->verdict;

	if (has_passed(e, TDX_POLICY_ADVISORIES))
		check_add_detail(v, "advisories", "it has %zu", e->quote.launch.advisory_count);
	if (has_passed(e, TDX_POLICY_DEBUG))
		check_add_detail(v, "td-debug", "it is %s",
				 td_is_debug(&e->quote.quote) ? "on" : "off");
	if (has_passed(e, TDX_POLICY_MEASUREMENTS) && pins_of(p) == 0)
		check_add_detail(v, "measurements", "none is pinned");
	if (has_passed(e, TDX_POLICY_PLATFORM) && !p->ppid.given && !p->platform_instance.given &&
	    !p->fmspc.given)
		check_add_detail(v, "platform-id", "none is given");
}

static void
add_facts(struct evaluation *e)
{
	const struct tdx_result *r = &e->quote;
	const struct td_field *f;
	struct bytes value;

	for (size_t i = 0; r->has_quote && (f = td_field_at(i)) != NULL; i++)
		/* report data is another one each time: it is what the evidence is about */
		if (f->offset != TD_REPORT_DATA &&
		    quote_field(&r->quote, f->name, strlen(f->name), &value) == 0)
			facts_add_hex(&e->facts, f->name, value.p, value.len);
	if (!r->has_platform)
		return;
	facts_add_hex(&e->facts, "fmspc", r->platform.fmspc, sizeof r->platform.fmspc);
	facts_add_hex(&e->facts, "ppid", r->platform.ppid, sizeof r->platform.ppid);
}

void
judge_add_quote(struct evaluation *e, const struct question *q)
{
	const struct tdx_result *r = &e->quote;

	e->has_quote = 1;
	tdx_policy_judge(&q->policy, r, q->at, &e->policy);
	/* the quote's own failures come before those of its collateral */
	if (!q->collateral_malformed)
		add_collateral(e, q);
	add_quote_steps(e, q);
	if (q->collateral_malformed)
		add_collateral(e, q);
	if (r->has_tcb)
		check_add_detail(&e->verdict, "tcb-level", "%s", tcb_status_name(r->status));
	add_policy_steps(e, q);
	if (r->has_tcb)
		check_add_detail(&e->verdict, "tcb-status", "%s", tcb_status_name(r->status));
	add_policy_details(e, q);
	add_facts(e);
}

void
judge_quote(struct evaluation *e, const struct question *q, struct bytes quote)
{
	tdx_verify(quote, q->collateral, q->root, q->at, &e->quote);
	judge_add_quote(e, q);
}
