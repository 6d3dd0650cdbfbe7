#include "support/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tdx/collateral.h"
#include "tdx/intel_root.h"
#include "base/banned.h"

static struct tdx_result result, production;
static struct scenario_evidence evidence;

/* Exact blocks, so that the sanitizer sees a read beyond them; kept for the result's runs. */
static uint8_t *quote, *bundle, *memory;

static uint8_t *
keep(uint8_t *old, const uint8_t *p, size_t len)
{
	uint8_t *block = malloc(len);

	free(old);
	assert_non_null(block);
	if (p != NULL)
		memcpy(block, p, len);
	return block;
}

const struct tdx_result *
judge(const struct scenario *s, int64_t at)
{
	struct collateral collateral;
	struct bytes json, q;
	const char *field;

	assert_int_equal(scenario_make(s, &evidence), 0);
	quote = keep(quote, evidence.quote, evidence.quote_len);
	bundle = keep(bundle, evidence.bundle.p, evidence.bundle.len);
	memory = keep(memory, NULL, evidence.bundle.len);
	q = (struct bytes){quote, evidence.quote_len};
	json = (struct bytes){bundle, evidence.bundle.len};
	assert_int_equal(collateral_read(json, memory, &collateral, &field), 0);
	tdx_verify(q, &collateral, intel_root_der(), at, &production);
	assert_false(tdx_holds(&production));
	assert_int_not_equal(production.check[TDX_STEP_ROOT].outcome, TDX_PASSED);
	tdx_verify(q, &collateral, (struct bytes){evidence.root, evidence.root_len}, at, &result);
	scenario_free(&evidence);
	return &result;
}

void
assert_evaluation(const struct tdx_evaluation *e, const char *status, const char *date,
		  const char *advisories)
{
	const time_t t = (time_t)e->date;
	char text[1024];
	struct writer w = writer_of((uint8_t *)text, sizeof text - 1);
	struct tm tm;

	assert_string_equal(tcb_status_name(e->status), status);
	for (size_t i = 0; i < e->advisory_count; i++) {
		write_bytes(&w, " ", i > 0);
		write_bytes(&w, e->advisory[i].p, e->advisory[i].len);
	}
	assert_int_equal(w.err, 0);
	text[w.len] = '\0';
	assert_string_equal(text, advisories);
	assert_non_null(gmtime_r(&t, &tm));
	assert_true(strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
	assert_string_equal(text, date);
}

void
assert_holds(const struct scenario *s, const char *status, const char *date, const char *advisories)
{
	const struct tdx_result *r = judge(s, SCENARIO_NOW);
	struct tdx_evaluation final = r->launch;

	if (!tdx_holds(r))
		fail_msg("%s at %s", reason_code(r->reason), tdx_step_name(r->step));
	final.status = r->status;
	assert_evaluation(&final, status, date, advisories);
}

void
assert_refused(const struct scenario *s, enum tdx_reason reason, enum tdx_step step)
{
	const struct tdx_result *r = judge(s, SCENARIO_NOW);

	assert_false(tdx_holds(r));
	if (r->reason != reason || r->step != step)
		fail_msg("%s at %s, not %s at %s", reason_code(r->reason), tdx_step_name(r->step),
			 reason_code(reason), tdx_step_name(step));
	assert_int_equal(r->check[step].outcome, TDX_FAILED);
}
