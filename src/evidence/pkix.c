#include "evidence/pkix.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "base/err.h"
#include "base/banned.h"

#define AUTH_LEVEL 2 /* OpenSSL's name for 112 bits */

X509 *
pkix_parse(struct bytes der)
{
	const unsigned char *p = der.p;
	X509 *c;

	if (der.len == 0 || der.len > PKIX_CERTIFICATE_MAX)
		return NULL;
	ERR_clear_error();
	c = d2i_X509(NULL, &p, (long)der.len);
	ERR_clear_error();
	if (c != NULL && p != der.p + der.len) {
		X509_free(c);
		return NULL;
	}
	return c;
}

static enum tdx_reason
add_others(struct pkix_list list, STACK_OF(X509) *stack, enum tdx_reason broken)
{
	X509 *c;

	for (size_t i = 0; i < list.count; i++) {
		if ((c = pkix_parse(list.der[i])) == NULL)
			return broken;
		if (sk_X509_push(stack, c) == 0) {
			X509_free(c);
			return TDX_INTERNAL;
		}
	}
	return TDX_HOLDS;
}

static enum tdx_reason
add_roots(struct pkix_list list, X509_STORE *store)
{
	X509 *c;
	int r = 1;

	for (size_t i = 0; i < list.count && r == 1; i++) {
		if ((c = pkix_parse(list.der[i])) == NULL)
			return TDX_INTERNAL;
		r = X509_STORE_add_cert(store, c);
		X509_free(c);
	}
	return r == 1 ? TDX_HOLDS : TDX_INTERNAL;
}

static enum tdx_reason
reason_of(int error, enum tdx_reason broken)
{
	switch (error) {
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return TDX_ROOT_NOT_TRUSTED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return TDX_NOT_YET_VALID;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return TDX_EXPIRED;
	case X509_V_ERR_OUT_OF_MEM:
		return TDX_INTERNAL;
	default:
		return broken;
	}
}

static enum tdx_reason
verify_in(X509_STORE *store, X509 *leaf, STACK_OF(X509) *stack, int64_t at, enum tdx_reason broken)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	enum tdx_reason reason = TDX_INTERNAL;
	X509_VERIFY_PARAM *param;

	if (context == NULL || X509_STORE_CTX_init(context, store, leaf, stack) != 1)
		goto out;
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(param, at);
	X509_VERIFY_PARAM_set_depth(param, PKIX_CHAIN_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT |
	    X509_V_FLAG_CHECK_SS_SIGNATURE) != 1)
		goto out;
	reason = X509_verify_cert(context) == 1 ? TDX_HOLDS :
	    reason_of(X509_STORE_CTX_get_error(context), broken);
out:
	X509_STORE_CTX_free(context);
	return reason;
}

enum tdx_reason
pkix_verify(X509 *leaf, struct pkix_list others, struct pkix_list roots, int64_t at,
    enum tdx_reason broken)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	X509_STORE *store = X509_STORE_new();
	enum tdx_reason reason = TDX_INTERNAL;

	ERR_clear_error();
	if (stack == NULL || store == NULL)
		goto out;
	if (others.count > PKIX_CHAIN_MAX) {
		reason = broken;
		goto out;
	}
	if ((reason = add_others(others, stack, broken)) != TDX_HOLDS ||
	    (reason = add_roots(roots, store)) != TDX_HOLDS)
		goto out;
	reason = verify_in(store, leaf, stack, at, broken);
out:
	X509_STORE_free(store);
	sk_X509_pop_free(stack, X509_free);
	ERR_clear_error();
	return reason;
}

int
pkix_spki(const X509 *certificate, uint8_t *ret, size_t cap, size_t *ret_len)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	uint8_t *p = ret;
	int len;

	ERR_clear_error();
	len = key != NULL ? i2d_PUBKEY(key, NULL) : -1;
	if (len > 0 && (size_t)len <= cap)
		len = i2d_PUBKEY(key, &p);
	ERR_clear_error();
	if (len <= 0)
		return ERR_CRYPTO;
	if ((size_t)len > cap)
		return ERR_SPACE;
	*ret_len = (size_t)len;
	return 0;
}
