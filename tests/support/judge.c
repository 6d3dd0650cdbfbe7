#include "support/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tdx/cache.h"
#include "tdx/collateral.h"
#include "tdx/intel_root.h"
#include "base/banned.h"

/* Fewer than there are scenarios, so that what was kept goes and comes again. */
#define CACHED_PLATFORMS 3
#define CACHED_BUNDLES 2

static struct tdx_result result, production, cached;
static struct tdx_cache *cache;
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

static void
open_cache(void)
{
	void *room;

	if (cache != NULL)
		return;
	assert_non_null(room = malloc(tdx_cache_size(CACHED_PLATFORMS, CACHED_BUNDLES)));
	assert_non_null(cache = tdx_cache_open(room, CACHED_PLATFORMS, CACHED_BUNDLES));
}

static void
assert_same_evaluation(const struct tdx_evaluation *a, const struct tdx_evaluation *b)
{
	assert_int_equal(a->status, b->status);
	assert_true(a->date == b->date);
	assert_int_equal(a->advisory_count, b->advisory_count);
	for (size_t i = 0; i < a->advisory_count; i++)
		assert_true(bytes_equal(a->advisory[i], b->advisory[i]));
}

/* "answers what tdx_verify() would" */
static void
assert_same(const struct tdx_result *a, const struct tdx_result *b)
{
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->step, b->step);
	assert_memory_equal(a->check, b->check, sizeof a->check);
	assert_memory_equal(a->window, b->window, sizeof a->window);
	assert_true(a->valid_from == b->valid_from && a->valid_until == b->valid_until);
	assert_int_equal(a->has_platform, b->has_platform);
	assert_memory_equal(&a->platform, &b->platform, sizeof a->platform);
	assert_int_equal(a->has_tcb, b->has_tcb);
	assert_int_equal(a->status, b->status);
	assert_same_evaluation(&a->launch, &b->launch);
	assert_int_equal(a->has_current, b->has_current);
	assert_same_evaluation(&a->current, &b->current);
	assert_int_equal(a->evaluation_number, b->evaluation_number);
	assert_int_equal(a->shortfall_count, b->shortfall_count);
}

/* Under this root, by a verifier that remembers nothing, and by one that does, twice. */
static void
judge_under(struct bytes q, const struct collateral *collateral, struct bytes root, int64_t at,
	    struct tdx_result *ret)
{
	open_cache();
	tdx_verify(q, collateral, root, at, ret);
	for (unsigned i = 0; i < 2; i++) {
		tdx_verify_cached(cache, q, collateral, root, at, &cached);
		assert_same(ret, &cached);
	}
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
	judge_under(q, &collateral, intel_root_der(), at, &production);
	assert_false(tdx_holds(&production));
	assert_int_not_equal(production.check[TDX_STEP_ROOT].outcome, TDX_PASSED);
	judge_under(q, &collateral, (struct bytes){evidence.root, evidence.root_len}, at, &result);
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
