#include "tee/x509_writer.h"

#include <string.h>
#include <time.h>

#include "base/err.h"
#include "tdx/digest.h"
#include "tee/der_writer.h"
#include "tee/p256_sign.h"
#include "tee/pck_extension.h"
#include "base/banned.h"

static const uint8_t oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t oid_ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_prime256v1[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

/* X.520 attribute types are 2.5.4.n, certificate extensions 2.5.29.n */
enum { NAME_CN = 3, NAME_C = 6, NAME_L = 7, NAME_ST = 8, NAME_O = 10 };

/* 2050-01-01: from here on a time no longer fits into UTCTime. */
#define YEAR_2050 INT64_C(2524608000)

int
x509_key_id(const uint8_t key64[64], uint8_t ret[X509_ID_LEN])
{
	const struct bytes public = {key64, 64};
	uint8_t hash[32];
	int r;

	if ((r = digest_sha256(&public, 1, hash)) != 0)
		return r;
	memcpy(ret, hash, X509_ID_LEN);
	return 0;
}

void
x509_put_algorithm(struct writer *w)
{
	size_t s = der_begin(w, DER_SEQUENCE);

	der_put(w, DER_OID, oid_ecdsa_sha256, sizeof oid_ecdsa_sha256);
	der_end(w, s);
}

static void
put_name_part(struct writer *w, uint8_t type, uint8_t tag, const char *value)
{
	const uint8_t oid[3] = {0x55, 0x04, type};
	size_t set = der_begin(w, DER_SET);
	size_t part = der_begin(w, DER_SEQUENCE);

	der_put(w, DER_OID, oid, sizeof oid);
	der_put_text(w, tag, value);
	der_end(w, part);
	der_end(w, set);
}

void
x509_put_name(struct writer *w, const char *common_name)
{
	size_t s = der_begin(w, DER_SEQUENCE);

	put_name_part(w, NAME_CN, DER_UTF8_STRING, common_name);
	put_name_part(w, NAME_O, DER_UTF8_STRING, "Selfsame Simulation");
	put_name_part(w, NAME_L, DER_UTF8_STRING, "Nowhere");
	put_name_part(w, NAME_ST, DER_UTF8_STRING, "CA");
	put_name_part(w, NAME_C, DER_PRINTABLE_STRING, "US");
	der_end(w, s);
}

void
x509_put_time(struct writer *w, int64_t at)
{
	const time_t t = (time_t)at;
	char text[32];
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm) == 0) {
		w->err = ERR_RANGE;
		return;
	}
	if (at < YEAR_2050)
		der_put_text(w, DER_UTC_TIME, text + 2); /* without the century */
	else
		der_put_text(w, DER_GENERALIZED_TIME, text);
}

struct x509_open
x509_extension_begin(struct writer *w, enum x509_extension type, int critical)
{
	const uint8_t oid[3] = {0x55, 0x1d, (uint8_t)type};
	struct x509_open open;

	open.sequence = der_begin(w, DER_SEQUENCE);
	der_put(w, DER_OID, oid, sizeof oid);
	if (critical)
		der_put_boolean(w, 1);
	open.value = der_begin(w, DER_OCTET_STRING);
	return open;
}

void
x509_extension_end(struct writer *w, struct x509_open open)
{
	der_end(w, open.value);
	der_end(w, open.sequence);
}

void
x509_put_authority_id(struct writer *w, const uint8_t id[X509_ID_LEN])
{
	struct x509_open e = x509_extension_begin(w, X509_AKI, 0);
	size_t s = der_begin(w, DER_SEQUENCE);

	der_put(w, DER_CONTEXT_0, id, X509_ID_LEN);
	der_end(w, s);
	x509_extension_end(w, e);
}

static void
put_subject_id(struct writer *w, const uint8_t id[X509_ID_LEN])
{
	struct x509_open e = x509_extension_begin(w, X509_SKI, 0);

	der_put(w, DER_OCTET_STRING, id, X509_ID_LEN);
	x509_extension_end(w, e);
}

/* CRLDistributionPoints: one point, one URL: SEQ { SEQ { [0] { [0] { [6] url }}}} */
static void
put_crl_url(struct writer *w, const char *url)
{
	static const uint8_t tags[4] = {DER_SEQUENCE, DER_SEQUENCE, DER_EXPLICIT_0, DER_EXPLICIT_0};
	struct x509_open e = x509_extension_begin(w, X509_CRL_POINTS, 0);
	size_t begun[ARRAY_LEN(tags)];

	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		begun[i] = der_begin(w, tags[i]);
	der_put_text(w, 0x86, url);
	for (size_t i = ARRAY_LEN(tags); i > 0; i--)
		der_end(w, begun[i - 1]);
	x509_extension_end(w, e);
}

/* KeyUsage is a BIT STRING that ends at its last set bit. */
static void
put_key_usage(struct writer *w, uint8_t bits)
{
	uint8_t content[2] = {0, bits};
	struct x509_open e = x509_extension_begin(w, X509_KEY_USAGE, 1);

	while (content[0] < 7 && (bits >> content[0] & 1) == 0)
		content[0]++;
	der_put(w, DER_BIT_STRING, content, sizeof content);
	x509_extension_end(w, e);
}

static void
put_constraints(struct writer *w, int path_len)
{
	struct x509_open e = x509_extension_begin(w, X509_CONSTRAINTS, 1);
	size_t s = der_begin(w, DER_SEQUENCE);

	if (path_len >= 0) {
		der_put_boolean(w, 1);
		der_put_small(w, DER_INTEGER, (uint32_t)path_len);
	}
	der_end(w, s);
	x509_extension_end(w, e);
}

static void
put_public_key(struct writer *w, const uint8_t key[64])
{
	static const uint8_t uncompressed[2] = {0x00, 0x04}; /* no unused bits; X || Y follow */
	size_t s = der_begin(w, DER_SEQUENCE);
	size_t part = der_begin(w, DER_SEQUENCE);

	der_put(w, DER_OID, oid_ec_public_key, sizeof oid_ec_public_key);
	der_put(w, DER_OID, oid_prime256v1, sizeof oid_prime256v1);
	der_end(w, part);
	part = der_begin(w, DER_BIT_STRING);
	write_bytes(w, uncompressed, sizeof uncompressed);
	write_bytes(w, key, 64);
	der_end(w, part);
	der_end(w, s);
}

static void
put_extensions(struct writer *w, const struct x509_spec *spec)
{
	size_t outer = der_begin(w, DER_EXPLICIT_3);
	size_t list = der_begin(w, DER_SEQUENCE);

	x509_put_authority_id(w, spec->authority_id);
	put_crl_url(w, spec->crl_url);
	put_subject_id(w, spec->subject_id);
	put_key_usage(w, spec->key_usage);
	put_constraints(w, spec->path_len);
	if (spec->platform != NULL)
		pck_extension_write(w, spec->platform);
	der_end(w, list);
	der_end(w, outer);
}

static void
put_tbs(struct writer *w, const struct x509_spec *spec)
{
	size_t tbs = der_begin(w, DER_SEQUENCE);
	size_t s = der_begin(w, DER_EXPLICIT_0);

	der_put_small(w, DER_INTEGER, 2); /* version 3 */
	der_end(w, s);
	der_put_uint(w, spec->serial, sizeof spec->serial);
	x509_put_algorithm(w);
	x509_put_name(w, spec->issuer);
	s = der_begin(w, DER_SEQUENCE);
	x509_put_time(w, spec->not_before);
	x509_put_time(w, spec->not_after);
	der_end(w, s);
	x509_put_name(w, spec->subject);
	put_public_key(w, spec->key);
	put_extensions(w, spec);
	der_end(w, tbs);
}

static void
put_signature(struct writer *w, const uint8_t signature[64])
{
	size_t bits = der_begin(w, DER_BIT_STRING), s;

	write_u8(w, 0);
	s = der_begin(w, DER_SEQUENCE);
	der_put_uint(w, signature, 32);
	der_put_uint(w, signature + 32, 32);
	der_end(w, s);
	der_end(w, bits);
}

int
x509_sign(struct bytes tbs, const uint8_t secret32[32], uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct writer w = writer_of(ret, cap);
	uint8_t hash[32], signature[64];
	size_t s;
	int r;

	if ((r = digest_sha256(&tbs, 1, hash)) != 0 ||
	    (r = p256_sign(secret32, hash, signature)) != 0)
		return r;
	s = der_begin(&w, DER_SEQUENCE);
	write_bytes(&w, tbs.p, tbs.len);
	x509_put_algorithm(&w);
	put_signature(&w, signature);
	der_end(&w, s);
	return writer_end(&w, ret_len);
}

int
x509_certificate_write(const struct x509_spec *spec, const uint8_t issuer_secret32[32],
		       uint8_t *ret, size_t *ret_len)
{
	uint8_t tbs[CERTIFICATE_MAX];
	struct writer w = writer_of(tbs, sizeof tbs);
	size_t len;
	int r;

	put_tbs(&w, spec);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return x509_sign((struct bytes){tbs, len}, issuer_secret32, ret, CERTIFICATE_MAX, ret_len);
}
