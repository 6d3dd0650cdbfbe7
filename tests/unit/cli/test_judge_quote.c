/* A bare quote through the command's verdict: what is asked, what is missing, what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/bundle.h"
#include "cli/evaluate.h"
#include "cli/report.h"
#include "support/scenario.h"
#include "tdx/intel_root.h"
#include "base/banned.h"

static struct scenario machine;
static struct scenario_evidence made;
static struct bundle bundle;
static struct evaluation result;
static struct question question;

static void
make(void)
{
	const char *field;

	scenario_free(&made);
	bundle_free(&bundle);
	assert_int_equal(scenario_make(&machine, &made), 0);
	assert_int_equal(bundle_open(&made.bundle, &bundle, &field), 0);
	question = (struct question){
	    .at = SCENARIO_NOW,
	    .root = {made.root, made.root_len},
	    .simulated_root = 1,
	    .collateral = &bundle.collateral,
	    .policy = tdx_policy_default(),
	    .no_collateral = "why not",
	};
}

static int
setup(void **state)
{
	(void)state;
	assert_int_equal(scenario_begin(&machine), 0);
	make();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scenario_free(&made);
	bundle_free(&bundle);
	return 0;
}

static void
judge(void)
{
	evaluate(KIND_QUOTE, (struct bytes){made.quote, made.quote_len}, &question, &result);
	evaluation_close(&result);
}

static void
assert_refused(const char *name, const char *class)
{
	const struct check *c;

	judge();
	assert_false(verdict_accepts(&result.verdict));
	assert_non_null(c = verdict_refusal(&result.verdict));
	assert_string_equal(c->name, name);
	assert_string_equal(c->class, class);
}

static const struct check *
find(const char *name)
{
	const struct check *c = verdict_find(&result.verdict, name);

	assert_non_null(c);
	return c;
}

static void
test_accepted(void **state)
{
	(void)state;
	judge();
	assert_true(verdict_accepts(&result.verdict));
	assert_true(result.verdict.simulated);
	for (size_t i = 0; i < result.verdict.count; i++)
		assert_int_equal(result.verdict.check[i].result, CHECK_PASSED);
	assert_non_null(strstr(find("tcb-status")->detail, "UpToDate"));
	assert_non_null(facts_find(&result.facts, "mrtd"));
	assert_non_null(facts_find(&result.facts, "fmspc"));
	assert_null(facts_find(&result.facts, "reportData"));
}

/* A real quote without collateral is refused, with the first step that lacks it and why. */
static void
test_collateral_missing(void **state)
{
	(void)state;
	question.collateral = NULL;
	question.simulated_root = 0;
	assert_refused("collateral", "no-collateral");
	assert_string_equal(find("collateral")->detail, "why not");
	assert_int_equal(find("root-crl")->result, CHECK_NOT_CHECKED);
	assert_int_equal(find("tcb-status")->result, CHECK_NOT_CHECKED);
	assert_int_equal(find("td-debug")->result, CHECK_PASSED);
	/* and a simulated one is not: its root was named */
	question.simulated_root = 1;
	question.no_collateral = NULL;
	judge();
	assert_true(verdict_accepts(&result.verdict));
	assert_int_equal(find("revocation")->result, CHECK_NOT_CHECKED);
	/* but for who asked for collateral and did not get it, or not in its form */
	question.no_collateral = "why not";
	assert_refused("collateral", "no-collateral");
	question.collateral_malformed = 1;
	assert_refused("collateral", "parse");
}

static void
test_other_root(void **state)
{
	(void)state;
	question.root = intel_root_der();
	question.simulated_root = 0;
	assert_refused("trusted-root", "root");
}

static void
test_time(void **state)
{
	(void)state;
	question.at = 1000000000;
	assert_refused("validity", "not-yet-valid");
}

static void
test_policy(void **state)
{
	static const uint8_t other[48] = {1};

	(void)state;
	question.policy.pin[TDX_PIN_MRTD] = (struct tdx_allowed){1, other, 1};
	assert_refused("measurements", "policy");
	/* a pin holds without collateral, too */
	question.collateral = NULL;
	assert_refused("measurements", "policy");
	machine.platform.pcesvn = 5;
	make();
	assert_refused("tcb-status", "tcb-status");
	assert_non_null(strstr(find("tcb-level")->detail, "OutOfDate"));
	question.policy.statuses |= UINT32_C(1) << result.quote.status;
	judge();
	assert_true(verdict_accepts(&result.verdict));
}

static void
assert_told(const char *name, const char *words)
{
	const struct check *c = find(name);

	assert_int_equal(c->result, CHECK_PASSED);
	if (strstr(c->detail, words) == NULL)
		fail_msg("%s: %s", name, c->detail);
}

/* What passes because nobody asked, or because the policy lets it, is not told as if it were so. */
static void
test_what_a_policy_lets_pass_is_told(void **state)
{
	static const uint8_t own[48];

	(void)state;
	judge();
	assert_told("td-debug", "it is off");
	assert_told("advisories", "it has 0");
	assert_told("measurements", "none is pinned");
	assert_told("platform-id", "none is given");
	machine.quote.body[TD_TDATTRIBUTES] |= TD_ATTRIBUTE_DEBUG;
	machine.platform.pcesvn = 5;
	make();
	question.policy.allow_debug = 1;
	question.policy.statuses |= TCB_BIT(TCB_OUT_OF_DATE);
	question.policy.pin[TDX_PIN_MROWNER] = (struct tdx_allowed){1, own, 1};
	question.policy.ppid = (struct tdx_allowed){1, machine.platform.ppid, 1};
	judge();
	assert_true(verdict_accepts(&result.verdict));
	assert_told("td-debug", "it is on");
	assert_told("advisories", "it has 2");
	assert_null(strstr(find("measurements")->detail, "none"));
	assert_null(strstr(find("platform-id")->detail, "none"));
}

static void
test_expectations(void **state)
{
	(void)state;
	question.expectation_count = 1;
	assert_int_equal(expectation_parse("fmspc=00", &question.expectation[0]), 0);
	assert_refused("expect", "policy");
	assert_int_equal(expectation_parse("appId=00", &question.expectation[0]), 0);
	assert_refused("expect", "policy");
	assert_int_equal(expectation_parse("mode=tsm", &question.expectation[0]), 0);
	judge();
	assert_false(verdict_accepts(&result.verdict));
	assert_int_equal(expectation_parse("tdattributes=0x0000001000000000",
					   &question.expectation[0]),
			 0);
	judge();
	assert_true(verdict_accepts(&result.verdict));
}

static void
test_other_kinds_are_no_evidence(void **state)
{
	static const enum kind kinds[] = {KIND_UNKNOWN, KIND_COLLATERAL, KIND_CCEL, KIND_DSTACK_LOG,
					  KIND_SEV_SNP};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		evaluate(kinds[i], (struct bytes){made.quote, made.quote_len}, &question, &result);
		assert_false(verdict_accepts(&result.verdict));
		assert_string_equal(verdict_refusal(&result.verdict)->name, "kind");
	}
	assert_string_equal(verdict_refusal(&result.verdict)->class, "unsupported-tee");
	assert_non_null(strstr(verdict_refusal(&result.verdict)->detail, "AMD SEV-SNP"));
}

/* What is printed is what a script reads. */
static void
test_report_json(void **state)
{
	const struct report_style style = {.explain = 1};
	json_t *root;
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	machine.platform.pcesvn = 13;
	make();
	judge();
	assert_int_equal(report_json(f, &result, &style), 0);
	rewind(f);
	root = json_loadf(f, JSON_REJECT_DUPLICATES, NULL);
	fclose(f);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "verdict")), "accept");
	assert_string_equal(json_string_value(json_object_get(root, "kind")), "tdx-quote");
	assert_string_equal(json_string_value(json_object_get(root, "tcbStatus")), "UpToDate");
	assert_true(json_is_null(json_object_get(root, "reason")));
	assert_true(json_is_null(json_object_get(root, "step")));
	assert_true(json_is_array(json_object_get(root, "advisoryIds")));
	assert_int_equal(json_array_size(json_object_get(root, "checks")), result.verdict.count);
	json_decref(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_accepted, setup),
	    cmocka_unit_test_setup(test_collateral_missing, setup),
	    cmocka_unit_test_setup(test_other_root, setup),
	    cmocka_unit_test_setup(test_time, setup),
	    cmocka_unit_test_setup(test_policy, setup),
	    cmocka_unit_test_setup(test_what_a_policy_lets_pass_is_told, setup),
	    cmocka_unit_test_setup(test_expectations, setup),
	    cmocka_unit_test_setup(test_other_kinds_are_no_evidence, setup),
	    cmocka_unit_test_setup(test_report_json, setup),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
