/*
 * Structure and signatures of a quote, on the simulated platform's: each
 * length and type wrong in turn, and every byte changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tdx/measurement.h"
#include "tdx/verify.h"
#include "tee/simulated.h"
#include "tee/simulated_pki.h"
#include "base/banned.h"

/* Absolute offsets of a v4 quote with 32 bytes of qe_auth: the table of Intel's layout. */
enum {
	AT_VERSION = 0,
	AT_KEY_TYPE = 2,
	AT_TEE_TYPE = 4,
	AT_VENDOR = 12,
	AT_TDATTRIBUTES = 168,
	AT_RTMR3 = 520,
	AT_REPORT_DATA = 568,
	AT_AUTH_LEN = 632,
	AT_SIGNATURE = 636,
	AT_KEY = 700,
	AT_OUTER_TYPE = 764,
	AT_OUTER_SIZE = 766,
	AT_QE_REPORT = 770,
	AT_QE_SIGNATURE = 1154,
	AT_QE_AUTH_LEN = 1218,
	AT_QE_AUTH = 1220,
	AT_INNER_TYPE = 1252,
	AT_INNER_SIZE = 1254,
	AT_CHAIN = 1258
};

#define NOW INT64_C(1780000000)
#define TRAILING 70

static uint8_t original[TEE_QUOTE_MAX];
static uint8_t changed[TEE_QUOTE_MAX];
static size_t quote_len;
static struct simulated_pki pki;
static struct bytes root;
static struct tdx_result result;

static int
setup(void **state)
{
	static const struct bytes mode = {(const uint8_t *)"simulated-dev", 13};
	static const struct bytes empty = {(const uint8_t *)"{}", 2};
	static struct measurement m;
	uint8_t report_data[64];
	struct tee_evidence evidence;
	struct tee tee;

	(void)state;
	memset(report_data, 0xa5, sizeof report_data);
	if (measurement_make(mode, empty, empty, &m) != 0 || simulated_pki_make(&pki) != 0)
		return -1;
	if (tee_open(&simulated_platform, NULL, &m.log, &tee) != 0)
		return -1;
	if (tee_evidence(&tee, report_data, &evidence) != 0)
		return -1;
	quote_len = evidence.quote.len;
	memcpy(original, evidence.quote.p, quote_len);
	tee_close(&tee);
	root = (struct bytes){pki.der[PCK_ROOT], pki.der_len[PCK_ROOT]};
	return 0;
}

/* Of the steps that were made; those without collateral were not. */
static enum tdx_reason
first_failure(void)
{
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		if (result.check[i].outcome == TDX_FAILED)
			return result.check[i].reason;
	return TDX_HOLDS;
}

static enum tdx_reason
verify(size_t len)
{
	/* an exact block, so that the sanitizer sees a read beyond it */
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	enum tdx_reason reason;

	assert_non_null(copy);
	memcpy(copy, changed, len);
	tdx_verify((struct bytes){copy, len}, NULL, root, NOW, &result);
	reason = first_failure();
	assert_int_not_equal(result.reason, TDX_HOLDS);
	if (reason != TDX_HOLDS)
		assert_false(tdx_is_signed(&result));
	free(copy);
	return reason;
}

static void
assert_change(size_t at, const void *bytes, size_t n, enum tdx_reason reason)
{
	memcpy(changed, original, quote_len);
	memcpy(changed + at, bytes, n);
	assert_int_equal(verify(quote_len), reason);
}

#define CHANGE(at, reason, ...)                             \
	assert_change((at), (const uint8_t[]){__VA_ARGS__}, \
		      sizeof((const uint8_t[]){__VA_ARGS__}), (reason))

static void
test_holds(void **state)
{
	(void)state;
	memcpy(changed, original, quote_len);
	assert_int_equal(verify(quote_len), TDX_HOLDS);
	assert_true(tdx_is_signed(&result));
	assert_int_equal(result.quote.version, 4);
	assert_int_equal(result.quote.body_type, TD_BODY_10);
	assert_int_equal(result.quote.trailing, 0);
	/* what needs collateral must never look passed */
	assert_int_equal(result.check[TDX_STEP_REVOCATION].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.check[TDX_STEP_TCB].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.check[TDX_STEP_QE_IDENTITY].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.check[TDX_STEP_TCB].reason, TDX_COLLATERAL_MISSING);
	tdx_verify((struct bytes){original, quote_len}, NULL, root, NOW, &result);
	assert_false(td_is_debug(&result.quote));
	changed[AT_TDATTRIBUTES] |= 1;
	tdx_verify((struct bytes){changed, quote_len}, NULL, root, NOW, &result);
	assert_true(td_is_debug(&result.quote));
}

/* The offsets at which the bytes stand are Intel's. */
static void
test_offsets(void **state)
{
	static const uint8_t header[] = {4, 0, 2, 0, 0x81, 0, 0, 0, 0, 0, 0, 0, 0x93, 0x9a};
	static const uint8_t outer[] = {6, 0};
	static const uint8_t inner[] = {5, 0};

	(void)state;
	assert_memory_equal(original, header, sizeof header);
	assert_int_equal(original[AT_REPORT_DATA], 0xa5);
	assert_int_equal(original[AT_REPORT_DATA + 63], 0xa5);
	assert_memory_equal(original + AT_OUTER_TYPE, outer, sizeof outer);
	assert_memory_equal(original + AT_INNER_TYPE, inner, sizeof inner);
	assert_memory_equal(original + AT_CHAIN, "-----BEGIN", 10);
	assert_int_equal(original[quote_len - 2], '\n');
	assert_int_equal(original[quote_len - 1], '\0');
}

static void
test_header(void **state)
{
	(void)state;
	CHANGE(AT_VERSION, TDX_VERSION, 6);
	CHANGE(AT_VERSION, TDX_VERSION, 2);
	CHANGE(AT_VERSION, TDX_VERSION, 3);
	CHANGE(AT_VERSION, TDX_VERSION, 4, 1);
	CHANGE(AT_KEY_TYPE, TDX_AK_TYPE, 3);
	CHANGE(AT_TEE_TYPE, TDX_TEE_TYPE, 0);
	CHANGE(AT_TEE_TYPE, TDX_TEE_TYPE, 0x81, 0, 0, 1);
	CHANGE(AT_VENDOR, TDX_QE_VENDOR, 0x94);
	/* version 3 of SGX is named by its TEE, not by its version */
	CHANGE(AT_VERSION, TDX_TEE_TYPE, 3, 0, 2, 0, 0, 0, 0, 0);
}

static void
test_lengths(void **state)
{
	const uint8_t *q = original;

	(void)state;
	CHANGE(AT_AUTH_LEN, TDX_PARSE_SIZE, 0xff, 0xff, 0xff, 0xff);
	CHANGE(AT_AUTH_LEN, TDX_PARSE_SIZE, 0, 0, 0, 0);
	CHANGE(AT_AUTH_LEN, TDX_PARSE_SIZE, (uint8_t)(q[AT_AUTH_LEN] - 1));
	CHANGE(AT_AUTH_LEN, TDX_PARSE_SIZE, (uint8_t)(q[AT_AUTH_LEN] + 1));
	CHANGE(AT_OUTER_SIZE, TDX_PARSE_SIZE, (uint8_t)(q[AT_OUTER_SIZE] - 1));
	CHANGE(AT_OUTER_SIZE, TDX_PARSE_SIZE, 0xff, 0xff, 0xff, 0xff);
	CHANGE(AT_QE_AUTH_LEN, TDX_PARSE_SIZE, 0xff, 0xff);
	CHANGE(AT_INNER_SIZE, TDX_PARSE_SIZE, (uint8_t)(q[AT_INNER_SIZE] - 1));
	CHANGE(AT_INNER_SIZE, TDX_PARSE_SIZE, 0xff, 0xff, 0xff, 0xff);
	CHANGE(AT_OUTER_TYPE, TDX_CERT_DATA_TYPE, 5);
	for (uint8_t type = 0; type <= 7; type++)
		if (type != 5)
			CHANGE(AT_INNER_TYPE, TDX_CERT_DATA_TYPE, type);
	/* the type is sixteen bits wide */
	CHANGE(AT_INNER_TYPE, TDX_CERT_DATA_TYPE, 5, 1);
}

static void
test_every_truncation(void **state)
{
	(void)state;
	memcpy(changed, original, quote_len);
	for (size_t len = 0; len < quote_len; len++)
		assert_int_equal(verify(len), TDX_PARSE_SIZE);
}

static void
test_trailing_bytes(void **state)
{
	(void)state;
	memcpy(changed, original, quote_len);
	memset(changed + quote_len, 0x5a, TRAILING);
	assert_int_equal(verify(quote_len + TRAILING), TDX_HOLDS);
	assert_int_equal(result.quote.trailing, TRAILING);
}

/* v5: the body must be one of the table's, with exactly its size. */
static void
test_v5_descriptor(void **state)
{
	static const struct {
		uint16_t type;
		uint32_t size;
		enum tdx_reason reason;
	} rows[] = {
	    {0, 584, TDX_PARSE},
	    {1, 384, TDX_PARSE}, /* SGX's */
	    {2, 584, TDX_HOLDS},
	    {2, 648, TDX_PARSE_SIZE},
	    {3, 648, TDX_HOLDS},
	    {3, 584, TDX_PARSE_SIZE},
	    {4, 885, TDX_HOLDS},
	    {4, 884, TDX_PARSE_SIZE},
	    {4, 0xffffffff, TDX_PARSE_SIZE},
	    {5, 584, TDX_PARSE},
	};
	struct tdx_quote q;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct writer w = writer_of(changed, sizeof changed);
		static const uint8_t body[TD_15_EX_LEN];
		size_t body_len = rows[i].type == 3 ? 648 : rows[i].type == 4 ? 885 : 584;

		write_bytes(&w, original, QUOTE_HEADER_LEN);
		changed[0] = 5;
		write_le16(&w, rows[i].type);
		write_le32(&w, rows[i].size);
		write_bytes(&w, body, body_len);
		write_bytes(&w, original + AT_AUTH_LEN, quote_len - AT_AUTH_LEN);
		assert_int_equal(w.err, 0);
		assert_int_equal(quote_parse((struct bytes){changed, w.len}, &q), rows[i].reason);
		if (rows[i].reason == TDX_HOLDS) {
			assert_int_equal(q.body.len, rows[i].size);
			assert_int_equal(q.signed_part.len, QUOTE_HEADER_LEN + 6 + rows[i].size);
		}
	}
}

static void
test_signatures(void **state)
{
	uint8_t zeros[64] = {0};

	(void)state;
	CHANGE(AT_REPORT_DATA, TDX_QUOTE_SIGNATURE, 0xa4);
	CHANGE(AT_RTMR3, TDX_QUOTE_SIGNATURE, (uint8_t)(original[AT_RTMR3] ^ 1));
	CHANGE(AT_TDATTRIBUTES, TDX_QUOTE_SIGNATURE, 1);
	assert_change(AT_SIGNATURE, zeros, 64, TDX_QUOTE_SIGNATURE);
	assert_change(AT_QE_SIGNATURE, zeros, 64, TDX_QE_REPORT_SIGNATURE);
	/* another attestation key: the quoting enclave's report does not name it */
	CHANGE(AT_KEY, TDX_QE_REPORT_DATA, (uint8_t)(original[AT_KEY] ^ 1));
	CHANGE(AT_QE_AUTH, TDX_QE_REPORT_DATA, (uint8_t)(original[AT_QE_AUTH] ^ 1));
	CHANGE(AT_QE_REPORT + QE_REPORT_DATA, TDX_QE_REPORT_SIGNATURE, 0, 0, 0);
	/* the second half of the report data is zero in every real report */
	CHANGE(AT_QE_REPORT + QE_REPORT_DATA + 63, TDX_QE_REPORT_SIGNATURE, 1);
	assert_int_equal(result.check[TDX_STEP_QE_BINDING].outcome, TDX_FAILED);
}

/* All steps are run and reported, also behind the first failure. */
static void
test_reports_every_step(void **state)
{
	(void)state;
	memcpy(changed, original, quote_len);
	changed[AT_QE_SIGNATURE] ^= 1;
	changed[AT_SIGNATURE] ^= 1;
	assert_int_equal(verify(quote_len), TDX_QE_REPORT_SIGNATURE);
	assert_int_equal(result.step, TDX_STEP_QE_REPORT);
	assert_int_equal(result.check[TDX_STEP_PCK_CHAIN].outcome, TDX_PASSED);
	assert_int_equal(result.check[TDX_STEP_SIGNATURE].outcome, TDX_FAILED);
	/* a chain that cannot be read leaves the steps on it unchecked, not passed */
	memcpy(changed, original, quote_len);
	changed[AT_CHAIN] = 'X';
	assert_int_equal(verify(quote_len), TDX_PCK_CHAIN);
	assert_int_equal(result.check[TDX_STEP_ROOT].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.check[TDX_STEP_QE_REPORT].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.check[TDX_STEP_SIGNATURE].outcome, TDX_PASSED);
	assert_false(result.has_platform);
}

/*
 * Every byte of the quote, one at a time: refused, unless it stands behind the
 * auth data. (An ECDSA signature may be replaced as a whole, by n - s.)
 */
static void
test_every_byte(void **state)
{
	static const uint8_t masks[] = {0x01, 0x20, 0x80};

	(void)state;
	memcpy(changed, original, quote_len);
	memset(changed + quote_len, 0, TRAILING);
	for (size_t i = 0; i < quote_len + TRAILING; i++) {
		for (size_t k = 0; k < ARRAY_LEN(masks); k++) {
			int holds;

			changed[i] ^= masks[k];
			tdx_verify((struct bytes){changed, quote_len + TRAILING}, NULL, root, NOW,
				   &result);
			holds = tdx_is_signed(&result);
			changed[i] ^= masks[k];
			if (holds != (i >= quote_len))
				fail_msg("byte %zu, mask %02x: %s", i, masks[k],
					 holds ? "holds" : "refused");
		}
	}
}

static void
test_root_is_an_argument(void **state)
{
	(void)state;
	tdx_verify((struct bytes){original, quote_len}, NULL, (struct bytes){NULL, 0}, NOW,
		   &result);
	assert_int_equal(result.reason, TDX_ROOT_NOT_TRUSTED);
	assert_false(tdx_is_signed(&result));
	tdx_verify((struct bytes){original, quote_len}, NULL,
		   (struct bytes){pki.der[PCK_LEAF], pki.der_len[PCK_LEAF]}, NOW, &result);
	assert_int_equal(result.reason, TDX_ROOT_NOT_TRUSTED);
}

static void
test_nothing_is_a_refusal(void **state)
{
	static struct tdx_result zero;

	(void)state;
	assert_false(tdx_is_signed(&zero));
	tdx_verify((struct bytes){NULL, 0}, NULL, root, NOW, &result);
	assert_int_equal(result.reason, TDX_PARSE_SIZE);
	assert_false(tdx_is_signed(&result));
}

static void
test_words(void **state)
{
	(void)state;
	assert_string_equal(reason_code(TDX_PARSE), "PARSE");
	assert_string_equal(reason_code(TDX_PARSE_SIZE), "PARSE");
	assert_string_equal(reason_class(TDX_PARSE), "parse");
	assert_string_equal(reason_class(TDX_PARSE_SIZE), "size");
	assert_string_equal(reason_class(TDX_TEE_TYPE), "unsupported-tee");
	assert_string_equal(reason_code((enum tdx_reason)999), "INTERNAL");
	for (unsigned i = TDX_PARSE; i < TDX_REASONS_COUNT; i++)
		assert_true(reason_remedy((enum tdx_reason)i)[0] != '\0' &&
			    reason_text((enum tdx_reason)i)[0] != '\0');
	assert_string_equal(tdx_step_name(TDX_STEP_SIGNATURE), "quote-signature");
	assert_string_equal(td_body_name(TD_BODY_15), "TD report 1.5");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_holds),
	    cmocka_unit_test(test_offsets),
	    cmocka_unit_test(test_header),
	    cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_every_truncation),
	    cmocka_unit_test(test_trailing_bytes),
	    cmocka_unit_test(test_v5_descriptor),
	    cmocka_unit_test(test_signatures),
	    cmocka_unit_test(test_reports_every_step),
	    cmocka_unit_test(test_every_byte),
	    cmocka_unit_test(test_root_is_an_argument),
	    cmocka_unit_test(test_nothing_is_a_refusal),
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
