#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "evidence/dstack_evidence.h"
#include "base/banned.h"

#define READY \
	"{\"imr\":3,\"event_type\":134217729,\"event\":\"system-ready\",\"event_payload\":\"\"}"
#define READY_TEXT                                                                         \
	"[{\\\"imr\\\":3,\\\"event_type\\\":134217729,\\\"event\\\":\\\"system-ready\\\"," \
	"\\\"event_payload\\\":\\\"\\\"}]"

static struct dstack_evidence evidence;
static struct json_error error;

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static enum tdx_reason
response(const char *json)
{
	return dstack_evidence_read_response(text(json), &evidence, &error);
}

static void
test_parts(void **state)
{
	static uint8_t large[DSTACK_QUOTE_MAX + 1];

	(void)state;
	assert_int_equal(dstack_evidence_read_parts(text("quote"), text("[" READY "]"),
						    text("{\"image\":\"i\"}"), &evidence, &error),
			 TDX_HOLDS);
	assert_int_equal(evidence.quote_len, 5);
	assert_true(dstack_log_is_ready(&evidence.log));
	assert_string_equal(evidence.vm.image, "i");
	assert_false(evidence.has_report_data);
	assert_int_equal(
	    dstack_evidence_read_parts(text("quote"), text("[{}]"), text(""), &evidence, &error),
	    DSTACK_LOG_PARSE);
	assert_string_equal(error.field, "event_log[0].imr");
	assert_int_equal(dstack_evidence_read_parts(text("quote"), text("[]"),
						    text("{\"image\":1}"), &evidence, &error),
			 DSTACK_EVIDENCE);
	assert_string_equal(error.field, "vm_config.image");
	assert_int_equal(
	    dstack_evidence_read_parts(text(""), text("[]"), text(""), &evidence, &error),
	    DSTACK_EVIDENCE);
	assert_string_equal(error.field, "quote");
	assert_int_equal(dstack_evidence_read_parts((struct bytes){large, sizeof large}, text("[]"),
						    text(""), &evidence, &error),
			 DSTACK_EVIDENCE);
}

/* The agent gives log and configuration as text; others have them parsed. */
static void
test_response(void **state)
{
	(void)state;
	assert_int_equal(response("{\"quote\":\"0400\",\"event_log\":\"" READY_TEXT "\","
				  "\"report_data\":\"1234\",\"vm_config\":\"{}\",\"prefix\":\"\"}"),
			 TDX_HOLDS);
	assert_int_equal(evidence.quote_len, 2);
	assert_true(dstack_log_is_ready(&evidence.log));
	assert_true(evidence.has_report_data);
	assert_int_equal(evidence.report_data[1], 0x34);
	assert_int_equal(evidence.report_data[63], 0);
	assert_int_equal(response("{\"quote\":\"0400\",\"event_log\":[" READY "],"
				  "\"vm_config\":{\"image\":\"i\"}}"),
			 TDX_HOLDS);
	assert_true(dstack_log_is_ready(&evidence.log));
	assert_false(evidence.has_report_data);
	assert_string_equal(evidence.vm.image, "i");
}

/* Version 0: the quote 0400, and system-ready as its only event. */
#define BLOB \
	"0000080400040300000001000008003073797374656d2d726561647900043073797374656d2d7265" \
	"61647900000000000000000000000000000000000000000000000000000000000000000000000000" \
	"0000000000000000000000000000000000000000000000000000000000"

/* Agents of TDX leave the attestation empty; upstream's simulator gives everything. */
static void
test_response_says_it_twice(void **state)
{
	(void)state;
	assert_int_equal(
	    response("{\"attestation\":\"\",\"quote\":\"0400\",\"event_log\":[" READY "]}"),
	    TDX_HOLDS);
	assert_int_equal(evidence.quote_len, 2);
	assert_int_equal(response("{\"attestation\":\"" BLOB "\",\"quote\":\"0400\","
				  "\"event_log\":\"" READY_TEXT "\"}"),
			 TDX_HOLDS);
	assert_int_equal(evidence.quote_len, 2);
	assert_true(dstack_log_is_ready(&evidence.log));
	assert_int_equal(response("{\"attestation\":\"" BLOB "\",\"quote\":\"0401\"}"),
			 DSTACK_EVIDENCE);
	assert_string_equal(error.field, "quote");
	assert_int_equal(error.err, ERR_CONFLICT);
	assert_int_equal(response("{\"attestation\":\"" BLOB "\",\"event_log\":[]}"),
			 DSTACK_EVIDENCE);
	assert_string_equal(error.field, "event_log");
	assert_int_equal(response("{\"attestation\":\"" BLOB "\",\"event_log\":[7]}"),
			 DSTACK_EVIDENCE);
}

static void
test_response_refuses(void **state)
{
	static const struct {
		const char *json;
		const char *field;
		enum tdx_reason reason;
	} cases[] = {
	    {"", "", DSTACK_EVIDENCE},
	    {"[]", "", DSTACK_EVIDENCE},
	    {"{\"event_log\":[]}", "quote", DSTACK_EVIDENCE},
	    {"{\"quote\":\"04\"}", "event_log", DSTACK_EVIDENCE},
	    {"{\"quote\":\"0x04\",\"event_log\":[]}", "quote", DSTACK_EVIDENCE},
	    {"{\"quote\":\"040\",\"event_log\":[]}", "quote", DSTACK_EVIDENCE},
	    {"{\"quote\":\"\",\"event_log\":[]}", "quote", DSTACK_EVIDENCE},
	    {"{\"quote\":\"04\",\"event_log\":[7]}", "event_log[0]", DSTACK_LOG_PARSE},
	    {"{\"quote\":\"04\",\"event_log\":7}", "event_log", DSTACK_EVIDENCE},
	    {"{\"quote\":\"04\",\"event_log\":\"\"}", "event_log", DSTACK_LOG_PARSE},
	    {"{\"quote\":\"04\",\"event_log\":[],\"report_data\":\"xx\"}", "report_data",
	     DSTACK_EVIDENCE},
	    {"{\"quote\":\"04\",\"event_log\":[],\"vm_config\":\"[]\"}", "vm_config",
	     DSTACK_EVIDENCE},
	    {"{\"attestation\":\"\"}", "quote", DSTACK_EVIDENCE},
	    {"{\"attestation\":\"0\"}", "attestation", DSTACK_EVIDENCE},
	    {"{\"attestation\":\"zz\"}", "attestation", DSTACK_EVIDENCE},
	    {"{\"attestation\":\"0003\"}", "attestation", DSTACK_PLATFORM},
	    {"{\"attestation\":\"0000\"}", "attestation.quote", DSTACK_EVIDENCE},
	    {"{\"attestation\":7}", "attestation", DSTACK_EVIDENCE},
	    {"{\"quote\":\"04\",\"quote\":\"04\",\"event_log\":[]}", "quote", DSTACK_EVIDENCE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(response(cases[i].json), cases[i].reason);
		assert_string_equal(error.field, cases[i].field);
		assert_true(error.err != 0 && error.text[0] != '\0');
	}
	assert_int_equal(
	    dstack_evidence_read_response((struct bytes){(const uint8_t *)"", DSTACK_TEXT_MAX + 1},
					  &evidence, &error),
	    DSTACK_EVIDENCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_response),
	    cmocka_unit_test(test_response_says_it_twice),
	    cmocka_unit_test(test_response_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
