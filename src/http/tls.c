#include "http/tls.h"

#include <stddef.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/banned.h"

#define DAY_SECONDS 86400L
#define LIFE_DAYS 3650L /* the key ends with the process; the date must only not be in the way */
#define SERIAL_BYTES 16

static int
set_serial(X509 *cert)
{
	uint8_t serial[SERIAL_BYTES];
	BIGNUM *n = NULL;
	int r = ERR_CRYPTO;

	if (RAND_bytes(serial, sizeof serial) != 1)
		return ERR_CRYPTO;
	serial[0] &= 0x7f; /* RFC 5280 4.1.2.2: positive */
	serial[0] |= 0x40;
	n = BN_bin2bn(serial, sizeof serial, NULL);
	if (n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL)
		r = 0;
	BN_free(n);
	return r;
}

static int
set_names(X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *alt = NULL;
	int r = ERR_CRYPTO;

	if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"selfsame",
	        -1, -1, 0) != 1 ||
	    X509_set_issuer_name(cert, name) != 1)
		return ERR_CRYPTO;
	alt = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:selfsame,DNS:localhost");
	if (alt != NULL && X509_add_ext(cert, alt, -1) == 1)
		r = 0;
	X509_EXTENSION_free(alt);
	return r;
}

static int
make_certificate(EVP_PKEY *key, X509 **ret)
{
	X509 *cert = X509_new();
	int r = ERR_CRYPTO;

	if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1)
		goto out;
	if (set_serial(cert) != 0 || set_names(cert) != 0)
		goto out;
	/* a day back: the clock is the host's, and the client's may be slow */
	if (X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_SECONDS) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(cert), LIFE_DAYS * DAY_SECONDS) == NULL)
		goto out;
	if (X509_set_pubkey(cert, key) != 1 || X509_sign(cert, key, EVP_sha256()) == 0)
		goto out;
	*ret = cert;
	cert = NULL; /* transferred */
	r = 0;
out:
	X509_free(cert);
	return r;
}

static int
spki_hash(const X509 *cert, uint8_t ret_hash32[32])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	int ok;

	if (len <= 0)
		return ERR_CRYPTO;
	ok = EVP_Digest(der, (size_t)len, ret_hash32, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	return ok == 1 ? 0 : ERR_CRYPTO;
}

static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
    unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* Session tickets are off because their key would outlive forward secrecy. */
static int
harden(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
	        SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	if (SSL_CTX_set_num_tickets(ctx, 0) != 1 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_early_data(ctx, 0) != 1)
		return ERR_CRYPTO;
	return 0;
}

int
tls_new(SSL_CTX **ret_context, uint8_t ret_spki32[32])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *cert = NULL;
	uint8_t hash[32];
	int r = ERR_CRYPTO;

	if (key == NULL || ctx == NULL || harden(ctx) != 0)
		goto out;
	if ((r = make_certificate(key, &cert)) != 0 || (r = spki_hash(cert, hash)) != 0)
		goto out;
	r = ERR_CRYPTO;
	if (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		goto out;
	*ret_context = ctx;
	ctx = NULL; /* transferred */
	memcpy(ret_spki32, hash, sizeof hash);
	r = 0;
out:
	X509_free(cert);
	EVP_PKEY_free(key);
	SSL_CTX_free(ctx);
	return r;
}

void
tls_free(SSL_CTX *context)
{
	SSL_CTX_free(context);
}
