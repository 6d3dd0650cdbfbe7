#include "tdx/evaluation.h"

#include <string.h>

#include "base/banned.h"

/* The advisories of one evaluation, kept sorted while they come. */
static int
id_order(struct bytes a, struct bytes b)
{
	int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static void
add_advisory(void *context, struct bytes id)
{
	struct tdx_evaluation *e = context;
	size_t at = e->advisory_count;

	while (at > 0 && id_order(id, e->advisory[at - 1]) < 0)
		at--;
	if (at > 0 && id_order(id, e->advisory[at - 1]) == 0)
		return;
	memmove(&e->advisory[at + 1], &e->advisory[at],
		(e->advisory_count - at) * sizeof e->advisory[0]);
	e->advisory[at] = id;
	e->advisory_count++;
}

_Static_assert(TDX_ADVISORIES_MAX == 3 * TCB_ADVISORIES_MAX,
	       "the advisories of platform, module and quoting enclave fit");

static void
add_state(struct tdx_evaluation *e, struct bytes text, const struct tcb_state *state)
{
	if (e->date == 0 || state->date < e->date)
		e->date = state->date;
	tcb_each_advisory(text, state->advisories, add_advisory, e);
}

static void
platform_svns(const struct tdx_platform_tcb *p, const uint8_t tee_tcb_svn[16],
	      uint8_t ret[TCB_SVNS_LEN])
{
	memcpy(ret + TCB_SVNS_SGX, p->pck->components, TCB_COMPONENTS);
	ret[TCB_SVNS_PCE] = (uint8_t)(p->pck->pcesvn >> 8);
	ret[TCB_SVNS_PCE + 1] = (uint8_t)p->pck->pcesvn;
	memcpy(ret + TCB_SVNS_TDX, tee_tcb_svn, TCB_COMPONENTS);
}

/* The module of tee_tcb_svn[1], at version tee_tcb_svn[0]; needed only if the former is not 0. */
static const struct tcb_svn_level *
module_level(const struct tcb_info *info, const uint8_t tee_tcb_svn[16])
{
	const struct tcb_module *m = tcb_info_module(info, tee_tcb_svn[1]);

	if (m == NULL)
		return NULL;
	return tcb_svn_level_find(info->module_level + m->first, m->count, tee_tcb_svn[0]);
}

void
tdx_evaluate(const struct tdx_platform_tcb *p, const uint8_t tee_tcb_svn[16],
	     struct tdx_evaluation *ret)
{
	const int has_module = tee_tcb_svn[1] > 0;
	const struct tcb_svn_level *module, *qe;
	const struct tcb_level *level;
	uint8_t svns[TCB_SVNS_LEN];

	ret->status = TCB_NOT_SUPPORTED;
	ret->date = 0;
	ret->advisory_count = 0;
	platform_svns(p, tee_tcb_svn, svns);
	level = tcb_info_level(p->info, svns);
	module = has_module ? module_level(p->info, tee_tcb_svn) : NULL;
	qe = tcb_svn_level_find(p->qe->level, p->qe->level_count, p->qe_isvsvn);
	if (level == NULL || qe == NULL || (has_module && module == NULL))
		return;
	ret->status = tcb_converge(level->state.status,
				   has_module ? module->state.status : TCB_UP_TO_DATE,
				   qe->state.status);
	add_state(ret, p->info_text, &level->state);
	add_state(ret, p->qe_text, &qe->state);
	if (has_module)
		add_state(ret, p->info_text, &module->state);
}

/* The shortfalls while they are collected. */
struct shortfalls {
	struct tdx_shortfall *list;
	size_t count;
};

static void
add_shortfall(struct shortfalls *s, const struct tdx_shortfall *f)
{
	if (f->has < f->needs && s->count < TDX_SHORTFALLS_MAX)
		s->list[s->count++] = *f;
}

/* The highest level that is up to date, or the highest one. */
static const struct tcb_level *
best_level(const struct tcb_info *info)
{
	for (size_t i = 0; i < info->level_count; i++)
		if (info->level[i].state.status == TCB_UP_TO_DATE)
			return &info->level[i];
	return &info->level[0];
}

/* The lowest isvsvn that is up to date, or the highest one. */
static uint32_t
best_isvsvn(const struct tcb_svn_level *levels, size_t count)
{
	uint32_t best = levels[0].isvsvn;

	for (size_t i = 0; i < count; i++)
		if (levels[i].state.status == TCB_UP_TO_DATE)
			best = levels[i].isvsvn;
	return best;
}

static enum tdx_remedy
component_remedy(const struct tcb_component_name *name)
{
	if (cursor_is(name->type, "TDX Module"))
		return TDX_UPDATE_MODULE;
	if (cursor_is(name->category, "OS/VMM"))
		return TDX_UPDATE_OS_VMM;
	return cursor_is(name->category, "BIOS") ? TDX_UPDATE_BIOS : TDX_UPDATE_PLATFORM;
}

/* A component at its place in a level's SVNs. */
static void
add_component(struct shortfalls *s, const struct tdx_platform_tcb *p,
	      const struct tcb_level *best, size_t at, uint8_t has)
{
	const int is_tdx = at >= TCB_SVNS_TDX;
	const size_t index = is_tdx ? at - TCB_SVNS_TDX : at;
	const uint8_t needs = best->svns[at];
	struct tcb_component_name name;

	if (has >= needs)
		return;
	name = tcb_info_component(p->info_text, best, at);
	add_shortfall(s, &(struct tdx_shortfall){
			     .component = is_tdx ? TDX_COMPONENT_TDX : TDX_COMPONENT_SGX,
			     .index = (uint8_t)index,
			     .has = has,
			     .needs = needs,
			     .remedy = is_tdx && p->tee_tcb_svn2 != NULL &&
					       p->tee_tcb_svn2[index] >= needs
					   ? TDX_RELAUNCH
					   : component_remedy(&name),
			     .type = name.type});
}

static void
add_components(struct shortfalls *s, const struct tdx_platform_tcb *p)
{
	const struct tcb_level *best = best_level(p->info);
	const size_t start = TCB_SVNS_TDX + tcb_tdx_start(p->tee_tcb_svn);
	uint8_t svns[TCB_SVNS_LEN];

	platform_svns(p, p->tee_tcb_svn, svns);
	for (size_t at = TCB_SVNS_SGX; at < TCB_SVNS_PCE; at++)
		add_component(s, p, best, at, svns[at]);
	add_shortfall(s, &(struct tdx_shortfall){
			     .component = TDX_COMPONENT_PCE,
			     .has = p->pck->pcesvn,
			     .needs = (uint32_t)best->svns[TCB_SVNS_PCE] << 8 |
				      best->svns[TCB_SVNS_PCE + 1],
			     .remedy = TDX_UPDATE_PLATFORM});
	for (size_t at = start; at < TCB_SVNS_LEN; at++)
		add_component(s, p, best, at, svns[at]);
}

static void
add_module(struct shortfalls *s, const struct tdx_platform_tcb *p)
{
	const uint8_t *launch = p->tee_tcb_svn, *now = p->tee_tcb_svn2;
	const struct tcb_module *m = tcb_info_module(p->info, launch[1]);
	uint32_t needs;

	if (launch[1] == 0 || m == NULL)
		return;
	needs = best_isvsvn(p->info->module_level + m->first, m->count);
	add_shortfall(s, &(struct tdx_shortfall){
			     .component = TDX_COMPONENT_MODULE,
			     .has = launch[0],
			     .needs = needs,
			     .remedy = now != NULL && now[1] == launch[1] && now[0] >= needs
					   ? TDX_RELAUNCH
					   : TDX_UPDATE_MODULE});
}

size_t
tdx_shortfalls(const struct tdx_platform_tcb *p, struct tdx_shortfall ret[TDX_SHORTFALLS_MAX])
{
	struct shortfalls s = {.list = ret};

	add_components(&s, p);
	add_module(&s, p);
	add_shortfall(&s, &(struct tdx_shortfall){
			      .component = TDX_COMPONENT_QE,
			      .has = p->qe_isvsvn,
			      .needs = best_isvsvn(p->qe->level, p->qe->level_count),
			      .remedy = TDX_UPDATE_QE});
	return s.count;
}
