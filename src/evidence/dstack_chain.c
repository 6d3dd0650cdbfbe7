#include "evidence/dstack_chain.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/hex.h"
#include "crypto/keccak256.h"
#include "crypto/secp_verify.h"
#include "tdx/digest.h"
#include "base/banned.h"

#define ED25519_KEY_LEN 32
#define SECP256K1_KEY_LEN 33

/* The public key in the form that link0 covers. */
struct raw_key {
	uint8_t bytes[SECP256K1_KEY_LEN];
	size_t len;
};

static enum tdx_reason
normalize(enum dstack_algorithm algorithm, struct bytes key, struct raw_key *ret)
{
	switch (algorithm) {
	case DSTACK_ED25519:
		if (key.len != ED25519_KEY_LEN)
			return DSTACK_CHAIN_PARSE;
		memcpy(ret->bytes, key.p, key.len);
		ret->len = key.len;
		return TDX_HOLDS;
	case DSTACK_SECP256K1:
	case DSTACK_SECP256K1_PREHASHED:
		if (secp_normalize(key.p, key.len, ret->bytes) != 0)
			return DSTACK_CHAIN_PARSE;
		ret->len = SECP256K1_KEY_LEN;
		return TDX_HOLDS;
	}
	return DSTACK_CHAIN_PARSE;
}

static void
update_hex(struct keccak256 *k, const uint8_t *p, size_t len)
{
	char hex[2 * DSTACK_CA_MAX + 1];

	hex_encode(p, len, hex);
	keccak256_update(k, hex, 2 * len);
}

static void
update_lp(struct keccak256 *k, const void *p, size_t len)
{
	uint8_t prefix[4];

	store_be32(prefix, (uint32_t)len);
	keccak256_update(k, prefix, sizeof prefix);
	keccak256_update(k, p, len);
}

static void
digest_v0(const struct dstack_claim *claim, const struct raw_key *key, uint8_t ret32[32])
{
	struct keccak256 k;

	keccak256_init(&k);
	keccak256_update(&k, claim->purpose.p, claim->purpose.len);
	keccak256_update(&k, ":", 1);
	update_hex(&k, key->bytes, key->len);
	keccak256_final(&k, ret32);
}

static void
digest_v1(const struct dstack_claim *claim, const struct raw_key *key, uint8_t ret32[32])
{
	static const char tag[] = "dstack-guest-v1-key-claim";
	const char *algorithm = claim->algorithm == DSTACK_ED25519 ? "ed25519" : "secp256k1";
	struct keccak256 k;

	keccak256_init(&k);
	update_lp(&k, tag, sizeof tag - 1);
	update_lp(&k, algorithm, strlen(algorithm));
	update_lp(&k, claim->purpose.p, claim->purpose.len);
	update_lp(&k, key->bytes, key->len);
	keccak256_final(&k, ret32);
}

static enum tdx_reason
recover(const uint8_t digest32[32], const uint8_t link[DSTACK_LINK_LEN], uint8_t ret33[33])
{
	uint8_t key[64];

	if (secp_recover(digest32, link, link[64], key) != 0)
		return DSTACK_CHAIN_SIGNATURE;
	secp_compress(key, ret33);
	return TDX_HOLDS;
}

enum tdx_reason
dstack_chain_recover(const struct dstack_claim *claim, const uint8_t app_id20[20],
		     const struct dstack_chain *chain, struct dstack_roots *ret)
{
	static const char issued[] = "dstack-kms-issued:";
	struct dstack_roots roots;
	struct raw_key key;
	struct keccak256 k;
	uint8_t digest[32];
	enum tdx_reason reason;

	if (claim->purpose.len > DSTACK_PURPOSE_MAX)
		return DSTACK_CHAIN_PARSE;
	if ((reason = normalize(claim->algorithm, claim->public_key, &key)) != TDX_HOLDS)
		return reason;
	if (claim->scheme == DSTACK_SCHEME_V0)
		digest_v0(claim, &key, digest);
	else
		digest_v1(claim, &key, digest);
	if ((reason = recover(digest, chain->link[0], roots.app_root)) != TDX_HOLDS)
		return reason;
	keccak256_init(&k);
	keccak256_update(&k, issued, sizeof issued - 1);
	keccak256_update(&k, app_id20, 20);
	keccak256_update(&k, roots.app_root, sizeof roots.app_root);
	keccak256_final(&k, digest);
	if ((reason = recover(digest, chain->link[1], roots.kms_root)) != TDX_HOLDS)
		return reason;
	*ret = roots;
	return TDX_HOLDS;
}

enum tdx_reason
dstack_chain_verify(const struct dstack_claim *claim, const uint8_t app_id20[20],
		    const struct dstack_chain *chain, const uint8_t kms_root33[33])
{
	struct dstack_roots roots;
	enum tdx_reason reason;

	if ((reason = dstack_chain_recover(claim, app_id20, chain, &roots)) != TDX_HOLDS)
		return reason;
	/* a link over other bytes recovers some key, never the pinned one */
	if (memcmp(roots.kms_root, kms_root33, sizeof roots.kms_root) != 0)
		return DSTACK_CHAIN_ROOT;
	return TDX_HOLDS;
}

enum tdx_reason
dstack_root_is_bound(const uint8_t report_data64[64], struct bytes ca, const uint8_t kms_root33[33])
{
	static const char tag[] = "dstack-kms-genereted-keys-v1:"; /* misspelled by its maker */
	static const uint8_t zeros[32];
	struct keccak256 k;
	uint8_t digest[32];

	if (ca.len == 0 || ca.len > DSTACK_CA_MAX)
		return DSTACK_KMS_BINDING;
	keccak256_init(&k);
	keccak256_update(&k, tag, sizeof tag - 1);
	update_hex(&k, ca.p, ca.len);
	keccak256_update(&k, ";", 1);
	update_hex(&k, kms_root33, 33);
	keccak256_update(&k, ";", 1);
	keccak256_final(&k, digest);
	if (memcmp(report_data64, digest, sizeof digest) != 0 ||
	    memcmp(report_data64 + 32, zeros, sizeof zeros) != 0)
		return DSTACK_KMS_BINDING;
	return TDX_HOLDS;
}

static enum tdx_reason
verify_ed25519(const struct raw_key *key, struct bytes data, const uint8_t signature64[64])
{
	enum tdx_reason reason = TDX_INTERNAL;
	EVP_PKEY *pkey = NULL;
	EVP_MD_CTX *c = NULL;
	int ok;

	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, key->len);
	c = EVP_MD_CTX_new();
	if (pkey == NULL || c == NULL || EVP_DigestVerifyInit(c, NULL, NULL, NULL, pkey) != 1)
		goto out;
	ok = EVP_DigestVerify(c, signature64, 64, data.p, data.len);
	reason = ok == 1 ? TDX_HOLDS : DSTACK_CHAIN_SIGNATURE;
out:
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(pkey);
	return reason;
}

enum tdx_reason
dstack_signature_verify(enum dstack_algorithm algorithm, struct bytes public_key, struct bytes data,
			const uint8_t signature64[64])
{
	struct raw_key key;
	uint8_t digest[32];
	enum tdx_reason reason;

	if ((reason = normalize(algorithm, public_key, &key)) != TDX_HOLDS)
		return reason;
	if (algorithm == DSTACK_ED25519)
		return verify_ed25519(&key, data, signature64);
	if (algorithm == DSTACK_SECP256K1 && digest_sha256(&data, 1, digest) != 0)
		return TDX_INTERNAL;
	if (algorithm == DSTACK_SECP256K1_PREHASHED) {
		if (data.len != sizeof digest)
			return DSTACK_CHAIN_PARSE;
		memcpy(digest, data.p, sizeof digest);
	}
	if (secp_verify(key.bytes, key.len, digest, signature64) != 0)
		return DSTACK_CHAIN_SIGNATURE;
	return TDX_HOLDS;
}
