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

static int
key_import(const uint8_t key64[64], EC_KEY **ret)
{
	EC_KEY *key = NULL;
	uint8_t point[65] = {POINT_CONVERSION_UNCOMPRESSED};
	int r = ERR_CRYPTO;

	memcpy(point + 1, key64, 64);
	if ((key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1)) == NULL)
		goto out;
	/* refuses what is not on the curve; the cofactor is 1 */
	r = ERR_SIGNATURE;
	if (EC_KEY_oct2key(key, point, sizeof point, NULL) != 1)
		goto out;
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

int
p256_verify(const uint8_t key64[64], const uint8_t hash32[32], const uint8_t sig64[64])
{
	EC_KEY *key = NULL;
	ECDSA_SIG *sig = NULL;
	int r;

	if ((r = key_import(key64, &key)) != 0)
		goto out;
	if ((r = signature_import(sig64, &sig)) != 0)
		goto out;
	/* -1 is an error such as s = 0: no signature either */
	r = ECDSA_do_verify(hash32, 32, sig, key) == 1 ? 0 : ERR_SIGNATURE;
out:
	ECDSA_SIG_free(sig);
	EC_KEY_free(key);
	ERR_clear_error();
	return r;
}
