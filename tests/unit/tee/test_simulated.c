/*
 * The development hierarchy: the same bytes everywhere, acceptable to another
 * X.509 implementation, and the root that the repository ships.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "base/err.h"
#include "tdx/intel_root.h"
#include "tdx/measurement.h"
#include "tdx/pem.h"
#include "tdx/verify.h"
#include "tee/simulated.h"
#include "tee/tsm.h"
#include "tee/simulated_pki.h"
#include "base/banned.h"

#define ROOT_FILE "deploy/simulated-root.pem"
#define COLLATERAL_FILE "deploy/simulated-collateral.json"

static struct simulated_pki pki;

static int
setup(void **state)
{
	(void)state;
	return simulated_pki_make(&pki);
}

static void
test_deterministic(void **state)
{
	static struct simulated_pki again;

	(void)state;
	assert_int_equal(simulated_pki_make(&again), 0);
	for (unsigned i = 0; i < PCK_CHAIN_LEN; i++) {
		assert_int_equal(again.der_len[i], pki.der_len[i]);
		assert_memory_equal(again.der[i], pki.der[i], pki.der_len[i]);
	}
}

static void
test_root_is_the_one_that_is_shipped(void **state)
{
	uint8_t file[4096], pem[4096];
	struct writer w = writer_of(pem, sizeof pem);
	FILE *f = fopen(ROOT_FILE, "rb");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(file, 1, sizeof file, f);
	fclose(f);
	pem_write_certificate(&w, pki.der[PCK_ROOT], pki.der_len[PCK_ROOT]);
	assert_int_equal(w.err, 0);
	assert_int_equal(n, w.len);
	assert_memory_equal(file, pem, n);
}

static X509 *
x509_of(enum pck_place place)
{
	const uint8_t *p = pki.der[place];
	X509 *x = d2i_X509(NULL, &p, (long)pki.der_len[place]);

	assert_non_null(x);
	assert_ptr_equal(p, pki.der[place] + pki.der_len[place]);
	return x;
}

static void
test_openssl_accepts_the_chain(void **state)
{
	X509 *leaf = x509_of(PCK_LEAF), *ca = x509_of(PCK_INTERMEDIATE), *root = x509_of(PCK_ROOT);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *untrusted = sk_X509_new_null();

	(void)state;
	assert_int_equal(X509_STORE_add_cert(store, root), 1);
	assert_true(sk_X509_push(untrusted, ca) > 0);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, untrusted), 1);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_STORE_CTX_set_time(ctx, 0, 1780000000);
	if (X509_verify_cert(ctx) != 1)
		fail_msg("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(untrusted);
	X509_free(leaf);
	X509_free(ca);
	X509_free(root);
}

/* Our parser and OpenSSL's read the same dates, serials and keys. */
static void
test_parsers_agree(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PCK_CHAIN_LEN; i++) {
		X509 *x = x509_of((enum pck_place)i);
		const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
		const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(x);
		struct certificate c;
		struct tm tm;

		assert_int_equal(certificate_parse((struct bytes){pki.der[i], pki.der_len[i]}, &c),
				 0);
		assert_int_equal(ASN1_TIME_to_tm(X509_get0_notBefore(x), &tm), 1);
		assert_true(timegm(&tm) == c.not_before);
		assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm), 1);
		assert_true(timegm(&tm) == c.not_after);
		assert_int_equal(ASN1_STRING_length(serial), c.serial.len);
		assert_memory_equal(ASN1_STRING_get0_data(serial), c.serial.p, c.serial.len);
		assert_memory_equal(ASN1_STRING_get0_data(key) + 1, c.key, 64);
		X509_free(x);
	}
}

static void
make_quote(struct tee *tee, uint8_t fill, uint8_t *quote, size_t *ret_len)
{
	struct tee_evidence evidence;
	uint8_t report_data[64];

	memset(report_data, fill, sizeof report_data);
	assert_int_equal(tee_evidence(tee, report_data, &evidence), 0);
	assert_int_equal(evidence.type, TEE_TDX_QUOTE);
	memcpy(quote, evidence.quote.p, evidence.quote.len);
	*ret_len = evidence.quote.len;
}

/* The running platform and what is shipped for it: the whole evaluation, and nobody else's root. */
static void
assert_judged_with_shipped_collateral(struct bytes quote)
{
	static uint8_t file[65536], memory[sizeof file];
	static struct tdx_result r;
	const struct bytes root = {pki.der[PCK_ROOT], pki.der_len[PCK_ROOT]};
	struct collateral collateral;
	const char *field;
	FILE *f = fopen(COLLATERAL_FILE, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(file, 1, sizeof file, f);
	fclose(f);
	assert_int_equal(collateral_read((struct bytes){file, n}, memory, &collateral, &field), 0);
	tdx_verify(quote, &collateral, root, 1780000000, &r);
	assert_true(tdx_holds(&r));
	assert_int_equal(r.status, TCB_UP_TO_DATE);
	assert_int_equal(r.launch.advisory_count, 0);
	tdx_verify(quote, &collateral, intel_root_der(), 1780000000, &r);
	assert_false(tdx_holds(&r));
	assert_int_equal(r.reason, TDX_ROOT_NOT_TRUSTED);
}

static void
test_quotes(void **state)
{
	static const struct bytes mode = {(const uint8_t *)"simulated", 9},
				  none = {(const uint8_t *)"{}", 2};
	static uint8_t first[TEE_QUOTE_MAX], second[TEE_QUOTE_MAX];
	static struct measurement m;
	static struct tdx_result r;
	const struct bytes root = {pki.der[PCK_ROOT], pki.der_len[PCK_ROOT]};
	struct rtmr_bank bank;
	struct bytes field;
	struct tee tee;
	size_t len, again_len, bad;

	(void)state;
	assert_int_equal(measurement_make(mode, none, none, &m), 0);
	assert_ptr_equal(tee_find("simulated", 9), &simulated_platform);
	assert_null(tee_find("simulate", 8));
	assert_ptr_equal(tee_find("tsm", 3), &tsm_platform);
	assert_null(tee_find("sgx", 3));
	assert_int_equal(tee_open(&simulated_platform, NULL, &m.log, &tee), 0);
	make_quote(&tee, 1, first, &len);
	make_quote(&tee, 1, second, &again_len);
	assert_int_equal(len, again_len);
	assert_memory_equal(first, second, len);
	make_quote(&tee, 2, second, &again_len);
	tdx_verify((struct bytes){second, again_len}, NULL, root, 1780000000, &r);
	assert_true(tdx_is_signed(&r));
	assert_judged_with_shipped_collateral((struct bytes){second, again_len});
	assert_int_equal(quote_field(&r.quote, "reportData", 10, &field), 0);
	assert_int_equal(field.p[0], 2);
	assert_int_equal(quote_field(&r.quote, "rtmr3", 5, &field), 0);
	assert_int_equal(event_log_replay(&m.log, &bank, &bad), 0);
	assert_memory_equal(field.p, bank.value[3], 48);
	assert_int_equal(quote_field(&r.quote, "mrservicetd", 11, &field), ERR_NOT_FOUND);
	assert_true(tee.measured);
	tee_close(&tee);
	/* a log whose digests are not its content's is not measured */
	m.log.event[0].digest[0] ^= 1;
	assert_int_equal(tee_open(&simulated_platform, NULL, &m.log, &tee), ERR_EVIDENCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_deterministic),
	    cmocka_unit_test(test_root_is_the_one_that_is_shipped),
	    cmocka_unit_test(test_openssl_accepts_the_chain),
	    cmocka_unit_test(test_parsers_agree),
	    cmocka_unit_test(test_quotes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
