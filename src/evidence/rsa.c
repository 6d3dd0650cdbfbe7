#include "evidence/rsa.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/err.h"
#include "base/banned.h"

#define EXPONENT 65537U

static int
key_from_numbers(const BIGNUM *n, EVP_PKEY **ret)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	int r = ERR_CRYPTO;

	if (context == NULL || build == NULL)
		goto out;
	if (OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_uint(build, OSSL_PKEY_PARAM_RSA_E, EXPONENT) != 1)
		goto out;
	if ((params = OSSL_PARAM_BLD_to_param(build)) == NULL)
		goto out;
	if (EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		goto out;
	*ret = key;
	r = 0;
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	return r;
}

int
rsa_key_make(struct bytes modulus, struct bytes exponent, EVP_PKEY **ret)
{
	static const uint8_t e[] = {EXPONENT >> 16, EXPONENT >> 8 & 0xff, EXPONENT & 0xff};
	BIGNUM *n = NULL;
	int r;

	if (!bytes_equal(exponent, (struct bytes){e, sizeof e}))
		return ERR_RANGE;
	if (modulus.len > RSA_BITS_MAX / 8)
		return ERR_RANGE;
	ERR_clear_error();
	if ((n = BN_bin2bn(modulus.p, (int)modulus.len, NULL)) == NULL)
		return ERR_CRYPTO;
	r = BN_num_bits(n) < RSA_BITS_MIN ? ERR_RANGE : key_from_numbers(n, ret);
	BN_free(n);
	ERR_clear_error();
	return r;
}

int
rsa_verify(EVP_PKEY *key, struct bytes message, struct bytes signature)
{
	EVP_MD_CTX *context = NULL;
	EVP_PKEY_CTX *padding = NULL; /* the context's */
	int r = ERR_CRYPTO, bits = EVP_PKEY_get_bits(key);

	if (!EVP_PKEY_is_a(key, "RSA") || bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return ERR_UNSUPPORTED;
	ERR_clear_error();
	if ((context = EVP_MD_CTX_new()) == NULL)
		goto out;
	if (EVP_DigestVerifyInit(context, &padding, EVP_sha256(), NULL, key) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PADDING) != 1)
		goto out;
	r = EVP_DigestVerify(context, signature.p, signature.len, message.p, message.len) == 1 ?
	    0 : ERR_SIGNATURE;
out:
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return r;
}
