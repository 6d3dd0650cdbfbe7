/* Challenges and the KMS's domains: formulas by hand, and the KMS's own digests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <openssl/sha.h>

#include "base/hex.h"
#include "evidence/challenge.h"
#include "base/banned.h"

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* The bytes written out, and hashed by somebody else's call. */
static void
test_formula(void **state)
{
	uint8_t plain[sizeof "SELFSAME_ATTEST_V1" + 64] = "SELFSAME_ATTEST_V1";
	uint8_t report_data[64], want[32], got[32];
	char nonce[EVIDENCE_TOKEN_NONCE_LEN + 1];

	(void)state;
	for (size_t i = 0; i < sizeof report_data; i++)
		report_data[i] = (uint8_t)(i * 7 + 1);
	memcpy(plain + sizeof "SELFSAME_ATTEST_V1", report_data, sizeof report_data);
	SHA256(plain, sizeof plain, want);
	assert_int_equal(evidence_challenge(report_data, got), 0);
	assert_memory_equal(got, want, 32);
	assert_int_equal(evidence_token_nonce(report_data, nonce), 0);
	assert_int_equal(strlen(nonce), EVIDENCE_TOKEN_NONCE_LEN);
	assert_int_equal(hex_decode(nonce, strlen(nonce), got, 32), 0);
	assert_memory_equal(got, want, 32);
	/* Confidential Space takes nonces of 10 to 74 bytes */
	assert_in_range(EVIDENCE_TOKEN_NONCE_LEN, 10, 74);
}

/* Digests computed from the KMS's published rule (the fixture eigen_derivation_vectors.json). */
static void
test_domain_digests(void **state)
{
	static const struct {
		const char *domain;
		const char *content;
		const char *digest;
	} cases[] = {
	    {"COMPUTE_APP_KMS_SIGNATURE_V1", "{\"a\":1}",
		"c52516e436f01d122c1c69c89afe7f9fc8a311b34418e4dd519e7bf00a5e0b5f"},
	    {"COMPUTE_APP_ENV_REQUEST_RSA_KEY_V1", "PEM",
		"1d26b313c49e3e4c3e25d0b95ea8f1b8358511118feb463af2fe1456054d3ecb"},
	    {"COMPUTE_APP_JWT_REQUEST_RSA_KEY_V1", "PEM",
		"7cc9a44080663979aea2f94b6e3f8a1848cefa207041a8916e1fc1108368410a"},
	    {"COMPUTE_APP_KEY_DERIVATION_V1", "0x91b53aa4357f95ee2f470c5ce66292b080eff7a5",
		"7af5b4160603e0d56ab08bbc049e4cfc16503506137fe01a9acd34359718e1e8"},
	};
	uint8_t got[32];
	char hex[65];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		    evidence_domain_digest(cases[i].domain, text(cases[i].content), got), 0);
		hex_encode(got, 32, hex);
		assert_string_equal(hex, cases[i].digest);
	}
}

/* Every domain and audience of the KMS's is on the list, and ours is none of them. */
static void
test_foreign(void **state)
{
	static const char *const domains[] = {"COMPUTE_APP_DERIVED_ADDRESSES_V1",
	    "COMPUTE_APP_ENV_REQUEST_RSA_KEY_V1", "COMPUTE_APP_JWT_REQUEST_RSA_KEY_V1",
	    "COMPUTE_APP_KEY_DERIVATION_V1",
	    "COMPUTE_APP_KMS_SIGNATURE_V1"};
	static const char *const audiences[] = {
	    "https://sts.googleapis.com", "EigenX KMS", "EigenX Dashboard"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(domains); i++)
		assert_string_equal(evidence_foreign_domain(i), domains[i]);
	assert_null(evidence_foreign_domain(i));
	for (i = 0; i < ARRAY_LEN(audiences); i++)
		assert_string_equal(evidence_foreign_audience(i), audiences[i]);
	assert_null(evidence_foreign_audience(i));
	/* with its NUL no domain is the beginning of another, so no two can meet in one input */
	for (i = 0; evidence_foreign_domain(i) != NULL; i++)
		assert_string_not_equal(evidence_foreign_domain(i), EVIDENCE_CHALLENGE_DOMAIN);
	for (i = 0; evidence_foreign_audience(i) != NULL; i++)
		assert_string_not_equal(evidence_foreign_audience(i), EVIDENCE_AUDIENCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_formula),
	    cmocka_unit_test(test_domain_digests),
	    cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
