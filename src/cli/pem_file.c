#include "cli/pem_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/banned.h"

/* Owns: X509_free(), EVP_PKEY_free() */
static X509 *
read_certificate(BIO *bio)
{
	return bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
}

static EVP_PKEY *
read_key(BIO *bio)
{
	X509 *x = read_certificate(bio);
	EVP_PKEY *key = NULL;

	if (x != NULL)
		key = X509_get_pubkey(x);
	else if (bio != NULL && BIO_reset(bio) == 1)
		key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	X509_free(x);
	return key;
}

int
pem_file_public_key(const struct buffer *pem, uint8_t *ret, size_t cap, size_t *ret_len)
{
	BIO *bio = BIO_new_mem_buf(pem->p, (int)pem->len);
	EVP_PKEY *key = read_key(bio);
	int len = key != NULL ? i2d_PUBKEY(key, NULL) : 0, r = ERR_PARSE;

	if (len > 0 && (size_t)len > cap)
		r = ERR_SPACE;
	else if (len > 0 && i2d_PUBKEY(key, &ret) == len)
		r = 0;
	if (r == 0)
		*ret_len = (size_t)len;
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return r;
}

int
pem_file_certificate(const struct buffer *pem, uint8_t *ret, size_t cap, size_t *ret_len)
{
	BIO *bio = BIO_new_mem_buf(pem->p, (int)pem->len);
	X509 *x = read_certificate(bio);
	int len = x != NULL ? i2d_X509(x, NULL) : 0, r = ERR_PARSE;

	if (len > 0 && (size_t)len > cap)
		r = ERR_SPACE;
	else if (len > 0 && i2d_X509(x, &ret) == len)
		r = 0;
	if (r == 0)
		*ret_len = (size_t)len;
	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	return r;
}
