#include "support/kms_signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/banned.h"

uint8_t kms_signer_key64[64];
static EVP_PKEY *key;

int
kms_signer_open(void **state)
{
	uint8_t point[65];
	size_t len;

	(void)state;
	if ((key = EVP_EC_gen("P-256")) == NULL ||
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len) != 1)
		return -1;
	memcpy(kms_signer_key64, point + 1, 64);
	return 0;
}

int
kms_signer_close(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

void
kms_signer_sign(const char *domain, const char *data, char ret_base64[KMS_SIGNATURE_MAX])
{
	static uint8_t plain[8192];
	struct writer w = writer_of(plain, sizeof plain);
	struct writer text = writer_of((uint8_t *)ret_base64, KMS_SIGNATURE_MAX - 1);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t der[100];
	size_t len = sizeof der;

	write_text(&w, domain);
	write_u8(&w, 0);
	write_text(&w, data);
	assert_int_equal(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(c, der, &len, plain, w.len), 1);
	EVP_MD_CTX_free(c);
	base64_write(&text, BASE64_STANDARD, der, len);
	ret_base64[text.len] = '\0';
}
