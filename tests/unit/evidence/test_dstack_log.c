#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "evidence/dstack_log.h"
#include "base/banned.h"

/* SHA-384 of four zero bytes: a separator */
#define SEPARATOR                                                                                  \
	"394341b7182cd227c5c6b07ef8000cdfd86136c4292b8e576573ad7ed9ae41019f5818b4b971c9effc60e1ad" \
	"9f1289f0"

#define BOOT                                                  \
	"{\"imr\":0,\"event_type\":4,\"digest\":\"" SEPARATOR \
	"\",\"event\":\"\",\"event_payload\":\"00000000\"}"
#define OWN(name, payload)                                                      \
	"{\"imr\":3,\"event_type\":134217729,\"digest\":\"\",\"event\":\"" name \
	"\",\"event_payload\":\"" payload "\"}"
#define READY OWN("system-ready", "")

static struct dstack_log read_log;
static struct json_error error;

static enum tdx_reason
read_text(const char *text)
{
	return dstack_log_read((struct bytes){(const uint8_t *)text, strlen(text)}, &read_log,
			       &error);
}

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void
assert_digest(const uint8_t *got, const char *want)
{
	char hex[97];

	hex_encode(got, 48, hex);
	assert_string_equal(hex, want);
}

/* Vectors of dstack's formulas, each with RTMR3 after it. */
static void
test_digests(void **state)
{
	static const struct {
		unsigned version;
		const char *name;
		const char *payload;
		const char *digest;
		const char *rtmr;
	} cases[] = {
	    {1, "system-preparing", "",
	     "f9974020ef507068183313d0ca808e0d1ca9b2d1ad0c61f5784e7157c362c06536f5ddacdad4451693f48"
	     "fcc72fff624",
	     "6a9a63f48733aba50d6892c873d838f97351040ddb0b497dcbdb0571ad78d0c1f1b8b3e87a9719706604b"
	     "6cc5faedee0"},
	    {1, "app-id", "deadbeef",
	     "67b4be4efed0893cfa2bb1d35dca209ad8348b4c97f980807bcde8b9a0f26398dd0923d6eccb5aa2096d9"
	     "8046da8740f",
	     "cd48b1c523bcdb7110bdcc4f4e457440f66cf93835455277b3482a4089613e4f6c60cc029c1c8721387f1"
	     "7be622ac321"},
	    {2, "compose-hash", "abcd",
	     "9dde1673f544faa94b921825209593ddde08d0baf9cd6990175dffaf3081f1bb10311d56de189491feb33"
	     "842a050ad7b",
	     "205a8e09bba59404522bc0ce6e2a397a759c8d0be7e0e9549f7e7c9f34790cf14d61e883ce8e6d9407822"
	     "b2c11b3078c"},
	    {2, "test", "01",
	     "6728a445413d53de5aa933460bc8a42695dda4c73f5f310b0e28a23bb084cb9877212f1114573348b41db"
	     "6279719921d",
	     "6649ecb617f98946ac467faea4678b7b144287980e4b4b45dc456f36aefead73c974b1156d3d400b11e21"
	     "c1e88a28592"},
	    {2, "test", "abcdef",
	     "52f3a63c57469ba09af0d6769364ada4bf442638a57e0f62418ff7b0cd7a9451383607ca23987ab86bf00"
	     "60d0bd1a94c",
	     "7eeecee84fbedce44f66f4f6123a9c0b48dc26426d3215cedde482caf8fe55b41b0d834dc1411895b17fe"
	     "0fe98697a7a"},
	};
	struct rtmr_bank bank;
	uint8_t payload[8], digest[48];

	(void)state;
	rtmr_reset(&bank);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = strlen(cases[i].payload) / 2;

		assert_int_equal(hex_decode(cases[i].payload, 2 * n, payload, n), 0);
		assert_int_equal(dstack_event_digest(cases[i].version, text(cases[i].name),
						     (struct bytes){payload, n}, digest),
				 0);
		assert_digest(digest, cases[i].digest);
		assert_int_equal(rtmr_extend(&bank, 3, digest), 0);
		assert_digest(bank.value[3], cases[i].rtmr);
	}
	assert_int_equal(dstack_event_digest(0, text("test"), text(""), digest), ERR_RANGE);
	assert_int_equal(dstack_event_digest(3, text("test"), text(""), digest), ERR_RANGE);
	assert_int_equal(dstack_event_digest(1, text("a:b"), text(""), digest), ERR_RANGE);
	assert_int_equal(dstack_event_digest(
			     1, text("a"), (struct bytes){payload, DSTACK_PAYLOAD_MAX + 1}, digest),
			 ERR_RANGE);
}

static void
test_reads(void **state)
{
	const struct dstack_event *e;
	struct rtmr_bank bank;

	(void)state;
	assert_int_equal(
	    read_text("[" BOOT "," OWN("system-preparing", "") "," OWN(
		"app-id", "deadbeef") "," READY
				      "," OWN("their-own", "01") "," OWN("their-own", "02") "]"),
	    0);
	assert_int_equal(read_log.count, 6);
	assert_true(dstack_log_is_ready(&read_log));
	assert_int_equal(read_log.ready, 3);
	assert_non_null(e = dstack_log_find(&read_log, "app-id"));
	assert_int_equal(e->payload.len, 4);
	assert_int_equal(e->payload.p[3], 0xef);
	/* the application's are not the system's, and neither is the end of the boot */
	assert_null(dstack_log_find(&read_log, "their-own"));
	assert_null(dstack_log_find(&read_log, "system-ready"));
	assert_null(dstack_log_find(&read_log, ""));
	assert_int_equal(dstack_log_replay(&read_log, &bank), 0);
	assert_int_equal(bank.extended[0], 1);
	assert_int_equal(bank.extended[1], 0);
	assert_int_equal(bank.extended[3], 5);
}

/* What stands in "digest" moves nothing: it may be absent, and must else be right. */
static void
test_digest_is_recomputed(void **state)
{
	static const char right[] = "f9974020ef507068183313d0ca808e0d1ca9b2d1ad0c61f5784e7157c362c0"
				    "6536f5ddacdad4451693f48fcc72fff624";
	static char json[1024];
	struct rtmr_bank stripped, bank;

	(void)state;
	assert_int_equal(read_text("[" OWN("system-preparing", "") "]"), 0);
	assert_int_equal(dstack_log_replay(&read_log, &stripped), 0);
	(void)snprintf(json, sizeof json,
		       "[{\"imr\":3,\"event_type\":134217729,\"digest\":\"%s\","
		       "\"event\":\"system-preparing\",\"event_payload\":\"\"}]",
		       right);
	assert_int_equal(read_text(json), 0);
	assert_int_equal(dstack_log_replay(&read_log, &bank), 0);
	assert_memory_equal(bank.value[3], stripped.value[3], 48);
	/* another payload under the same digest */
	(void)snprintf(json, sizeof json,
		       "[{\"imr\":3,\"event_type\":134217729,\"digest\":\"%s\","
		       "\"event\":\"system-preparing\",\"event_payload\":\"00\"}]",
		       right);
	assert_int_equal(read_text(json), DSTACK_LOG_DIGEST);
	assert_string_equal(error.field, "[0]");
	/* a digest of another length */
	(void)snprintf(json, sizeof json,
		       "[{\"imr\":3,\"event_type\":134217729,\"digest\":\"%.94s\","
		       "\"event\":\"system-preparing\",\"event_payload\":\"\"}]",
		       right);
	assert_int_equal(read_text(json), DSTACK_LOG_DIGEST);
}

#define V2(preimage)                                                                        \
	"[{\"imr\":3,\"event_type\":134217729,\"event\":\"test\",\"event_payload\":\"01\"," \
	"\"version\":2" preimage "}]"

static void
test_version_2(void **state)
{
	(void)state;
	/* {"name":"test","payload":"01","type":134217729} */
	assert_int_equal(read_text(V2(",\"preimage\":\"7b226e616d65223a2274657374222c227061796c6f6"
				      "164223a223031222c2274797065223a3133343231373732397d\"")),
			 0);
	assert_digest(read_log.event[0].digest, "6728a445413d53de5aa933460bc8a42695dda4c73f5f310b0e"
						"28a23bb084cb9877212f1114573348b41db6279719921d");
	assert_int_equal(read_text(V2("")), DSTACK_LOG_PARSE);
	assert_string_equal(error.field, "[0].preimage");
	/* of another payload; and the same object with its members in another order */
	assert_int_equal(read_text(V2(",\"preimage\":\"7b226e616d65223a2274657374222c227061796c6f6"
				      "164223a223032222c2274797065223a3133343231373732397d\"")),
			 DSTACK_LOG_DIGEST);
	assert_int_equal(read_text(V2(",\"preimage\":\"7b227061796c6f6164223a223031222c226e616d652"
				      "23a2274657374222c2274797065223a3133343231373732397d\"")),
			 DSTACK_LOG_DIGEST);
	assert_int_equal(read_text(V2(",\"preimage\":\"\"")), DSTACK_LOG_DIGEST);
}

static void
test_refuses_duplicates(void **state)
{
	(void)state;
	/* before, behind, and the boundary itself */
	assert_int_equal(
	    read_text("[" OWN("compose-hash", "01") "," OWN("compose-hash", "02") "," READY "]"),
	    DSTACK_LOG_DUPLICATE);
	assert_string_equal(error.field, "[1]");
	assert_int_equal(
	    read_text("[" OWN("compose-hash", "01") "," READY "," OWN("compose-hash", "02") "]"),
	    DSTACK_LOG_DUPLICATE);
	assert_int_equal(
	    read_text("[" OWN("compose-hash", "01") "," READY "," OWN("compose-hash", "01") "]"),
	    DSTACK_LOG_DUPLICATE);
	assert_int_equal(read_text("[" READY "," READY "]"), DSTACK_LOG_DUPLICATE);
	/* scripts come in their order, but not from the application */
	assert_int_equal(read_text("[" OWN("init-script-hash", "01") "," OWN("init-script-hash",
									     "02") "," READY "]"),
			 0);
	assert_int_equal(read_log.count, 3);
	assert_int_equal(read_text("[" OWN("init-script-hash",
					   "01") "," READY "," OWN("init-script-hash", "02") "]"),
			 DSTACK_LOG_DUPLICATE);
}

static void
test_refuses_names(void **state)
{
	static const char *const names[] = {
	    "",
	    "compose-hash:0",
	    "a\\\"b",
	    "a\\\\b",
	    "a\\nb",
	    "caf\\u00e9",
	    "x123456789012345678901234567890123456789012345678901234567890abcd"};
	static char json[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(json, sizeof json,
			       "[{\"imr\":3,\"event_type\":134217729,"
			       "\"event\":\"%s\",\"event_payload\":\"\"}]",
			       names[i]);
		assert_int_equal(read_text(json), DSTACK_LOG_NAME);
	}
	/* also where the application speaks: its name might hold a system's payload */
	assert_int_equal(read_text("[" READY "," OWN("a:b", "") "]"), DSTACK_LOG_NAME);
}

static void
test_not_ready(void **state)
{
	(void)state;
	assert_int_equal(read_text("[" OWN("app-id", "01") "]"), 0);
	assert_false(dstack_log_is_ready(&read_log));
	assert_non_null(dstack_log_find(&read_log, "app-id"));
	assert_int_equal(read_text("[]"), 0);
	assert_false(dstack_log_is_ready(&read_log));
}

#define MEMBERS(imr, type, digest, event, payload)                                         \
	"[{\"imr\":" imr ",\"event_type\":" type ",\"digest\":" digest ",\"event\":" event \
	",\"event_payload\":" payload "}]"

static void
test_refuses_members(void **state)
{
	static const struct {
		const char *json;
		const char *field;
	} cases[] = {
	    {MEMBERS("4", "134217729", "\"\"", "\"a\"", "\"\""), "[0].imr"},
	    {MEMBERS("-1", "134217729", "\"\"", "\"a\"", "\"\""), "[0].imr"},
	    {MEMBERS("\"3\"", "134217729", "\"\"", "\"a\"", "\"\""), "[0].imr"},
	    {MEMBERS("3", "4294967296", "\"\"", "\"a\"", "\"\""), "[0].event_type"},
	    {MEMBERS("3", "134217730", "\"\"", "\"a\"", "\"\""), "[0]"},
	    {MEMBERS("3", "134217729", "\"0\"", "\"a\"", "\"\""), "[0].digest"},
	    {MEMBERS("3", "134217729", "\"xx\"", "\"a\"", "\"\""), "[0].digest"},
	    {MEMBERS("3", "134217729", "null", "\"a\"", "\"\""), "[0].digest"},
	    {MEMBERS("3", "134217729", "\"\"", "7", "\"\""), "[0].event"},
	    {MEMBERS("3", "134217729", "\"\"", "\"a\"", "\"abc\""), "[0].event_payload"},
	    {MEMBERS("3", "134217729", "\"\"", "\"a\"", "\"zz\""), "[0].event_payload"},
	    /* a boot event without a digest, or with one of ours */
	    {MEMBERS("0", "4", "\"\"", "\"\"", "\"\""), "[0]"},
	    {MEMBERS("1", "134217729", "\"" SEPARATOR "\"", "\"a\"", "\"\""), "[0]"},
	    {"[{\"imr\":3,\"event_type\":134217729,\"event\":\"a\"}]", "[0].event_payload"},
	    {"[{\"event_type\":134217729,\"event\":\"a\",\"event_payload\":\"\"}]", "[0].imr"},
	    {"[{\"imr\":3,\"event_type\":134217729,\"event\":\"a\",\"event_payload\":\"\","
	     "\"version\":3}]",
	     "[0].version"},
	    {"[7]", "[0]"},
	    {"{}", ""},
	    {"", ""},
	    {"[", ""},
	    {"[] x", ""},
	    {"[{\"imr\":3,\"imr\":3,\"event_type\":134217729,\"event\":\"a\","
	     "\"event_payload\":\"\"}]",
	     ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_text(cases[i].json), DSTACK_LOG_PARSE);
		assert_string_equal(error.field, cases[i].field);
		assert_true(error.text[0] != '\0');
	}
}

static struct dstack_entry
entry_of(const char *name, struct bytes payload)
{
	return (struct dstack_entry){.imr = 3,
				     .type = DSTACK_EVENT_TYPE,
				     .version = 1,
				     .name = text(name),
				     .payload = payload};
}

static void
test_bounds(void **state)
{
	static uint8_t payload[DSTACK_PAYLOAD_MAX + 1];
	static char name[DSTACK_NAME_MAX + 1];
	struct dstack_entry e;
	size_t i;

	(void)state;
	dstack_log_reset(&read_log);
	e = entry_of("a", (struct bytes){payload, sizeof payload});
	assert_int_equal(dstack_log_add(&read_log, &e), DSTACK_LOG_PARSE);
	for (i = 0; i < DSTACK_LOG_ROOM / (DSTACK_PAYLOAD_MAX + 2); i++) {
		(void)snprintf(name, sizeof name, "%02zu", i);
		e = entry_of(name, (struct bytes){payload, DSTACK_PAYLOAD_MAX});
		assert_int_equal(dstack_log_add(&read_log, &e), TDX_HOLDS);
	}
	e = entry_of("aa", (struct bytes){payload, DSTACK_PAYLOAD_MAX});
	assert_int_equal(dstack_log_add(&read_log, &e), DSTACK_LOG_PARSE);
	assert_int_equal(read_log.count, i);
	dstack_log_reset(&read_log);
	for (i = 0; i < DSTACK_EVENTS_MAX; i++) {
		(void)snprintf(name, sizeof name, "%zu", i);
		e = entry_of(name, text(""));
		assert_int_equal(dstack_log_add(&read_log, &e), TDX_HOLDS);
	}
	e = entry_of("more", text(""));
	assert_int_equal(dstack_log_add(&read_log, &e), DSTACK_LOG_PARSE);
	e.imr = 4;
	dstack_log_reset(&read_log);
	assert_int_equal(dstack_log_add(&read_log, &e), DSTACK_LOG_PARSE);
	assert_int_equal(
	    dstack_log_read((struct bytes){payload, DSTACK_LOG_TEXT_MAX + 1}, &read_log, &error),
	    DSTACK_LOG_PARSE);
}

#define ACPI                                                   \
	"{\"imr\":0,\"event_type\":10,\"digest\":\"" SEPARATOR \
	"\",\"event\":\"acpi-rsdp\",\"event_payload\":\"\"}"

/* Three digests of RTMR0 out of a dozen replay to nothing, and must not be held against it. */
static void
test_excerpt_extends_nothing(void **state)
{
	struct rtmr_bank bank;

	(void)state;
	assert_int_equal(read_text("[" ACPI "," ACPI "," ACPI "," READY "]"), 0);
	assert_int_equal(dstack_log_replay(&read_log, &bank), 0);
	assert_int_equal(bank.extended[0], 0);
	assert_int_equal(bank.extended[3], 1);
	assert_int_equal(read_text("[" BOOT "," ACPI "," READY "]"), 0);
	assert_int_equal(dstack_log_replay(&read_log, &bank), 0);
	assert_int_equal(bank.extended[0], 2);
	/* EV_NO_ACTION */
	assert_int_equal(read_text("[" BOOT ",{\"imr\":0,\"event_type\":3,\"digest\":\"" SEPARATOR
				   "\",\"event\":\"\",\"event_payload\":\"\"}]"),
			 0);
	assert_int_equal(dstack_log_replay(&read_log, &bank), 0);
	assert_int_equal(bank.extended[0], 1);
}

static void
test_order_counts(void **state)
{
	static struct dstack_log other;
	struct rtmr_bank a, b;

	(void)state;
	assert_int_equal(read_text("[" OWN("a", "") "," OWN("b", "") "," READY "]"), 0);
	assert_int_equal(
	    dstack_log_read(text("[" OWN("a", "") "," OWN("b", "") "," READY "]"), &other, &error),
	    0);
	assert_int_equal(dstack_log_replay(&read_log, &a), 0);
	assert_true(dstack_log_agrees(&read_log, &other));
	assert_int_equal(read_text("[" OWN("b", "") "," OWN("a", "") "," READY "]"), 0);
	assert_int_equal(dstack_log_replay(&read_log, &b), 0);
	assert_memory_not_equal(a.value[3], b.value[3], 48);
	assert_false(dstack_log_agrees(&read_log, &other));
	assert_int_equal(read_text("[" BOOT "," OWN("a", "") "," OWN("b", "") "," READY "]"), 0);
	assert_true(dstack_log_agrees(&read_log, &other)); /* boot events are not compared */
	assert_int_equal(read_text("[" OWN("a", "") "," OWN("b", "") "]"), 0);
	assert_false(dstack_log_agrees(&read_log, &other));
	assert_false(dstack_log_agrees(&other, &read_log));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_digests),
	    cmocka_unit_test(test_reads),
	    cmocka_unit_test(test_digest_is_recomputed),
	    cmocka_unit_test(test_version_2),
	    cmocka_unit_test(test_refuses_duplicates),
	    cmocka_unit_test(test_refuses_names),
	    cmocka_unit_test(test_not_ready),
	    cmocka_unit_test(test_refuses_members),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_excerpt_extends_nothing),
	    cmocka_unit_test(test_order_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
