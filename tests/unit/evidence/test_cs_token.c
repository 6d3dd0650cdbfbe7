/*
 * Tokens of Confidential Space: made here under an own root, each check tripped in turn; and a
 * recorded one of a real TDX machine (../shared/fixtures/eigen, skipped where it is absent).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "eigen_fixtures.h"
#include "base/err.h"
#include "evidence/cs_token.h"
#include "evidence/google_roots.h"
#include "support/openssl_pki.h"
#include "base/banned.h"

#define AT INT64_C(1757061000)
#define IMAGE "sha256:e2e5e3672f416ac9ca71aa639abf86db0b713729a48c125a925af6c808b20b5d"

enum { ROOT, INTERMEDIATE, LEAF, CERTIFICATES };

static EVP_PKEY *key[CERTIFICATES], *ec_key;
static uint8_t der[CERTIFICATES][OPENSSL_PKI_MAX];
static size_t der_len[CERTIFICATES];
static struct bytes own_root;
static char x5c[3][BASE64_LEN(OPENSSL_PKI_MAX) + 1]; /* leaf first */
static char token[JWS_MAX + 8];
static struct cs_expect expect;
static struct cs_result result;

/* A certificate that is valid for a day around AT. */
static struct openssl_certificate
certificate(const char *subject, EVP_PKEY *of, const char *issuer, EVP_PKEY *by, int is_ca)
{
	return (struct openssl_certificate){
	    .subject = subject,
	    .key = of,
	    .issuer = issuer,
	    .issuer_key = by,
	    .not_before = AT - 43200,
	    .not_after = AT + 43200,
	    .is_ca = is_ca,
	};
}

/* Keeps a certificate and its base64. */
static void
store(int which, struct openssl_certificate c)
{
	struct writer w = writer_of((uint8_t *)x5c[LEAF - which], sizeof x5c[0] - 1);

	assert_int_equal(openssl_certificate_write(&c, der[which], &der_len[which]), 0);
	base64_write(&w, BASE64_STANDARD, der[which], der_len[which]);
	assert_int_equal(w.err, 0);
	x5c[LEAF - which][w.len] = '\0';
}

static void
make_chain(void)
{
	struct openssl_certificate c =
	    certificate("intermediate", key[INTERMEDIATE], "root", key[ROOT], 1);

	c.extended_usage = "2.23.133.8.1"; /* as Google's has it */
	store(ROOT, certificate("root", key[ROOT], "root", key[ROOT], 1));
	store(INTERMEDIATE, c);
	store(LEAF, certificate("leaf", key[LEAF], "intermediate", key[INTERMEDIATE], 0));
	own_root = (struct bytes){der[ROOT], der_len[ROOT]};
}

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < CERTIFICATES; i++)
		if ((key[i] = EVP_RSA_gen(2048)) == NULL)
			return -1;
	ec_key = EVP_EC_gen("P-256");
	return ec_key != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < CERTIFICATES; i++)
		EVP_PKEY_free(key[i]);
	EVP_PKEY_free(ec_key);
	return 0;
}

static const char claims[] =
    "{\"aud\":\"selfsame-attestation/v1\",\"exp\":1757063850,\"iat\":1757060250,"
    "\"iss\":\"https://confidentialcomputing.googleapis.com\",\"nbf\":1757060250,"
    "\"sub\":\"https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/i\","
    "\"eat_nonce\":[\"first-nonce\",\"second-nonce\"],\"secboot\":true,\"oemid\":11129,"
    "\"hwmodel\":\"GCP_INTEL_TDX\",\"swname\":\"CONFIDENTIAL_SPACE\",\"swversion\":[\"250800\"],"
    "\"dbgstat\":\"disabled-since-boot\",\"submods\":{"
    "\"confidential_space\":{\"support_attributes\":[\"LATEST\",\"STABLE\",\"USABLE\"]},"
    "\"container\":{\"image_reference\":\"docker.io/a/b:c\",\"image_digest\":\"" IMAGE "\","
    "\"args\":[\"/app\",\"--x\"],\"env\":{\"A\":\"1\",\"B\":\"2=3\"}},"
    "\"gce\":{\"zone\":\"z\",\"project_id\":\"p\",\"instance_id\":\"7\","
    "\"instance_name\":\"tee-0x91b53aa4357f95ee2f470c5ce66292b080eff7a5\"}},"
    "\"tdx\":{\"gcp_attester_tcb_status\":\"UpToDate\"}}";

/* The claims with one piece of text replaced. */
static const char *
claims_with(const char *old, const char *new)
{
	static char changed[4096];
	const char *at = strstr(claims, old);

	assert_non_null(at);
	snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - claims), claims, new, at + strlen(old));
	return changed;
}

static void
seal(const char *header, const char *payload, EVP_PKEY *with, const EVP_MD *hash)
{
	struct writer w = writer_of((uint8_t *)token, sizeof token - 1);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t signature[512];
	size_t len = sizeof signature;

	base64_write(&w, BASE64_URL, (const uint8_t *)header, strlen(header));
	write_text(&w, ".");
	base64_write(&w, BASE64_URL, (const uint8_t *)payload, strlen(payload));
	assert_int_equal(EVP_DigestSignInit(c, NULL, hash, NULL, with), 1);
	assert_int_equal(EVP_DigestSign(c, signature, &len, w.p, w.len), 1);
	EVP_MD_CTX_free(c);
	write_text(&w, ".");
	base64_write(&w, BASE64_URL, signature, len);
	assert_int_equal(w.err, 0);
	token[w.len] = '\0';
}

static const char *
pki_header(void)
{
	static char header[24576];

	snprintf(header, sizeof header,
	    "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"JWT\",\"x5c\":[\"%s\",\"%s\",\"%s\"]}", x5c[0],
	    x5c[1], x5c[2]);
	return header;
}

static void
expect_ours(void)
{
	expect = (struct cs_expect){
	    .roots = {&own_root, 1},
	    .at = AT,
	    .audience = {(const uint8_t *)"selfsame-attestation/v1", 23},
	    .nonce = {(const uint8_t *)"second-nonce", 12},
	    .image_digest = {(const uint8_t *)IMAGE, 71},
	};
}

static void
make_token(const char *payload)
{
	make_chain();
	expect_ours();
	seal(pki_header(), payload, key[LEAF], EVP_sha256());
}

static int
verify(void)
{
	/* an exact block, so that the sanitizer sees a read beyond it */
	size_t len = strlen(token);
	uint8_t *copy = malloc(len + 1);
	int holds;

	assert_non_null(copy);
	memcpy(copy, token, len);
	cs_token_verify((struct bytes){copy, len}, &expect, &result);
	free(copy);
	holds = cs_token_holds(&result);
	assert_int_equal(holds, result.reason == TDX_HOLDS);
	return holds;
}

static void
assert_refused(enum cs_step step, enum tdx_reason reason)
{
	assert_false(verify());
	assert_string_equal(cs_step_name(result.step), cs_step_name(step));
	assert_string_equal(reason_code(result.reason), reason_code(reason));
}

/* Refused with the claims changed so; everything before the step has passed. */
static void
refused_with(const char *old, const char *new, enum cs_step step, enum tdx_reason reason)
{
	make_token(claims_with(old, new));
	assert_refused(step, reason);
}

static void
assert_text(struct bytes got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.p, want, got.len);
}

static void
test_holds(void **state)
{
	static const uint8_t app_id[20] = {0x91, 0xb5, 0x3a, 0xa4, 0x35, 0x7f, 0x95, 0xee, 0x2f,
	    0x47, 0x0c, 0x5c, 0xe6, 0x62, 0x92, 0xb0, 0x80, 0xef, 0xf7, 0xa5};
	static const uint8_t other[20] = {1};
	const struct cs_claims *c = &result.claims;

	(void)state;
	make_token(claims);
	assert_true(verify());
	assert_true(result.is_pki);
	assert_text(c->software_version, "250800");
	assert_text(c->args.item[1], "--x");
	assert_int_equal(c->env.count, 2);
	assert_text(c->env.item[1], "B=2=3");
	assert_text(c->tcb_status, "UpToDate");
	assert_text(c->image_reference, "docker.io/a/b:c");
	assert_int_equal(c->supports, 3);
	assert_int_equal(c->nonces, 2);
	assert_int_equal(result.check[CS_STEP_APP].reason, NOT_GIVEN);
	expect.app_id = app_id;
	assert_true(verify());
	assert_int_equal(result.check[CS_STEP_APP].outcome, TDX_PASSED);
	expect.app_id = other;
	assert_refused(CS_STEP_APP, APP_MISMATCH);
	make_token(claims_with("\"oemid\"", "\"attester_tcb\":[\"INTEL\"],\"oemid\""));
	assert_true(verify());
	make_token(claims_with("250800", "250300"));
	assert_true(verify());
	/* what the token does not tell is left to Google's word for the image */
	make_token(claims_with("\"swversion\":[\"250800\"],", ""));
	assert_true(verify());
	make_token(claims_with("\"secboot\":true,", ""));
	assert_true(verify());
	make_token(claims_with("gcp_attester_tcb_status", "other"));
	assert_true(verify());
	/* what is not given is not compared, and says so */
	expect_ours();
	expect.audience.len = expect.nonce.len = expect.image_digest.len = 0;
	assert_true(verify());
	assert_int_equal(result.check[CS_STEP_NONCE].outcome, TDX_NOT_CHECKED);
	/* one nonce as a string */
	make_token(claims_with("[\"first-nonce\",\"second-nonce\"]", "\"second-nonce\""));
	assert_true(verify());
	assert_int_equal(c->nonces, 1);
}

static void
test_claims(void **state)
{
	(void)state;
	refused_with("selfsame-attestation", "selfsame-attestatiom", CS_STEP_AUDIENCE, TOKEN_AUDIENCE);
	refused_with("second-nonce", "second-nonc", CS_STEP_NONCE, TOKEN_NONCE);
	refused_with("googleapis.com\",\"nbf", "googleapis.org\",\"nbf", CS_STEP_ISSUER, TOKEN_ISSUER);
	refused_with("GCP_INTEL_TDX", "GCP_AMD_SEV", CS_STEP_HARDWARE, TOKEN_HARDWARE);
	refused_with("\"oemid\"", "\"attester_tcb\":[\"AMD\"],\"oemid\"", CS_STEP_HARDWARE,
	    TOKEN_HARDWARE);
	refused_with("\"oemid\"", "\"attester_tcb\":[\"INTEL\",\"AMD\"],\"oemid\"",
	    CS_STEP_HARDWARE, TOKEN_HARDWARE);
	refused_with("\"oemid\"", "\"attester_tcb\":[],\"oemid\"", CS_STEP_HARDWARE,
	    TOKEN_HARDWARE);
	refused_with("CONFIDENTIAL_SPACE", "GCE", CS_STEP_SOFTWARE, TOKEN_SOFTWARE);
	refused_with("\"250800\"", "\"250299\"", CS_STEP_SOFTWARE, TOKEN_SOFTWARE);
	refused_with("\"250800\"", "\"99\"", CS_STEP_SOFTWARE, TOKEN_SOFTWARE);
	refused_with("\"250800\"", "\"25080x\"", CS_STEP_SOFTWARE, TOKEN_SOFTWARE);
	refused_with("\"250800\"", "\"\"", CS_STEP_SOFTWARE, TOKEN_SOFTWARE);
	refused_with("[\"250800\"]", "[]", CS_STEP_SOFTWARE, TOKEN_SOFTWARE);
	refused_with("\"secboot\":true", "\"secboot\":false", CS_STEP_SOFTWARE, TOKEN_SOFTWARE);
	refused_with("disabled-since-boot", "enabled", CS_STEP_DEBUG, TOKEN_DEBUG);
	refused_with("\"STABLE\"", "\"EXPERIMENTAL\"", CS_STEP_SUPPORT, TOKEN_SUPPORT);
	refused_with("UpToDate", "OutOfDate", CS_STEP_TCB, TOKEN_TCB_STATUS);
	refused_with("UpToDate", "", CS_STEP_TCB, TOKEN_TCB_STATUS);
	refused_with("[\"LATEST\",\"STABLE\",\"USABLE\"]", "[]", CS_STEP_SUPPORT, TOKEN_SUPPORT);
	refused_with("\"confidential_space\":", "\"other\":", CS_STEP_SUPPORT, TOKEN_SUPPORT);
	refused_with("sha256:e2", "sha256:e3", CS_STEP_IMAGE, IMAGE_MISMATCH);
	refused_with("\"eat_nonce\":", "\"nonce\":", CS_STEP_NONCE, TOKEN_NONCE);
}

static void
test_malformed_claims(void **state)
{
	static const char *const changes[][2] = {
	    {"\"iss\":", "\"isx\":"}, {"\"aud\":", "\"aux\":"}, {"\"exp\":", "\"exx\":"},
	    {"\"nbf\":", "\"nbx\":"}, {"\"iat\":", "\"iax\":"}, {"\"hwmodel\":", "\"x\":"},
	    {"\"swname\":", "\"x\":"}, {"\"dbgstat\":", "\"x\":"}, {"\"submods\":", "\"x\":"},
	    {"\"container\":", "\"x\":"}, {"\"image_digest\":", "\"x\":"},
	    {"1757063850", "1757063850.5"}, {"1757063850", "\"1757063850\""}, {"1757063850", "-1"},
	    {"1757063850", "9223372036854775807"}, {"\"aud\":\"selfsame-attestation/v1\"",
	    "\"aud\":[\"selfsame-attestation/v1\"]"}, {"[\"250800\"]", "\"250800\""},
	    {"[\"250800\"]", "[\"250800\",\"1\"]"},
	    {"\"secboot\":true", "\"secboot\":\"true\""},
	    {"\"oemid\"", "\"attester_tcb\":\"INTEL\",\"oemid\""},
	    {"\"oemid\"", "\"attester_tcb\":null,\"oemid\""}, {"\"--x\"", "7"}, {"{\"A\":\"1\",", "{\"A\":1,"},
	    {"{\"A\":\"1\",\"B\":\"2=3\"}", "[]"}, {"\"second-nonce\"", "7"},
	    {"\"second-nonce\"", "\"1\",\"2\",\"3\",\"4\",\"5\",\"6\""}, {"\"tdx\":{", "\"tdx\":[{"},
	    /* given twice */
	    {"\"oemid\"", "\"aud\":\"selfsame-attestation/v1\",\"oemid\""},
	    {"\"oemid\"", "\"secboot\":true,\"oemid\""}, {"\"B\":", "\"A\":"},
	    {"{\"aud\"", "[{\"aud\""}, {"{\"aud\"", " x{\"aud\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		make_token(claims_with(changes[i][0], changes[i][1]));
		if (verify() || result.step != CS_STEP_CLAIMS || result.reason != TOKEN_PARSE)
			fail_msg("case %zu: %s", i, changes[i][1]);
	}
	make_token(claims_with("}}", "}}} "));
	assert_refused(CS_STEP_CLAIMS, TOKEN_PARSE);
}

static void
test_time(void **state)
{
	(void)state;
	make_token(claims);
	expect.at = 1757063850 + 59;
	assert_true(verify());
	expect.at++;
	assert_refused(CS_STEP_TIME, TOKEN_EXPIRED);
	expect.at = 1757060250 - 60;
	assert_true(verify());
	expect.at--;
	assert_refused(CS_STEP_TIME, TOKEN_NOT_YET_VALID);
	/* issued after the time of judging, whatever nbf says */
	make_token(claims_with("\"iat\":1757060250", "\"iat\":1757063851"));
	assert_refused(CS_STEP_TIME, TOKEN_NOT_YET_VALID);
	make_token(claims);
	expect.at = AT + 43201; /* the certificates end first to be looked at */
	assert_refused(CS_STEP_KEY, TDX_EXPIRED);
	expect.at = AT - 43201;
	assert_refused(CS_STEP_KEY, TDX_NOT_YET_VALID);
}

/* A header of these pieces instead of the right one. */
static void
with_header(const char *header)
{
	make_token(claims);
	seal(header, claims, key[LEAF], EVP_sha256());
}

static void
test_algorithms(void **state)
{
	static const char *const others[] = {
	    "none", "HS256", "RS384", "RS512", "PS256", "ES256", "rs256", "RS256 "};
	static char header[24576];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		make_token(claims);
		snprintf(header, sizeof header, "{\"alg\":\"%s\",\"x5c\":[\"%s\",\"%s\",\"%s\"]}",
		    others[i], x5c[0], x5c[1], x5c[2]);
		with_header(header);
		assert_refused(CS_STEP_ALGORITHM, TOKEN_ALGORITHM);
		assert_int_equal(result.check[CS_STEP_SIGNATURE].outcome, TDX_NOT_CHECKED);
	}
	/* it says RS256 and is something else */
	make_token(claims);
	seal(pki_header(), claims, key[LEAF], EVP_sha384());
	assert_refused(CS_STEP_SIGNATURE, TOKEN_SIGNATURE);
	seal(pki_header(), claims, ec_key, EVP_sha256());
	assert_refused(CS_STEP_SIGNATURE, TOKEN_SIGNATURE);
}

static void
test_headers(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"alg\":\"RS256\"}",
	    "{\"kid\":\"k\"}", "{\"alg\":7,\"kid\":\"k\"}", "{\"alg\":\"RS256\",\"kid\":7}",
	    "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"JWE\"}",
	    "{\"alg\":\"RS256\",\"alg\":\"RS256\",\"kid\":\"k\"}",
	    "{\"alg\":\"RS256\",\"kid\":\"k\",\"crit\":[\"exp\"]}",
	    "{\"alg\":\"RS256\",\"x5c\":[]}", "{\"alg\":\"RS256\",\"x5c\":{}}",
	    "{\"alg\":\"RS256\",\"x5c\":[7]}", "{\"alg\":\"RS256\",\"x5c\":[\"-_\"]}",
	    "{\"alg\":\"RS256\",\"x5c\":[\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\"]}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		with_header(bad[i]);
		if (verify() || result.step != CS_STEP_STRUCTURE || result.reason != TOKEN_PARSE)
			fail_msg("case %zu: %s", i, bad[i]);
	}
}

static char token_header[24576];

static void
chain_of(const char *a, const char *b, const char *c)
{
	snprintf(token_header, sizeof token_header,
	    "{\"alg\":\"RS256\",\"x5c\":[\"%s\"%s%s%s%s%s%s]}", a,
	    b != NULL ? ",\"" : "", b != NULL ? b : "", b != NULL ? "\"" : "", c != NULL ? ",\"" : "",
	    c != NULL ? c : "", c != NULL ? "\"" : "");
	seal(token_header, claims, key[LEAF], EVP_sha256());
}

static void
test_chain(void **state)
{
	static const struct bytes none[1] = {{NULL, 0}};

	(void)state;
	make_token(claims);
	chain_of(x5c[0], x5c[1], NULL);
	assert_refused(CS_STEP_KEY, TOKEN_CHAIN);
	chain_of(x5c[0], NULL, NULL);
	assert_refused(CS_STEP_KEY, TOKEN_CHAIN);
	chain_of(x5c[1], x5c[0], x5c[2]);
	assert_refused(CS_STEP_KEY, TOKEN_CHAIN);
	chain_of(x5c[0], x5c[2], x5c[1]); /* the last one must be the root */
	assert_refused(CS_STEP_KEY, TDX_ROOT_NOT_TRUSTED);
	chain_of(x5c[0], x5c[2], x5c[2]);
	assert_refused(CS_STEP_KEY, TOKEN_CHAIN);
	chain_of("AA==", x5c[1], x5c[2]);
	assert_refused(CS_STEP_KEY, TOKEN_CHAIN);
	assert_int_equal(result.check[CS_STEP_SIGNATURE].outcome, TDX_NOT_CHECKED);
	/* Google's roots do not vouch for ours, nor does none */
	make_token(claims);
	expect.roots = google_confidential_space_roots();
	assert_refused(CS_STEP_KEY, TDX_ROOT_NOT_TRUSTED);
	expect.roots = (struct pkix_list){none, 0};
	assert_refused(CS_STEP_KEY, TDX_ROOT_NOT_TRUSTED);
}

/* The leaf replaced by certificates that should not count. */
static void
test_leaves(void **state)
{
	struct openssl_certificate c;

	(void)state;
	make_token(claims);
	store(LEAF, certificate("leaf", key[LEAF], "intermediate", key[ROOT], 0));
	seal(pki_header(), claims, key[LEAF], EVP_sha256());
	assert_refused(CS_STEP_KEY, TOKEN_CHAIN); /* signed by another key than its issuer's */
	c = certificate("leaf", key[LEAF], "intermediate", key[INTERMEDIATE], 0);
	c.hash = EVP_sha384();
	store(LEAF, c);
	seal(pki_header(), claims, key[LEAF], EVP_sha256());
	assert_refused(CS_STEP_KEY, TOKEN_CHAIN); /* SHA-256 is what they use */
	store(LEAF, certificate("leaf", ec_key, "intermediate", key[INTERMEDIATE], 0));
	seal(pki_header(), claims, ec_key, EVP_sha256());
	assert_refused(CS_STEP_SIGNATURE, TOKEN_SIGNATURE); /* an EC key signs no RS256 */
	/* an authority's own key signs certificates, no tokens */
	make_token(claims);
	chain_of(x5c[1], x5c[1], x5c[2]);
	seal(token_header, claims, key[INTERMEDIATE], EVP_sha256());
	assert_refused(CS_STEP_KEY, TOKEN_CHAIN);
	/* an intermediate that may not issue */
	make_token(claims);
	store(INTERMEDIATE, certificate("intermediate", key[INTERMEDIATE], "root", key[ROOT], 0));
	seal(pki_header(), claims, key[LEAF], EVP_sha256());
	assert_refused(CS_STEP_KEY, TOKEN_CHAIN);
}

/* Base64url of a big-endian number of the key. */
static void
number_text(EVP_PKEY *of, const char *name, char *ret, size_t cap)
{
	struct writer w = writer_of((uint8_t *)ret, cap - 1);
	uint8_t bytes[512];
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(of, name, &n), 1);
	base64_write(&w, BASE64_URL, bytes, (size_t)BN_bn2bin(n, bytes));
	ret[w.len] = '\0';
	BN_free(n);
}

/* A key set in which every % stands for n. */
static void
with_jwks(const char *pattern, const char *n)
{
	static uint8_t text[4096];
	struct writer w = writer_of(text, sizeof text);

	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == '%')
			write_text(&w, n);
		else
			write_u8(&w, (uint8_t)*p);
	}
	assert_int_equal(w.err, 0);
	expect.jwks = (struct bytes){text, w.len};
}

#define JWK(kid) "{\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\",\"kid\":\"" kid \
	"\",\"n\":\"%\",\"e\":\"AQAB\"}"

static void
test_oidc(void **state)
{
	static const char header[] = "{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"JWT\"}";
	char n[700], other[700];

	(void)state;
	make_token(claims);
	seal(header, claims, key[LEAF], EVP_sha256());
	number_text(key[LEAF], OSSL_PKEY_PARAM_RSA_N, n, sizeof n);
	number_text(key[ROOT], OSSL_PKEY_PARAM_RSA_N, other, sizeof other);
	assert_refused(CS_STEP_KEY, TOKEN_KEYS_MISSING);
	assert_int_equal(result.check[CS_STEP_KEY].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.check[CS_STEP_AUDIENCE].outcome, TDX_PASSED);
	with_jwks("{\"keys\":[{\"kty\":\"EC\",\"kid\":\"k1\"}," JWK("k1") "]}", n);
	assert_true(verify());
	assert_false(result.is_pki);
	with_jwks("{\"keys\":[" JWK("k2") "]}", n);
	assert_refused(CS_STEP_KEY, TOKEN_KEY);
	with_jwks("{\"keys\":[" JWK("k1") "," JWK("k1") "]}", n);
	assert_refused(CS_STEP_KEY, TOKEN_KEY);
	with_jwks("{\"keys\":[" JWK("k1") "]}", other);
	assert_refused(CS_STEP_SIGNATURE, TOKEN_SIGNATURE);
	with_jwks("{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS512\",\"kid\":\"k1\",\"n\":\"%\","
		  "\"e\":\"AQAB\"}]}", n);
	assert_refused(CS_STEP_KEY, TOKEN_KEY);
	with_jwks("{\"keys\":[{\"kty\":\"RSA\",\"use\":\"enc\",\"kid\":\"k1\",\"n\":\"%\","
		  "\"e\":\"AQAB\"}]}", n);
	assert_refused(CS_STEP_KEY, TOKEN_KEY);
	with_jwks("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k1\",\"n\":\"%\",\"e\":\"Aw\"}]}", n);
	assert_refused(CS_STEP_KEY, TOKEN_KEY);
	with_jwks("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k1\",\"n\":\"%=\",\"e\":\"AQAB\"}]}", n);
	assert_refused(CS_STEP_KEY, TOKEN_KEY);
	with_jwks("{\"keys\":[7,\"%\"]}", n);
	assert_refused(CS_STEP_KEY, TOKEN_KEY);
	with_jwks("{\"keys\":{\"a\":\"%\"}}", n);
	assert_refused(CS_STEP_KEY, TOKEN_KEY);
	with_jwks("[\"%\"]", n);
	assert_refused(CS_STEP_KEY, TOKEN_KEY);
}

/* Other spellings of a token that would hold. */
static void
test_spelling(void **state)
{
	static const char *const ends[] = {"=", "\n", " ", ".", ".e30", "!"};
	size_t len;

	(void)state;
	make_token(claims);
	len = strlen(token);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		memcpy(token + len, ends[i], strlen(ends[i]) + 1);
		assert_refused(CS_STEP_STRUCTURE, TOKEN_PARSE);
	}
	token[len] = '\0';
	assert_true(verify());
	/* the last digit of the signature has two spare bits: one spelling of four counts */
	token[len - 1] = (char)(token[len - 1] + 1);
	assert_refused(CS_STEP_STRUCTURE, TOKEN_PARSE);
	token[0] = '\0';
	assert_refused(CS_STEP_STRUCTURE, TOKEN_PARSE);
	memcpy(token, "..", 3);
	assert_refused(CS_STEP_STRUCTURE, TOKEN_PARSE);
	memset(token, 'A', JWS_MAX + 4);
	token[JWS_MAX + 4] = '\0';
	assert_refused(CS_STEP_STRUCTURE, TOKEN_PARSE);
}

/* Characters all over the token: none may change. */
static void
test_mutation(void **state)
{
	size_t len;

	(void)state;
	make_token(claims);
	len = strlen(token);
	for (size_t i = 0; i < len; i += 7) {
		token[i] ^= 1;
		if (verify())
			fail_msg("character %zu may be changed", i);
		token[i] ^= 1;
	}
}

/* Claim sets of Oak's tests, signed here: what each is refused for. */
static void
test_oak(void **state)
{
	static const struct {
		const char *file;
		int64_t at;
		enum cs_step step;
		enum tdx_reason reason;
	} cases[] = {
	    {"oak_claims.json", 1751391100, CS_STEP_HARDWARE, TOKEN_HARDWARE},
	    {"oak_debug_claims.json", 1751391100, CS_STEP_DEBUG, TOKEN_DEBUG},
	    {"oak_expired_claims.json", 1751391151, CS_STEP_TIME, TOKEN_EXPIRED},
	    {"oak_long_lived_claims.json", 4906451850, CS_STEP_HARDWARE, TOKEN_HARDWARE},
	    {"oak_policy_claims.json", 1750688500, CS_STEP_HARDWARE, TOKEN_HARDWARE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *set = eigen_load(cases[i].file);
		char *text;

		if (set == NULL)
			skip();
		text = json_dumps(set, JSON_COMPACT);
		json_decref(set);
		make_token(text);
		free(text);
		expect.at = cases[i].at;
		expect.audience.len = expect.nonce.len = expect.image_digest.len = 0;
		assert_false(verify());
		assert_int_equal(result.check[CS_STEP_SIGNATURE].outcome, TDX_PASSED);
		assert_int_equal(result.check[cases[i].step].outcome, TDX_FAILED);
		assert_int_equal(result.check[cases[i].step].reason, cases[i].reason);
		assert_int_equal(result.check[CS_STEP_TIME].outcome == TDX_FAILED,
		    cases[i].step == CS_STEP_TIME);
	}
}

static void
load_recorded(void)
{
	FILE *f = fopen(EIGEN_FOLDER "cs_pki_token_tdx_oak_sample.jwt", "rb");
	size_t len = 0;
	int c;

	if (f == NULL)
		skip();
	while ((c = fgetc(f)) != EOF && len < sizeof token - 1)
		if (c != '\n')
			token[len++] = (char)c;
	token[len] = '\0';
	fclose(f);
	expect = (struct cs_expect){
	    .roots = google_confidential_space_roots(),
	    .at = AT,
	    .audience = {(const uint8_t *)"z08381475938604996746", 21},
	    .nonce = {(const uint8_t *)"75a91c8dbe289f190d5e70ab1cb70c93cc14d7243f0ef3ff5326a622ead220a6",
		64},
	    .image_digest = {(const uint8_t *)IMAGE, 71},
	};
}

static void
test_recorded(void **state)
{
	const struct cs_claims *c = &result.claims;

	(void)state;
	load_recorded();
	assert_true(verify());
	assert_true(result.is_pki);
	assert_text(c->hardware, "GCP_INTEL_TDX");
	assert_text(c->software_version, "250800");
	assert_text(c->tcb_status, "UpToDate");
	assert_text(c->tcb_date, "2024-03-13T00:00:00Z");
	assert_int_equal(c->issued_at, 1757060250);
	assert_int_equal(c->expires, 1757063850);
	expect.at = 1757063850 + 59;
	assert_true(verify());
	expect.at++;
	assert_refused(CS_STEP_TIME, TOKEN_EXPIRED);
	expect.at = 1757060250 - 61;
	assert_refused(CS_STEP_TIME, TOKEN_NOT_YET_VALID);
	expect.at = 1800000000; /* 2027-01-15: its leaf has lived for 60 days */
	assert_refused(CS_STEP_KEY, TDX_EXPIRED);
	load_recorded();
	expect.roots = google_ak_roots();
	assert_refused(CS_STEP_KEY, TDX_ROOT_NOT_TRUSTED);
	load_recorded();
	expect.audience.len--;
	assert_refused(CS_STEP_AUDIENCE, TOKEN_AUDIENCE);
	load_recorded();
	for (size_t i = 0, len = strlen(token); i < len; i += 61) {
		token[i] ^= 1;
		if (verify())
			fail_msg("character %zu may be changed", i);
		token[i] ^= 1;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_holds),
	    cmocka_unit_test(test_claims),
	    cmocka_unit_test(test_malformed_claims),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_algorithms),
	    cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_chain),
	    cmocka_unit_test(test_leaves),
	    cmocka_unit_test(test_oidc),
	    cmocka_unit_test(test_spelling),
	    cmocka_unit_test(test_mutation),
	    cmocka_unit_test(test_oak),
	    cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
