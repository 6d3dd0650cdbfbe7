/* A TCB info that somebody signed: levels in order, evaluated, with their names. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tdx/evaluation.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_order(const struct tcb_info *info)
{
	if (info->level_count == 0 || info->issue_date > info->next_update)
		abort();
	for (size_t i = 1; i < info->level_count; i++)
		if (memcmp(info->level[i - 1].svns, info->level[i].svns, TCB_SVNS_LEN) <= 0)
			abort();
	for (size_t m = 0; m < info->module_count; m++) {
		const struct tcb_module *module = &info->module[m];

		if (module->count == 0 || module->first + module->count > info->module_level_count)
			abort();
		for (size_t i = 1; i < module->count; i++)
			if (info->module_level[module->first + i - 1].isvsvn <
			    info->module_level[module->first + i].isvsvn)
				abort();
	}
}

static void
check_run(struct bytes run, const uint8_t *data, size_t size)
{
	if (run.len > 0 && (run.p < data || run.p + run.len > data + size))
		abort();
}

/* A platform whose SVNs the input decides. */
static void
evaluate(struct bytes text, const struct tcb_info *info)
{
	static struct tdx_evaluation e;
	static struct tdx_shortfall shortfall[TDX_SHORTFALLS_MAX];
	const struct qe_identity qe = {
	    .level_count = 1,
	    .level = {{.isvsvn = 4, .state = {.status = TCB_UP_TO_DATE, .date = 1}}}};
	struct pck_platform pck = {.pcesvn = text.p[text.len / 2]};
	uint8_t svn[16] = {0}, svn2[16] = {0};
	struct tdx_platform_tcb tcb = {.pck = &pck,
				       .qe_isvsvn = 4,
				       .tee_tcb_svn = svn,
				       .tee_tcb_svn2 = svn2,
				       .info = info,
				       .info_text = text,
				       .qe = &qe,
				       .qe_text = text};
	size_t count;

	for (size_t i = 0; i < 16; i++) {
		pck.components[i] = text.p[i % text.len] >> 4;
		svn[i] = text.p[(i * 7 + 3) % text.len] & 7;
		svn2[i] = text.p[(i * 5 + 1) % text.len] & 7;
	}
	tdx_evaluate(&tcb, svn, &e);
	if (e.status == TCB_NOT_EVALUATED || e.advisory_count > TDX_ADVISORIES_MAX)
		abort();
	for (size_t i = 0; i < e.advisory_count; i++)
		check_run(e.advisory[i], text.p, text.len);
	count = tdx_shortfalls(&tcb, shortfall);
	for (size_t i = 0; i < count; i++) {
		check_run(shortfall[i].type, text.p, text.len);
		if (shortfall[i].has >= shortfall[i].needs)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tcb_info info;

	if (tcb_info_parse((struct bytes){data, size}, &info) != TDX_HOLDS)
		return 0;
	check_order(&info);
	evaluate((struct bytes){data, size}, &info);
	return 0;
}
