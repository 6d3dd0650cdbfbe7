#include "evidence/bound_nonce.h"

#include <string.h>

#include "tdx/digest.h"
#include "base/banned.h"

static const char label[] = "WORKLOAD_ATTESTATION";

static struct bytes
text_of(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

int
bound_nonce_tpm(const char *tag, struct bytes challenge, struct bytes extra, uint8_t ret[32])
{
	uint8_t challenge_hash[32], extra_hash[32];
	const struct bytes parts[4] = {text_of(label), text_of(tag),
	    {challenge_hash, sizeof challenge_hash}, {extra_hash, sizeof extra_hash}};
	int r;

	if ((r = digest_sha256(&challenge, 1, challenge_hash)) != 0 ||
	    (r = digest_sha256(&extra, 1, extra_hash)) != 0)
		return r;
	return digest_sha256(parts, extra.len > 0 ? 4 : 3, ret);
}

int
bound_nonce_tee(struct bytes challenge, struct bytes ak_spki, struct bytes extra, uint8_t ret[64])
{
	uint8_t challenge_hash[64], ak_hash[64], extra_hash[64];
	const struct bytes parts[4] = {text_of(label), {challenge_hash, sizeof challenge_hash},
	    {ak_hash, sizeof ak_hash}, {extra_hash, sizeof extra_hash}};
	int r;

	if ((r = digest_sha512(&challenge, 1, challenge_hash)) != 0 ||
	    (r = digest_sha512(&ak_spki, 1, ak_hash)) != 0 ||
	    (r = digest_sha512(&extra, 1, extra_hash)) != 0)
		return r;
	return digest_sha512(parts, extra.len > 0 ? 4 : 3, ret);
}
