#include "support/openssl_pki.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/banned.h"

/* SHA-1 of the key, by which strict verification ties a certificate to its issuer's. */
static int
key_id_of(EVP_PKEY *key, unsigned char id[EVP_MAX_MD_SIZE], unsigned *len)
{
	X509 *holder = X509_new();
	int ok = holder != NULL && X509_set_pubkey(holder, key) == 1 &&
	    X509_pubkey_digest(holder, EVP_sha1(), id, len) == 1;

	X509_free(holder);
	return ok;
}

static int
add_key_ids(X509 *x, const struct openssl_certificate *c)
{
	ASN1_OCTET_STRING *subject = ASN1_OCTET_STRING_new();
	AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
	unsigned char id[EVP_MAX_MD_SIZE];
	unsigned len;
	int ok = 0;

	if (subject == NULL || authority == NULL)
		goto out;
	if ((authority->keyid = ASN1_OCTET_STRING_new()) == NULL)
		goto out;
	ok = key_id_of(c->key, id, &len) && ASN1_OCTET_STRING_set(subject, id, (int)len) &&
	    X509_add1_ext_i2d(x, NID_subject_key_identifier, subject, 0, 0) == 1 &&
	    key_id_of(c->issuer_key, id, &len) &&
	    ASN1_OCTET_STRING_set(authority->keyid, id, (int)len) &&
	    X509_add1_ext_i2d(x, NID_authority_key_identifier, authority, 0, 0) == 1;
out:
	ASN1_OCTET_STRING_free(subject);
	AUTHORITY_KEYID_free(authority);
	return ok;
}

static int
add_text(X509 *x, const char *name, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, name, value);
	int ok = e != NULL && X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	return ok;
}

static int
add_raw(X509 *x, const char *oid, struct bytes content)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e = NULL;
	int ok = object != NULL && value != NULL &&
	    ASN1_OCTET_STRING_set(value, content.p, (int)content.len) == 1 &&
	    (e = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value)) != NULL &&
	    X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
	return ok;
}

static int
add_name(X509_NAME *name, const char *text)
{
	return X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0);
}

static int
fill(X509 *x, const struct openssl_certificate *c)
{
	return X509_set_version(x, X509_VERSION_3) &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), c->subject[0]) &&
	    ASN1_TIME_set(X509_getm_notBefore(x), c->not_before) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(x), c->not_after) != NULL &&
	    add_name(X509_get_subject_name(x), c->subject) &&
	    add_name(X509_get_issuer_name(x), c->issuer) && X509_set_pubkey(x, c->key) &&
	    add_text(x, "basicConstraints", c->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	    add_text(x, "keyUsage",
		c->is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
	    add_key_ids(x, c) &&
	    (c->extended_usage == NULL || add_text(x, "extendedKeyUsage", c->extended_usage)) &&
	    (c->oid == NULL || add_raw(x, c->oid, c->content)) &&
	    X509_sign(x, c->issuer_key, c->hash != NULL ? c->hash : EVP_sha256()) > 0;
}

int
openssl_certificate_write(const struct openssl_certificate *c, uint8_t *ret, size_t *ret_len)
{
	X509 *x = X509_new();
	uint8_t *p = ret;
	int r = ERR_CRYPTO, len;

	if (x == NULL || !fill(x, c) || (len = i2d_X509(x, NULL)) <= 0)
		goto out;
	r = ERR_SPACE;
	if (len > OPENSSL_PKI_MAX)
		goto out;
	r = i2d_X509(x, &p) == len ? 0 : ERR_CRYPTO;
	*ret_len = (size_t)len;
out:
	X509_free(x);
	return r;
}
