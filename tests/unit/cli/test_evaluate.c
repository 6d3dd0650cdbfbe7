/* The verdict on attestations: what holds, and every check tripped alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "tdx/intel_root.h"
#include "evidence.h"
#include "base/banned.h"

static struct evidence e;
static struct evaluation result;
static uint8_t changed[DOCUMENT_MAX];

static int
begin(void **state)
{
	(void)state;
	evidence_begin(&e);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	evidence_end(&e);
	return 0;
}

static const struct check *
find(const char *name)
{
	for (size_t i = 0; i < result.verdict.count; i++)
		if (strcmp(result.verdict.check[i].name, name) == 0)
			return &result.verdict.check[i];
	fail_msg("there is no check %s", name);
	return NULL;
}

static void
assert_accepts(struct bytes document, const struct question *q)
{
	const struct check *failure;

	evaluate(KIND_ATTESTATION, document, q, &result);
	if ((failure = verdict_refusal(&result.verdict)) != NULL)
		fail_msg("%s: %s", failure->name, failure->detail);
	assert_true(verdict_accepts(&result.verdict));
}

/* Refused, with the first failure at this check. */
static void
assert_refuses(struct bytes document, const struct question *q, const char *name)
{
	evaluate(KIND_ATTESTATION, document, q, &result);
	assert_false(verdict_accepts(&result.verdict));
	assert_non_null(verdict_refusal(&result.verdict));
	assert_string_equal(verdict_refusal(&result.verdict)->name, name);
	assert_true(verdict_refusal(&result.verdict)->remedy[0] != '\0');
}

static void
assert_result(const char *name, enum check_result wanted)
{
	assert_int_equal(find(name)->result, wanted);
}

/* Replace text of the document, once; lengths may differ. */
static struct bytes
replace(const char *old, const char *new)
{
	const uint8_t *at = memmem(e.document.p, e.document.len, old, strlen(old));
	struct writer w = writer_of(changed, sizeof changed);
	size_t before;

	assert_non_null(at);
	before = (size_t)(at - e.document.p);
	write_bytes(&w, e.document.p, before);
	write_text(&w, new);
	write_bytes(&w, at + strlen(old), e.document.len - before - strlen(old));
	assert_int_equal(w.err, 0);
	return (struct bytes){changed, w.len};
}

static void
test_accepted(void **state)
{
	struct question q = evidence_question(&e);

	(void)state;
	evidence_make(&e);
	assert_accepts(evidence_document(&e), &q);
	assert_true(result.verdict.simulated && result.verdict.development);
	assert_result("tcb-level", CHECK_NOT_CHECKED);
	assert_string_equal(find("tcb-level")->detail, "there is no collateral");
	assert_string_equal(find("revocation")->detail, "there is no collateral");
	assert_string_equal(find("qe-identity")->detail, "there is no collateral");
	assert_result("nonce", CHECK_PASSED);
	assert_result("tls-key", CHECK_NOT_CHECKED);
	evaluation_close(&result);
}

/* Without the explicit root a simulated TEE is refused, and the remedy says how. */
static void
test_simulated_needs_its_root(void **state)
{
	struct question q = evidence_question(&e);

	(void)state;
	evidence_make(&e);
	q.simulated_root = 0;
	q.root = intel_root_der();
	assert_refuses(evidence_document(&e), &q, "platform");
	assert_string_equal(find("platform")->code, "ROOT_NOT_TRUSTED");
	assert_non_null(strstr(find("platform")->detail, "--simulated-root"));
	assert_result("trusted-root", CHECK_FAILED);
	evaluation_close(&result);
	/* another root than the evidence's */
	q.simulated_root = 1;
	q.root =
	    (struct bytes){e.pki.der[PCK_INTERMEDIATE], e.pki.der_len[PCK_INTERMEDIATE]};
	assert_refuses(evidence_document(&e), &q, "trusted-root");
	evaluation_close(&result);
}

/* Simulated evidence that says it is none: no member decides alone. */
static void
test_claims_to_be_real(void **state)
{
	struct question q = evidence_question(&e);

	(void)state;
	evidence_make(&e);
	assert_refuses(replace("\"simulated\":true", "\"simulated\":false"), &q, "platform");
	evaluation_close(&result);
	assert_refuses(replace("\"platform\":\"simulated\",\"simulated\"",
			       "\"platform\":\"tsm\",\"simulated\""),
		       &q, "platform");
	evaluation_close(&result);
	e.statement.platform = "tsm";
	e.statement.mode = "tsm";
	evidence_make(&e);
	assert_refuses(evidence_document(&e), &q, "platform");
	evaluation_close(&result);
	/* consistent, that is a real platform: under Intel's root it is nobody's */
	struct bytes document = replace("\"platform\":\"simulated\",\"simulated\":true",
					"\"platform\":\"tsm\",\"simulated\":false");
	q.simulated_root = 0;
	q.root = intel_root_der();
	assert_refuses(document, &q, "trusted-root");
	assert_false(result.verdict.simulated);
	evaluation_close(&result);
	/* who names a simulated root is told what the verdict is worth */
	q = evidence_question(&e);
	assert_accepts(document, &q);
	assert_true(result.verdict.simulated);
	evaluation_close(&result);
	/* a platform gives evidence of its own kind only */
	e.statement.platform = e.statement.mode = "dstack";
	evidence_make(&e);
	assert_refuses(replace("\"platform\":\"simulated\",\"simulated\":true",
			       "\"platform\":\"dstack\",\"simulated\":false"),
		       &q, "platform");
	evaluation_close(&result);
	/* development that calls itself none */
	e.statement.platform = "simulated";
	e.statement.mode = "simulated";
	evidence_make(&e);
	assert_refuses(evidence_document(&e), &q, "platform");
	evaluation_close(&result);
}

/*
 * Who serves the evidence chooses its kind: a genuine quote of anybody's, where an attestation
 * was asked for with a nonce, is no answer.
 */
static void
test_a_quote_answers_no_nonce(void **state)
{
	struct question q = evidence_question(&e);
	struct bytes quote = {changed, 0};

	(void)state;
	evidence_make(&e);
	assert_accepts(evidence_document(&e), &q);
	quote.len = result.attestation.quote_len;
	memcpy(changed, result.attestation.quote, quote.len);
	evaluation_close(&result);
	evaluate(KIND_QUOTE, quote, &q, &result);
	assert_false(verdict_accepts(&result.verdict));
	assert_string_equal(verdict_refusal(&result.verdict)->name, "nonce");
	evaluation_close(&result);
	q.has_nonce = 0;
	evaluate(KIND_QUOTE, quote, &q, &result);
	assert_true(verdict_accepts(&result.verdict));
	evaluation_close(&result);
	/* nor is it the instance whose receipt this is */
	q.receipt_count = 1;
	evaluate(KIND_QUOTE, quote, &q, &result);
	assert_string_equal(verdict_refusal(&result.verdict)->name, "receipt");
	evaluation_close(&result);
}

/* What is expected of one kind of evidence is not met by showing another. */
static void
test_expectations_that_nothing_answers(void **state)
{
	static const uint8_t some[] = {1};
	struct question q;

	(void)state;
	evidence_make(&e);
#define UNANSWERED(change) \
	do { \
		q = evidence_question(&e); \
		change; \
		assert_refuses(evidence_document(&e), &q, "expect"); \
		evaluation_close(&result); \
	} while (0)
	UNANSWERED(q.image = evidence_text("sha256:00"));
	UNANSWERED(q.has_app_id = 1);
	UNANSWERED(q.dstack.has_app_id = 1);
	UNANSWERED(q.dstack.has_os = 1);
	UNANSWERED(q.dstack.has_kms_root = 1);
	UNANSWERED(q.dstack.kms_ca_len = 1);
	UNANSWERED(q.dstack.compose_hashes.given = 1);
	UNANSWERED(q.dstack.os_images.given = 1);
	UNANSWERED(q.dstack.mr_kms.given = 1);
	UNANSWERED(q.dstack.devices.given = 1);
	UNANSWERED(q.challenge = ((struct bytes){some, 1}));
	UNANSWERED(q.extra_data = ((struct bytes){some, 1}));
	UNANSWERED(q.audience = evidence_text("a"));
	UNANSWERED(q.nonce_text = evidence_text("n"));
	q = evidence_question(&e);
	q.has_policy = 1;
	assert_accepts(evidence_document(&e), &q);
	evaluation_close(&result);
	q.has_nonce = 0;
	evaluate(KIND_TOKEN, evidence_text("a.b.c"), &q, &result);
	assert_result("expect", CHECK_FAILED);
	evaluation_close(&result);
}

static void
test_nonce(void **state)
{
	struct question q = evidence_question(&e);
	uint8_t other[32];

	(void)state;
	evidence_make(&e);
	memcpy(other, e.nonce, sizeof other);
	other[31] ^= 1;
	q.nonce.p = other;
	assert_refuses(evidence_document(&e), &q, "nonce");
	assert_string_equal(find("nonce")->code, "P_FRESHNESS");
	evaluation_close(&result);
	q.nonce = (struct bytes){e.nonce, 31};
	assert_refuses(evidence_document(&e), &q, "nonce");
	evaluation_close(&result);
	q.has_nonce = 0;
	assert_accepts(evidence_document(&e), &q);
	assert_result("nonce", CHECK_NOT_CHECKED);
	evaluation_close(&result);
}

/* Each statement member is under the quote: a change to any is seen. */
static void
test_report_data(void **state)
{
	static const char *const changes[][2] = {
	    {"\"timeUnverified\":1770000000", "\"timeUnverified\":1770000001"},
	    {"\"rootId\":\"0x11", "\"rootId\":\"0x12"},
	    {"\"instanceKey\":\"0x", "\"instanceKey\":\"0X"},
	};
	struct question q = evidence_question(&e);

	(void)state;
	evidence_make(&e);
	for (size_t i = 0; i < 2; i++) {
		assert_refuses(replace(changes[i][0], changes[i][1]), &q, "report-data");
		evaluation_close(&result);
	}
	assert_refuses(replace(changes[2][0], changes[2][1]), &q, "statement");
	evaluation_close(&result);
}

/* Equal JSON is the same statement: member order and spaces do not matter. */
static void
test_spelling_does_not_matter(void **state)
{
	struct question q = evidence_question(&e);

	(void)state;
	evidence_make(&e);
	assert_accepts(replace("\"stateRoot\":null,\"timeUnverified\":1770000000,",
			       "\"timeUnverified\" : 1770000000 ,\n\"stateRoot\":null,"),
		       &q);
	evaluation_close(&result);
}

static void
test_document_shape(void **state)
{
	static const char *const changes[][2] = {
	    {"selfsame-attestation", "selfsame-attestatiom"},
	    {"\"version\":1,\"platform\"", "\"version\":2,\"platform\""},
	    {"\"simulated\":true", "\"simulated\":1"},
	    {"\"simulated\":true", "\"simulated\":true,\"extra\":1"},
	    {"\"simulated\":true", "\"simulated\":true,\"simulated\":true"},
	    {"\"quote\":\"0x", "\"quote\":\""},
	    {"\"type\":\"tdx-quote\",", ""},
	    {"\"type\":\"tdx-quote\"", "\"type\":\"tdx-quotes\""},
	    {"\"evidence\":{", "\"evidence\":{\"more\":1,"},
	    {"\"evidence\":{", "\"evidenze\":{"},
	    {"\"quote\":\"0x04", "\"quote\":\"0x0"},
	    {"\"quote\":\"0x04", "\"quote\":\"0xzz"},
	    {"\"rtmr\":3", "\"rtmr\":4"},
	    {"\"rtmr\":3", "\"rtmr\":-1"},
	    {"\"rtmr\":3", "\"rtmr\":3,\"x\":0"},
	    {"\"type\":\"mode\"", "\"type\":\"\""},
	    {"\"digest\":\"0x", "\"digest\":\"0x00"},
	    {"\"warning\":\"", "\"warning\":5,\"w\":\""},
	    {"{\"kind\"", "[{\"kind\""},
	};
	struct question q = evidence_question(&e);

	(void)state;
	evidence_make(&e);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		assert_refuses(replace(changes[i][0], changes[i][1]), &q, "document");
		assert_int_equal(result.verdict.count, 1);
		evaluation_close(&result);
	}
	assert_refuses((struct bytes){NULL, 0}, &q, "document");
	evaluation_close(&result);
}

static void
test_statement_shape(void **state)
{
	static const char *const changes[][2] = {
	    {"\"development\":true", "\"development\":\"true\""},
	    {"\"development\":true", "\"development\":true,\"other\":null"},
	    {"\"development\":true,", ""},
	    {"\"stateRoot\":null", "\"stateRoot\":\"0x00\""},
	    {"\"stateRoot\":null,", ""},
	    {"\"tlsKeyHash\":null", "\"tlsKeyHash\":\"0x00\""},
	    {"\"tlsKeyHash\":null", "\"tlsKeyHash\":0"},
	    {"\"timeUnverified\":1770000000", "\"timeUnverified\":1770000000.5"},
	    {"\"timeUnverified\":1770000000", "\"timeUnverified\":18446744073709551615"},
	    {"\"SELFSAME_TLS\":\"0\"", "\"SELFSAME_TLS\":0"},
	    {"\"SELFSAME_TLS\":\"0\"", "\"SELFSAME_TLS\":{}"},
	    {"\"SELFSAME_TLS\"", "\"SELFSAME_T\\u00e4S\""},
	    {",\"version\":1},\"eventLog\"", ",\"version\":2},\"eventLog\""},
	    {"\"mode\":\"simulated-dev\"", "\"mode\":null"},
	};
	struct question q = evidence_question(&e);

	(void)state;
	evidence_make(&e);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct bytes document = replace(changes[i][0], changes[i][1]);

		evaluate(KIND_ATTESTATION, document, &q, &result);
		assert_false(verdict_accepts(&result.verdict));
		/* a number too large for a JSON reader fails the document already */
		if (result.verdict.count > 1) {
			assert_string_equal(verdict_refusal(&result.verdict)->name, "statement");
			assert_result("nonce", CHECK_NOT_CHECKED);
			assert_result("measured", CHECK_NOT_CHECKED);
			assert_result("quote-signature", CHECK_PASSED);
		}
		evaluation_close(&result);
	}
}

static void
test_quote_failures_come_through(void **state)
{
	struct question q = evidence_question(&e);
	size_t at;

	(void)state;
	evidence_make(&e);
	memcpy(changed, e.document.p, e.document.len);
	/* the last hex digit of the report data */
	at = (size_t)((const uint8_t *)memmem(changed, e.document.len, "\"quote\":\"0x", 11) -
		      changed) +
	     11 + 2 * 631 + 1;
	changed[at] = changed[at] == '0' ? '1' : '0';
	assert_refuses((struct bytes){changed, e.document.len}, &q, "quote-signature");
	assert_string_equal(find("quote-signature")->code, "QUOTE_SIGNATURE");
	assert_string_equal(find("quote-signature")->class, "signature");
	assert_result("report-data", CHECK_FAILED);
	evaluation_close(&result);
	q.at = 1000000000;
	assert_refuses(evidence_document(&e), &q, "validity");
	assert_string_equal(find("validity")->code, "NOT_YET_VALID");
	evaluation_close(&result);
	assert_refuses(replace("\"quote\":\"0x04", "\"quote\":\"0x09"), &q, "quote-structure");
	assert_result("td-debug", CHECK_NOT_CHECKED);
	assert_result("event-log", CHECK_NOT_CHECKED);
	evaluation_close(&result);
}

static void
test_event_log(void **state)
{
	struct question q = evidence_question(&e);
	char digest[99];
	char other[99];

	(void)state;
	evidence_make(&e);
	assert_refuses(replace("\"name\":\"settings\"", "\"name\":\"settinks\""), &q, "event-log");
	evaluation_close(&result);
	hex_encode_0x(e.measurement.log.event[1].digest, 48, digest);
	memcpy(other, digest, sizeof other);
	other[97] = other[97] == '0' ? '1' : '0';
	assert_refuses(replace(digest, other), &q, "event-log");
	evaluation_close(&result);
	/* another register: RTMR3 then misses the event */
	assert_refuses(replace("\"rtmr\":3", "\"rtmr\":2"), &q, "event-log");
	evaluation_close(&result);
	/* an empty log matches nothing */
	const uint8_t *from = memmem(e.document.p, e.document.len, "\"eventLog\":[", 12);
	const uint8_t *to = memmem(e.document.p, e.document.len, "],\"evidence\"", 12);
	struct writer w = writer_of(changed, sizeof changed);

	write_bytes(&w, e.document.p, (size_t)(from + 12 - e.document.p));
	write_bytes(&w, to, (size_t)(e.document.p + e.document.len - to));
	assert_refuses((struct bytes){changed, w.len}, &q, "event-log");
	assert_result("measured", CHECK_FAILED);
	evaluation_close(&result);
	/* nor does the lack of one */
	w = writer_of(changed, sizeof changed);
	write_bytes(&w, e.document.p, (size_t)(from - e.document.p));
	write_bytes(&w, to + 2, (size_t)(e.document.p + e.document.len - to - 2));
	assert_refuses((struct bytes){changed, w.len}, &q, "event-log");
	assert_result("measured", CHECK_FAILED);
	evaluation_close(&result);
}

/* A log that replays, but measures something else than the statement tells. */
static void
test_measured(void **state)
{
	struct question q = evidence_question(&e);

	(void)state;
	e.measured_mode = evidence_text("simulated");
	evidence_make(&e);
	assert_refuses(evidence_document(&e), &q, "measured");
	assert_result("event-log", CHECK_PASSED);
	evaluation_close(&result);
}

#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"

/* A phrase from the environment is whoever's who put it there: said, and not held against it. */
static void
test_root_secret(void **state)
{
	static const char *const wanted[] = {"knows it", "nothing shows", "does not say"};
	static const char *const settings[] = {
	    "{\"SELFSAME_TLS\":\"0\",\"rootSource\":\"environment\"}",
	    "{\"SELFSAME_APP_ID\":\"0x11\",\"rootSource\":\"environment\"}",
	    "{\"SELFSAME_APP_ID\":\"0x11\",\"SELFSAME_KMS_ADDRESSES\":\"{}\"}",
	};
	struct question q = evidence_question(&e);
	struct bytes document;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		e.statement.settings = evidence_text(settings[i]);
		evidence_make(&e);
		document = evidence_document(&e);
		if (i > 0)
			document = replace("\"platform\":\"simulated\",\"simulated\":true",
					   "\"platform\":\"tsm\",\"simulated\":false");
		assert_accepts(document, &q);
		assert_result("root-secret", CHECK_NOT_CHECKED);
		assert_non_null(strstr(find("root-secret")->detail, wanted[i]));
		evaluation_close(&result);
		e.statement.platform = e.statement.mode = "tsm";
	}
	e.statement.settings = evidence_text("{\"rootSource\":\"dstack\"}");
	evidence_make(&e);
	assert_refuses(replace("\"platform\":\"simulated\",\"simulated\":true",
			       "\"platform\":\"tsm\",\"simulated\":false"),
		       &q, "root-secret");
	evaluation_close(&result);
	e.statement.settings =
	    evidence_text("{\"rootKey\":\"0x02" ZEROS_32 "\",\"rootSource\":\"dstack\"}");
	evidence_make(&e);
	assert_accepts(replace("\"platform\":\"simulated\",\"simulated\":true",
			       "\"platform\":\"tsm\",\"simulated\":false"),
		       &q);
	assert_result("root-secret", CHECK_PASSED);
	evaluation_close(&result);
}

static void
test_instance_key(void **state)
{
	struct question q = evidence_question(&e);

	(void)state;
	memset(e.statement.instance_key, 0, 32);
	e.statement.instance_key[0] = 1; /* the neutral element: every signature would fit it */
	evidence_make(&e);
	assert_refuses(evidence_document(&e), &q, "instance-key");
	evaluation_close(&result);
}

static void
test_tls_key(void **state)
{
	struct question q = evidence_question(&e);

	(void)state;
	evidence_make(&e);
	/* TLS that does not end in the instance */
	q.channel = CHANNEL_TLS;
	assert_refuses(evidence_document(&e), &q, "tls-key");
	evaluation_close(&result);
	/* setting and hash contradict each other, either way */
	e.statement.tls_key_hash = e.tls_key_hash;
	evidence_make(&e);
	q.channel = CHANNEL_NONE;
	assert_refuses(evidence_document(&e), &q, "tls-key");
	evaluation_close(&result);
	e.statement.settings = evidence_text(EVIDENCE_SETTINGS_TLS);
	e.statement.tls_key_hash = NULL;
	evidence_make(&e);
	assert_refuses(evidence_document(&e), &q, "tls-key");
	evaluation_close(&result);
	e.statement.tls_key_hash = e.tls_key_hash;
	evidence_make(&e);
	assert_accepts(evidence_document(&e), &q);
	assert_result("tls-key", CHECK_NOT_CHECKED);
	evaluation_close(&result);
	q.channel = CHANNEL_TLS;
	memcpy(q.peer_key_hash, e.tls_key_hash, 32);
	assert_accepts(evidence_document(&e), &q);
	assert_result("tls-key", CHECK_PASSED);
	evaluation_close(&result);
	q.peer_key_hash[0] ^= 1;
	assert_refuses(evidence_document(&e), &q, "tls-key");
	evaluation_close(&result);
}

static void
expect_one(const char *text, int holds)
{
	struct question q = evidence_question(&e);

	assert_int_equal(expectation_parse(text, &q.expectation[0]), 0);
	q.expectation_count = 1;
	if (holds)
		assert_accepts(evidence_document(&e), &q);
	else
		assert_refuses(evidence_document(&e), &q, "expect");
	evaluation_close(&result);
}

static void
test_expectations(void **state)
{
	char text[160] = "rtmr3=";
	uint8_t mrtd[48];

	(void)state;
	evidence_make(&e);
	expect_one("mode=simulated-dev", 1);
	expect_one("mode=simulated", 0);
	expect_one("development=true", 1);
	expect_one("development=false", 0);
	expect_one("stateRoot=null", 1);
	expect_one("tlsKeyHash=null", 1);
	expect_one("version=1", 1);
	expect_one("version=01", 0);
	expect_one("timeUnverified=1770000000", 1);
	expect_one("settings.SELFSAME_CHAIN_ID=31337", 1);
	expect_one("settings.SELFSAME_CHAIN_ID=137", 0);
	expect_one("settings.SELFSAME_CHAIN_ID=0x31337", 0);
	expect_one("settings.NO_SUCH=1", 0);
	expect_one("rootId=1111111111111111111111111111111111111111111111111111111111111111", 1);
	expect_one("rootId=0x1111111111111111111111111111111111111111111111111111111111111112", 0);
	expect_one("binaries.selfsame-signer="
		   "0xFFEEDDCCBBAA99887766554433221100ffeeddccbbaa99887766554433221100",
		   1);
	expect_one("binaries.selfsame-attester="
		   "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100",
		   0);
	expect_one("tdattributes=0x0000001000000000", 1);
	expect_one("tdattributes=0000001000000000", 1);
	expect_one("tdattributes=0000001000000001", 0);
	expect_one("mrconfigid=0", 0);
	expect_one("mrservicetd=00", 0); /* a TD report 1.0 has none */
	assert_int_equal(simulated_bytes48("mrtd", mrtd), 0);
	memcpy(text, "mrtd=", 5);
	hex_encode(mrtd, sizeof mrtd, text + 5);
	expect_one(text, 1);
	text[5] = text[5] == '0' ? '1' : '0';
	expect_one(text, 0);
}

static void
test_expectations_refused(void **state)
{
	static const char *const unknown[] = {
	    "modes=1", "=1",	  "settings=1", "binaries=1", "settings.=1", "mode.x=1",
	    "MRTD=1",  "rtmr4=1", "quote=1",	"mrtd.x=00",  ".mode=1"};
	struct expectation x;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		assert_int_equal(expectation_parse(unknown[i], &x), ERR_UNKNOWN_FIELD);
	assert_int_equal(expectation_parse("mode", &x), ERR_PARSE);
	assert_int_equal(expectation_parse("settings.A=b=c", &x), 0);
	assert_int_equal(x.value.len, 3);
}

/* Zero bytes are not a verdict, and neither is a list of which everything was left out. */
static void
test_empty_verdict_refuses(void **state)
{
	static struct verdict v;

	(void)state;
	assert_false(verdict_accepts(&v));
	check_skip(&v, CHECK_NONCE, "x");
	assert_false(verdict_accepts(&v));
	check_pass(&v, CHECK_NONCE, "x");
	assert_true(verdict_accepts(&v));
	check_unreached(&v, CHECK_NONCE);
	assert_false(verdict_accepts(&v));
	memset(&v, 0, sizeof v);
	for (size_t i = 0; i <= CHECKS_MAX; i++)
		check_pass(&v, CHECK_NONCE, "x");
	assert_false(verdict_accepts(&v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_accepted, begin, end),
	    cmocka_unit_test_setup_teardown(test_simulated_needs_its_root, begin, end),
	    cmocka_unit_test_setup_teardown(test_claims_to_be_real, begin, end),
	    cmocka_unit_test_setup_teardown(test_a_quote_answers_no_nonce, begin, end),
	    cmocka_unit_test_setup_teardown(test_expectations_that_nothing_answers, begin, end),
	    cmocka_unit_test_setup_teardown(test_nonce, begin, end),
	    cmocka_unit_test_setup_teardown(test_report_data, begin, end),
	    cmocka_unit_test_setup_teardown(test_spelling_does_not_matter, begin, end),
	    cmocka_unit_test_setup_teardown(test_document_shape, begin, end),
	    cmocka_unit_test_setup_teardown(test_statement_shape, begin, end),
	    cmocka_unit_test_setup_teardown(test_quote_failures_come_through, begin, end),
	    cmocka_unit_test_setup_teardown(test_event_log, begin, end),
	    cmocka_unit_test_setup_teardown(test_measured, begin, end),
	    cmocka_unit_test_setup_teardown(test_root_secret, begin, end),
	    cmocka_unit_test_setup_teardown(test_instance_key, begin, end),
	    cmocka_unit_test_setup_teardown(test_tls_key, begin, end),
	    cmocka_unit_test_setup_teardown(test_expectations, begin, end),
	    cmocka_unit_test(test_expectations_refused),
	    cmocka_unit_test(test_empty_verdict_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
