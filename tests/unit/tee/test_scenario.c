/*
 * The simulated collateral against other people's code (OpenSSL, jansson), so
 * that what the verifier is tested with is not merely what it likes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/hex.h"
#include "support/scenario.h"
#include "base/banned.h"

#define COLLATERAL_FILE "deploy/simulated-collateral.json"

static struct scenario scenario;
static struct scenario_evidence made;

static json_t *
bundle_of(const struct scenario *s)
{
	json_t *bundle;

	assert_int_equal(scenario_make(s, &made), 0);
	bundle =
	    json_loadb((const char *)made.bundle.p, made.bundle.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(bundle);
	return bundle;
}

static const char *
member(const json_t *bundle, const char *name)
{
	const char *text = json_string_value(json_object_get(bundle, name));

	assert_non_null(text);
	return text;
}

static X509 *
take_certificate(BIO *pem)
{
	X509 *x = PEM_read_bio_X509(pem, NULL, NULL, NULL);

	assert_non_null(x);
	return x;
}

/* The first certificate of a chain of two, which OpenSSL finds good under the second. */
static X509 *
signer_of(const json_t *bundle, const char *name)
{
	BIO *pem = BIO_new_mem_buf(member(bundle, name), -1);
	X509 *signer = take_certificate(pem), *root = take_certificate(pem);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	assert_null(PEM_read_bio_X509(pem, NULL, NULL, NULL));
	assert_int_equal(X509_STORE_add_cert(store, root), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, signer, NULL), 1);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_STORE_CTX_set_time(ctx, 0, SCENARIO_NOW);
	assert_int_equal(X509_verify_cert(ctx), 1);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(root);
	BIO_free(pem);
	return signer;
}

/* r || s in hex over the text's exact bytes */
static void
assert_signed(const json_t *bundle, const char *text, const char *signature, const char *chain)
{
	X509 *signer = signer_of(bundle, chain);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	EVP_PKEY *key = X509_get_pubkey(signer);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const char *signed_text = member(bundle, text);
	uint8_t raw[64], *der = NULL;
	int len;

	assert_int_equal(hex_decode(member(bundle, signature), 128, raw, sizeof raw), 0);
	assert_int_equal(
	    ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)), 1);
	len = i2d_ECDSA_SIG(sig, &der);
	assert_true(len > 0);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestVerify(ctx, der, (size_t)len, (const uint8_t *)signed_text,
					  strlen(signed_text)),
			 1);
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	ECDSA_SIG_free(sig);
	X509_free(signer);
}

static void
test_documents_are_signed(void **state)
{
	const struct scenario plain = scenario;
	struct scenario malleated = scenario;
	json_t *bundle = bundle_of(&plain), *again;

	(void)state;
	assert_signed(bundle, "tcb_info", "tcb_info_signature", "tcb_info_issuer_chain");
	assert_signed(bundle, "qe_identity", "qe_identity_signature", "qe_identity_issuer_chain");
	scenario_free(&made);
	/* another signature, and as valid */
	malleated.malleated = MALLEATED_TCB_INFO | MALLEATED_QE_IDENTITY;
	again = bundle_of(&malleated);
	assert_signed(again, "tcb_info", "tcb_info_signature", "tcb_info_issuer_chain");
	assert_string_not_equal(member(again, "tcb_info_signature"),
				member(bundle, "tcb_info_signature"));
	assert_string_equal(member(again, "tcb_info"), member(bundle, "tcb_info"));
	json_decref(again);
	json_decref(bundle);
	scenario_free(&made);
}

static X509_CRL *
crl_of(const json_t *bundle, const char *name)
{
	static uint8_t der[CRL_WRITER_MAX];
	const char *hex = member(bundle, name);
	const size_t len = strlen(hex) / 2;
	const uint8_t *p = der;
	X509_CRL *crl;

	assert_int_equal(hex_decode(hex, strlen(hex), der, len), 0);
	assert_non_null(crl = d2i_X509_CRL(NULL, &p, (long)len));
	assert_ptr_equal(p, der + len);
	assert_int_equal(X509_CRL_get_version(crl), 1);
	return crl;
}

/* By the last certificate of its chain or the one before. */
static void
assert_crl(const json_t *bundle, const char *name, int by_root, const uint8_t *serial)
{
	BIO *pem = BIO_new_mem_buf(member(bundle, "pck_crl_issuer_chain"), -1);
	X509 *ca = take_certificate(pem), *root = take_certificate(pem);
	X509_CRL *crl = crl_of(bundle, name);
	EVP_PKEY *key = X509_get_pubkey(by_root ? root : ca);
	X509_REVOKED *entry = NULL;
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	AUTHORITY_KEYID *id = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	BIGNUM *n;

	assert_int_equal(X509_CRL_verify(crl, key), 1);
	assert_int_equal(
	    X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(by_root ? root : ca)), 0);
	assert_non_null(id);
	assert_non_null(X509_CRL_get_ext(crl, X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1)));
	if (serial != NULL) {
		n = BN_bin2bn(serial, X509_ID_LEN, NULL);
		BN_to_ASN1_INTEGER(n, number);
		BN_free(n);
		assert_int_equal(X509_CRL_get0_by_serial(crl, &entry, number), 1);
		assert_true(X509_REVOKED_get_ext_by_NID(entry, NID_crl_reason, -1) >= 0);
	} else {
		assert_null(X509_CRL_get_REVOKED(crl));
	}
	AUTHORITY_KEYID_free(id);
	ASN1_INTEGER_free(number);
	EVP_PKEY_free(key);
	X509_CRL_free(crl);
	X509_free(ca);
	X509_free(root);
	BIO_free(pem);
}

static void
test_crls(void **state)
{
	struct scenario s = scenario;
	struct x509_spec pck, ca;
	json_t *bundle = bundle_of(&s);

	(void)state;
	assert_crl(bundle, "root_ca_crl", 1, NULL);
	assert_crl(bundle, "pck_crl", 0, NULL);
	json_decref(bundle);
	scenario_free(&made);
	s.revoked[ITEM_PCK] = s.revoked[ITEM_CA] = 1;
	assert_int_equal(simulated_role_spec(SIMULATED_PCK, SIMULATED_PLATFORM_CA, &pck), 0);
	assert_int_equal(simulated_role_spec(SIMULATED_PLATFORM_CA, SIMULATED_ROOT, &ca), 0);
	bundle = bundle_of(&s);
	assert_crl(bundle, "root_ca_crl", 1, ca.serial);
	assert_crl(bundle, "pck_crl", 0, pck.serial);
	json_decref(bundle);
	scenario_free(&made);
}

/* Five entries and a name of its own. */
static void
test_processor_ca(void **state)
{
	static struct pck_chain chain;
	struct p256 p256 = {.key = NULL};
	struct scenario s = scenario;
	struct tdx_quote q;

	(void)state;
	s.ca = s.pck_crl_issuer = SIMULATED_PROCESSOR_CA;
	s.platform.ca = PCK_CA_PROCESSOR;
	json_decref(bundle_of(&s));
	assert_int_equal(quote_parse((struct bytes){made.quote, made.quote_len}, &q), TDX_HOLDS);
	assert_int_equal(pck_chain_parse(q.pck_chain, &chain), TDX_HOLDS);
	assert_int_equal(pck_chain_verify(&chain, &p256), TDX_HOLDS);
	p256_close(&p256);
	assert_int_equal(chain.platform.ca, PCK_CA_PROCESSOR);
	assert_memory_equal(chain.platform.ppid, s.platform.ppid, 16);
	assert_int_equal(chain.platform.dynamic_platform, 0);
	scenario_free(&made);
}

/* What is read is what was asked for. */
static void
test_pck_extension(void **state)
{
	static struct pck_chain chain;
	struct scenario s = scenario;
	struct tdx_quote q;

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		s.platform.components[i] = (uint8_t)(0xff - i * 17);
	s.platform.pcesvn = 0xabcd;
	s.platform.sgx_type = 2;
	s.platform.cached_keys = 0;
	json_decref(bundle_of(&s));
	assert_int_equal(quote_parse((struct bytes){made.quote, made.quote_len}, &q), TDX_HOLDS);
	assert_int_equal(pck_chain_parse(q.pck_chain, &chain), TDX_HOLDS);
	assert_memory_equal(chain.platform.components, s.platform.components, 16);
	assert_memory_equal(chain.platform.cpusvn, s.platform.cpusvn, 16);
	assert_memory_equal(chain.platform.fmspc, s.platform.fmspc, 6);
	assert_memory_equal(chain.platform.platform_instance_id, s.platform.platform_instance_id,
			    16);
	assert_int_equal(chain.platform.pcesvn, 0xabcd);
	assert_int_equal(chain.platform.sgx_type, 2);
	assert_int_equal(chain.platform.dynamic_platform, 1);
	assert_int_equal(chain.platform.cached_keys, 0);
	assert_int_equal(chain.platform.smt_enabled, 1);
	scenario_free(&made);
}

static void
test_bodies(void **state)
{
	static const struct {
		uint16_t version, type;
		size_t len;
	} bodies[] = {{4, TD_BODY_10, 584},
		      {5, TD_BODY_10, 584},
		      {5, TD_BODY_15, 648},
		      {5, TD_BODY_15_EX, 885}};
	struct scenario s = scenario;
	struct tdx_quote q;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		s.quote.version = bodies[i].version;
		s.quote.body_type = bodies[i].type;
		s.trailing = 70;
		json_decref(bundle_of(&s));
		assert_int_equal(quote_parse((struct bytes){made.quote, made.quote_len}, &q),
				 TDX_HOLDS);
		assert_int_equal(q.version, bodies[i].version);
		assert_int_equal(q.body_type, bodies[i].type);
		assert_int_equal(q.body.len, bodies[i].len);
		assert_int_equal(q.trailing, 70);
		scenario_free(&made);
	}
}

static void
test_edits(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.tcb_edit = (struct scenario_edit){"\"tcbType\":0", "\"tcbType\":1"};
	s.qe_edit = (struct scenario_edit){"\"version\":2", "\"version\":22"};
	json_t *bundle = bundle_of(&s);

	assert_non_null(strstr(member(bundle, "tcb_info"), "\"tcbType\":1"));
	assert_non_null(strstr(member(bundle, "qe_identity"), "\"version\":22"));
	assert_signed(bundle, "tcb_info", "tcb_info_signature", "tcb_info_issuer_chain");
	json_decref(bundle);
	scenario_free(&made);
	s.tcb_edit.from = "no such text";
	assert_int_equal(scenario_make(&s, &made), ERR_NOT_FOUND);
	scenario_free(&made);
}

static void
test_deterministic(void **state)
{
	static struct scenario_evidence first;

	(void)state;
	assert_int_equal(scenario_make(&scenario, &first), 0);
	assert_int_equal(scenario_make(&scenario, &made), 0);
	assert_int_equal(first.quote_len, made.quote_len);
	assert_memory_equal(first.quote, made.quote, made.quote_len);
	assert_int_equal(first.bundle.len, made.bundle.len);
	assert_memory_equal(first.bundle.p, made.bundle.p, made.bundle.len);
	scenario_free(&first);
	scenario_free(&made);
}

/* What is shipped for the running simulated platform is what scenario_begin() publishes. */
static void
test_collateral_is_the_one_that_is_shipped(void **state)
{
	static uint8_t file[SCENARIO_BUNDLE_MAX];
	FILE *f = fopen(COLLATERAL_FILE, "rb");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(file, 1, sizeof file, f);
	fclose(f);
	assert_int_equal(scenario_make(&scenario, &made), 0);
	assert_int_equal(n, made.bundle.len + 1);
	assert_memory_equal(file, made.bundle.p, made.bundle.len);
	assert_int_equal(file[n - 1], '\n');
	scenario_free(&made);
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
	    cmocka_unit_test(test_documents_are_signed),
	    cmocka_unit_test(test_crls),
	    cmocka_unit_test(test_processor_ca),
	    cmocka_unit_test(test_pck_extension),
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_edits),
	    cmocka_unit_test(test_deterministic),
	    cmocka_unit_test(test_collateral_is_the_one_that_is_shipped),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
