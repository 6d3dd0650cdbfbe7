/*
 * Bound evidence of a machine made here: its vTPM's key certified by an own authority, its quote
 * of the simulated platform, with collateral. Each thing that binds them is broken in turn, and
 * everything signed again, so that nothing but the check in question can refuse it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "evidence/bound_evidence.h"
#include "evidence/bound_nonce.h"
#include "evidence/challenge.h"
#include "evidence/tpm.h"
#include "support/openssl_pki.h"
#include "support/scenario.h"
#include "base/banned.h"

#define NOW SCENARIO_NOW
#define EXTENSION "1.3.6.1.4.1.11129.2.1.21"
#define IMAGE "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ATTRIBUTES 0x00050072U

/* SEQUENCE { "z-1", 77, "proj", 9, "tee-0x91b5...", [0] { [0] 0, [1] production } } */
#define MACHINE(production) \
	"\x30\x54\x0c\x03z-1\x02\x01\x4d\x0c\x04proj\x02\x01\x09\x0c\x2e" \
	"tee-0x91b53aa4357f95ee2f470c5ce66292b080eff7a5" \
	"\xa0\x11\x30\x0f\xa0\x03\x02\x01\x00\xa1\x03\x01\x01" production "\xa2\x03\x01\x01\xff"

enum { ROOT, INTERMEDIATE, AK, OTHER, KEYS };

/* What a test may change; made anew by begin(). */
static struct {
	uint32_t attributes; /* of the attestation key, as the message shows them */
	EVP_PKEY *certified; /* the key in the certificate */
	EVP_PKEY *signer; /* the key that signs the quotes */
	const char *machine; /* the extension; NULL: none */
	size_t machine_len;
	const char *tag; /* in the TPM's nonce */
	uint8_t tpm_challenge[32]; /* what the TPM is asked with */
	uint8_t tee_challenge[32];
	const char *tpm_arg; /* the argument in the log that PCR 13 has seen */
	const char *tee_arg; /* and RTMR3 */
	const char *shown_arg; /* and in the message */
	uint8_t pcr9;
	uint8_t shown_pcr9;
	int banks;
	int debug;
	int without_tdx;
	size_t chain_surplus; /* bytes behind the PCK chain, which its size does not count */
	const char *instance_name; /* as the metadata server says; NULL: nothing */
	uint64_t project_number;
} world;

static EVP_PKEY *key[KEYS];
static uint8_t report_data[64], root_der[OPENSSL_PKI_MAX], intermediate_der[OPENSSL_PKI_MAX];
static size_t root_len, intermediate_len;
static uint8_t message[LAYR_MAX], memory[SCENARIO_BUNDLE_MAX];
static size_t message_len;
static struct bytes ak_root;
static struct scenario scenario;
static struct scenario_evidence evidence;
static struct collateral collateral;
static struct bound_expect expect;
static struct bound_result result;

static int
setup(void **state)
{
	(void)state;
	key[ROOT] = EVP_RSA_gen(2048);
	key[INTERMEDIATE] = EVP_RSA_gen(2048);
	key[AK] = EVP_EC_gen("P-256");
	key[OTHER] = EVP_EC_gen("P-256");
	memset(report_data, 0x5a, sizeof report_data);
	return key[OTHER] != NULL && key[ROOT] != NULL && key[INTERMEDIATE] != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		EVP_PKEY_free(key[i]);
	scenario_free(&evidence);
	return 0;
}

static void
begin(void)
{
	memset(&world, 0, sizeof world);
	world.attributes = ATTRIBUTES;
	world.certified = world.signer = key[AK];
	world.machine = MACHINE("\xff");
	world.machine_len = sizeof MACHINE("\xff") - 1;
	world.tag = BOUND_TAG_TDX;
	assert_int_equal(evidence_challenge(report_data, world.tpm_challenge), 0);
	assert_int_equal(evidence_challenge(report_data, world.tee_challenge), 0);
	world.tpm_arg = world.tee_arg = world.shown_arg = "/app";
	world.pcr9 = world.shown_pcr9 = 9;
	world.banks = 2;
	world.project_number = 77;
}

/* --- the launcher's log ------------------------------------------------------ */

static void
put_tlv(struct writer *w, uint8_t type, const void *p, size_t n)
{
	write_u8(w, type);
	write_lp(w, p, n);
}

static void
put_event(struct writer *w, uint64_t number, uint8_t event, const char *value)
{
	static const uint8_t rtmr3[] = {4};
	uint8_t content[512], digest[60], sha384[48], be[8];
	struct writer c = writer_of(content, sizeof content), d = writer_of(digest, sizeof digest);

	store_be64(be, number);
	put_tlv(w, 0, be, 8);
	put_tlv(w, 108, rtmr3, 1);
	write_u8(&c, 80);
	write_be32(&c, (uint32_t)strlen(value) + 5);
	put_tlv(&c, event, value, strlen(value));
	write_u8(&d, 12);
	write_be32(&d, 48);
	write_bytes(&d, SHA384(content, c.len, sha384), 48);
	put_tlv(w, 3, digest, d.len);
	write_bytes(w, content, c.len);
}

static struct bytes
write_log(const char *arg, uint8_t *ret, size_t cap)
{
	struct writer w = writer_of(ret, cap);

	put_event(&w, 0, 0, "docker.io/a/b:c");
	put_event(&w, 1, 1, IMAGE);
	put_event(&w, 2, 2, "Never");
	put_event(&w, 3, 4, arg);
	put_event(&w, 4, 8, "");
	assert_int_equal(w.err, 0);
	return (struct bytes){ret, w.len};
}

/* The registers that such a log leaves. */
static void
replay(const char *arg, struct cel *ret)
{
	static uint8_t text[4096];

	assert_int_equal(
	    cel_parse(write_log(arg, text, sizeof text), CEL_IN_RTMR3, ret), TDX_HOLDS);
}

/* --- the TPM ------------------------------------------------------------------ */

static void
put_sized(struct writer *w, const void *p, size_t n)
{
	write_be16(w, (uint16_t)n);
	write_bytes(w, p, n);
}

static struct bytes
write_public(uint32_t attributes, uint8_t *ret, size_t cap)
{
	struct writer w = writer_of(ret, cap);
	uint8_t point[65];
	size_t len;

	assert_int_equal(
	    EVP_PKEY_get_octet_string_param(key[AK], OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len), 1);
	write_be32(&w, 0x0023000b);
	write_be32(&w, attributes);
	write_be32(&w, 0x00000010);
	write_be64(&w, 0x0018000b00030010);
	put_sized(&w, point + 1, 32);
	put_sized(&w, point + 33, 32);
	assert_int_equal(w.err, 0);
	return (struct bytes){ret, w.len};
}

static void
hash_of(uint16_t bank, const uint8_t *p, size_t n, uint8_t ret[64])
{
	if (bank == TPM_ALG_SHA384)
		SHA384(p, n, ret);
	else
		SHA256(p, n, ret);
}

/* PCR i of a bank, for both the quote and the message. */
static void
pcr_value(uint16_t bank, unsigned i, uint8_t nine, uint8_t ret[64])
{
	static struct cel log;
	uint8_t seed[2] = {(uint8_t)i, i == 9 ? nine : 0};

	hash_of(bank, seed, 2, ret);
	if (i != CEL_PCR)
		return;
	replay(world.tpm_arg, &log);
	memcpy(ret, bank == TPM_ALG_SHA384 ? log.sha384 : log.sha256, tpm_digest_len(bank));
}

/* The key's qualified name: the quote knows the attributes that the TPM has. */
static void
put_signer(struct writer *w)
{
	static const uint8_t algorithm[2] = {0x00, 0x0b};
	uint8_t area[128], names[4 + 34] = {0x40, 0x00, 0x00, 0x0b, 0x00, 0x0b}, qualified[34];
	const struct bytes public_area = write_public(ATTRIBUTES, area, sizeof area);

	SHA256(public_area.p, public_area.len, names + 6);
	memcpy(qualified, algorithm, 2);
	SHA256(names, sizeof names, qualified + 2);
	put_sized(w, qualified, sizeof qualified);
}

static struct bytes
write_attest(uint16_t bank, uint8_t *ret, size_t cap)
{
	static const uint8_t zeros[25];
	uint8_t nonce[32], pcrs[TPM_PCRS * 48], value[64], digest[32];
	struct writer w = writer_of(ret, cap), all = writer_of(pcrs, sizeof pcrs);

	assert_int_equal(bound_nonce_tpm(world.tag, (struct bytes){world.tpm_challenge, 32},
	    (struct bytes){report_data, 64}, nonce), 0);
	for (unsigned i = 0; i < TPM_PCRS; i++) {
		pcr_value(bank, i, world.pcr9, value);
		write_bytes(&all, value, tpm_digest_len(bank));
	}
	SHA256(pcrs, all.len, digest);
	write_be32(&w, 0xff544347);
	write_be16(&w, 0x8018);
	put_signer(&w);
	put_sized(&w, nonce, 32);
	write_bytes(&w, zeros, sizeof zeros);
	write_be32(&w, 1);
	write_be16(&w, bank);
	write_be32(&w, 0x03ffffff);
	put_sized(&w, digest, 32);
	assert_int_equal(w.err | all.err, 0);
	return (struct bytes){ret, w.len};
}

static struct bytes
write_signature(struct bytes attest, uint8_t *ret, size_t cap)
{
	struct writer w = writer_of(ret, cap);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t der[128], rs[64];
	const uint8_t *p = der;
	size_t len = sizeof der;
	ECDSA_SIG *sig;

	assert_int_equal(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, world.signer), 1);
	assert_int_equal(EVP_DigestSign(c, der, &len, attest.p, attest.len), 1);
	EVP_MD_CTX_free(c);
	assert_non_null(sig = d2i_ECDSA_SIG(NULL, &p, (long)len));
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32);
	ECDSA_SIG_free(sig);
	write_be32(&w, 0x0018000b);
	put_sized(&w, rs, 32);
	put_sized(&w, rs + 32, 32);
	return (struct bytes){ret, w.len};
}

/* --- certificates ----------------------------------------------------------------- */

static struct openssl_certificate
certificate(const char *subject, EVP_PKEY *of, const char *issuer, EVP_PKEY *by)
{
	return (struct openssl_certificate){
	    .subject = subject,
	    .key = of,
	    .issuer = issuer,
	    .issuer_key = by,
	    .not_before = NOW - 1000,
	    .not_after = NOW + 1000,
	    .is_ca = 1,
	};
}

static struct bytes
write_ak_certificate(uint8_t *ret)
{
	struct openssl_certificate c =
	    certificate("ak", world.certified, "intermediate", key[INTERMEDIATE]);
	size_t len;

	c.is_ca = 0;
	if (world.machine != NULL) {
		c.oid = EXTENSION;
		c.content = (struct bytes){(const uint8_t *)world.machine, world.machine_len};
	}
	assert_int_equal(openssl_certificate_write(&c, ret, &len), 0);
	c = certificate("intermediate", key[INTERMEDIATE], "root", key[ROOT]);
	assert_int_equal(openssl_certificate_write(&c, intermediate_der, &intermediate_len), 0);
	c = certificate("root", key[ROOT], "root", key[ROOT]);
	assert_int_equal(openssl_certificate_write(&c, root_der, &root_len), 0);
	ak_root = (struct bytes){root_der, root_len};
	return (struct bytes){ret, len};
}

/* --- the quote -------------------------------------------------------------------- */

static void
make_quote(struct bytes ak_certificate)
{
	static struct cel log;
	uint8_t spki[256];
	const char *field = NULL;
	size_t spki_len;
	X509 *ak = pkix_parse(ak_certificate);

	assert_non_null(ak);
	assert_int_equal(pkix_spki(ak, spki, sizeof spki, &spki_len), 0);
	X509_free(ak);
	scenario_free(&evidence);
	assert_int_equal(scenario_begin(&scenario), 0);
	assert_int_equal(bound_nonce_tee((struct bytes){world.tee_challenge, 32},
	    (struct bytes){spki, spki_len}, (struct bytes){report_data, 64},
	    scenario.quote.body + TD_REPORT_DATA), 0);
	replay(world.tee_arg, &log);
	memcpy(scenario.quote.body + TD_RTMR0 + 144, log.sha384, 48);
	if (world.debug)
		scenario.quote.body[TD_TDATTRIBUTES] |= TD_ATTRIBUTE_DEBUG;
	assert_int_equal(scenario_make(&scenario, &evidence), 0);
	assert_int_equal(collateral_read((struct bytes){evidence.bundle.p, evidence.bundle.len},
	    memory, &collateral, &field), 0);
}

/* --- protobuf ------------------------------------------------------------------------ */

static void
put_varint(struct writer *w, uint64_t v)
{
	for (; v > 127; v >>= 7)
		write_u8(w, (uint8_t)(v | 0x80));
	write_u8(w, (uint8_t)v);
}

static void
put_number(struct writer *w, unsigned field, uint64_t v)
{
	put_varint(w, (uint64_t)field << 3);
	put_varint(w, v);
}

static void
put_run(struct writer *w, unsigned field, const void *p, size_t n)
{
	put_varint(w, (uint64_t)field << 3 | 2);
	put_varint(w, n);
	write_bytes(w, p, n);
}

static void
put_bank(struct writer *w, uint16_t bank)
{
	uint8_t attest[256], signature[128], entry[80], map[TPM_PCRS * 64], quote[3000], value[64];
	struct writer m = writer_of(map, sizeof map), q = writer_of(quote, sizeof quote);
	struct bytes signed_part = write_attest(bank, attest, sizeof attest);
	struct bytes seal = write_signature(signed_part, signature, sizeof signature);

	put_number(&m, 1, bank);
	for (unsigned i = 0; i < TPM_PCRS; i++) {
		struct writer e = writer_of(entry, sizeof entry);

		pcr_value(bank, i, world.shown_pcr9, value);
		put_number(&e, 1, i);
		put_run(&e, 2, value, tpm_digest_len(bank));
		put_run(&m, 2, entry, e.len);
	}
	put_run(&q, 1, signed_part.p, signed_part.len);
	put_run(&q, 2, seal.p, seal.len);
	put_run(&q, 3, map, m.len);
	assert_int_equal(m.err | q.err, 0);
	put_run(w, 2, quote, q.len);
}

static void
put_instance(struct writer *w)
{
	uint8_t text[256];
	struct writer i = writer_of(text, sizeof text);

	put_run(&i, 1, "z-1", 3);
	put_run(&i, 2, "proj", 4);
	put_number(&i, 3, world.project_number);
	put_run(&i, 4, world.instance_name, strlen(world.instance_name));
	put_number(&i, 5, 9);
	put_run(w, 4, text, i.len);
}

/* Fields 1, 2, 3, ... of these lengths. */
static void
put_parts(struct writer *w, const uint8_t *p, const unsigned *lengths, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; at += lengths[i], i++)
		put_run(w, (unsigned)i + 1, p + at, lengths[i]);
}

static void
put_qe_report(struct writer *w, const uint8_t *p)
{
	put_run(w, 1, p, 16);
	put_run(w, 3, p + 20, 28);
	put_run(w, 4, p + 48, 16);
	put_run(w, 5, p + 64, 32);
	put_run(w, 6, p + 96, 32);
	put_run(w, 7, p + 128, 32);
	put_run(w, 8, p + 160, 96);
	put_number(w, 9, (uint64_t)p[256] | (uint64_t)p[257] << 8);
	put_number(w, 10, (uint64_t)p[258] | (uint64_t)p[259] << 8);
	put_run(w, 11, p + 260, 60);
	put_run(w, 12, p + 320, 64);
}

/* QuoteV4 of a raw quote. */
static void
put_quote(struct writer *w, const uint8_t *raw, size_t len)
{
	static const unsigned body_lengths[] = {16, 48, 48, 8, 8, 8, 48, 48, 48, 48};
	static uint8_t part[SCENARIO_QUOTE_MAX], inner[SCENARIO_QUOTE_MAX], all[SCENARIO_QUOTE_MAX];
	const uint8_t *auth = raw + 636, *qe = auth + 134;
	const size_t auth_len = (size_t)raw[632] | (size_t)raw[633] << 8;
	const size_t qe_auth = (size_t)qe[448] | (size_t)qe[449] << 8;
	const uint8_t *chain = qe + 450 + qe_auth;
	const size_t chain_len = (size_t)(auth + auth_len - (chain + 6));
	struct writer p = writer_of(part, sizeof part), i = writer_of(inner, sizeof inner);
	struct writer a = writer_of(all, sizeof all);

	put_number(&p, 1, 4);
	put_number(&p, 2, 2);
	put_number(&p, 3, 0x81);
	put_run(&p, 4, raw + 10, 2);
	put_run(&p, 5, raw + 8, 2);
	put_run(&p, 6, raw + 12, 16);
	put_run(&p, 7, raw + 28, 20);
	put_run(w, 1, part, p.len);
	p.len = 0;
	put_parts(&p, raw + 48, body_lengths, ARRAY_LEN(body_lengths));
	for (unsigned k = 0; k < 4; k++)
		put_run(&p, 11, raw + 48 + TD_RTMR0 + 48 * k, 48);
	put_run(&p, 12, raw + 48 + TD_REPORT_DATA, 64);
	put_run(w, 2, part, p.len);
	put_number(w, 3, auth_len);
	p.len = 0;
	put_qe_report(&p, qe);
	put_run(&i, 1, part, p.len);
	put_run(&i, 2, qe + 384, 64);
	p.len = 0;
	put_number(&p, 1, qe_auth);
	put_run(&p, 2, qe + 450, qe_auth);
	put_run(&i, 3, part, p.len);
	p.len = 0;
	put_number(&p, 1, 5);
	put_number(&p, 2, chain_len);
	put_run(&p, 3, chain + 6, chain_len + world.chain_surplus);
	put_run(&i, 4, part, p.len);
	p.len = 0;
	put_number(&p, 1, 6);
	put_number(&p, 2, auth_len - 134);
	put_run(&p, 3, inner, i.len);
	put_run(&a, 1, auth, 64);
	put_run(&a, 2, auth + 64, 64);
	put_run(&a, 3, part, p.len);
	put_run(w, 4, all, a.len);
	if (len > 636 + auth_len)
		put_run(w, 5, raw + 636 + auth_len, len - 636 - auth_len);
	assert_int_equal(p.err | i.err | a.err, 0);
}

static void
make(void)
{
	static uint8_t quote[SCENARIO_QUOTE_MAX], log[4096], ak[OPENSSL_PKI_MAX], public_area[128];
	struct writer w = writer_of(message, sizeof message), q = writer_of(quote, sizeof quote);
	const struct bytes certificate_der = write_ak_certificate(ak);
	const struct bytes text = write_log(world.shown_arg, log, sizeof log);
	const struct bytes key_area =
	    write_public(world.attributes, public_area, sizeof public_area);

	make_quote(certificate_der);
	put_run(&w, 1, key_area.p, key_area.len);
	put_bank(&w, TPM_ALG_SHA384);
	if (world.banks > 1)
		put_bank(&w, TPM_ALG_SHA256);
	put_run(&w, 3, "log", 3);
	if (world.instance_name != NULL)
		put_instance(&w);
	put_run(&w, 5, text.p, text.len);
	put_run(&w, 6, certificate_der.p, certificate_der.len);
	put_run(&w, 7, intermediate_der, intermediate_len);
	put_run(&w, 7, root_der, root_len);
	put_quote(&q, evidence.quote, evidence.quote_len);
	if (!world.without_tdx)
		put_run(&w, 9, quote, q.len);
	assert_int_equal(w.err | q.err, 0);
	message_len = w.len;
}

static void
verify(void)
{
	static uint8_t challenge[EVIDENCE_CHALLENGE_LEN];

	make();
	assert_int_equal(evidence_challenge(report_data, challenge), 0);
	expect.challenge = (struct bytes){challenge, sizeof challenge};
	expect.extra_data = (struct bytes){report_data, sizeof report_data};
	expect.ak_roots = (struct pkix_list){&ak_root, 1};
	expect.collateral = &collateral;
	expect.tdx_root = (struct bytes){evidence.root, evidence.root_len};
	expect.at = NOW;
	bound_evidence_verify((struct bytes){message, message_len}, &expect, &result);
}

/* This step alone fails: everything else has been made to fit. */
static void
refused_at(enum bound_step step, enum tdx_reason reason)
{
	verify();
	assert_false(bound_evidence_holds(&result));
	assert_string_equal(bound_step_name(result.step), bound_step_name(step));
	assert_string_equal(reason_code(result.reason), reason_code(reason));
	for (unsigned i = 0; i < BOUND_STEPS_COUNT; i++)
		if (i != step && result.check[i].outcome == TDX_FAILED)
			fail_msg("%s failed as well", bound_step_name((enum bound_step)i));
	begin();
	memset(&expect, 0, sizeof expect);
}

static void
test_holds(void **state)
{
	static const uint8_t app_id[20] = {0x91, 0xb5, 0x3a, 0xa4, 0x35, 0x7f, 0x95, 0xee, 0x2f,
	    0x47, 0x0c, 0x5c, 0xe6, 0x62, 0x92, 0xb0, 0x80, 0xef, 0xf7, 0xa5};
	uint8_t rtmr[2][48];
	const struct bound_launcher launcher = {{rtmr[0], rtmr[1]}, {NULL, NULL, NULL}};

	(void)state;
	begin();
	verify();
	assert_true(bound_evidence_holds(&result));
	assert_true(bound_evidence_is_signed(&result));
	assert_int_equal(result.reason, TDX_HOLDS);
	assert_int_equal(result.quote_len, evidence.quote_len);
	assert_memory_equal(result.quote, evidence.quote, evidence.quote_len);
	assert_true(result.instance.has_app_id);
	/* and with everything asked for */
	memcpy(rtmr, scenario.quote.body + TD_RTMR0 + 48, sizeof rtmr);
	expect.launcher = &launcher;
	expect.launchers = 1;
	expect.app_id = app_id;
	expect.image_digest = (struct bytes){(const uint8_t *)IMAGE, strlen(IMAGE)};
	world.instance_name = "tee-0x91b53aa4357f95ee2f470c5ce66292b080eff7a5";
	verify();
	for (unsigned i = 0; i < BOUND_STEPS_COUNT; i++)
		assert_int_equal(result.check[i].outcome, TDX_PASSED);
	memset(&expect, 0, sizeof expect);
}

static void
test_keys(void **state)
{
	(void)state;
	begin();
	world.attributes = ATTRIBUTES & ~(1U << 16); /* a key that signs anything */
	verify();
	assert_int_equal(result.step, BOUND_STEP_AK_KEY);
	assert_int_equal(result.reason, TPM_KEY);
	assert_int_equal(result.check[BOUND_STEP_TPM_QUOTES].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.check[BOUND_STEP_TPM_QUOTES].reason, TPM_KEY);
	begin();
	world.certified = key[OTHER];
	refused_at(BOUND_STEP_AK_CHAIN, AK_MISMATCH);
	world.signer = key[OTHER];
	refused_at(BOUND_STEP_TPM_QUOTES, TPM_QUOTE);
	world.attributes = ATTRIBUTES ^ 1U << 10; /* harmless, but not what the TPM has */
	refused_at(BOUND_STEP_TPM_QUOTES, TPM_QUOTE);
}

static void
test_machine(void **state)
{
	static const uint8_t other[20] = {7};

	(void)state;
	begin();
	world.machine = NULL;
	refused_at(BOUND_STEP_INSTANCE, AK_INSTANCE);
	world.machine = MACHINE("\x00");
	refused_at(BOUND_STEP_INSTANCE, AK_INSTANCE);
	world.machine_len--;
	refused_at(BOUND_STEP_INSTANCE, AK_INSTANCE);
	world.instance_name = "tee-other";
	refused_at(BOUND_STEP_INSTANCE, AK_INSTANCE);
	world.instance_name = "tee-0x91b53aa4357f95ee2f470c5ce66292b080eff7a5";
	world.project_number = 78;
	refused_at(BOUND_STEP_INSTANCE, AK_INSTANCE);
	expect.app_id = other;
	refused_at(BOUND_STEP_APP, APP_MISMATCH);
}

static void
test_bindings(void **state)
{
	(void)state;
	begin();
	world.tpm_challenge[0] ^= 1;
	refused_at(BOUND_STEP_TPM_NONCE, TPM_NONCE);
	world.tag = BOUND_TAG_SHIELDED_VM; /* quotes that were made for another platform */
	refused_at(BOUND_STEP_TPM_NONCE, TPM_NONCE);
	world.tee_challenge[0] ^= 1;
	refused_at(BOUND_STEP_BINDING, BOUND_NONCE);
	world.shown_pcr9 = 1;
	refused_at(BOUND_STEP_TPM_PCRS, TPM_PCRS);
	/* the quotes of an honest machine next to a domain that runs something else */
	world.tpm_arg = "/honest";
	refused_at(BOUND_STEP_PCR13, CEL_PCR13);
	world.tee_arg = "/other"; /* than the message shows */
	refused_at(BOUND_STEP_RTMR3, CEL_RTMR3);
	world.banks = 1; /* without the bank by which PCRs are known */
	refused_at(BOUND_STEP_PCR13, CEL_PCR13);
	world.debug = 1;
	refused_at(BOUND_STEP_DEBUG, TDX_P_DEBUG);
}

/* A quote taken away makes it a Shielded VM's, which the TPM's nonce contradicts. */
static void
test_downgrade(void **state)
{
	(void)state;
	begin();
	world.without_tdx = 1;
	verify();
	assert_int_equal(result.step, BOUND_STEP_PLATFORM);
	assert_int_equal(result.reason, BOUND_SHIELDED_VM);
	assert_int_equal(result.check[BOUND_STEP_TPM_NONCE].outcome, TDX_FAILED);
}

/* Behind the chain follows what a quote may end with: only its size tells the two apart. */
static void
test_sizes(void **state)
{
	(void)state;
	begin();
	world.chain_surplus = 1;
	verify();
	assert_false(bound_evidence_holds(&result));
	assert_int_equal(result.step, BOUND_STEP_TDX);
	assert_int_equal(result.reason, BOUND_MESSAGE);
}

static void
test_collateral(void **state)
{
	(void)state;
	begin();
	verify();
	expect.collateral = NULL;
	bound_evidence_verify((struct bytes){message, message_len}, &expect, &result);
	assert_false(bound_evidence_holds(&result));
	assert_true(bound_evidence_is_signed(&result));
	assert_int_equal(result.step, BOUND_STEP_TDX);
	assert_int_equal(result.check[BOUND_STEP_TDX].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.reason, TDX_COLLATERAL_MISSING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_holds),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_machine),
	    cmocka_unit_test(test_bindings),
	    cmocka_unit_test(test_downgrade),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_collateral),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
