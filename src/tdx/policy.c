#include "tdx/policy.h"

#include <string.h>

#include "json/cursor.h"
#include "tdx/tcb_document.h"
#include "base/banned.h"

#define DAY_SECONDS 86400

/* TDATTRIBUTES by bit; whatever is not here is reserved. */
#define ATTRIBUTE_DEBUG UINT64_C(0x1)
#define ATTRIBUTE_SEPT_VE_DISABLE (UINT64_C(1) << 28)
#define ATTRIBUTE_MIGRATABLE (UINT64_C(1) << 29)
/* DEBUG, LASS, SEPT_VE_DISABLE, MIGRATABLE, PKS, KL, TPA, PERFMON */
#define ATTRIBUTES_KNOWN                                                                        \
	(ATTRIBUTE_DEBUG | UINT64_C(1) << 27 | ATTRIBUTE_SEPT_VE_DISABLE | ATTRIBUTE_MIGRATABLE |  \
	 UINT64_C(1) << 30 | UINT64_C(1) << 31 | UINT64_C(1) << 62 | UINT64_C(1) << 63)

/* XFAM: x87 and SSE are always there; the others are what the architecture defines. */
#define XFAM_ALWAYS UINT64_C(0x3)
#define XFAM_KNOWN UINT64_C(0x6dbe7)

/* A result under judgement. */
struct judgement {
	const struct tdx_policy *policy;
	const struct tdx_result *evidence;
	int64_t at;
};

struct tdx_policy
tdx_policy_default(void)
{
	return (struct tdx_policy){.statuses = TCB_BIT(TCB_UP_TO_DATE),
				   .allow_migratable = 1,
				   .allow_service_td = 1};
}

static int
is_listed(const struct tdx_policy *p, enum tcb_status status)
{
	return status != TCB_REVOKED && status != TCB_NOT_SUPPORTED &&
	       status != TCB_NOT_EVALUATED && (p->statuses & TCB_BIT(status)) != 0;
}

/* Within the grace period a TCB counts as if it were not out of date. */
static int
accepts(const struct judgement *j, const struct tdx_evaluation *e)
{
	const int64_t grace = (int64_t)j->policy->grace_days * DAY_SECONDS;

	if (is_listed(j->policy, e->status))
		return 1;
	if (grace == 0 || j->at - e->date > grace)
		return 0;
	if (e->status == TCB_OUT_OF_DATE)
		return is_listed(j->policy, TCB_UP_TO_DATE);
	return e->status == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED &&
	       is_listed(j->policy, TCB_CONFIGURATION_NEEDED);
}

/*
 * By Intel's rule a domain that was up to date at launch stays so, whatever became of
 * what it runs on: here the TCB of now must be accepted too. A relaunch status means
 * that only launch falls short.
 */
static enum tdx_reason
judge_status(const struct judgement *j)
{
	const struct tdx_result *e = j->evidence;
	const int relaunch = e->status == TCB_TD_RELAUNCH_ADVISED ||
			     e->status == TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
	const int launch = accepts(j, &e->launch) || (relaunch && is_listed(j->policy, e->status));
	const int current = !e->has_current || accepts(j, &e->current);

	return launch && current ? TDX_HOLDS : TDX_P_TCB_STATUS;
}

/* One advisory looked for in a list. */
struct search {
	struct bytes id;
	int found;
};

static void
compare_advisory(void *context, struct bytes id)
{
	struct search *s = context;

	s->found |= bytes_equal(s->id, id);
}

static int
list_has(const struct tdx_advisories *list, struct bytes id)
{
	const struct tcb_run whole = {0, (uint32_t)list->list.len};
	struct search s = {id, 0};

	tcb_each_advisory(list->list, whole, compare_advisory, &s);
	return s.found;
}

static int
advisories_pass(const struct tdx_policy *p, const struct tdx_evaluation *e)
{
	for (size_t i = 0; i < e->advisory_count; i++) {
		if (p->accepted_advisories.given &&
		    !list_has(&p->accepted_advisories, e->advisory[i]))
			return 0;
		if (p->refused_advisories.given && list_has(&p->refused_advisories, e->advisory[i]))
			return 0;
	}
	return 1;
}

static enum tdx_reason
judge_advisories(const struct judgement *j)
{
	const struct tdx_result *e = j->evidence;

	return advisories_pass(j->policy, &e->launch) &&
		       (!e->has_current || advisories_pass(j->policy, &e->current))
		   ? TDX_HOLDS
		   : TDX_P_ADVISORY;
}

static enum tdx_reason
judge_number(const struct judgement *j)
{
	return j->evidence->evaluation_number >= j->policy->minimum_number ? TDX_HOLDS
									    : TDX_P_EVAL_NUM;
}

static enum tdx_reason
judge_freshness(const struct judgement *j)
{
	const int64_t oldest = (int64_t)j->policy->maximum_age_days * DAY_SECONDS;
	const struct tdx_window *info = &j->evidence->window[TDX_ITEM_TCB_INFO];
	const struct tdx_window *identity = &j->evidence->window[TDX_ITEM_QE_IDENTITY];

	if (oldest == 0)
		return TDX_HOLDS;
	return info->known && identity->known && j->at - info->from <= oldest &&
		       j->at - identity->from <= oldest
		   ? TDX_HOLDS
		   : TDX_P_FRESHNESS;
}

static uint64_t
body_u64(const struct judgement *j, size_t offset)
{
	const uint8_t *p = j->evidence->quote.body.p + offset;
	uint64_t v = 0;

	for (size_t i = 8; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static enum tdx_reason
judge_debug(const struct judgement *j)
{
	const int debug = (body_u64(j, TD_TDATTRIBUTES) & ATTRIBUTE_DEBUG) != 0;

	return !debug || j->policy->allow_debug ? TDX_HOLDS : TDX_P_DEBUG;
}

static enum tdx_reason
judge_attributes(const struct judgement *j)
{
	return (body_u64(j, TD_TDATTRIBUTES) & ~ATTRIBUTES_KNOWN) == 0 ? TDX_HOLDS
									: TDX_P_ATTR_RESERVED;
}

static enum tdx_reason
judge_xfam(const struct judgement *j)
{
	const uint64_t xfam = body_u64(j, TD_XFAM);

	return (xfam & XFAM_ALWAYS) == XFAM_ALWAYS && (xfam & ~XFAM_KNOWN) == 0 ? TDX_HOLDS
										: TDX_P_XFAM;
}

static enum tdx_reason
judge_sept_ve(const struct judgement *j)
{
	const int set = (body_u64(j, TD_TDATTRIBUTES) & ATTRIBUTE_SEPT_VE_DISABLE) != 0;

	return set || !j->policy->require_sept_ve_disable ? TDX_HOLDS : TDX_P_SEPT_VE;
}

static enum tdx_reason
judge_migratable(const struct judgement *j)
{
	const int set = (body_u64(j, TD_TDATTRIBUTES) & ATTRIBUTE_MIGRATABLE) != 0;

	return !set || j->policy->allow_migratable ? TDX_HOLDS : TDX_P_MIGRATABLE;
}

/* MRSERVICETD and, in TD report 1.5 Ex, the hashes that stand for it: each absent or zero. */
static enum tdx_reason
judge_service_td(const struct judgement *j)
{
	static const uint16_t places[] = {TD_MRSERVICETD, TD_INIT_SERVTD_HASH, TD_CUR_SERVTD_HASH};
	static const uint8_t zeros[48];
	const struct bytes body = j->evidence->quote.body;

	if (j->policy->allow_service_td)
		return TDX_HOLDS;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (places[i] + sizeof zeros <= body.len &&
		    memcmp(body.p + places[i], zeros, sizeof zeros) != 0)
			return TDX_P_SERVICE_TD;
	return TDX_HOLDS;
}

static int
is_allowed(const struct tdx_allowed *allowed, struct bytes value)
{
	for (size_t i = 0; i < allowed->count; i++)
		if (memcmp(allowed->values + i * value.len, value.p, value.len) == 0)
			return 1;
	return !allowed->given;
}

/* A field that is pinned but not in this kind of report has no allowed value. */
static enum tdx_reason
judge_measurements(const struct judgement *j)
{
	static const struct {
		const char *name;
		enum tdx_reason reason;
	} pins[TDX_PINS_COUNT] = {
#define P(id, name, reason) [id] = {name, reason},
	    TDX_PINS(P)
#undef P
	};

	for (unsigned i = 0; i < TDX_PINS_COUNT; i++) {
		const struct tdx_allowed *allowed = &j->policy->pin[i];
		struct bytes value;

		if (!allowed->given)
			continue;
		if (quote_field(&j->evidence->quote, pins[i].name, strlen(pins[i].name), &value) !=
			0 ||
		    !is_allowed(allowed, value))
			return pins[i].reason;
	}
	return TDX_HOLDS;
}

/* Ids come from the verified PCK alone; the Processor CA's certificates have no instance id. */
static enum tdx_reason
judge_platform(const struct judgement *j)
{
	const struct tdx_policy *policy = j->policy;
	const struct pck_platform *p = &j->evidence->platform;

	if (!is_allowed(&policy->ppid, (struct bytes){p->ppid, sizeof p->ppid}) ||
	    !is_allowed(&policy->fmspc, (struct bytes){p->fmspc, sizeof p->fmspc}))
		return TDX_P_PLATFORM_ID;
	if (policy->platform_instance.given && p->ca != PCK_CA_PLATFORM)
		return TDX_P_PLATFORM_ID;
	return is_allowed(&policy->platform_instance,
			  (struct bytes){p->platform_instance_id, sizeof p->platform_instance_id})
		   ? TDX_HOLDS
		   : TDX_P_PLATFORM_ID;
}

/* What a rule needs of the evidence before it can be judged at all. */
enum need { NEEDS_QUOTE, NEEDS_PLATFORM, NEEDS_TCB };

struct rule {
	enum need need;
	enum tdx_reason (*judge)(const struct judgement *j);
};

static const struct rule rules[TDX_POLICY_STEPS_COUNT] = {
    [TDX_POLICY_STATUS] = {NEEDS_TCB, judge_status},
    [TDX_POLICY_ADVISORIES] = {NEEDS_TCB, judge_advisories},
    [TDX_POLICY_NUMBER] = {NEEDS_TCB, judge_number},
    [TDX_POLICY_FRESHNESS] = {NEEDS_TCB, judge_freshness},
    [TDX_POLICY_DEBUG] = {NEEDS_QUOTE, judge_debug},
    [TDX_POLICY_ATTRIBUTES] = {NEEDS_QUOTE, judge_attributes},
    [TDX_POLICY_XFAM] = {NEEDS_QUOTE, judge_xfam},
    [TDX_POLICY_SEPT_VE] = {NEEDS_QUOTE, judge_sept_ve},
    [TDX_POLICY_MIGRATABLE] = {NEEDS_QUOTE, judge_migratable},
    [TDX_POLICY_SERVICE_TD] = {NEEDS_QUOTE, judge_service_td},
    [TDX_POLICY_MEASUREMENTS] = {NEEDS_QUOTE, judge_measurements},
    [TDX_POLICY_PLATFORM] = {NEEDS_PLATFORM, judge_platform},
};

static int
has_what_it_needs(const struct tdx_result *e, enum need need)
{
	switch (need) {
	case NEEDS_QUOTE:
		return e->has_quote;
	case NEEDS_PLATFORM:
		return e->has_platform;
	case NEEDS_TCB:
		return e->has_tcb;
	}
	return 0;
}

void
tdx_policy_judge(const struct tdx_policy *policy, const struct tdx_result *result, int64_t at,
		 struct tdx_policy_result *ret)
{
	const struct judgement j = {policy, result, at};
	/* belt and braces: evidence without a reason may still be no evidence at all */
	const enum tdx_reason reason = tdx_holds(result)	   ? TDX_HOLDS
				       : result->reason != TDX_HOLDS ? result->reason
								     : TDX_NOT_EVALUATED;

	memset(ret, 0, sizeof *ret);
	ret->check[TDX_POLICY_EVIDENCE] = tdx_checked(reason);
	ret->reason = reason;
	for (unsigned i = TDX_POLICY_EVIDENCE + 1; i < TDX_POLICY_STEPS_COUNT; i++) {
		if (!has_what_it_needs(result, rules[i].need)) {
			ret->check[i] = tdx_not_checked(reason);
			continue;
		}
		ret->check[i] = tdx_checked(rules[i].judge(&j));
		if (ret->reason == TDX_HOLDS && ret->check[i].outcome == TDX_FAILED) {
			ret->reason = ret->check[i].reason;
			ret->step = (enum tdx_policy_step)i;
		}
	}
}

int
tdx_policy_accepts(const struct tdx_policy_result *result)
{
	return step_list_open(&tdx_policy_steps, result->check, 0) == TDX_POLICY_STEPS_COUNT &&
	       result->reason == TDX_HOLDS;
}

const struct step_list tdx_policy_steps = {
    .count = TDX_POLICY_STEPS_COUNT,
    .step = (const struct step_words[]){TDX_POLICY_STEPS(STEP_WORDS)},
};

const char *
tdx_policy_step_name(enum tdx_policy_step step)
{
	return step_list_name(&tdx_policy_steps, (unsigned)step);
}
