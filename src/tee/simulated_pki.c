#include "tee/simulated_pki.h"

#include <string.h>

#include "base/err.h"
#include "tdx/digest.h"
#include "tdx/pem.h"
#include "tee/der_writer.h"
#include "tee/p256_sign.h"
#include "base/banned.h"

static const char label_prefix[] = "selfsame/simulated/v1/";

/* What distinguishes the three certificates; the rest is the same for all. */
struct role {
	const char *key_label;
	const char *common_name;
	enum pck_place issuer;
	const char *not_before;
	const char *crl_url;
	int path_len;	      /* -1: no authority */
	uint8_t key_usage[2]; /* unused bits, bits */
};

#define CRL_PREFIX "https://simulated.selfsame.invalid/"

static const struct role roles[PCK_CHAIN_LEN] = {
    [PCK_LEAF] = {"pck",
		  "Selfsame Simulated SGX PCK Certificate",
		  PCK_INTERMEDIATE,
		  "250101000000Z",
		  CRL_PREFIX "pckcrl?ca=platform&encoding=der",
		  -1,
		  {6, 0xc0}},
    [PCK_INTERMEDIATE] = {"platform-ca",
			  "Selfsame Simulated SGX PCK Platform CA",
			  PCK_ROOT,
			  "250101000000Z",
			  CRL_PREFIX "SimulatedSGXRootCA.der",
			  0,
			  {1, 0x06}},
    [PCK_ROOT] = {"root",
		  "Selfsame Simulated SGX Root CA",
		  PCK_ROOT,
		  "250101000000Z",
		  CRL_PREFIX "SimulatedSGXRootCA.der",
		  1,
		  {1, 0x06}},
};

static const char not_after[] = "491231235959Z";

static const uint8_t oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t oid_ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_prime256v1[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_sgx[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

/* X.520 attribute types are 2.5.4.n, certificate extensions 2.5.29.n */
enum { NAME_CN = 3, NAME_C = 6, NAME_L = 7, NAME_ST = 8, NAME_O = 10 };
enum { EXT_SKI = 14, EXT_KEY_USAGE = 15, EXT_CONSTRAINTS = 19, EXT_CRLDP = 31, EXT_AKI = 35 };

static const uint8_t components[16] = {3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t fmspc[6] = {'S', 'E', 'L', 'F', 0x00, 0x01};
static const uint8_t pceid[2] = {0x00, 0x00};
#define PCESVN 13U
#define SGX_TYPE_SCALABLE 1U

static struct bytes
text_bytes(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

int
simulated_bytes32(const char *label, uint8_t ret[32])
{
	const struct bytes parts[2] = {text_bytes(label_prefix), text_bytes(label)};

	return digest_sha256(parts, 2, ret);
}

int
simulated_bytes48(const char *label, uint8_t ret[48])
{
	const struct bytes parts[2] = {text_bytes(label_prefix), text_bytes(label)};

	return digest_sha384(parts, 2, ret);
}

int
simulated_key_make(const char *label, struct simulated_key *ret)
{
	struct simulated_key k;
	int r;

	if ((r = simulated_bytes32(label, k.secret)) != 0)
		return r;
	if ((r = p256_public(k.secret, k.public)) != 0)
		return r;
	*ret = k;
	return 0;
}

/* Serial and key identifier of an authority are the same at Intel, so here. */
static int
key_id(const struct simulated_key *key, uint8_t ret[20])
{
	const struct bytes public = {key->public, sizeof key->public};
	uint8_t hash[32];
	int r;

	if ((r = digest_sha256(&public, 1, hash)) != 0)
		return r;
	memcpy(ret, hash, 20);
	return 0;
}

static void
put_algorithm(struct writer *w)
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

static void
put_name(struct writer *w, const char *common_name)
{
	size_t s = der_begin(w, DER_SEQUENCE);

	put_name_part(w, NAME_CN, DER_UTF8_STRING, common_name);
	put_name_part(w, NAME_O, DER_UTF8_STRING, "Selfsame Simulation");
	put_name_part(w, NAME_L, DER_UTF8_STRING, "Nowhere");
	put_name_part(w, NAME_ST, DER_UTF8_STRING, "CA");
	put_name_part(w, NAME_C, DER_PRINTABLE_STRING, "US");
	der_end(w, s);
}

static void
put_public_key(struct writer *w, const struct simulated_key *key)
{
	static const uint8_t uncompressed[2] = {0x00, 0x04}; /* no unused bits; X || Y follow */
	size_t s = der_begin(w, DER_SEQUENCE);
	size_t part = der_begin(w, DER_SEQUENCE);

	der_put(w, DER_OID, oid_ec_public_key, sizeof oid_ec_public_key);
	der_put(w, DER_OID, oid_prime256v1, sizeof oid_prime256v1);
	der_end(w, part);
	part = der_begin(w, DER_BIT_STRING);
	write_bytes(w, uncompressed, sizeof uncompressed);
	write_bytes(w, key->public, sizeof key->public);
	der_end(w, part);
	der_end(w, s);
}

struct open_extension {
	size_t sequence;
	size_t value;
};

static struct open_extension
extension_begin(struct writer *w, const uint8_t *oid, size_t oid_len, int critical)
{
	struct open_extension e;

	e.sequence = der_begin(w, DER_SEQUENCE);
	der_put(w, DER_OID, oid, oid_len);
	if (critical)
		der_put_boolean(w, 1);
	e.value = der_begin(w, DER_OCTET_STRING);
	return e;
}

static struct open_extension
x509_extension_begin(struct writer *w, uint8_t type, int critical)
{
	const uint8_t oid[3] = {0x55, 0x1d, type};

	return extension_begin(w, oid, sizeof oid, critical);
}

static void
extension_end(struct writer *w, struct open_extension e)
{
	der_end(w, e.value);
	der_end(w, e.sequence);
}

static void
put_key_ids(struct writer *w, const uint8_t authority[20])
{
	struct open_extension e = x509_extension_begin(w, EXT_AKI, 0);
	size_t s = der_begin(w, DER_SEQUENCE);

	der_put(w, DER_CONTEXT_0, authority, 20);
	der_end(w, s);
	extension_end(w, e);
}

/* CRLDistributionPoints: one point, one URL: SEQ { SEQ { [0] { [0] { [6] url }}}} */
static void
put_crl_url(struct writer *w, const char *url)
{
	static const uint8_t tags[4] = {DER_SEQUENCE, DER_SEQUENCE, DER_EXPLICIT_0, DER_EXPLICIT_0};
	struct open_extension e = x509_extension_begin(w, EXT_CRLDP, 0);
	size_t begun[ARRAY_LEN(tags)];

	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		begun[i] = der_begin(w, tags[i]);
	der_put_text(w, 0x86, url);
	for (size_t i = ARRAY_LEN(tags); i > 0; i--)
		der_end(w, begun[i - 1]);
	extension_end(w, e);
}

static void
put_constraints(struct writer *w, const struct role *role)
{
	struct open_extension e = x509_extension_begin(w, EXT_KEY_USAGE, 1);
	size_t s;

	der_put(w, DER_BIT_STRING, role->key_usage, sizeof role->key_usage);
	extension_end(w, e);
	e = x509_extension_begin(w, EXT_CONSTRAINTS, 1);
	s = der_begin(w, DER_SEQUENCE);
	if (role->path_len >= 0) {
		der_put_boolean(w, 1);
		der_put_small(w, DER_INTEGER, (uint32_t)role->path_len);
	}
	der_end(w, s);
	extension_end(w, e);
}

/* SEQUENCE { oid_sgx . suffix, ... }: the caller writes the value and ends it. */
static size_t
sgx_begin(struct writer *w, uint8_t group, uint8_t n)
{
	const uint8_t suffix[2] = {group, n};
	size_t s = der_begin(w, DER_SEQUENCE);
	size_t oid = der_begin(w, DER_OID);

	write_bytes(w, oid_sgx, sizeof oid_sgx);
	write_bytes(w, group == 0 ? suffix + 1 : suffix, group == 0 ? 1 : 2);
	der_end(w, oid);
	return s;
}

static void
put_sgx_octets(struct writer *w, uint8_t group, uint8_t n, const uint8_t *p, size_t len)
{
	size_t s = sgx_begin(w, group, n);

	der_put(w, DER_OCTET_STRING, p, len);
	der_end(w, s);
}

static void
put_sgx_tcb(struct writer *w)
{
	size_t s = sgx_begin(w, 0, 2);
	size_t list = der_begin(w, DER_SEQUENCE);

	for (uint8_t i = 0; i <= sizeof components; i++) {
		size_t entry = sgx_begin(w, 2, (uint8_t)(i + 1));

		der_put_small(w, DER_INTEGER, i < sizeof components ? components[i] : PCESVN);
		der_end(w, entry);
	}
	put_sgx_octets(w, 2, 18, components, sizeof components);
	der_end(w, list);
	der_end(w, s);
}

static void
put_sgx_configuration(struct writer *w)
{
	size_t s = sgx_begin(w, 0, 7);
	size_t list = der_begin(w, DER_SEQUENCE);

	/* dynamic platform, cached keys, SMT: set, as on nearly every real machine */
	for (uint8_t i = 1; i <= 3; i++) {
		size_t entry = sgx_begin(w, 7, i);

		der_put_boolean(w, 1);
		der_end(w, entry);
	}
	der_end(w, list);
	der_end(w, s);
}

static int
put_sgx(struct writer *w)
{
	struct open_extension e = extension_begin(w, oid_sgx, sizeof oid_sgx, 0);
	size_t list = der_begin(w, DER_SEQUENCE), s;
	uint8_t ppid[32], instance[32];
	int r;

	if ((r = simulated_bytes32("ppid", ppid)) != 0)
		return r;
	if ((r = simulated_bytes32("platform-instance-id", instance)) != 0)
		return r;
	put_sgx_octets(w, 0, 1, ppid, 16);
	put_sgx_tcb(w);
	put_sgx_octets(w, 0, 3, pceid, sizeof pceid);
	put_sgx_octets(w, 0, 4, fmspc, sizeof fmspc);
	s = sgx_begin(w, 0, 5);
	der_put_small(w, DER_ENUMERATED, SGX_TYPE_SCALABLE);
	der_end(w, s);
	put_sgx_octets(w, 0, 6, instance, 16);
	put_sgx_configuration(w);
	der_end(w, list);
	extension_end(w, e);
	return 0;
}

static int
put_extensions(struct writer *w, const struct role *role, const uint8_t own_id[20],
	       const uint8_t issuer_id[20])
{
	size_t outer = der_begin(w, DER_EXPLICIT_3);
	size_t list = der_begin(w, DER_SEQUENCE);
	struct open_extension e;
	int r = 0;

	put_key_ids(w, issuer_id);
	put_crl_url(w, role->crl_url);
	e = x509_extension_begin(w, EXT_SKI, 0);
	der_put(w, DER_OCTET_STRING, own_id, 20);
	extension_end(w, e);
	put_constraints(w, role);
	if (role->path_len < 0)
		r = put_sgx(w);
	der_end(w, list);
	der_end(w, outer);
	return r;
}

static int
put_tbs(struct writer *w, const struct simulated_pki *pki, enum pck_place place)
{
	const struct role *role = &roles[place];
	uint8_t own_id[20], issuer_id[20];
	size_t tbs, s;
	int r;

	if ((r = key_id(&pki->key[place], own_id)) != 0)
		return r;
	if ((r = key_id(&pki->key[role->issuer], issuer_id)) != 0)
		return r;
	tbs = der_begin(w, DER_SEQUENCE);
	s = der_begin(w, DER_EXPLICIT_0);
	der_put_small(w, DER_INTEGER, 2); /* version 3 */
	der_end(w, s);
	der_put_uint(w, own_id, sizeof own_id);
	put_algorithm(w);
	put_name(w, roles[role->issuer].common_name);
	s = der_begin(w, DER_SEQUENCE);
	der_put_text(w, DER_UTC_TIME, role->not_before);
	der_put_text(w, DER_UTC_TIME, not_after);
	der_end(w, s);
	put_name(w, role->common_name);
	put_public_key(w, &pki->key[place]);
	r = put_extensions(w, role, own_id, issuer_id);
	der_end(w, tbs);
	return r;
}

static int
put_signature(struct writer *w, const struct simulated_key *issuer, struct bytes tbs)
{
	uint8_t hash[32], signature[64];
	size_t bits, s;
	int r;

	if ((r = digest_sha256(&tbs, 1, hash)) != 0)
		return r;
	if ((r = p256_sign(issuer->secret, hash, signature)) != 0)
		return r;
	bits = der_begin(w, DER_BIT_STRING);
	write_u8(w, 0);
	s = der_begin(w, DER_SEQUENCE);
	der_put_uint(w, signature, 32);
	der_put_uint(w, signature + 32, 32);
	der_end(w, s);
	der_end(w, bits);
	return 0;
}

static int
make_certificate(struct simulated_pki *pki, enum pck_place place)
{
	uint8_t tbs[CERTIFICATE_MAX];
	struct writer t = writer_of(tbs, sizeof tbs);
	struct writer w = writer_of(pki->der[place], CERTIFICATE_MAX);
	size_t tbs_len, s;
	int r;

	if ((r = put_tbs(&t, pki, place)) != 0 || (r = writer_end(&t, &tbs_len)) != 0)
		return r;
	s = der_begin(&w, DER_SEQUENCE);
	write_bytes(&w, tbs, tbs_len);
	put_algorithm(&w);
	if ((r = put_signature(&w, &pki->key[roles[place].issuer], (struct bytes){tbs, tbs_len})) !=
	    0)
		return r;
	der_end(&w, s);
	return writer_end(&w, &pki->der_len[place]);
}

int
simulated_pki_make(struct simulated_pki *ret)
{
	int r;

	for (unsigned i = 0; i < PCK_CHAIN_LEN; i++)
		if ((r = simulated_key_make(roles[i].key_label, &ret->key[i])) != 0)
			return r;
	for (unsigned i = 0; i < PCK_CHAIN_LEN; i++)
		if ((r = make_certificate(ret, (enum pck_place)i)) != 0)
			return r;
	return 0;
}

void
simulated_pki_write_chain(struct writer *w, const struct simulated_pki *pki)
{
	for (unsigned i = 0; i < PCK_CHAIN_LEN; i++)
		pem_write_certificate(w, pki->der[i], pki->der_len[i]);
}
