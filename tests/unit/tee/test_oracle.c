/*
 * The oracle rule: whatever report data commits to, what goes to the launcher is
 * in our own domain, under our own audience, and with extra_data. The attacks
 * are the ones that would open the platform's KMS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/hex.h"
#include "evidence/challenge.h"
#include "json/reader.h"
#include "tdx/report_data.h"
#include "tee/oracle.h"

static const char pem[] = "-----BEGIN PUBLIC KEY-----\nMIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA\n"
			  "-----END PUBLIC KEY-----\n";
static const enum oracle_kind kinds[] = {ORACLE_BOUND_EVIDENCE, ORACLE_TOKEN_PKI,
					 ORACLE_TOKEN_OIDC};

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* What the launcher would read; strict, so that a second member of a name is seen. */
struct asked {
	uint8_t challenge[64];
	size_t challenge_len;
	uint8_t extra_data[128];
	size_t extra_data_len;
	char audience[128];
	char nonce[128];
	char type[16];
	size_t nonces;
};

static void
decode(struct json_in *in, const char *name, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct bytes b = {NULL, 0};

	json_in_text(in, name, JSON_REQUIRED, 1, 256, &b);
	assert_int_equal(in->error->err, 0);
	assert_int_equal(base64_decode(BASE64_STANDARD, b, ret, cap, ret_len), 0);
}

static void
copy(struct json_in *in, const char *name, char *ret, size_t cap)
{
	struct bytes b = {NULL, 0};

	json_in_text(in, name, JSON_REQUIRED, 1, cap - 1, &b);
	assert_int_equal(in->error->err, 0);
	memcpy(ret, b.p, b.len);
	ret[b.len] = '\0';
}

static struct asked
read_request(const struct oracle *o, enum oracle_kind kind)
{
	struct asked a = {.challenge_len = 0};
	struct json_error error;
	struct json_in in;
	json_t *nonces = NULL;

	assert_int_equal(json_in_open(o->request.body.p, o->request.body.len, &in, &error), 0);
	if (kind == ORACLE_BOUND_EVIDENCE) {
		assert_string_equal(o->request.path, "/v1/bound_evidence");
		decode(&in, "challenge", a.challenge, sizeof a.challenge, &a.challenge_len);
		decode(&in, "extra_data", a.extra_data, sizeof a.extra_data, &a.extra_data_len);
	} else {
		assert_string_equal(o->request.path, "/v1/token");
		copy(&in, "audience", a.audience, sizeof a.audience);
		copy(&in, "token_type", a.type, sizeof a.type);
		json_in_value(&in, "nonces", JSON_REQUIRED, &nonces);
		a.nonces = json_array_size(nonces);
		assert_true(json_is_string(json_array_get(nonces, 0)));
		assert_int_equal(json_string_length(json_array_get(nonces, 0)), 64);
		memcpy(a.nonce, json_string_value(json_array_get(nonces, 0)), 64);
	}
	assert_int_equal(json_in_close(&in), 0);
	json_in_free(&in);
	return a;
}

static struct asked
ask(enum oracle_kind kind, const uint8_t report_data[64])
{
	struct oracle o;

	assert_int_equal(oracle_request(kind, report_data, &o), 0);
	return read_request(&o, kind);
}

static void
test_form(void **state)
{
	uint8_t report_data[64], challenge[32];
	char nonce[65];
	struct asked a;

	(void)state;
	for (size_t i = 0; i < 64; i++)
		report_data[i] = (uint8_t)(i * 5 + 3);
	assert_int_equal(evidence_challenge(report_data, challenge), 0);
	a = ask(ORACLE_BOUND_EVIDENCE, report_data);
	assert_int_equal(a.challenge_len, 32);
	assert_memory_equal(a.challenge, challenge, 32);
	assert_int_equal(a.extra_data_len, 64);
	assert_memory_equal(a.extra_data, report_data, 64);
	hex_encode(challenge, 32, nonce);
	for (size_t i = 1; i < ARRAY_LEN(kinds); i++) {
		a = ask(kinds[i], report_data);
		assert_string_equal(a.audience, EVIDENCE_AUDIENCE);
		assert_string_equal(a.nonce, nonce);
		assert_int_equal(a.nonces, 1);
		assert_string_equal(a.type, kinds[i] == ORACLE_TOKEN_PKI ? "PKI" : "OIDC");
	}
}

/* Neither as bytes, nor as hex, nor as base64 does what the KMS waits for go out. */
static void
assert_harmless(const uint8_t report_data[64], const uint8_t wanted[32])
{
	char hex[65];

	hex_encode(wanted, 32, hex);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct asked a = ask(kinds[i], report_data);

		assert_memory_not_equal(a.challenge, wanted, 32);
		assert_string_not_equal(a.nonce, hex);
		if (kinds[i] == ORACLE_BOUND_EVIDENCE)
			assert_int_equal(a.extra_data_len, 64);
		for (size_t k = 0; evidence_foreign_audience(k) != NULL; k++)
			assert_string_not_equal(a.audience, evidence_foreign_audience(k));
	}
}

/* The attacker's own key in each domain of the KMS, put wherever he can put bytes. */
static void
test_every_foreign_domain(void **state)
{
	uint8_t digest[32], report_data[64];
	size_t domains = 0;

	(void)state;
	for (size_t i = 0; evidence_foreign_domain(i) != NULL; i++, domains++) {
		const char *domain = evidence_foreign_domain(i);
		char hex[65];

		assert_int_equal(evidence_domain_digest(domain, text(pem), digest), 0);
		/* as the nonce of a statement, which is all that a caller has */
		hex_encode(digest, 32, hex);
		assert_int_equal(report_data_of(text(hex), report_data), 0);
		assert_harmless(report_data, digest);
		/* even if report data were his: the digest, twice, or the preimage itself */
		memcpy(report_data, digest, 32);
		memcpy(report_data + 32, digest, 32);
		assert_harmless(report_data, digest);
		memset(report_data, 0, sizeof report_data);
		memcpy(report_data, domain, strlen(domain) < 63 ? strlen(domain) : 63);
		memcpy(report_data + strlen(domain) + 1, pem, 64 - strlen(domain) - 1);
		assert_harmless(report_data, digest);
		/* and the KMS's digest over our report data is not what we ask for either */
		assert_int_equal(
		    evidence_domain_digest(domain, (struct bytes){report_data, 64}, digest), 0);
		assert_harmless(report_data, digest);
	}
	assert_true(domains >= 4);
}

static void
test_audience_is_ours(void **state)
{
	size_t n = 0;

	(void)state;
	for (; evidence_foreign_audience(n) != NULL; n++)
		assert_string_not_equal(EVIDENCE_AUDIENCE, evidence_foreign_audience(n));
	assert_true(n >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_form),
	    cmocka_unit_test(test_every_foreign_domain),
	    cmocka_unit_test(test_audience_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
