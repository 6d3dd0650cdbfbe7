/*
 * OpenSSL makes deterministic nonces from 3.2 on. Before, the one way to sign
 * with a nonce of one's own is ECDSA_do_sign_ex(), deprecated in 3.0.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tee/p256_sign.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/banned.h"

/* The nonce generator of RFC 6979, 3.2: HMAC_DRBG in all but name. */
struct nonces {
	uint8_t k[32];
	uint8_t v[32];
};

static int
hmac(const uint8_t k[32], const uint8_t *p, size_t len, uint8_t ret[32])
{
	return HMAC(EVP_sha256(), k, 32, p, len, ret, NULL) != NULL ? 0 : ERR_CRYPTO;
}

/* V = HMAC_K(V) */
static int
nonces_step(struct nonces *n)
{
	uint8_t next[32];
	int r;

	if ((r = hmac(n->k, n->v, 32, next)) != 0)
		return r;
	memcpy(n->v, next, sizeof next);
	return 0;
}

/* K = HMAC_K(V || separator || seed); V = HMAC_K(V) */
static int
nonces_mix(struct nonces *n, uint8_t separator, const uint8_t *seed, size_t len)
{
	uint8_t buf[32 + 1 + 64], next[32];
	struct writer w = writer_of(buf, sizeof buf);
	int r;

	write_bytes(&w, n->v, sizeof n->v);
	write_u8(&w, separator);
	write_bytes(&w, seed, len);
	if ((r = writer_end(&w, &len)) != 0 || (r = hmac(n->k, buf, len, next)) != 0)
		return r;
	memcpy(n->k, next, sizeof next);
	return nonces_step(n);
}

/* Steps b to g, with int2octets(x) || bits2octets(h1) as the seed. */
static int
nonces_begin(struct nonces *n, const uint8_t key32[32], const uint8_t reduced_hash[32])
{
	uint8_t seed[64];
	int r;

	memset(n->v, 0x01, sizeof n->v);
	memset(n->k, 0x00, sizeof n->k);
	memcpy(seed, key32, 32);
	memcpy(seed + 32, reduced_hash, 32);
	if ((r = nonces_mix(n, 0x00, seed, sizeof seed)) != 0)
		return r;
	return nonces_mix(n, 0x01, seed, sizeof seed);
}

struct signing {
	EC_KEY *key;
	BN_CTX *ctx;
	BIGNUM *k;
	BIGNUM *x;	 /* of the point k G, then r */
	BIGNUM *inverse; /* of k */
	EC_POINT *point;
	ECDSA_SIG *signature;
};

static int
signing_open(const uint8_t key32[32], struct signing *s)
{
	const EC_GROUP *group;
	BIGNUM *d = BN_bin2bn(key32, 32, NULL);
	int r = ERR_CRYPTO;

	s->key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	s->ctx = BN_CTX_new();
	s->k = BN_new();
	s->x = BN_new();
	s->inverse = BN_new();
	if (d == NULL || s->key == NULL || s->ctx == NULL || s->k == NULL || s->x == NULL ||
	    s->inverse == NULL)
		goto out;
	group = EC_KEY_get0_group(s->key);
	/* the library takes 0 and what is not below the order; a key is neither */
	if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(group)) >= 0)
		goto out;
	if ((s->point = EC_POINT_new(group)) == NULL || EC_KEY_set_private_key(s->key, d) != 1)
		goto out;
	if (EC_POINT_mul(group, s->point, d, NULL, NULL, s->ctx) != 1 ||
	    EC_KEY_set_public_key(s->key, s->point) != 1)
		goto out;
	r = 0;
out:
	BN_free(d);
	return r;
}

static void
signing_close(struct signing *s)
{
	ECDSA_SIG_free(s->signature);
	EC_POINT_free(s->point);
	BN_free(s->inverse);
	BN_free(s->x);
	BN_free(s->k);
	BN_CTX_free(s->ctx);
	EC_KEY_free(s->key);
	ERR_clear_error();
}

int
p256_public(const uint8_t key32[32], uint8_t ret[64])
{
	struct signing s = {0};
	uint8_t point[65];
	int r;

	if ((r = signing_open(key32, &s)) != 0)
		goto out;
	r = ERR_CRYPTO;
	if (EC_POINT_point2oct(EC_KEY_get0_group(s.key), s.point, POINT_CONVERSION_UNCOMPRESSED,
			       point, sizeof point, s.ctx) != sizeof point)
		goto out;
	memcpy(ret, point + 1, 64);
	r = 0;
out:
	signing_close(&s);
	return r;
}

/* One attempt with V as k: ERR_AGAIN when this k will not do. */
static int
try_nonce(struct signing *s, const struct nonces *n, const uint8_t hash32[32])
{
	const EC_GROUP *group = EC_KEY_get0_group(s->key);
	const BIGNUM *order = EC_GROUP_get0_order(group);

	if (BN_bin2bn(n->v, sizeof n->v, s->k) == NULL)
		return ERR_CRYPTO;
	if (BN_is_zero(s->k) || BN_cmp(s->k, order) >= 0)
		return ERR_AGAIN;
	if (EC_POINT_mul(group, s->point, s->k, NULL, NULL, s->ctx) != 1 ||
	    EC_POINT_get_affine_coordinates(group, s->point, s->x, NULL, s->ctx) != 1 ||
	    BN_nnmod(s->x, s->x, order, s->ctx) != 1 ||
	    BN_mod_inverse(s->inverse, s->k, order, s->ctx) == NULL)
		return ERR_CRYPTO;
	if (BN_is_zero(s->x))
		return ERR_AGAIN;
	s->signature = ECDSA_do_sign_ex(hash32, 32, s->inverse, s->x, s->key);
	return s->signature != NULL ? 0 : ERR_CRYPTO;
}

/* "bits2octets": the hash as a number below the order */
static int
reduce_hash(struct signing *s, const uint8_t hash32[32], uint8_t ret[32])
{
	const BIGNUM *order = EC_GROUP_get0_order(EC_KEY_get0_group(s->key));

	if (BN_bin2bn(hash32, 32, s->x) == NULL || BN_nnmod(s->x, s->x, order, s->ctx) != 1)
		return ERR_CRYPTO;
	return BN_bn2binpad(s->x, ret, 32) == 32 ? 0 : ERR_CRYPTO;
}

int
p256_sign(const uint8_t key32[32], const uint8_t hash32[32], uint8_t ret[64])
{
	struct signing s = {0};
	struct nonces n;
	uint8_t reduced[32];
	int r;

	if ((r = signing_open(key32, &s)) != 0)
		goto out;
	if ((r = reduce_hash(&s, hash32, reduced)) != 0)
		goto out;
	if ((r = nonces_begin(&n, key32, reduced)) != 0 || (r = nonces_step(&n)) != 0)
		goto out;
	while ((r = try_nonce(&s, &n, hash32)) == ERR_AGAIN)
		if ((r = nonces_mix(&n, 0x00, NULL, 0)) != 0 || (r = nonces_step(&n)) != 0)
			goto out;
	if (r != 0)
		goto out;
	r = ERR_CRYPTO;
	if (BN_bn2binpad(ECDSA_SIG_get0_r(s.signature), ret, 32) == 32 &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(s.signature), ret + 32, 32) == 32)
		r = 0;
out:
	signing_close(&s);
	return r;
}
