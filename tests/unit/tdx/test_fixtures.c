/*
 * Recorded quotes and collateral and their mutations (../shared/fixtures/tdx)
 * under the sanitizers: structure, fields, platform, verdict, status and date as
 * the index states them, with and without a cache. Skipped where the folder is
 * absent. (tests/conformance judges the same by the command.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/hex.h"
#include "tdx/cache.h"
#include "tdx/intel_root.h"
#include "tdx/policy.h"
#include "tdx/utc.h"
#include "base/banned.h"

#define FOLDER "../shared/fixtures/tdx/"
#define QUOTE_MAX 65536
#define BUNDLE_MAX 262144

static uint8_t quote_bytes[QUOTE_MAX];
static uint8_t bundle_bytes[BUNDLE_MAX], bundle_memory[BUNDLE_MAX];
static struct bytes root_der;
static struct tdx_cache *cache;

static struct bytes
load_into(const char *name, uint8_t *memory, size_t cap)
{
	char path[512];
	FILE *f;
	size_t n;

	assert_true(snprintf(path, sizeof path, FOLDER "%s", name) < (int)sizeof path);
	assert_non_null(f = fopen(path, "rb"));
	n = fread(memory, 1, cap, f);
	assert_true(n < cap);
	fclose(f);
	return (struct bytes){memory, n};
}

static struct bytes
load(const char *name)
{
	return load_into(name, quote_bytes, sizeof quote_bytes);
}

static json_t *
index_load(void)
{
	json_error_t e;

	return json_load_file(FOLDER "index.json", 0, &e);
}

static const char *
text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void
assert_hex(const json_t *object, const char *name, const uint8_t *p, size_t len)
{
	const char *want = text(object, name);
	char got[512];

	assert_non_null(want);
	assert_true(2 * len < sizeof got);
	hex_encode(p, len, got);
	assert_int_equal(strlen(want), 2 * len);
	for (size_t i = 0; i < 2 * len; i++)
		assert_int_equal(got[i], want[i] >= 'A' && want[i] <= 'F' ? want[i] + 32 : want[i]);
}

static void
assert_field(const json_t *parsed, const char *theirs, const struct tdx_quote *q, const char *ours)
{
	struct bytes field;

	assert_int_equal(quote_field(q, ours, strlen(ours), &field), 0);
	assert_hex(parsed, theirs, field.p, field.len);
}

static int64_t
number(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	assert_true(json_is_integer(v));
	return json_integer_value(v);
}

static void
assert_quote_as_parsed(const json_t *p, const struct tdx_quote *q)
{
	static const char *const same[] = {
	    "mrseam", "mrsignerseam", "seamattributes", "tdattributes",	 "xfam",
	    "mrtd",   "mrconfigid",   "mrowner",	"mrownerconfig", "rtmr0",
	    "rtmr1",  "rtmr2",	      "rtmr3"};

	assert_int_equal(q->version, number(p, "version"));
	assert_int_equal(q->body_type, number(p, "body_type"));
	assert_int_equal(q->signed_part.len, number(p, "signed_len"));
	assert_int_equal(q->trailing, number(p, "trailing"));
	assert_int_equal(q->qe_auth.len, number(p, "qe_auth_len"));
	assert_int_equal(q->pck_chain.len, number(p, "cert_data_len"));
	assert_int_equal(q->qe_report[QE_ISVSVN] | q->qe_report[QE_ISVSVN + 1] << 8,
			 number(p, "qe_isvsvn"));
	assert_hex(p, "ak", q->key, 64);
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		assert_field(p, same[i], q, same[i]);
	assert_field(p, "tee_tcb_svn", q, "teeTcbSvn");
	assert_field(p, "report_data", q, "reportData");
	if (q->body_type == TD_BODY_15) {
		assert_field(p, "tee_tcb_svn2", q, "teeTcbSvn2");
		assert_field(p, "mrservicetd", q, "mrservicetd");
	}
}

static void
assert_flag(const json_t *p, const char *name, int flag)
{
	assert_string_equal(text(p, name), flag ? "ff" : "00");
}

static void
assert_platform_as_parsed(const json_t *p, const struct pck_chain *chain)
{
	const struct pck_platform *v = &chain->platform;
	const struct bytes serial = chain->certificate[PCK_LEAF].serial;
	const json_t *components = json_object_get(p, "components");

	assert_hex(p, "serial", serial.p, serial.len);
	assert_hex(p, "ppid", v->ppid, sizeof v->ppid);
	assert_hex(p, "cpusvn", v->cpusvn, sizeof v->cpusvn);
	assert_hex(p, "pceid", v->pceid, sizeof v->pceid);
	assert_hex(p, "fmspc", v->fmspc, sizeof v->fmspc);
	assert_hex(p, "platform_instance_id", v->platform_instance_id, 16);
	assert_int_equal(v->pcesvn, number(p, "pcesvn"));
	assert_int_equal(v->sgx_type, number(p, "sgx_type"));
	assert_flag(p, "dynamic_platform", v->dynamic_platform);
	assert_flag(p, "cached_keys", v->cached_keys);
	assert_flag(p, "smt_enabled", v->smt_enabled);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(v->components[i],
				 json_integer_value(json_array_get(components, i)));
}

/* Whether a word is the case's reason class, or one that is right too. */
static int
class_fits(const json_t *c, const char *word)
{
	const json_t *also = json_object_get(c, "reason_also");
	size_t i;
	json_t *v;

	if (text(c, "reason") != NULL && strcmp(text(c, "reason"), word) == 0)
		return 1;
	json_array_foreach(also, i, v) if (strcmp(json_string_value(v), word) == 0) return 1;
	return 0;
}

/* The chain that a quote carries, or NULL. */
static const struct pck_chain *
chain_of(struct bytes quote)
{
	static struct pck_chain chain;
	struct tdx_quote q;

	if (quote_parse(quote, &q) != TDX_HOLDS ||
	    pck_chain_parse(q.pck_chain, &chain) != TDX_HOLDS)
		return NULL;
	return &chain;
}

/* The index's time; without one, any time at which the quote's own chain is valid. */
static int64_t
time_of(const json_t *c, struct bytes quote)
{
	const json_t *at = json_object_get(c, "eval_unix");
	const struct pck_chain *chain;

	if (json_is_integer(at))
		return json_integer_value(at);
	return (chain = chain_of(quote)) == NULL ? 0 : chain->certificate[PCK_LEAF].not_before + 1;
}

static int
setup(void **state)
{
	json_t *cases = index_load();

	(void)state;
	if (cases == NULL)
		return 0;
	json_decref(cases);
	root_der = intel_root_der();
	cache = tdx_cache_open(malloc(tdx_cache_size(4, 2)), 4, 2);
	return cache == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (cache != NULL)
		tdx_cache_close(cache);
	free(cache);
	return 0;
}

/* The case's bundle; NULL without one. */
static const struct collateral *
collateral_of(const json_t *c)
{
	static struct collateral collateral;
	struct bytes json;
	const char *field;

	if (text(c, "collateral") == NULL)
		return NULL;
	json = load_into(text(c, "collateral"), bundle_bytes, sizeof bundle_bytes);
	assert_int_equal(collateral_read(json, bundle_memory, &collateral, &field), 0);
	return &collateral;
}

/* The verdict by the default policy: what the index calls its outcome. */
static enum tdx_reason
judge_case(const struct tdx_result *r, int64_t at)
{
	const struct tdx_policy policy = tdx_policy_default();
	struct tdx_policy_result judged;

	tdx_policy_judge(&policy, r, at, &judged);
	return judged.reason;
}

static void
assert_status(const json_t *c, const struct tdx_result *r)
{
	const json_t *advisories = json_object_get(c, "advisories");
	char date[UTC_TEXT_LEN + 1];

	assert_true(tdx_holds(r));
	assert_string_equal(tcb_status_name(r->status), text(c, "tcb_status"));
	utc_format(r->launch.date, date);
	assert_string_equal(date, text(c, "tcb_date"));
	assert_int_equal(r->launch.advisory_count, json_array_size(advisories));
	for (size_t i = 0; i < r->launch.advisory_count; i++) {
		const char *id = json_string_value(json_array_get(advisories, i));

		assert_int_equal(r->launch.advisory[i].len, strlen(id));
		assert_memory_equal(r->launch.advisory[i].p, id, strlen(id));
	}
}

static void
check_case(const json_t *c)
{
	static struct tdx_result r, cached;
	const struct bytes quote = load(text(c, "quote"));
	const struct collateral *collateral = collateral_of(c);
	const json_t *parsed = json_object_get(c, "parsed");
	const int accept = strcmp(text(c, "outcome"), "accept") == 0;
	const int64_t at = time_of(c, quote);
	enum tdx_reason reason;

	tdx_verify(quote, collateral, root_der, at, &r);
	tdx_verify_cached(cache, quote, collateral, root_der, at, &cached);
	assert_int_equal(cached.reason, r.reason);
	assert_memory_equal(cached.check, r.check, sizeof r.check);
	reason = judge_case(&r, at);
	if (accept ? reason != TDX_HOLDS : !class_fits(c, reason_class(reason)))
		fail_msg("%s: %s", text(c, "id"), reason_code(reason));
	if (strcmp(text(c, "evidence"), "valid") == 0)
		assert_status(c, &r);
	else
		assert_false(tdx_holds(&r));
	if (strcmp(text(c, "evidence"), "no_collateral") == 0)
		assert_true(tdx_is_signed(&r));
	if (json_is_object(parsed) && r.has_quote && r.has_platform) {
		assert_quote_as_parsed(parsed, &r.quote);
		assert_platform_as_parsed(json_object_get(parsed, "pck"), chain_of(quote));
	}
}

static void
test_every_case(void **state)
{
	json_t *cases = index_load(), *c;
	size_t i;

	(void)state;
	if (cases == NULL)
		skip();
	assert_true(json_array_size(cases) > 50);
	json_array_foreach(cases, i, c) check_case(c);
	json_decref(cases);
}

/* A real quote under a root that is not its own is refused for the root alone. */
static void
test_foreign_root(void **state)
{
	static struct tdx_result r;
	uint8_t changed[CERTIFICATE_MAX];
	struct bytes quote;

	(void)state;
	if (root_der.len == 0)
		skip();
	quote = load("phala-v4-uptodate/quote.bin");
	memcpy(changed, root_der.p, root_der.len);
	changed[root_der.len - 1] ^= 1;
	tdx_verify(quote, NULL, (struct bytes){changed, root_der.len}, 1752919234, &r);
	assert_int_equal(r.reason, TDX_ROOT_NOT_TRUSTED);
	assert_false(tdx_is_signed(&r));
	assert_false(r.has_platform);
	assert_int_equal(r.check[TDX_STEP_PCK_CHAIN].outcome, TDX_PASSED);
	tdx_verify(quote, NULL, (struct bytes){NULL, 0}, 1752919234, &r);
	assert_int_equal(r.reason, TDX_ROOT_NOT_TRUSTED);
}

/* Both ends of the leaf's validity, inclusive. */
static void
test_time_bounds(void **state)
{
	static struct tdx_result r;
	struct bytes quote;
	int64_t from, to;

	(void)state;
	if (root_der.len == 0)
		skip();
	quote = load("phala-v4-uptodate/quote.bin");
	tdx_verify(quote, NULL, root_der, 1752919234, &r);
	from = chain_of(quote)->certificate[PCK_LEAF].not_before;
	to = chain_of(quote)->certificate[PCK_LEAF].not_after;
	assert_int_equal(from, 1738884351); /* 2025-02-06T23:25:51Z */
	assert_int_equal(to, 1959722751);   /* 2032-02-06T23:25:51Z */
	tdx_verify(quote, NULL, root_der, from - 1, &r);
	assert_int_equal(r.check[TDX_STEP_VALIDITY].reason, TDX_NOT_YET_VALID);
	tdx_verify(quote, NULL, root_der, from, &r);
	assert_true(tdx_is_signed(&r));
	tdx_verify(quote, NULL, root_der, to, &r);
	assert_true(tdx_is_signed(&r));
	tdx_verify(quote, NULL, root_der, to + 1, &r);
	assert_int_equal(r.check[TDX_STEP_VALIDITY].reason, TDX_EXPIRED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_case),
	    cmocka_unit_test(test_foreign_root),
	    cmocka_unit_test(test_time_bounds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
