#include "evidence/challenge.h"

#include <string.h>

#include "base/hex.h"
#include "tdx/digest.h"
#include "base/banned.h"

int
evidence_domain_digest(const char *domain, struct bytes content, uint8_t ret[32])
{
	/* the domain's NUL separates it from the content */
	const struct bytes parts[2] = {{(const uint8_t *)domain, strlen(domain) + 1}, content};

	return digest_sha256(parts, 2, ret);
}

int
evidence_challenge(const uint8_t report_data[64], uint8_t ret[EVIDENCE_CHALLENGE_LEN])
{
	return evidence_domain_digest(
	    EVIDENCE_CHALLENGE_DOMAIN, (struct bytes){report_data, 64}, ret);
}

int
evidence_token_nonce(const uint8_t report_data[64], char ret[EVIDENCE_TOKEN_NONCE_LEN + 1])
{
	uint8_t challenge[EVIDENCE_CHALLENGE_LEN];
	int r;

	if ((r = evidence_challenge(report_data, challenge)) != 0)
		return r;
	hex_encode(challenge, sizeof challenge, ret);
	return 0;
}

const char *
evidence_foreign_domain(size_t i)
{
	static const char *const domains[] = {
	    "COMPUTE_APP_DERIVED_ADDRESSES_V1",
	    "COMPUTE_APP_ENV_REQUEST_RSA_KEY_V1", /* releases the mnemonic */
	    "COMPUTE_APP_JWT_REQUEST_RSA_KEY_V1", /* releases an identity token */
	    "COMPUTE_APP_KEY_DERIVATION_V1",
	    "COMPUTE_APP_KMS_SIGNATURE_V1",
	};

	return i < ARRAY_LEN(domains) ? domains[i] : NULL;
}

const char *
evidence_foreign_audience(size_t i)
{
	static const char *const audiences[] = {
	    "https://sts.googleapis.com", /* the launcher's default token: KMS /env takes it */
	    "EigenX KMS",
	    "EigenX Dashboard",
	};

	return i < ARRAY_LEN(audiences) ? audiences[i] : NULL;
}
