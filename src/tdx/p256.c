/*
 * The EC_KEY interface is deprecated in 3.0, but EVP takes a third longer for
 * a key that is used once, and the time of a quote is the time of its checks.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tdx/p256.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "base/err.h"
#include "base/banned.h"

/*
 * Whether a key failed by itself. The library says "not on the curve" of good
 * keys too when memory runs out on the way, but then not as its first complaint.
 */
static int
not_a_point(void)
{
	const int reason = ERR_GET_REASON(ERR_peek_error());

	return reason == EC_R_POINT_IS_NOT_ON_CURVE || reason == EC_R_INVALID_ENCODING;
}

static int
key_import(const uint8_t key64[64], EC_KEY **ret)
{
	EC_KEY *key = NULL;
	uint8_t point[65] = {POINT_CONVERSION_UNCOMPRESSED};
	int r = ERR_CRYPTO;

	memcpy(point + 1, key64, 64);
	if ((key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1)) == NULL)
		goto out;
	ERR_clear_error();
	/* refuses what is not on the curve; the cofactor is 1 */
	if (EC_KEY_oct2key(key, point, sizeof point, NULL) != 1) {
		r = not_a_point() ? ERR_SIGNATURE : ERR_CRYPTO;
		goto out;
	}
	r = 0;
	*ret = key;
	key = NULL; /* transferred */
out:
	EC_KEY_free(key);
	return r;
}

static int
signature_import(const uint8_t sig64[64], ECDSA_SIG **ret)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig64, 32, NULL);
	BIGNUM *s = BN_bin2bn(sig64 + 32, 32, NULL);

	if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		ECDSA_SIG_free(sig);
		return ERR_CRYPTO;
	}
	*ret = sig;
	return 0;
}

static int
verify_with(EC_KEY *key, const uint8_t hash32[32], const uint8_t sig64[64])
{
	ECDSA_SIG *sig = NULL;
	int r;

	if ((r = signature_import(sig64, &sig)) != 0)
		return r;
	/* 0 is a signature that does not verify or cannot (s = 0); -1 is the library's failure */
	r = ECDSA_do_verify(hash32, 32, sig, key);
	ECDSA_SIG_free(sig);
	if (r < 0)
		return ERR_CRYPTO;
	return r == 1 ? 0 : ERR_SIGNATURE;
}

int
p256_verify(const uint8_t key64[64], const uint8_t hash32[32], const uint8_t sig64[64])
{
	EC_KEY *key = NULL;
	int r;

	if ((r = key_import(key64, &key)) == 0)
		r = verify_with(key, hash32, sig64);
	EC_KEY_free(key);
	ERR_clear_error();
	return r;
}

static EC_KEY *
pool_find(const struct p256_pool *pool, const uint8_t key64[64])
{
	for (size_t i = 0; i < pool->count; i++)
		if (memcmp(pool->entry[i].key64, key64, 64) == 0)
			return pool->entry[i].key;
	return NULL;
}

int
p256_pool_verify(struct p256_pool *pool, const uint8_t key64[64], const uint8_t hash32[32],
		 const uint8_t sig64[64])
{
	EC_KEY *key = pool_find(pool, key64);
	int r = 0;

	if (key == NULL && pool->count == P256_POOL_MAX)
		return p256_verify(key64, hash32, sig64);
	if (key == NULL && (r = key_import(key64, &key)) == 0) {
		memcpy(pool->entry[pool->count].key64, key64, 64);
		pool->entry[pool->count++].key = key;
	}
	if (r == 0)
		r = verify_with(key, hash32, sig64);
	ERR_clear_error();
	return r;
}

void
p256_pool_close(struct p256_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		EC_KEY_free(pool->entry[i].key);
	pool->count = 0;
}
