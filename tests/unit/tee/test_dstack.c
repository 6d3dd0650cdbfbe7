/* The dstack platform against an agent of each generation, and against wrong answers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/hex.h"
#include "fakes/fake_agent.h"
#include "tdx/measurement.h"
#include "tdx/quote.h"
#include "tee/dstack.h"
#include "tee/dstack_agent.h"
#include "tee/simulated_quote.h"

enum generation { GEN_05, GEN_06, GEN_05_WITHOUT_VERSION, GEN_TAPPD, GEN_V1_ALONE, GEN_NONE };

enum wrong { NOTHING_WRONG, OTHER_DATA, BAD_SIGNATURE, NO_QUOTE, NOT_HEX, NOT_JSON, NO_LOG,
	     FAILS };

#define LOG_TEXT "[{\"imr\":3,\"event\":\"app-id\",\"digest\":\"\"}]"
#define CONFIG_TEXT "{\"cpu_count\":1}"
#define COMPOSE_TEXT "{\"name\":\"a<b>&\\u00e9\"}"

static struct simulated_quote quote;
static struct simulated_pki pki;
static struct fake_agent agent;
static enum generation generation;
static enum wrong wrong;
static int info_missing, emit_missing, emitted, emit_calls;
static char emitted_payload[97];
static struct measurement measurement;
static struct tee tee;
static uint8_t report_data[64];

static void
respond_text(struct writer *w, unsigned status, const char *text)
{
	fake_agent_respond(w, status, "application/json", text, strlen(text));
}

static void
respond_quote(struct writer *w, const char *body)
{
	static char text[65536], hex[2 * TEE_QUOTE_MAX + 1], data[129];
	static uint8_t bytes[TEE_QUOTE_MAX];
	const char *at = strstr(body, "\"report_data\":\"");
	size_t len;

	assert_non_null(at);
	memcpy(data, at + 15, 128);
	assert_int_equal(hex_decode(data, 128, quote.body + TD_REPORT_DATA, 64), 0);
	assert_int_equal(at[15 + 128], '"');
	if (wrong == OTHER_DATA)
		quote.body[TD_REPORT_DATA + 63] ^= 1;
	assert_int_equal(simulated_quote_write(&quote, bytes, sizeof bytes, &len), 0);
	if (wrong == BAD_SIGNATURE)
		bytes[QUOTE_HEADER_LEN + TD_MRTD] ^= 1;
	hex_encode(bytes, len, hex);
	if (wrong == NOT_HEX)
		hex[5] = 'x';
	if (wrong == NO_QUOTE)
		hex[0] = '\0';
	assert_in_range(
	    snprintf(text, sizeof text,
		     "{\"quote\":\"%s%s\",%s\"report_data\":\"%s\",\"vm_config\":\"%s\",\"new\":1}",
		     generation == GEN_TAPPD ? "0x" : "", hex,
		     wrong == NO_LOG ? "" : "\"event_log\":\"[{\\\"imr\\\":3,\\\"event\\\":\\\"app-id"
					    "\\\",\\\"digest\\\":\\\"\\\"}]\",",
		     data, "{\\\"cpu_count\\\":1}"),
	    1, sizeof text - 1);
	respond_text(w, 200, text);
}

static void
respond_info(struct writer *w)
{
	char text[2048];

	(void)snprintf(text, sizeof text,
		       "{\"app_id\":\"00\",\"tcb_info\":\"{\\\"mrtd\\\":\\\"\\\",\\\"app_compose\\\":"
		       "\\\"{\\\\\\\"name\\\\\\\":\\\\\\\"a<b>&\\\\\\\\u00e9\\\\\\\"}\\\","
		       "\\\"event_log\\\":[{\\\"event\\\":\\\"%s\\\",\\\"event_payload\\\":\\\"%s\\\"}]}\"}",
		       emitted ? DSTACK_EVENT : "app-id", emitted ? emitted_payload : "00");
	respond_text(w, 200, text);
}

static void
respond_emit(struct writer *w, const char *body)
{
	static const char begin[] = "{\"event\":\"" DSTACK_EVENT "\",\"payload\":\"";

	emit_calls++;
	if (emit_missing) {
		respond_text(w, 400, "{\"error\":\"EmitEvent was removed in dstack 0.6.0; runtime "
				     "RTMR3 events are system-owned and cannot be extended by apps\"}");
		return;
	}
	assert_memory_equal(body, begin, sizeof begin - 1);
	memcpy(emitted_payload, body + sizeof begin - 1, 96);
	assert_string_equal(body + sizeof begin - 1 + 96, "\"}");
	emitted = 1;
	respond_text(w, 200, "{}");
}

static void
no_method(struct writer *w, const char *path)
{
	char text[128];

	(void)snprintf(text, sizeof text, "{\"error\":\"Service not found: %s\"}",
		       strrchr(path, '/') + 1);
	respond_text(w, 404, text);
}

static void
respond_v0(struct writer *w, const char *path, const char *body)
{
	if (strcmp(path, "/Version") == 0 && generation != GEN_05_WITHOUT_VERSION)
		respond_text(w, 200, "{\"version\":\"0.5.9\",\"rev\":\"x\"}");
	else if (strcmp(path, "/GetQuote") == 0 && wrong == FAILS)
		respond_text(w, 400, "{\"error\":\"quote generation failed\"}");
	else if (strcmp(path, "/GetQuote") == 0 && wrong == NOT_JSON)
		respond_text(w, 200, "quote");
	else if (strcmp(path, "/GetQuote") == 0)
		respond_quote(w, body);
	else if (strcmp(path, "/Info") == 0 && !info_missing)
		respond_info(w);
	else if (strcmp(path, "/EmitEvent") == 0)
		respond_emit(w, body);
	else
		no_method(w, path);
}

static void
answer(void *arg, const char *path, struct bytes bytes, struct writer *w)
{
	char body[1024];

	(void)arg;
	assert_in_range(bytes.len, 2, sizeof body - 1);
	memcpy(body, bytes.p, bytes.len);
	body[bytes.len] = '\0';
	if (strncmp(path, "/v1/", 4) == 0) {
		if (generation == GEN_06 || generation == GEN_V1_ALONE)
			respond_text(w, 200, "{\"version\":\"0.6.0\",\"rev\":\"x\"}");
		else
			fake_agent_respond(w, 404, "text/html", "<html>", 6);
	} else if (strncmp(path, "/prpc/", 6) == 0) {
		if (generation != GEN_TAPPD)
			fake_agent_respond(w, 404, "text/plain", "no", 2);
		else if (strcmp(path, "/prpc/Tappd.TdxQuote") != 0)
			no_method(w, path);
		else {
			assert_non_null(strstr(body, "\",\"hash_algorithm\":\"raw\"}"));
			respond_quote(w, body);
		}
	} else if (generation <= GEN_05_WITHOUT_VERSION) {
		respond_v0(w, path, body);
	} else {
		fake_agent_respond(w, 404, "text/plain", "", 0);
	}
}

static int
begin(void **state)
{
	static const struct bytes mode = {(const uint8_t *)"dstack", 6},
				  none = {(const uint8_t *)"{}", 2};
	struct writer chain;

	(void)state;
	agent = (struct fake_agent){.answer = answer};
	generation = GEN_05;
	wrong = NOTHING_WRONG;
	info_missing = emit_missing = emitted = emit_calls = 0;
	memset(report_data, 0xc3, sizeof report_data);
	if (measurement_make(mode, none, none, &measurement) != 0 ||
	    simulated_quote_make(&quote) != 0 || simulated_pki_make(&pki) != 0)
		return -1;
	chain = writer_of(quote.data, sizeof quote.data);
	simulated_pki_write_chain(&chain, &pki);
	quote.data_len = chain.len;
	return simulated_quote_seal(&quote, pki.key[PCK_LEAF].secret);
}

static int
open_dstack(void)
{
	const struct tee_host host = {
	    .io = fake_agent_io(&agent), .reports = -1, .measurements = -1};

	return tee_open(&dstack_platform, &host, &measurement.log, &tee);
}

static void
assert_text(struct bytes b, const char *text)
{
	assert_int_equal(b.len, strlen(text));
	assert_memory_equal(b.p, text, b.len);
}

static void
assert_evidence(struct tee_evidence *e)
{
	struct tdx_quote parsed;
	struct bytes field;

	assert_int_equal(tee_evidence(&tee, report_data, e), 0);
	assert_int_equal(e->type, TEE_DSTACK);
	assert_int_equal(quote_parse(e->quote, &parsed), TDX_HOLDS);
	assert_int_equal(quote_field(&parsed, "reportData", 10, &field), 0);
	assert_memory_equal(field.p, report_data, 64);
	assert_text(e->event_log, LOG_TEXT);
	assert_text(e->vm_config, CONFIG_TEXT);
}

static void
test_generations(void **state)
{
	static const enum generation good[] = {GEN_05, GEN_06, GEN_05_WITHOUT_VERSION, GEN_TAPPD};
	struct tee_evidence e;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(begin(state), 0);
		generation = good[i];
		assert_int_equal(open_dstack(), 0);
		assert_false(tee.measured);
		assert_evidence(&e);
		if (generation == GEN_TAPPD)
			assert_null(e.app_compose.p);
		else
			assert_text(e.app_compose, COMPOSE_TEXT);
		assert_evidence(&e);
		tee_close(&tee);
	}
	generation = GEN_V1_ALONE;
	assert_int_equal(open_dstack(), ERR_UNSUPPORTED);
	generation = GEN_NONE;
	assert_int_equal(open_dstack(), ERR_UNSUPPORTED);
}

static void
test_torn_and_interrupted(void **state)
{
	struct tee_evidence e;

	(void)state;
	agent.piece = 97;
	agent.interrupted = 50;
	assert_int_equal(open_dstack(), 0);
	assert_evidence(&e);
	tee_close(&tee);
}

/* Our log's RTMR3 as one event, once per boot of the machine. */
static void
test_event(void **state)
{
	struct rtmr_bank bank;
	char wanted[97];
	size_t bad;

	(void)state;
	assert_int_equal(event_log_replay(&measurement.log, &bank, &bad), 0);
	hex_encode(bank.value[3], 48, wanted);
	assert_int_equal(open_dstack(), 0);
	tee_close(&tee);
	assert_int_equal(emit_calls, 1);
	assert_memory_equal(emitted_payload, wanted, 96);
	assert_int_equal(open_dstack(), 0);
	tee_close(&tee);
	assert_int_equal(emit_calls, 1);
	emitted = 0;
	emit_missing = 1; /* built after 0.5, and before 0.6 */
	assert_int_equal(open_dstack(), 0);
	tee_close(&tee);
	assert_int_equal(emit_calls, 2);
	generation = GEN_06;
	assert_int_equal(open_dstack(), 0);
	tee_close(&tee);
	assert_int_equal(emit_calls, 2);
}

/* Who cannot see whether the event is there emits none; evidence needs no Info. */
static void
test_no_info(void **state)
{
	struct tee_evidence e;

	(void)state;
	info_missing = 1;
	assert_int_equal(open_dstack(), 0);
	assert_evidence(&e);
	assert_null(e.app_compose.p);
	assert_int_equal(emit_calls, 0);
	tee_close(&tee);
}

static void
test_wrong_answers(void **state)
{
	static const struct {
		enum wrong wrong;
		int expected;
	} cases[] = {
	    {OTHER_DATA, ERR_EVIDENCE}, {BAD_SIGNATURE, ERR_EVIDENCE}, {NO_QUOTE, ERR_EVIDENCE},
	    {NOT_HEX, ERR_EVIDENCE},	{NOT_JSON, ERR_PARSE},	       {NO_LOG, ERR_EVIDENCE},
	    {FAILS, ERR_IO},
	};
	struct tee_evidence e;

	(void)state;
	assert_int_equal(open_dstack(), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		wrong = cases[i].wrong;
		assert_int_equal(tee_evidence(&tee, report_data, &e), cases[i].expected);
	}
	wrong = NOTHING_WRONG;
	assert_evidence(&e);
	tee_close(&tee);
}

static void
test_agent_gone(void **state)
{
	struct tee_evidence e;
	uint64_t before;

	(void)state;
	agent.connect_errno = ECONNREFUSED;
	assert_int_equal(open_dstack(), ERR_UNSUPPORTED);
	assert_in_range(agent.clock_ms, 3000, 6000);
	agent.connect_errno = 0;
	assert_int_equal(open_dstack(), 0);
	agent.cut_after = 300;
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_CLOSED);
	agent.cut_after = 0;
	agent.silent = 1;
	before = agent.clock_ms;
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_TIMEOUT);
	assert_in_range(agent.clock_ms - before, 30000, 30010);
	agent.silent = 0;
	assert_evidence(&e);
	tee_close(&tee);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_generations, begin),
	    cmocka_unit_test_setup(test_torn_and_interrupted, begin),
	    cmocka_unit_test_setup(test_event, begin),
	    cmocka_unit_test_setup(test_no_info, begin),
	    cmocka_unit_test_setup(test_wrong_answers, begin),
	    cmocka_unit_test_setup(test_agent_gone, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
