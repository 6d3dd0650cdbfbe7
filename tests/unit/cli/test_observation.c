/* What is told of the difference between two looks at an instance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cli/observation.h"
#include "evidence.h"
#include "base/banned.h"

#define NOW INT64_C(1780000000) /* 2026-05-28T20:26:40Z */

/* An observation with one fact and a status; NULL: none. */
static json_t *
observe(const char *verdict, const char *code, const char *status, const char *fact,
	const char *value)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:s?, s:s?, s:s?, s:[], s:s, s:n, s:{s:s}}", "type",
			 "observation", "url", "u", "verdict", verdict, "holds",
			 strcmp(verdict, "accept") == 0, "code", code, "step", code, "tcbStatus",
			 status, "advisoryIds", "certificatesUntil", "2030-01-01T00:00:00Z",
			 "collateralUntil", "facts", fact, value);
}

/* The names of the alerts, in order, with spaces; both observations are let go. */
static const char *
told(json_t *last, json_t *base, json_t *new)
{
	static char names[256];
	json_t *list = observation_compare(last, base, new);

	assert_non_null(list);
	names[0] = '\0';
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name =
		    json_string_value(json_object_get(json_array_get(list, i), "alert"));
		size_t n = strlen(names);

		assert_true(snprintf(names + n, sizeof names - n, "%s%s", n == 0 ? "" : " ", name) >
			    0);
		assert_string_equal(
		    json_string_value(json_object_get(json_array_get(list, i), "url")), "u");
	}
	json_decref(list);
	json_decref(last);
	json_decref(base);
	json_decref(new);
	return names;
}

static json_t *
good(const char *fact, const char *value)
{
	return observe("accept", NULL, "UpToDate", fact, value);
}

static const char *
changed(const char *fact)
{
	json_t *last = good(fact, "a");

	return told(last, json_incref(last), good(fact, "b"));
}

static void
test_facts(void **state)
{
	(void)state;
	assert_string_equal(changed("mrtd"), "measurement-changed");
	assert_string_equal(changed("rtmr3"), "measurement-changed");
	assert_string_equal(changed("binaries.selfsame-signer"), "measurement-changed");
	assert_string_equal(changed("composeHash"), "measurement-changed");
	assert_string_equal(changed("imageDigest"), "measurement-changed");
	assert_string_equal(changed("instanceKey"), "key-changed");
	assert_string_equal(changed("tlsKeyHash"), "key-changed");
	assert_string_equal(changed("rootId"), "key-changed");
	assert_string_equal(changed("instanceId"), "instance-changed");
	assert_string_equal(changed("ppid"), "instance-changed");
	/* one that goes and one that comes */
	assert_string_equal(told(good("mrtd", "a"), good("mrtd", "a"), good("rootId", "a")),
			    "measurement-changed key-changed");
	assert_string_equal(told(good("mrtd", "a"), good("mrtd", "a"), good("mrtd", "a")), "");
	assert_string_equal(told(NULL, NULL, good("mrtd", "a")), "");
}

static json_t *
with_status(const char *status)
{
	return observe("accept", NULL, status, "mrtd", "a");
}

static void
test_status(void **state)
{
	(void)state;
	assert_string_equal(told(with_status("UpToDate"), with_status("UpToDate"),
				 with_status("SWHardeningNeeded")),
			    "tcb-status-fell");
	assert_string_equal(
	    told(with_status("OutOfDate"), with_status("OutOfDate"), with_status("Revoked")),
	    "tcb-status-fell");
	assert_string_equal(
	    told(with_status("UpToDate"), with_status("UpToDate"), with_status("SomethingNew")),
	    "tcb-status-fell");
	assert_string_equal(
	    told(with_status("OutOfDate"), with_status("OutOfDate"), with_status("UpToDate")), "");
	/* simulated evidence without collateral has none */
	assert_string_equal(told(with_status(NULL), with_status(NULL), with_status(NULL)), "");
	assert_string_equal(
	    told(with_status("UpToDate"), with_status("UpToDate"), with_status(NULL)), "");
}

static void
test_advisories(void **state)
{
	json_t *old = with_status("OutOfDate"), *new = with_status("OutOfDate"), *list;

	(void)state;
	assert_int_equal(json_object_set_new(old, "advisoryIds", json_pack("[s]", "A")), 0);
	assert_int_equal(json_object_set_new(new, "advisoryIds", json_pack("[s, s]", "A", "B")), 0);
	assert_non_null(list = observation_compare(old, old, new));
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_array_get(
				json_object_get(json_array_get(list, 0), "advisoryIds"), 0)),
			    "B");
	json_decref(list);
	assert_string_equal(told(new, json_incref(new), old), "");
}

static json_t *
refused(const char *code)
{
	return observe("refuse", code, NULL, "mrtd", "forged");
}

static void
test_verdict(void **state)
{
	(void)state;
	assert_string_equal(told(good("mrtd", "a"), good("mrtd", "a"), refused("QUOTE_SIGNATURE")),
			    "refused");
	assert_string_equal(told(NULL, NULL, refused("P_DEBUG")), "refused");
	assert_string_equal(told(refused("P_DEBUG"), NULL, refused("P_DEBUG")), "");
	assert_string_equal(told(refused("P_DEBUG"), NULL, refused("P_MRTD")), "refused");
	assert_string_equal(told(refused("P_DEBUG"), good("mrtd", "a"), good("mrtd", "a")),
			    "recovered");
	assert_string_equal(told(refused("P_DEBUG"), good("mrtd", "a"), good("mrtd", "b")),
			    "recovered measurement-changed");
}

/* A forgery is no new normal, and a status that is not known is remembered. */
static void
test_base(void **state)
{
	json_t *base = good("mrtd", "a"), *forged = refused("X"), *next;

	(void)state;
	assert_ptr_equal(next = observation_base(base, forged), base);
	json_decref(next);
	json_decref(forged);
	forged = observe("accept", NULL, NULL, "mrtd", "b");
	assert_non_null(next = observation_base(base, forged));
	assert_string_equal(json_string_value(json_object_get(next, "tcbStatus")), "UpToDate");
	json_decref(next);
	json_decref(forged);
	json_decref(base);
	assert_null(observation_base(NULL, NULL));
}

/* What is refused for the policy alone is still the instance's; what is not about the nonce is not.
 */
static void
test_holds(void **state)
{
	static struct evidence e;
	static struct evaluation result;
	static const uint8_t other[48] = {1};
	struct question q;
	json_t *o;

	(void)state;
	evidence_begin(&e);
	evidence_make(&e);
	q = evidence_question(&e);
	evaluate(KIND_ATTESTATION, evidence_document(&e), &q, &result);
	assert_non_null(o = observation_of("u", &result));
	assert_true(json_is_true(json_object_get(o, "holds")));
	assert_string_equal(json_string_value(json_object_get(o, "verdict")), "accept");
	assert_true(json_is_null(json_object_get(o, "tcbStatus")));
	assert_non_null(json_object_get(json_object_get(o, "facts"), "instanceKey"));
	assert_true(observation_equals(o, o));
	json_decref(o);
	evaluation_close(&result);
	q.policy.pin[TDX_PIN_MRTD] = (struct tdx_allowed){1, other, 1};
	evaluate(KIND_ATTESTATION, evidence_document(&e), &q, &result);
	assert_non_null(o = observation_of("u", &result));
	assert_true(json_is_true(json_object_get(o, "holds")));
	assert_string_equal(json_string_value(json_object_get(o, "code")), "P_MRTD");
	json_decref(o);
	evaluation_close(&result);
	q.nonce.len--;
	evaluate(KIND_ATTESTATION, evidence_document(&e), &q, &result);
	assert_non_null(o = observation_of("u", &result));
	assert_false(json_is_true(json_object_get(o, "holds")));
	json_decref(o);
	evaluation_close(&result);
	/* a genuine quote by itself is nobody's answer */
	evaluate(KIND_QUOTE, (struct bytes){result.attestation.quote, 0}, &q, &result);
	assert_non_null(o = observation_of("u", &result));
	assert_false(json_is_true(json_object_get(o, "holds")));
	json_decref(o);
	evaluation_close(&result);
	evidence_end(&e);
}

static size_t
expiring(const char *until, const char *warned, int64_t now, uint32_t days)
{
	json_t *o = good("mrtd", "a"), *w = json_object(), *list;
	size_t n;

	assert_int_equal(json_object_set_new(o, "collateralUntil", json_string(until)), 0);
	if (warned != NULL)
		assert_int_equal(json_object_set_new(w, "collateralUntil", json_string(warned)), 0);
	assert_non_null(list = observation_expiring(o, w, now, days));
	n = json_array_size(list);
	json_decref(list);
	json_decref(w);
	json_decref(o);
	return n;
}

static void
test_dates(void **state)
{
	(void)state;
	assert_int_equal(expiring("2026-06-11T20:26:40Z", NULL, NOW, 14), 1);
	assert_int_equal(expiring("2026-06-11T20:26:41Z", NULL, NOW, 14), 0);
	/* told once, and again when the date is another one */
	assert_int_equal(expiring("2026-06-11T20:26:40Z", "2026-06-11T20:26:40Z", NOW, 14), 0);
	assert_int_equal(expiring("2026-06-11T20:26:40Z", "2026-06-01T00:00:00Z", NOW, 14), 1);
	assert_int_equal(expiring("2020-01-01T00:00:00Z", NULL, NOW, 0), 1);
	assert_int_equal(expiring("no date", NULL, NOW, 14), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_facts),      cmocka_unit_test(test_status),
	    cmocka_unit_test(test_advisories), cmocka_unit_test(test_verdict),
	    cmocka_unit_test(test_base),       cmocka_unit_test(test_holds),
	    cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
