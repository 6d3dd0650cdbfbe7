/*
 * The public interface, by its header alone: what a result says, what a caller
 * may do wrong, and what happens when memory runs out at any point.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "selfsame/selfsame.h"
#include "support/scenario.h"
#include "tdx/pem.h"
#include "base/banned.h"

static struct scenario scenario;
static struct scenario_evidence made;

/* The allocation that fails, counted down; -1: none. OpenSSL's count too. */
static long countdown = -1;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

static int
fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

static void *
openssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : __real_malloc(n);
}

static void *
openssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : realloc(p, n);
}

static void
openssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static selfsame_cache *cache; /* of the tests that have one */

static int
verify(selfsame_result **ret)
{
	return selfsame_quote_verify_cached(cache, made.quote, made.quote_len,
					    (const char *)made.bundle.p, made.bundle.len, made.root,
					    made.root_len, SCENARIO_NOW, ret);
}

/* A result of what is made of a scenario; the inputs are gone when it is looked at. */
static selfsame_result *
result_of(const struct scenario *s)
{
	selfsame_result *r;

	assert_int_equal(scenario_make(s, &made), 0);
	assert_int_equal(verify(&r), 0);
	memset(made.quote, 0xee, sizeof made.quote);
	memset(made.bundle.p, 0xee, made.bundle.len);
	scenario_free(&made);
	return r;
}

static void
assert_field(const selfsame_result *r, const char *name, const uint8_t *want, size_t len)
{
	size_t got_len = 0;
	const uint8_t *got = selfsame_result_field(r, name, &got_len);

	assert_non_null(got);
	assert_int_equal(got_len, len);
	assert_memory_equal(got, want, len);
}

static void
test_accepted(void **state)
{
	selfsame_result *r = result_of(&scenario);
	size_t len;

	(void)state;
	assert_int_equal(selfsame_result_holds(r), 1);
	assert_int_equal(selfsame_policy_apply(NULL, r), 1);
	assert_string_equal(selfsame_result_reason(r), "OK");
	assert_string_equal(selfsame_result_reason_class(r), "");
	assert_string_equal(selfsame_result_step(r), "");
	assert_string_equal(selfsame_result_remedy(r), "");
	assert_string_equal(selfsame_result_tcb_status(r), "UpToDate");
	assert_string_equal(selfsame_result_tcb_date(r), "2024-11-13T00:00:00Z");
	assert_string_equal(selfsame_result_launch_status(r), "UpToDate");
	assert_null(selfsame_result_current_status(r));
	assert_int_equal(selfsame_result_advisory_count(r), 0);
	assert_null(selfsame_result_advisory(r, 0));
	assert_int_equal(selfsame_result_evaluation_number(r), 20);
	assert_true(selfsame_result_valid_from(r) == SIMULATED_START);
	assert_true(selfsame_result_valid_until(r) == SIMULATED_END);
	assert_field(r, "mrtd", scenario.quote.body + TD_MRTD, 48);
	assert_field(r, "reportData", scenario.quote.body + TD_REPORT_DATA, 64);
	assert_field(r, "fmspc", scenario.platform.fmspc, 6);
	assert_field(r, "ppid", scenario.platform.ppid, 16);
	assert_field(r, "pceid", scenario.platform.pceid, 2);
	assert_field(r, "cpusvn", scenario.platform.cpusvn, 16);
	assert_field(r, "platformInstanceId", scenario.platform.platform_instance_id, 16);
	assert_null(selfsame_result_field(r, "mrservicetd", &len));
	assert_null(selfsame_result_field(r, "", &len));
	selfsame_result_free(r);
}

/* Holds, and is not good enough; the strings outlive the input. */
static void
test_advisories(void **state)
{
	struct scenario s = scenario;
	selfsame_result *r;

	(void)state;
	s.tcb.level_count = 1;
	s.tcb.level[0] = s.tcb.level[2];
	s.tcb.level[0].says.advisory[0] = "INTEL-SA-00002";
	s.quote.version = 5;
	s.quote.body_type = TD_BODY_15;
	r = result_of(&s);
	assert_int_equal(selfsame_result_holds(r), 1);
	assert_string_equal(selfsame_result_reason(r), "OK");
	assert_string_equal(selfsame_result_tcb_status(r), "OutOfDate");
	assert_string_equal(selfsame_result_current_status(r), "OutOfDate");
	assert_int_equal(selfsame_result_advisory_count(r), 2);
	assert_string_equal(selfsame_result_advisory(r, 0), "INTEL-SA-00001");
	assert_string_equal(selfsame_result_advisory(r, 1), "INTEL-SA-00002");
	assert_null(selfsame_result_advisory(r, 2));
	assert_int_equal(selfsame_policy_apply(NULL, r), 0);
	assert_int_equal(selfsame_result_holds(r), 1);
	assert_string_equal(selfsame_result_reason(r), "P_TCB_STATUS");
	assert_string_equal(selfsame_result_reason_class(r), "tcb-status");
	assert_string_equal(selfsame_result_step(r), "tcb-status");
	assert_true(strlen(selfsame_result_remedy(r)) > 0);
	selfsame_result_free(r);
}

static void
test_refused(void **state)
{
	struct scenario s = scenario;
	selfsame_result *r;
	size_t failed = 0;

	(void)state;
	s.revoked[ITEM_PCK] = 1;
	r = result_of(&s);
	for (unsigned judged = 0; judged < 2; judged++) {
		assert_int_equal(selfsame_result_holds(r), 0);
		assert_string_equal(selfsame_result_reason(r), "PCK_REVOKED");
		assert_string_equal(selfsame_result_reason_class(r), "revoked");
		assert_string_equal(selfsame_result_step(r), "revocation");
		assert_null(selfsame_result_tcb_status(r));
		assert_null(selfsame_result_tcb_date(r));
		assert_null(selfsame_result_launch_status(r));
		assert_null(selfsame_result_current_status(r));
		assert_int_equal(selfsame_result_advisory_count(r), 0);
		assert_int_equal(selfsame_result_evaluation_number(r), 0);
		assert_true(selfsame_result_valid_until(r) == 0);
		/* a policy does not make it better */
		assert_int_equal(selfsame_policy_apply(NULL, r), 0);
	}
	for (size_t i = 0; i < selfsame_result_check_count(r); i++) {
		if (selfsame_result_check_outcome(r, i) != SELFSAME_FAILED)
			continue;
		if (failed++ > 0) /* the policy's own, that the evidence must hold */
			break;
		assert_string_equal(selfsame_result_check_name(r, i), "revocation");
		assert_string_equal(selfsame_result_check_reason(r, i), "PCK_REVOKED");
	}
	assert_true(failed > 0);
	selfsame_result_free(r);
}

static void
test_checks(void **state)
{
	selfsame_result *r = result_of(&scenario);
	const size_t count = selfsame_result_check_count(r);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(selfsame_result_check_outcome(r, i), SELFSAME_PASSED);
		assert_string_equal(selfsame_result_check_reason(r, i), "OK");
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(selfsame_result_check_name(r, i),
						selfsame_result_check_name(r, k));
	}
	assert_int_equal(selfsame_result_check_outcome(r, count), SELFSAME_NOT_CHECKED);
	assert_string_equal(selfsame_result_check_name(r, count), "");
	assert_string_equal(selfsame_result_check_reason(r, SIZE_MAX), "");
	assert_int_equal(selfsame_policy_apply(NULL, r), 1);
	assert_true(selfsame_result_check_count(r) > count);
	selfsame_result_free(r);
}

static void
assert_reason(const char *collateral, size_t len, const char *reason)
{
	selfsame_result *r;

	assert_int_equal(selfsame_quote_verify(made.quote, made.quote_len, collateral, len,
					       made.root, made.root_len, SCENARIO_NOW, &r),
			 0);
	assert_int_equal(selfsame_result_holds(r), 0);
	assert_int_equal(selfsame_policy_apply(NULL, r), 0);
	assert_string_equal(selfsame_result_reason(r), reason);
	selfsame_result_free(r);
}

static void
test_collateral(void **state)
{
	(void)state;
	assert_int_equal(scenario_make(&scenario, &made), 0);
	assert_reason(NULL, 0, "COLLATERAL_MISSING");
	assert_reason(NULL, 99, "COLLATERAL_MISSING");
	assert_reason("", 0, "COLLATERAL_PARSE");
	assert_reason("{", 1, "COLLATERAL_PARSE");
	assert_reason((const char *)made.bundle.p, made.bundle.len - 1, "COLLATERAL_PARSE");
	assert_reason("{}", 2, "CRL_ABSENT");
	scenario_free(&made);
}

static void
test_arguments(void **state)
{
	static const uint8_t junk[4] = {0x30, 0x02, 0x05, 0x00};
	selfsame_result *r = (selfsame_result *)&scenario;
	uint8_t pem[4096];
	struct writer w = writer_of(pem, sizeof pem);

	(void)state;
	assert_int_equal(scenario_make(&scenario, &made), 0);
	assert_int_equal(selfsame_quote_verify(NULL, 0, "{}", 2, NULL, 0, 0, &r),
			 SELFSAME_ERROR_ARGUMENT);
	assert_null(r);
	assert_int_equal(selfsame_quote_verify("", 0, "{}", 2, NULL, 0, 0, NULL),
			 SELFSAME_ERROR_ARGUMENT);
	assert_int_equal(selfsame_quote_verify("", 0, "{}", 2, junk, sizeof junk, 0, &r),
			 SELFSAME_ERROR_ARGUMENT);
	assert_int_equal(selfsame_quote_verify("", 0, "{}", 2, "", 0, 0, &r),
			 SELFSAME_ERROR_ARGUMENT);
	assert_int_equal(selfsame_quote_verify("", 0, "{}", SIZE_MAX, NULL, 0, 0, &r),
			 SELFSAME_ERROR_ARGUMENT);
	assert_null(r);
	/* an empty quote is a refusal */
	assert_int_equal(selfsame_quote_verify("", 0, NULL, 0, NULL, 0, 0, &r), 0);
	assert_string_equal(selfsame_result_reason(r), "PARSE");
	selfsame_result_free(r);
	/* the root as PEM; one, and nothing behind it */
	pem_write_certificate(&w, made.root, made.root_len);
	assert_int_equal(selfsame_quote_verify(made.quote, made.quote_len,
					       (const char *)made.bundle.p, made.bundle.len, pem,
					       w.len, SCENARIO_NOW, &r),
			 0);
	assert_int_equal(selfsame_result_holds(r), 1);
	selfsame_result_free(r);
	pem_write_certificate(&w, made.root, made.root_len);
	assert_int_equal(selfsame_quote_verify("", 0, NULL, 0, pem, w.len, 0, &r),
			 SELFSAME_ERROR_ARGUMENT);
	/* Intel's is the default, and refuses simulated evidence */
	assert_int_equal(selfsame_quote_verify(made.quote, made.quote_len,
					       (const char *)made.bundle.p, made.bundle.len, NULL,
					       0, SCENARIO_NOW, &r),
			 0);
	assert_string_equal(selfsame_result_reason(r), "ROOT_NOT_TRUSTED");
	selfsame_result_free(r);
	selfsame_result_free(NULL);
	selfsame_policy_free(NULL);
	scenario_free(&made);
}

static selfsame_policy *
policy_of(const char *json)
{
	char error[SELFSAME_POLICY_ERROR_MAX] = "";
	selfsame_policy *p;

	if (selfsame_policy_parse(json, strlen(json), &p, error, sizeof error) != 0)
		fail_msg("%s", error);
	return p;
}

/* Another policy replaces the first. */
static void
test_policies(void **state)
{
	selfsame_policy *strict = policy_of("{\"minimumEvaluationNumber\":21}");
	selfsame_policy *lenient =
	    policy_of("{\"tcbStatuses\":[\"UpToDate\",\"SWHardeningNeeded\"]}");
	struct scenario s = scenario;
	selfsame_result *r;

	(void)state;
	s.platform.pcesvn = 12;
	r = result_of(&s);
	assert_int_equal(selfsame_policy_apply(NULL, r), 0);
	assert_string_equal(selfsame_result_reason(r), "P_TCB_STATUS");
	assert_int_equal(selfsame_policy_apply(lenient, r), 1);
	assert_string_equal(selfsame_result_reason(r), "OK");
	selfsame_result_free(r);
	r = result_of(&scenario);
	assert_int_equal(selfsame_policy_apply(strict, r), 0);
	assert_string_equal(selfsame_result_reason(r), "P_EVAL_NUM");
	assert_int_equal(selfsame_policy_apply(lenient, r), 1);
	selfsame_result_free(r);
	selfsame_policy_free(strict);
	selfsame_policy_free(lenient);
}

static void
test_policy_errors(void **state)
{
	static const char unknown[] = "{\"mrtdd\":[]}";
	char error[SELFSAME_POLICY_ERROR_MAX] = "", cut[4] = "";
	selfsame_policy *p;

	(void)state;
	assert_int_equal(selfsame_policy_parse(unknown, strlen(unknown), &p, error, sizeof error),
			 SELFSAME_ERROR_POLICY);
	assert_null(p);
	assert_true(strlen(error) > 0);
	assert_int_equal(selfsame_policy_parse(unknown, strlen(unknown), &p, cut, sizeof cut),
			 SELFSAME_ERROR_POLICY);
	assert_int_equal(strlen(cut), 3);
	assert_int_equal(selfsame_policy_parse("", 0, &p, NULL, 0), SELFSAME_ERROR_POLICY);
	assert_int_equal(selfsame_policy_parse(NULL, 0, &p, NULL, 0), SELFSAME_ERROR_ARGUMENT);
	assert_int_equal(selfsame_policy_parse("{}", SIZE_MAX, &p, NULL, 0),
			 SELFSAME_ERROR_ARGUMENT);
	assert_int_equal(selfsame_policy_parse("{}", 2, NULL, NULL, 0), SELFSAME_ERROR_ARGUMENT);
}

/* Warm says what cold said; a result outlives its cache. */
static void
test_cache(void **state)
{
	struct scenario s = scenario;
	selfsame_result *r;

	(void)state;
	assert_int_equal(selfsame_cache_new(2, 2, &cache), 0);
	for (unsigned i = 0; i < 3; i++) {
		r = result_of(&scenario);
		assert_int_equal(selfsame_policy_apply(NULL, r), 1);
		assert_string_equal(selfsame_result_tcb_status(r), "UpToDate");
		selfsame_result_free(r);
	}
	/* the same machine, revoked since */
	s.revoked[ITEM_PCK] = 1;
	r = result_of(&s);
	assert_string_equal(selfsame_result_reason(r), "PCK_REVOKED");
	selfsame_result_free(r);
	r = result_of(&scenario);
	selfsame_cache_free(cache);
	cache = NULL;
	assert_int_equal(selfsame_result_holds(r), 1);
	assert_field(r, "ppid", scenario.platform.ppid, 16);
	selfsame_result_free(r);
	selfsame_cache_free(NULL);
}

static void
test_cache_arguments(void **state)
{
	selfsame_cache *c = (selfsame_cache *)&scenario;

	(void)state;
	assert_int_equal(selfsame_cache_new(0, 1, &c), SELFSAME_ERROR_ARGUMENT);
	assert_null(c);
	assert_int_equal(selfsame_cache_new(1, 0, &c), SELFSAME_ERROR_ARGUMENT);
	assert_int_equal(selfsame_cache_new(SIZE_MAX, SIZE_MAX, &c), SELFSAME_ERROR_ARGUMENT);
	assert_int_equal(selfsame_cache_new(1, 1, NULL), SELFSAME_ERROR_ARGUMENT);
	for (long n = 0; n < 2; n++) {
		countdown = n;
		assert_int_equal(selfsame_cache_new(1, 1, &c), SELFSAME_ERROR_MEMORY);
		countdown = -1;
		assert_null(c);
	}
}

/* Every allocation fails once: either the verdict is the true one or there is none. */
static void
memory_runs_out(int cached)
{
	static const char policy_text[] = "{\"tcbStatuses\":[\"UpToDate\"]}";
	struct scenario s = scenario;
	selfsame_policy *policy;
	selfsame_result *r;
	unsigned failures = 0;
	int got;

	s.tcb.level[0].says.advisory[0] = "INTEL-SA-00001";
	assert_int_equal(scenario_make(&s, &made), 0);
	for (long n = 0;; n++) {
		long left;

		if (cached)
			assert_int_equal(selfsame_cache_new(1, 1, &cache), 0);
		countdown = n;
		got = verify(&r);
		left = countdown;
		countdown = -1;
		selfsame_cache_free(cache);
		cache = NULL;
		if (got == 0 && !selfsame_result_holds(r))
			fail_msg("allocation %ld: %s at %s", n, selfsame_result_reason(r),
				 selfsame_result_step(r));
		if (got != 0)
			assert_int_equal(got, SELFSAME_ERROR_MEMORY);
		failures += got != 0;
		selfsame_result_free(r);
		if (left >= 0) /* it was not reached: all have failed */
			break;
	}
	assert_true(failures >= 3);
	for (long n = 0; n < 2; n++) {
		countdown = n;
		got = selfsame_policy_parse(policy_text, strlen(policy_text), &policy, NULL, 0);
		countdown = -1;
		assert_int_equal(got, SELFSAME_ERROR_MEMORY);
		assert_null(policy);
	}
	scenario_free(&made);
}

static void
test_memory_runs_out(void **state)
{
	(void)state;
	memory_runs_out(0);
	memory_runs_out(1);
}

static int
setup(void **state)
{
	(void)state;
	return scenario_begin(&scenario);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accepted),	    cmocka_unit_test(test_advisories),
	    cmocka_unit_test(test_refused),	    cmocka_unit_test(test_checks),
	    cmocka_unit_test(test_collateral),	    cmocka_unit_test(test_arguments),
	    cmocka_unit_test(test_policies),	    cmocka_unit_test(test_policy_errors),
	    cmocka_unit_test(test_cache),	    cmocka_unit_test(test_cache_arguments),
	    cmocka_unit_test(test_memory_runs_out),
	};

	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, setup, NULL);
}
