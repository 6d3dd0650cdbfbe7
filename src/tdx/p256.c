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

/* What every check needs, made at the first one. */
static int
prepare(struct p256 *v)
{
	BIGNUM *r, *s;

	if (v->key == NULL && (v->key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1)) == NULL)
		return ERR_CRYPTO;
	if (v->signature != NULL)
		return 0;
	v->signature = ECDSA_SIG_new();
	r = BN_new();
	s = BN_new();
	if (v->signature == NULL || r == NULL || s == NULL ||
	    ECDSA_SIG_set0(v->signature, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		ECDSA_SIG_free(v->signature);
		v->signature = NULL;
		return ERR_CRYPTO;
	}
	v->r = r;
	v->s = s;
	return 0;
}

static int
key_import(struct p256 *v, const uint8_t key64[64])
{
	uint8_t point[65] = {POINT_CONVERSION_UNCOMPRESSED};

	if (v->has_point && memcmp(v->key64, key64, 64) == 0)
		return 0;
	v->has_point = 0;
	memcpy(point + 1, key64, 64);
	ERR_clear_error();
	/* refuses what is not on the curve; the cofactor is 1 */
	if (EC_KEY_oct2key(v->key, point, sizeof point, NULL) != 1)
		return not_a_point() ? ERR_SIGNATURE : ERR_CRYPTO;
	memcpy(v->key64, key64, 64);
	v->has_point = 1;
	return 0;
}

static int
check(struct p256 *v, const uint8_t key64[64], const uint8_t hash32[32], const uint8_t sig64[64])
{
	int r;

	if ((r = prepare(v)) != 0 || (r = key_import(v, key64)) != 0)
		return r;
	if (BN_bin2bn(sig64, 32, v->r) == NULL || BN_bin2bn(sig64 + 32, 32, v->s) == NULL)
		return ERR_CRYPTO;
	/* 0 is a signature that does not verify or cannot (s = 0); -1 is the library's failure */
	r = ECDSA_do_verify(hash32, 32, v->signature, v->key);
	if (r < 0)
		return ERR_CRYPTO;
	return r == 1 ? 0 : ERR_SIGNATURE;
}

int
p256_check(struct p256 *v, const uint8_t key64[64], const uint8_t hash32[32],
	   const uint8_t sig64[64])
{
	int r = check(v, key64, hash32, sig64);

	if (r != 0)
		ERR_clear_error();
	return r;
}

void
p256_close(struct p256 *v)
{
	ECDSA_SIG_free(v->signature); /* with r and s */
	EC_KEY_free(v->key);
	*v = (struct p256){.key = NULL};
}

int
p256_verify(const uint8_t key64[64], const uint8_t hash32[32], const uint8_t sig64[64])
{
	struct p256 v = {.key = NULL};
	int r = p256_check(&v, key64, hash32, sig64);

	p256_close(&v);
	return r;
}
