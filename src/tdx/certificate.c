#include "tdx/certificate.h"

#include <string.h>

#include "base/err.h"
#include "tdx/der.h"
#include "tdx/digest.h"
#include "tdx/p256.h"
#include "base/banned.h"

static const uint8_t oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t oid_ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_prime256v1[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};

/* AlgorithmIdentifier of ecdsa-with-SHA256: RFC 5758 3.2, "parameters MUST be absent" */
static int
read_algorithm(struct reader *r)
{
	struct reader in;

	if (der_enter(r, DER_SEQUENCE, &in) != 0)
		return ERR_PARSE;
	if (der_oid(&in, oid_ecdsa_sha256, sizeof oid_ecdsa_sha256) != 0)
		return ERR_PARSE;
	return reader_end(&in) == 0 ? 0 : ERR_PARSE;
}

static int
read_version_and_serial(struct reader *r, struct certificate *c)
{
	struct reader in;
	uint32_t version;

	if (der_enter(r, DER_EXPLICIT_0, &in) != 0 ||
	    der_small(&in, DER_INTEGER, 2, &version) != 0 || version != 2 || reader_end(&in) != 0)
		return ERR_PARSE;
	/* RFC 5280 4.1.2.2: positive, at most 20 octets (and a sign byte) */
	if (der_take(r, DER_INTEGER, &c->serial) != 0 || c->serial.len == 0 ||
	    (c->serial.p[0] & 0x80) != 0)
		return ERR_PARSE;
	if (c->serial.len > 1 && c->serial.p[0] == 0) {
		if ((c->serial.p[1] & 0x80) == 0)
			return ERR_PARSE;
		c->serial.p++;
		c->serial.len--;
	}
	return c->serial.len <= 20 ? 0 : ERR_PARSE;
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

/* One RelativeDistinguishedName of one attribute; takes the common name out. */
static int
read_name_part(struct reader *r, struct bytes *common_name)
{
	struct reader set, attribute;
	struct bytes oid, value;

	if (der_enter(r, DER_SET, &set) != 0 || der_enter(&set, DER_SEQUENCE, &attribute) != 0 ||
	    reader_end(&set) != 0 || der_take(&attribute, DER_OID, &oid) != 0)
		return ERR_PARSE;
	if (der_take(&attribute, DER_PRINTABLE_STRING, &value) != 0 &&
	    der_take(&attribute, DER_UTF8_STRING, &value) != 0)
		return ERR_PARSE;
	if (reader_end(&attribute) != 0 || value.len == 0)
		return ERR_PARSE;
	if (!bytes_equal(oid, (struct bytes){oid_common_name, sizeof oid_common_name}))
		return 0;
	if (common_name->len != 0)
		return ERR_PARSE;
	*common_name = value;
	return 0;
}

static int
read_name(struct reader *r, struct bytes *ret_whole, struct bytes *ret_common_name)
{
	struct bytes whole, common_name = {NULL, 0};
	struct reader copy, in;

	if (der_take_whole(r, DER_SEQUENCE, &whole) != 0)
		return ERR_PARSE;
	copy = reader_of(whole.p, whole.len);
	if (der_enter(&copy, DER_SEQUENCE, &in) != 0)
		return ERR_PARSE;
	while (in.left > 0)
		if (read_name_part(&in, &common_name) != 0)
			return ERR_PARSE;
	if (common_name.len == 0)
		return ERR_PARSE;
	*ret_whole = whole;
	*ret_common_name = common_name;
	return 0;
}

/* The content of a BIT STRING of whole bytes. */
static int
read_bits(struct reader *r, struct bytes *ret)
{
	struct bytes v;

	if (der_take(r, DER_BIT_STRING, &v) != 0 || v.len == 0 || v.p[0] != 0)
		return ERR_PARSE;
	*ret = (struct bytes){v.p + 1, v.len - 1};
	return 0;
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
	if (read_bits(&in, &point) != 0 || reader_end(&in) != 0)
		return ERR_PARSE;
	if (point.len != 65 || point.p[0] != 0x04)
		return ERR_PARSE;
	c->key = point.p + 1;
	return 0;
}

static int
read_authority_key_id(struct reader *r, struct certificate *c)
{
	struct reader in;

	if (der_enter(r, DER_SEQUENCE, &in) != 0 ||
	    der_take(&in, DER_CONTEXT_0, &c->authority_key_id) != 0 || reader_end(&in) != 0)
		return ERR_PARSE;
	return c->authority_key_id.len == 20 ? 0 : ERR_PARSE;
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
	if (read_version_and_serial(&r, c) != 0 || read_algorithm(&r) != 0)
		return ERR_PARSE;
	if (read_name(&r, &c->issuer, &issuer_name) != 0 || read_validity(&r, c) != 0 ||
	    read_name(&r, &c->subject, &c->common_name) != 0)
		return ERR_PARSE;
	if (read_public_key(&r, c) != 0 || read_extensions(&r, c) != 0)
		return ERR_PARSE;
	return reader_end(&r) == 0 ? 0 : ERR_PARSE;
}

/* ECDSA-Sig-Value in a BIT STRING */
static int
read_signature(struct reader *r, uint8_t ret[64])
{
	struct bytes bits;
	struct reader whole, in;

	if (read_bits(r, &bits) != 0)
		return ERR_PARSE;
	whole = reader_of(bits.p, bits.len);
	if (der_enter(&whole, DER_SEQUENCE, &in) != 0 || reader_end(&whole) != 0)
		return ERR_PARSE;
	if (der_uint256(&in, ret) != 0 || der_uint256(&in, ret + 32) != 0)
		return ERR_PARSE;
	return reader_end(&in) == 0 ? 0 : ERR_PARSE;
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
	if (read_algorithm(&r) != 0 || read_signature(&r, c.signature) != 0 || reader_end(&r) != 0)
		return ERR_PARSE;
	*ret = c;
	return 0;
}

int
certificate_issued_by(const struct certificate *c, const struct certificate *issuer)
{
	uint8_t hash[32];
	int r;

	if (!bytes_equal(c->issuer, issuer->subject) ||
	    !bytes_equal(c->authority_key_id, issuer->subject_key_id))
		return ERR_SIGNATURE;
	if (!issuer->is_ca || (issuer->key_usage & KEY_USAGE_CERT_SIGN) == 0)
		return ERR_SIGNATURE;
	if ((r = digest_sha256(&c->tbs, 1, hash)) != 0)
		return r;
	return p256_verify(issuer->key, hash, c->signature);
}

int
certificate_name_has(const struct certificate *c, const char *phrase)
{
	return memmem(c->common_name.p, c->common_name.len, phrase, strlen(phrase)) != NULL;
}
