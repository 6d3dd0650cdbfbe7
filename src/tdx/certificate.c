#include "tdx/certificate.h"

#include <string.h>

#include "base/err.h"
#include "tdx/der.h"
#include "tdx/digest.h"
#include "tdx/intel_root.h"
#include "tdx/x509.h"
#include "base/banned.h"

static const uint8_t oid_ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_prime256v1[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

static int
read_version_and_serial(struct reader *r, struct certificate *c)
{
	struct reader in;
	uint32_t version;

	if (der_enter(r, DER_EXPLICIT_0, &in) != 0 ||
	    der_small(&in, DER_INTEGER, 2, &version) != 0 || version != 2 || reader_end(&in) != 0)
		return ERR_PARSE;
	return x509_serial(r, &c->serial);
}

static int
read_validity(struct reader *r, struct certificate *c)
{
	struct reader in;

	if (der_enter(r, DER_SEQUENCE, &in) != 0 || der_time(&in, &c->not_before) != 0 ||
	    der_time(&in, &c->not_after) != 0 || reader_end(&in) != 0)
		return ERR_PARSE;
	return c->not_before <= c->not_after ? 0 : ERR_PARSE;
}

static int
read_public_key(struct reader *r, struct certificate *c)
{
	struct reader in, algorithm;
	struct bytes point;

	if (der_enter(r, DER_SEQUENCE, &in) != 0 || der_enter(&in, DER_SEQUENCE, &algorithm) != 0)
		return ERR_PARSE;
	if (der_oid(&algorithm, oid_ec_public_key, sizeof oid_ec_public_key) != 0 ||
	    der_oid(&algorithm, oid_prime256v1, sizeof oid_prime256v1) != 0 ||
	    reader_end(&algorithm) != 0)
		return ERR_PARSE;
	if (x509_bits(&in, &point) != 0 || reader_end(&in) != 0)
		return ERR_PARSE;
	if (point.len != 65 || point.p[0] != 0x04)
		return ERR_PARSE;
	c->key = point.p + 1;
	return 0;
}

static int
read_authority_key_id(struct reader *r, struct certificate *c)
{
	return x509_authority_key_id(r, &c->authority_key_id);
}

static int
read_subject_key_id(struct reader *r, struct certificate *c)
{
	if (der_take(r, DER_OCTET_STRING, &c->subject_key_id) != 0)
		return ERR_PARSE;
	return c->subject_key_id.len == 20 ? 0 : ERR_PARSE;
}

static int
read_key_usage(struct reader *r, struct certificate *c)
{
	struct bytes v;
	unsigned unused;

	/* one byte of bits, the unused ones counted exactly and zero */
	if (der_take(r, DER_BIT_STRING, &v) != 0 || v.len != 2 || v.p[0] > 7 || v.p[1] == 0)
		return ERR_PARSE;
	unused = v.p[0];
	if ((v.p[1] & ((1U << unused) - 1)) != 0 || (v.p[1] & 1U << unused) == 0)
		return ERR_PARSE;
	c->key_usage = v.p[1];
	return 0;
}

static int
read_basic_constraints(struct reader *r, struct certificate *c)
{
	struct reader in;
	uint32_t path_len;

	c->path_len = -1;
	if (der_enter(r, DER_SEQUENCE, &in) != 0)
		return ERR_PARSE;
	if (in.left == 0)
		return 0;
	/* DER leaves out the default, FALSE */
	if (der_boolean(&in, &c->is_ca) != 0 || !c->is_ca)
		return ERR_PARSE;
	if (in.left == 0)
		return 0;
	if (der_small(&in, DER_INTEGER, 255, &path_len) != 0 || reader_end(&in) != 0)
		return ERR_PARSE;
	c->path_len = (int)path_len;
	return 0;
}

static int
read_crl_points(struct reader *r, struct certificate *c)
{
	return der_take(r, DER_SEQUENCE, &c->crl_points);
}

static int
read_sgx(struct reader *r, struct certificate *c)
{
	return der_take_whole(r, DER_SEQUENCE, &c->sgx);
}

struct extension {
	uint8_t oid_len;
	uint8_t oid[9];
	int critical; /* what it must say */
	int required;
	int (*read)(struct reader *, struct certificate *);
};

static const struct extension extensions[] = {
    {3, {0x55, 0x1d, 0x23}, 0, 1, read_authority_key_id},
    {3, {0x55, 0x1d, 0x1f}, 0, 1, read_crl_points},
    {3, {0x55, 0x1d, 0x0e}, 0, 1, read_subject_key_id},
    {3, {0x55, 0x1d, 0x0f}, 1, 1, read_key_usage},
    {3, {0x55, 0x1d, 0x13}, 1, 1, read_basic_constraints},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01}, 0, 0, read_sgx},
};

static int
read_extension(struct reader *r, struct certificate *c, unsigned *seen)
{
	struct reader in, content;
	struct bytes oid, value;
	int critical = 0;

	if (der_enter(r, DER_SEQUENCE, &in) != 0 || der_take(&in, DER_OID, &oid) != 0)
		return ERR_PARSE;
	if (der_next_is(&in, DER_BOOLEAN) && (der_boolean(&in, &critical) != 0 || !critical))
		return ERR_PARSE;
	if (der_take(&in, DER_OCTET_STRING, &value) != 0 || reader_end(&in) != 0)
		return ERR_PARSE;
	for (unsigned i = 0; i < ARRAY_LEN(extensions); i++) {
		const struct extension *e = &extensions[i];

		if (!bytes_equal(oid, (struct bytes){e->oid, e->oid_len}))
			continue;
		if ((*seen & 1U << i) != 0 || critical != e->critical)
			return ERR_PARSE;
		*seen |= 1U << i;
		content = reader_of(value.p, value.len);
		if (e->read(&content, c) != 0 || reader_end(&content) != 0)
			return ERR_PARSE;
		return 0;
	}
	return critical ? ERR_PARSE : 0;
}

static int
read_extensions(struct reader *r, struct certificate *c)
{
	struct reader outer, in;
	unsigned seen = 0;

	if (der_enter(r, DER_EXPLICIT_3, &outer) != 0 ||
	    der_enter(&outer, DER_SEQUENCE, &in) != 0 || reader_end(&outer) != 0)
		return ERR_PARSE;
	while (in.left > 0)
		if (read_extension(&in, c, &seen) != 0)
			return ERR_PARSE;
	for (unsigned i = 0; i < ARRAY_LEN(extensions); i++)
		if (extensions[i].required && (seen & 1U << i) == 0)
			return ERR_PARSE;
	return 0;
}

static int
read_tbs(struct bytes tbs, struct certificate *c)
{
	struct reader whole = reader_of(tbs.p, tbs.len);
	struct bytes issuer_name;
	struct reader r;

	if (der_enter(&whole, DER_SEQUENCE, &r) != 0)
		return ERR_PARSE;
	if (read_version_and_serial(&r, c) != 0 || x509_algorithm(&r) != 0)
		return ERR_PARSE;
	if (x509_name(&r, &c->issuer, &issuer_name) != 0 || read_validity(&r, c) != 0 ||
	    x509_name(&r, &c->subject, &c->common_name) != 0)
		return ERR_PARSE;
	if (read_public_key(&r, c) != 0 || read_extensions(&r, c) != 0)
		return ERR_PARSE;
	return reader_end(&r) == 0 ? 0 : ERR_PARSE;
}

int
certificate_parse(struct bytes der, struct certificate *ret)
{
	struct certificate c = {.der = der};
	struct reader whole = reader_of(der.p, der.len);
	struct reader r;

	if (der.len > CERTIFICATE_MAX)
		return ERR_PARSE;
	if (der_enter(&whole, DER_SEQUENCE, &r) != 0 || reader_end(&whole) != 0)
		return ERR_PARSE;
	if (der_take_whole(&r, DER_SEQUENCE, &c.tbs) != 0 || read_tbs(c.tbs, &c) != 0)
		return ERR_PARSE;
	/* the outer algorithm is the inner one: both are the only one there is */
	if (x509_algorithm(&r) != 0 || x509_signature(&r, c.signature) != 0 || reader_end(&r) != 0)
		return ERR_PARSE;
	*ret = c;
	return 0;
}

int
certificate_issued_by(const struct certificate *c, const struct certificate *issuer,
		      struct p256 *p256)
{
	uint8_t hash[32];
	int r;

	if (!bytes_equal(c->issuer, issuer->subject) ||
	    !bytes_equal(c->authority_key_id, issuer->subject_key_id))
		return ERR_SIGNATURE;
	if (!issuer->is_ca || (issuer->key_usage & KEY_USAGE_CERT_SIGN) == 0)
		return ERR_SIGNATURE;
	if (bytes_equal(issuer->der, intel_root_der()) && intel_root_has_signed(c->der))
		return 0;
	if ((r = digest_sha256(&c->tbs, 1, hash)) != 0)
		return r;
	return p256_check(p256, issuer->key, hash, c->signature);
}

int
certificate_name_has(const struct certificate *c, const char *phrase)
{
	return memmem(c->common_name.p, c->common_name.len, phrase, strlen(phrase)) != NULL;
}
