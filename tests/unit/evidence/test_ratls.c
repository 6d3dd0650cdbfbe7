#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/hex.h"
#include "evidence/dstack.h"
#include "evidence/ratls.h"
#include "tdx/intel_root.h"
#include "base/banned.h"

#define CHAIN "../shared/fixtures/dstack/phala-prod/phala-llm04-2025/app/cert_chain.pem"

static struct dstack_evidence evidence;
static struct json_error error;

/* A value of DER in the making: the content is written first, then wrapped. */
struct value {
	uint8_t bytes[2048];
	size_t len;
};

static struct value
wrap(uint8_t tag, const struct value *parts, size_t count)
{
	struct value content = {.len = 0}, v;
	struct writer w = writer_of(v.bytes, sizeof v.bytes);

	for (size_t i = 0; i < count; i++) {
		memcpy(content.bytes + content.len, parts[i].bytes, parts[i].len);
		content.len += parts[i].len;
	}
	write_u8(&w, tag);
	if (content.len < 128) {
		write_u8(&w, (uint8_t)content.len);
	} else if (content.len < 256) {
		write_u8(&w, 0x81);
		write_u8(&w, (uint8_t)content.len);
	} else {
		write_u8(&w, 0x82);
		write_be16(&w, (uint16_t)content.len);
	}
	write_bytes(&w, content.bytes, content.len);
	assert_int_equal(writer_end(&w, &v.len), 0);
	return v;
}

static struct value
raw(uint8_t tag, const void *p, size_t len)
{
	struct value content = {.len = len};

	memcpy(content.bytes, p, len);
	return wrap(tag, &content, 1);
}

static struct value
extension(uint8_t last, const char *content)
{
	uint8_t oid[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xe7, 0x3d, 0x01, last};
	struct value inner = raw(0x04, content, strlen(content));
	struct value parts[] = {raw(0x06, oid, sizeof oid), raw(0x01, "\xff", 1),
				wrap(0x04, &inner, 1)};

	/* a critical one now and then */
	if (last != 1)
		parts[1] = parts[2];
	return wrap(0x30, parts, last == 1 ? 3 : 2);
}

#define LOG \
	"[{\"imr\":3,\"event_type\":134217729,\"event\":\"system-ready\",\"event_payload\":\"\"}]"

/* A certificate with these extensions. */
static struct value
certificate(const struct value *extensions, size_t count)
{
	const struct value list = wrap(0x30, extensions, count);
	const struct value version = raw(0x02, "\x02", 1), empty = raw(0x30, "", 0);
	const struct value tbs_parts[] = {
	    wrap(0xa0, &version, 1), version, empty, empty, empty, empty, raw(0x30, "key", 3),
	    wrap(0xa3, &list, 1)};
	const struct value parts[] = {wrap(0x30, tbs_parts, ARRAY_LEN(tbs_parts)), empty,
				      raw(0x03, "\x00", 1)};

	return wrap(0x30, parts, ARRAY_LEN(parts));
}

static enum tdx_reason
parse(const struct value *v, struct ratls *ret)
{
	return ratls_parse((struct bytes){v->bytes, v->len}, ret);
}

static void
test_parses(void **state)
{
	const struct value extensions[] = {extension(1, "quote"), extension(2, LOG),
					   extension(3, "app"), extension(4, "app:custom"),
					   extension(9, "information")};
	const struct value c = certificate(extensions, ARRAY_LEN(extensions));
	uint8_t want[64];
	struct ratls r;

	(void)state;
	assert_int_equal(parse(&c, &r), TDX_HOLDS);
	assert_int_equal(r.spki.len, 5);
	assert_memory_equal(r.spki.p, "\x30\x03key", 5);
	assert_memory_equal(r.quote.p, "quote", r.quote.len);
	assert_int_equal(r.usage.len, 10);
	assert_int_equal(r.attestation.len, 0);
	assert_int_equal(ratls_read_evidence(&r, &evidence, &error), TDX_HOLDS);
	assert_int_equal(evidence.quote_len, 5);
	assert_true(dstack_log_is_ready(&evidence.log));
	assert_int_equal(ratls_report_data(r.spki, want), 0);
	assert_true(evidence.has_report_data);
	assert_memory_equal(evidence.report_data, want, 64);
	for (size_t len = 0; len < c.len; len++) {
		uint8_t *exact = malloc(len == 0 ? 1 : len);

		assert_non_null(exact);
		memcpy(exact, c.bytes, len);
		assert_int_equal(ratls_parse((struct bytes){exact, len}, &r), DSTACK_EVIDENCE);
		free(exact);
	}
}

static void
test_refuses(void **state)
{
	const struct value twice[] = {extension(1, "quote"), extension(1, "quote")};
	const struct value blob[] = {extension(8, "\x05")};
	const struct value others[] = {extension(3, "app")};
	struct value c = certificate(twice, ARRAY_LEN(twice));
	struct ratls r;

	(void)state;
	assert_int_equal(parse(&c, &r), DSTACK_EVIDENCE);
	c = certificate(blob, ARRAY_LEN(blob));
	assert_int_equal(parse(&c, &r), TDX_HOLDS);
	assert_int_equal(ratls_read_evidence(&r, &evidence, &error), DSTACK_EVIDENCE);
	c = certificate(others, ARRAY_LEN(others));
	assert_int_equal(parse(&c, &r), TDX_HOLDS);
	assert_int_equal(ratls_read_evidence(&r, &evidence, &error), DSTACK_EVIDENCE);
	assert_string_equal(error.field, "quote");
	c.bytes[c.len++] = 0;
	assert_int_equal(parse(&c, &r), DSTACK_EVIDENCE);
}

/* A production certificate's key, and the report data that its quote has. */
static void
test_report_data(void **state)
{
	static const char spki[] =
	    "3059301306072a8648ce3d020106082a8648ce3d030107034200043e992713870b847a1ff5e4f64ac67bbf"
	    "498390eae892519cc68317db1487e81cb065c656fb0b23382b823521b4e8b84f3ae923f750b1d3bbb5394b"
	    "a507f8063e";
	uint8_t key[128], data[64];
	char hex[129];

	(void)state;
	assert_int_equal(hex_decode(spki, sizeof spki - 1, key, sizeof spki / 2), 0);
	assert_int_equal(ratls_report_data((struct bytes){key, sizeof spki / 2}, data), 0);
	hex_encode(data, 64, hex);
	assert_string_equal(hex,
			    "980f77d98acbd879127b696119823bc273a8548be237659a0590dcdf864a5f02"
			    "23eb5015bace308bb7cd5f550873adc2edcd223e8ef0756a34804af797b9cea1");
}

/* The certificate of a production machine: its quote is over its key. */
static void
test_recorded(void **state)
{
	static struct tdx_result quote;
	static struct dstack_result result;
	struct dstack_question question = {.quote = &quote};
	uint8_t *der = NULL;
	struct ratls r;
	X509 *c;
	FILE *f;
	int len;

	(void)state;
	if ((f = fopen(CHAIN, "rb")) == NULL) {
		print_message("skipped: no " CHAIN "\n");
		skip();
	}
	assert_non_null(c = PEM_read_X509(f, NULL, NULL, NULL));
	(void)fclose(f);
	assert_true((len = i2d_X509(c, &der)) > 0);
	assert_int_equal(ratls_parse((struct bytes){der, (size_t)len}, &r), TDX_HOLDS);
	assert_int_equal(r.app_id.len, 20);
	assert_memory_equal(r.usage.p, "app:custom", r.usage.len);
	assert_int_equal(ratls_read_evidence(&r, &evidence, &error), TDX_HOLDS);
	tdx_verify((struct bytes){evidence.quote, evidence.quote_len}, NULL, intel_root_der(),
		   INT64_C(1750000000), &quote);
	question.report_data = evidence.report_data;
	dstack_judge(&evidence, &question, &result);
	assert_int_equal(result.check[DSTACK_STEP_REPORT_DATA].outcome, TDX_PASSED);
	assert_int_equal(result.check[DSTACK_STEP_RTMR3].outcome, TDX_PASSED);
	assert_memory_equal(result.facts.app_id, r.app_id.p, 20);
	/* another key's certificate around the same quote */
	evidence.report_data[0] ^= 1;
	dstack_judge(&evidence, &question, &result);
	assert_int_equal(result.check[DSTACK_STEP_REPORT_DATA].outcome, TDX_FAILED);
	OPENSSL_free(der);
	X509_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parses),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_report_data),
	    cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
