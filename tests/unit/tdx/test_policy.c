/* The policy: each rule trips, its exception passes, and none saves evidence that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "support/judge.h"
#include "tdx/policy.h"
#include "base/banned.h"

#define DAY INT64_C(86400)

static struct scenario scenario;
static struct tdx_result evidence;
static uint8_t body[TD_15_EX_LEN];
static struct tdx_policy_result judged;

/* Up-to-date evidence with a body that a test may change: policy reads it, signatures are past. */
static void
begin(void)
{
	evidence = *judge(&scenario, SCENARIO_NOW);
	assert_true(tdx_holds(&evidence));
	memcpy(body, evidence.quote.body.p, evidence.quote.body.len);
	evidence.quote.body.p = body;
}

static enum tdx_reason
judge_at(const struct tdx_policy *policy, int64_t at)
{
	tdx_policy_judge(policy, &evidence, at, &judged);
	assert_int_equal(tdx_policy_accepts(&judged), judged.reason == TDX_HOLDS);
	return judged.reason;
}

static enum tdx_reason
by_default(void)
{
	const struct tdx_policy policy = tdx_policy_default();

	return judge_at(&policy, SCENARIO_NOW);
}

/* Read a policy from JSON and judge by it. */
static enum tdx_reason
by(const char *json)
{
	const struct bytes text = {(const uint8_t *)json, strlen(json)};
	uint8_t *memory = malloc(text.len);
	struct tdx_policy policy;
	enum tdx_reason reason;
	const char *field;

	assert_non_null(memory);
	if (tdx_policy_read(text, memory, &policy, &field) != 0)
		fail_msg("%s: %s", json, field == NULL ? "?" : field);
	reason = judge_at(&policy, SCENARIO_NOW);
	free(memory);
	return reason;
}

static void
test_default(void **state)
{
	(void)state;
	begin();
	assert_int_equal(by_default(), TDX_HOLDS);
	assert_int_equal(by("{}"), TDX_HOLDS);
	/* what real machines have: TD attributes all zero; a service TD's hash; PERFMON; PKS */
	memset(body + TD_TDATTRIBUTES, 0, 8);
	assert_int_equal(by_default(), TDX_HOLDS);
	body[TD_TDATTRIBUTES + 7] = 0x80;
	body[TD_TDATTRIBUTES + 3] = 0x70;
	assert_int_equal(by_default(), TDX_HOLDS);
}

static void
test_evidence_first(void **state)
{
	const struct tdx_policy policy = tdx_policy_default();

	(void)state;
	begin();
	body[TD_TDATTRIBUTES] |= TD_ATTRIBUTE_DEBUG;
	evidence.check[TDX_STEP_SIGNATURE] = tdx_checked(TDX_QUOTE_SIGNATURE);
	evidence.reason = TDX_QUOTE_SIGNATURE;
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_QUOTE_SIGNATURE);
	assert_int_equal(judged.step, TDX_POLICY_EVIDENCE);
	/* what can be judged besides is */
	assert_int_equal(judged.check[TDX_POLICY_DEBUG].reason, TDX_P_DEBUG);
	/* a check that was not made, and a result that was never filled */
	evidence.reason = TDX_HOLDS;
	evidence.check[TDX_STEP_SIGNATURE] = tdx_not_checked(TDX_HOLDS);
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_NOT_EVALUATED);
	memset(&evidence, 0, sizeof evidence);
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_NOT_EVALUATED);
	assert_int_equal(judged.check[TDX_POLICY_STATUS].outcome, TDX_NOT_CHECKED);
	assert_int_equal(judged.check[TDX_POLICY_PLATFORM].outcome, TDX_NOT_CHECKED);
	memset(&judged, 0, sizeof judged);
	assert_false(tdx_policy_accepts(&judged));
}

/* The statuses of launch and of now, as the relaunch rule makes them one. */
static void
set_status(enum tcb_status launch, enum tcb_status current)
{
	evidence.launch.status = launch;
	evidence.has_current = current != TCB_NOT_EVALUATED;
	evidence.current.status = current;
	evidence.current.date = evidence.launch.date;
	evidence.status = evidence.has_current ? tcb_relaunch(launch, current) : launch;
}

static void
test_status(void **state)
{
	(void)state;
	begin();
	for (unsigned i = TCB_NOT_EVALUATED + 1; i < TCB_STATUSES_COUNT; i++) {
		set_status((enum tcb_status)i, TCB_NOT_EVALUATED);
		assert_int_equal(by_default(),
				 i == TCB_UP_TO_DATE ? TDX_HOLDS : TDX_P_TCB_STATUS);
	}
	set_status(TCB_SW_HARDENING_NEEDED, TCB_NOT_EVALUATED);
	assert_int_equal(by("{\"tcbStatuses\":[\"UpToDate\",\"SWHardeningNeeded\"]}"), TDX_HOLDS);
	assert_int_equal(by("{\"tcbStatuses\":[]}"), TDX_P_TCB_STATUS);
	set_status(TCB_UP_TO_DATE, TCB_NOT_EVALUATED);
	assert_int_equal(by("{\"tcbStatuses\":[]}"), TDX_P_TCB_STATUS);
	assert_int_equal(by("{\"tcbStatuses\":[\"OutOfDate\"]}"), TDX_P_TCB_STATUS);
}

/* By Intel's rule these are UpToDate: what the domain runs on now is judged too. */
static void
test_status_of_now(void **state)
{
	(void)state;
	begin();
	set_status(TCB_UP_TO_DATE, TCB_UP_TO_DATE);
	assert_int_equal(by_default(), TDX_HOLDS);
	set_status(TCB_UP_TO_DATE, TCB_OUT_OF_DATE);
	assert_int_equal(evidence.status, TCB_UP_TO_DATE);
	assert_int_equal(by_default(), TDX_P_TCB_STATUS);
	set_status(TCB_UP_TO_DATE, TCB_REVOKED);
	assert_int_equal(by_default(), TDX_P_TCB_STATUS);
	assert_int_equal(by("{\"tcbStatuses\":[\"UpToDate\",\"OutOfDate\"]}"), TDX_P_TCB_STATUS);
	/* a relaunch status is accepted by its name, if what runs now is */
	set_status(TCB_OUT_OF_DATE, TCB_UP_TO_DATE);
	assert_int_equal(by_default(), TDX_P_TCB_STATUS);
	assert_int_equal(by("{\"tcbStatuses\":[\"UpToDate\",\"TDRelaunchAdvised\"]}"), TDX_HOLDS);
	assert_int_equal(by("{\"tcbStatuses\":[\"UpToDate\",\"OutOfDate\"]}"), TDX_HOLDS);
	set_status(TCB_OUT_OF_DATE, TCB_SW_HARDENING_NEEDED);
	assert_int_equal(by("{\"tcbStatuses\":[\"UpToDate\",\"TDRelaunchAdvised\"]}"),
			 TDX_P_TCB_STATUS);
}

static void
test_grace(void **state)
{
	struct tdx_policy policy = tdx_policy_default();

	(void)state;
	begin();
	set_status(TCB_OUT_OF_DATE, TCB_NOT_EVALUATED);
	policy.grace_days = 30;
	evidence.launch.date = SCENARIO_NOW - 30 * DAY;
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_HOLDS);
	assert_int_equal(judge_at(&policy, SCENARIO_NOW + 1), TDX_P_TCB_STATUS);
	policy.grace_days = 0;
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_P_TCB_STATUS);
	/* both evaluations need it */
	policy.grace_days = 30;
	set_status(TCB_UP_TO_DATE, TCB_OUT_OF_DATE);
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_HOLDS);
	evidence.current.date -= 1;
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_P_TCB_STATUS);
	/* what is left when it is forgiven must be accepted */
	set_status(TCB_OUT_OF_DATE_CONFIGURATION_NEEDED, TCB_NOT_EVALUATED);
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_P_TCB_STATUS);
	policy.statuses |= TCB_BIT(TCB_CONFIGURATION_NEEDED);
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_HOLDS);
	set_status(TCB_REVOKED, TCB_NOT_EVALUATED);
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_P_TCB_STATUS);
}

static void
test_advisories(void **state)
{
	static const struct bytes ids[2] = {{(const uint8_t *)"INTEL-SA-00001", 14},
					    {(const uint8_t *)"INTEL-SA-00002", 14}};

	(void)state;
	begin();
	evidence.launch.advisory[0] = ids[0];
	evidence.launch.advisory_count = 1;
	assert_int_equal(by_default(), TDX_HOLDS);
	assert_int_equal(by("{\"acceptedAdvisories\":[]}"), TDX_P_ADVISORY);
	assert_int_equal(by("{\"acceptedAdvisories\":[\"INTEL-SA-00001\"]}"), TDX_HOLDS);
	assert_int_equal(by("{\"acceptedAdvisories\":[\"INTEL-SA-0000\"]}"), TDX_P_ADVISORY);
	assert_int_equal(by("{\"refusedAdvisories\":[\"INTEL-SA-00002\"]}"), TDX_HOLDS);
	assert_int_equal(by("{\"refusedAdvisories\":[\"X\", \"INTEL-SA-00001\"]}"), TDX_P_ADVISORY);
	/* of now too */
	set_status(TCB_UP_TO_DATE, TCB_UP_TO_DATE);
	evidence.current.advisory[0] = ids[1];
	evidence.current.advisory_count = 1;
	assert_int_equal(by("{\"refusedAdvisories\":[\"INTEL-SA-00002\"]}"), TDX_P_ADVISORY);
	assert_int_equal(by("{\"acceptedAdvisories\":[\"INTEL-SA-00001\"]}"), TDX_P_ADVISORY);
}

static void
test_number_and_age(void **state)
{
	struct tdx_policy policy = tdx_policy_default();

	(void)state;
	begin();
	policy.minimum_number = evidence.evaluation_number;
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_HOLDS);
	policy.minimum_number++;
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_P_EVAL_NUM);
	policy = tdx_policy_default();
	policy.maximum_age_days = 7;
	evidence.window[TDX_ITEM_TCB_INFO].from = SCENARIO_NOW - 7 * DAY;
	evidence.window[TDX_ITEM_QE_IDENTITY].from = SCENARIO_NOW - 7 * DAY;
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_HOLDS);
	evidence.window[TDX_ITEM_QE_IDENTITY].from--;
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_P_FRESHNESS);
	evidence.window[TDX_ITEM_QE_IDENTITY].from++;
	evidence.window[TDX_ITEM_TCB_INFO].from--;
	assert_int_equal(judge_at(&policy, SCENARIO_NOW), TDX_P_FRESHNESS);
}

static void
test_attributes(void **state)
{
	/* by bit of TDATTRIBUTES: those that mean something */
	static const uint64_t known = UINT64_C(0xc0000000f8000001);

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		begin();
		body[TD_TDATTRIBUTES + bit / 8] |= (uint8_t)(1U << bit % 8);
		assert_int_equal(by_default(), bit == 0			    ? TDX_P_DEBUG
					       : (known >> bit & 1) == 0 ? TDX_P_ATTR_RESERVED
									   : TDX_HOLDS);
	}
	begin();
	body[TD_TDATTRIBUTES] |= TD_ATTRIBUTE_DEBUG;
	assert_int_equal(by("{\"allowDebug\":true}"), TDX_HOLDS);
	assert_int_equal(by("{\"allowDebug\":false}"), TDX_P_DEBUG);
	begin();
	body[TD_TDATTRIBUTES + 3] &= 0xef;
	assert_int_equal(by("{\"requireSeptVeDisable\":true}"), TDX_P_SEPT_VE);
	assert_int_equal(by("{\"requireSeptVeDisable\":false}"), TDX_HOLDS);
	body[TD_TDATTRIBUTES + 3] |= 0x10;
	assert_int_equal(by("{\"requireSeptVeDisable\":true}"), TDX_HOLDS);
	body[TD_TDATTRIBUTES + 3] |= 0x20;
	assert_int_equal(by("{\"allowMigratable\":true}"), TDX_HOLDS);
	assert_int_equal(by("{\"allowMigratable\":false}"), TDX_P_MIGRATABLE);
}

static void
test_xfam(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		begin();
		body[TD_XFAM + bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (bit < 2)
			assert_int_equal(by_default(), TDX_P_XFAM);
		else if ((UINT64_C(0x6dbe7) >> bit & 1) == 0)
			assert_int_equal(by_default(), TDX_P_XFAM);
		else
			assert_int_equal(by_default(), TDX_HOLDS);
	}
}

static void
test_service_td(void **state)
{
	static const struct {
		uint16_t body_type;
		size_t len;
		size_t at;
	} places[] = {{TD_BODY_15, TD_15_LEN, TD_MRSERVICETD},
		      {TD_BODY_15_EX, TD_15_EX_LEN, TD_INIT_SERVTD_HASH + 47},
		      {TD_BODY_15_EX, TD_15_EX_LEN, TD_CUR_SERVTD_HASH}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		begin();
		memset(body + TD_10_LEN, 0, sizeof body - TD_10_LEN);
		evidence.quote.body_type = places[i].body_type;
		evidence.quote.body.len = places[i].len;
		assert_int_equal(by("{\"allowServiceTd\":false}"), TDX_HOLDS);
		body[places[i].at] = 1;
		assert_int_equal(by_default(), TDX_HOLDS);
		assert_int_equal(by("{\"allowServiceTd\":false}"), TDX_P_SERVICE_TD);
	}
	begin();
	assert_int_equal(by("{\"allowServiceTd\":false}"), TDX_HOLDS);
}

/* {"name":["00..","<value>"]} */
static const char *
list_of(const char *name, const uint8_t *value, size_t len)
{
	static char text[512];
	struct writer w = writer_of((uint8_t *)text, sizeof text - 1);
	static const uint8_t zeros[64];

	write_text(&w, "{\"");
	write_text(&w, name);
	write_text(&w, "\":[\"");
	write_hex(&w, zeros, len);
	write_text(&w, "\",\"");
	write_hex(&w, value, len);
	write_text(&w, "\"]}");
	assert_int_equal(w.err, 0);
	text[w.len] = '\0';
	return text;
}

static void
test_pins(void **state)
{
	static const struct {
		const char *name;
		enum tdx_reason reason;
	} pins[] = {
#define P(id, name, reason) {name, reason},
	    TDX_PINS(P)
#undef P
	};
	char none[64];

	(void)state;
	begin();
	memset(body, 0x11, TD_TEE_TCB_SVN + 16);
	for (size_t i = 0; i < ARRAY_LEN(pins); i++) {
		uint8_t value[64];
		struct bytes found;
		struct writer w = writer_of((uint8_t *)none, sizeof none - 1);

		evidence.quote.body.len = TD_15_LEN;
		assert_int_equal(quote_field(&evidence.quote, pins[i].name, strlen(pins[i].name),
					     &found), 0);
		/* other than the zeros that are in the list too */
		body[found.p - body] |= 1;
		memcpy(value, found.p, found.len);
		assert_int_equal(by(list_of(pins[i].name, value, found.len)), TDX_HOLDS);
		value[found.len - 1] ^= 1;
		assert_int_equal(by(list_of(pins[i].name, value, found.len)), pins[i].reason);
		write_text(&w, "{\"");
		write_text(&w, pins[i].name);
		write_text(&w, "\":[]}");
		none[w.len] = '\0';
		assert_int_equal(by(none), pins[i].reason);
	}
	/* a pinned field that the report does not have */
	evidence.quote.body.len = TD_10_LEN;
	assert_int_equal(by("{\"mrservicetd\":[]}"), TDX_P_SERVICE_TD);
}

static void
test_platforms(void **state)
{
	struct pck_platform *p = &evidence.platform;
	uint8_t other[16];

	(void)state;
	begin();
	assert_int_equal(by(list_of("ppids", p->ppid, 16)), TDX_HOLDS);
	assert_int_equal(by(list_of("platformInstanceIds", p->platform_instance_id, 16)),
			 TDX_HOLDS);
	assert_int_equal(by(list_of("fmspcs", p->fmspc, 6)), TDX_HOLDS);
	memset(other, 0x5a, sizeof other);
	assert_int_equal(by(list_of("ppids", other, 16)), TDX_P_PLATFORM_ID);
	assert_int_equal(by(list_of("platformInstanceIds", other, 16)), TDX_P_PLATFORM_ID);
	assert_int_equal(by(list_of("fmspcs", other, 6)), TDX_P_PLATFORM_ID);
	assert_int_equal(by("{\"ppids\":[]}"), TDX_P_PLATFORM_ID);
	/* certificates of the Processor CA have no instance id, which zeros must not stand for */
	memset(p->platform_instance_id, 0, 16);
	p->ca = PCK_CA_PROCESSOR;
	assert_int_equal(by(list_of("platformInstanceIds", other, 16)), TDX_P_PLATFORM_ID);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(tdx_policy_step_name(TDX_POLICY_DEBUG), "td-debug");
	assert_string_equal(step_list_text(&tdx_policy_steps, TDX_POLICY_DEBUG),
			    "debug is off, or allowed");
	assert_string_equal(tdx_policy_step_name(TDX_POLICY_STEPS_COUNT), "?");
	assert_string_equal(step_list_text(&tdx_policy_steps, TDX_POLICY_STEPS_COUNT), "?");
}

static int
read_policy(const char *json, const char **field)
{
	static uint8_t memory[1024];
	struct tdx_policy policy;

	return tdx_policy_read((struct bytes){(const uint8_t *)json, strlen(json)}, memory, &policy,
			       field);
}

static void
test_read_refuses(void **state)
{
	static const struct {
		const char *json;
		int err;
		const char *field; /* NULL: none */
	} files[] = {
	    {"", ERR_PARSE, NULL},
	    {"[]", ERR_PARSE, NULL},
	    {"{} {}", ERR_TRAILING, NULL},
	    {"{\"allowdebug\":true}", ERR_UNKNOWN_FIELD, "allowdebug"},
	    {"{\"allowDebug\":true,\"allowDebug\":true}", ERR_DUPLICATE, "allowDebug"},
	    {"{\"allowDebug\":1}", ERR_PARSE, "allowDebug"},
	    {"{\"tcbStatuses\":\"UpToDate\"}", ERR_PARSE, "tcbStatuses"},
	    {"{\"tcbStatuses\":[\"uptodate\"]}", ERR_RANGE, "tcbStatuses"},
	    {"{\"tcbStatuses\":[\"Revoked\"]}", ERR_RANGE, "tcbStatuses"},
	    {"{\"tcbStatuses\":[\"TCB_NOT_SUPPORTED\"]}", ERR_RANGE, "tcbStatuses"},
	    {"{\"tcbStatuses\":[\"\"]}", ERR_RANGE, "tcbStatuses"},
	    {"{\"graceDays\":-1}", ERR_PARSE, "graceDays"},
	    {"{\"graceDays\":36501}", ERR_RANGE, "graceDays"},
	    {"{\"maximumCollateralAgeDays\":36501}", ERR_RANGE, "maximumCollateralAgeDays"},
	    {"{\"maximumCollateralAgeDays\":0}", ERR_RANGE, "maximumCollateralAgeDays"},
	    {"{\"minimumEvaluationNumber\":4294967296}", ERR_RANGE, "minimumEvaluationNumber"},
	    {"{\"acceptedAdvisories\":[1]}", ERR_PARSE, "acceptedAdvisories"},
	    {"{\"refusedAdvisories\":{}}", ERR_PARSE, "refusedAdvisories"},
	    {"{\"mrtd\":[\"00\"]}", ERR_RANGE, "mrtd"},
	    {"{\"rtmr3\":\"00\"}", ERR_PARSE, "rtmr3"},
	    {"{\"ppids\":[\"0x112233445566778899aabbccddeeff00\"]}", ERR_RANGE, "ppids"},
	    {"{\"fmspcs\":[\"zz806f050000\"]}", ERR_PARSE, "fmspcs"},
	    {"{\"platformInstanceIds\":null}", ERR_PARSE, "platformInstanceIds"},
	};
	const char *field;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		int r = read_policy(files[i].json, &field);

		if (r != files[i].err)
			fail_msg("%s: %d", files[i].json, r);
		if (files[i].field == NULL)
			assert_null(field);
		else
			assert_string_equal(field, files[i].field);
	}
}

static void
test_problems_say_what_is_taken(void **state)
{
	static const struct {
		int err;
		const char *field, *words;
	} rows[] = {
	    {ERR_RANGE, "mrtd", "96 digits"},
	    {ERR_PARSE, "reportData", "128 digits"},
	    {ERR_RANGE, "ppids", "32 digits"},
	    {ERR_RANGE, "fmspcs", "12 digits"},
	    {ERR_PARSE, "graceDays", "a number of days"},
	    {ERR_RANGE, "maximumCollateralAgeDays", "from 1"},
	    {ERR_PARSE, "allowDebug", "true or false"},
	    {ERR_RANGE, "tcbStatuses", "Revoked"},
	    {ERR_PARSE, "refusedAdvisories", "INTEL-SA-"},
	    {ERR_DUPLICATE, "mrtd", "twice"},
	    {ERR_UNKNOWN_FIELD, "colour", "unknown"},
	    {ERR_PARSE, NULL, "malformed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strstr(tdx_policy_problem(rows[i].err, rows[i].field), rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].field,
				 tdx_policy_problem(rows[i].err, rows[i].field));
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
	    cmocka_unit_test(test_problems_say_what_is_taken),
	    cmocka_unit_test(test_default),	  cmocka_unit_test(test_evidence_first),
	    cmocka_unit_test(test_status),	  cmocka_unit_test(test_status_of_now),
	    cmocka_unit_test(test_grace),	  cmocka_unit_test(test_advisories),
	    cmocka_unit_test(test_number_and_age), cmocka_unit_test(test_attributes),
	    cmocka_unit_test(test_xfam),	  cmocka_unit_test(test_service_td),
	    cmocka_unit_test(test_pins),	  cmocka_unit_test(test_platforms),
	    cmocka_unit_test(test_names),	  cmocka_unit_test(test_read_refuses),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
