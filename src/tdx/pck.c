#include "tdx/pck.h"

#include <string.h>

#include "base/err.h"
#include "tdx/der.h"
#include "tdx/pem.h"
#include "base/banned.h"

/* 1.2.840.113741.1.13.1; its members append one number, those of the TCB "2" and one more. */
static const uint8_t oid_sgx[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

#define TCB_ENTRIES 18
#define PROCESSOR_ENTRIES 5
#define PLATFORM_ENTRIES 7

/* A tuple's OID below oid_sgx and `under` (0: none): the last number, 1..max, each once. */
static int
read_suffix(struct reader *r, uint8_t under, uint8_t max, uint32_t *seen, uint8_t *ret)
{
	const size_t len = sizeof oid_sgx + (under != 0) + 1;
	struct bytes oid;
	uint8_t last;

	if (der_take(r, DER_OID, &oid) != 0 || oid.len != len ||
	    memcmp(oid.p, oid_sgx, sizeof oid_sgx) != 0)
		return ERR_PARSE;
	if (under != 0 && oid.p[sizeof oid_sgx] != under)
		return ERR_PARSE;
	last = oid.p[len - 1];
	if (last < 1 || last > max || (*seen & UINT32_C(1) << last) != 0)
		return ERR_PARSE;
	*seen |= UINT32_C(1) << last;
	*ret = last;
	return 0;
}

static int
read_octets(struct reader *r, size_t n, uint8_t *ret)
{
	struct bytes v;

	if (der_take(r, DER_OCTET_STRING, &v) != 0 || v.len != n)
		return ERR_PARSE;
	memcpy(ret, v.p, n);
	return 0;
}

static int
read_tcb_entry(struct reader *r, uint32_t *seen, struct pck_platform *p)
{
	struct reader tuple;
	uint32_t svn;
	uint8_t n;

	if (der_enter(r, DER_SEQUENCE, &tuple) != 0 ||
	    read_suffix(&tuple, 2, TCB_ENTRIES, seen, &n) != 0)
		return ERR_PARSE;
	if (n == 18) {
		if (read_octets(&tuple, sizeof p->cpusvn, p->cpusvn) != 0)
			return ERR_PARSE;
	} else if (n == 17) {
		if (der_small(&tuple, DER_INTEGER, UINT16_MAX, &svn) != 0)
			return ERR_PARSE;
		p->pcesvn = (uint16_t)svn;
	} else {
		if (der_small(&tuple, DER_INTEGER, UINT8_MAX, &svn) != 0)
			return ERR_PARSE;
		p->components[n - 1] = (uint8_t)svn;
	}
	return reader_end(&tuple);
}

static int
read_tcb(struct reader *r, struct pck_platform *p)
{
	struct reader in;
	uint32_t seen = 0;

	if (der_enter(r, DER_SEQUENCE, &in) != 0)
		return ERR_PARSE;
	for (unsigned i = 0; i < TCB_ENTRIES; i++)
		if (read_tcb_entry(&in, &seen, p) != 0)
			return ERR_PARSE;
	return reader_end(&in);
}

static int
read_configuration(struct reader *r, struct pck_platform *p)
{
	int *const flags[3] = {&p->dynamic_platform, &p->cached_keys, &p->smt_enabled};
	struct reader in, tuple;
	uint32_t seen = 0;
	uint8_t n;

	if (der_enter(r, DER_SEQUENCE, &in) != 0)
		return ERR_PARSE;
	for (unsigned i = 0; i < ARRAY_LEN(flags); i++) {
		if (der_enter(&in, DER_SEQUENCE, &tuple) != 0 ||
		    read_suffix(&tuple, 7, ARRAY_LEN(flags), &seen, &n) != 0 ||
		    der_boolean(&tuple, flags[n - 1]) != 0 || reader_end(&tuple) != 0)
			return ERR_PARSE;
	}
	return reader_end(&in);
}

static int
read_sgx_type(struct reader *r, struct pck_platform *p)
{
	uint32_t type;

	if (der_small(r, DER_ENUMERATED, 2, &type) != 0)
		return ERR_PARSE;
	p->sgx_type = (uint8_t)type;
	return 0;
}

static int
read_platform_value(struct reader *r, uint8_t n, struct pck_platform *p)
{
	switch (n) {
	case 1:
		return read_octets(r, sizeof p->ppid, p->ppid);
	case 2:
		return read_tcb(r, p);
	case 3:
		return read_octets(r, sizeof p->pceid, p->pceid);
	case 4:
		return read_octets(r, sizeof p->fmspc, p->fmspc);
	case 5:
		return read_sgx_type(r, p);
	case 6:
		return read_octets(r, sizeof p->platform_instance_id, p->platform_instance_id);
	case 7:
		return read_configuration(r, p);
	default:
		return ERR_PARSE;
	}
}

/* Five members from the Processor CA, seven from the Platform CA, each once. */
static int
read_platform(struct bytes extension, enum pck_ca ca, struct pck_platform *ret)
{
	struct reader whole = reader_of(extension.p, extension.len);
	const uint8_t entries = ca == PCK_CA_PLATFORM ? PLATFORM_ENTRIES : PROCESSOR_ENTRIES;
	struct reader in, tuple;
	uint32_t seen = 0;
	uint8_t n;

	*ret = (struct pck_platform){.ca = ca};
	if (der_enter(&whole, DER_SEQUENCE, &in) != 0)
		return ERR_PARSE;
	for (unsigned i = 0; i < entries; i++) {
		if (der_enter(&in, DER_SEQUENCE, &tuple) != 0 ||
		    read_suffix(&tuple, 0, entries, &seen, &n) != 0 ||
		    read_platform_value(&tuple, n, ret) != 0 || reader_end(&tuple) != 0)
			return ERR_PARSE;
	}
	return reader_end(&in);
}

static int
decode_chain(struct bytes pem, struct pck_chain *chain)
{
	struct reader r;
	size_t len;

	while (pem.len > 0 && pem.p[pem.len - 1] == '\0')
		pem.len--;
	if (pem.len > PCK_PEM_MAX)
		return ERR_SPACE;
	r = reader_of(pem.p, pem.len);
	for (size_t i = 0; i < PCK_CHAIN_LEN; i++) {
		if (pem_take_certificate(&r, chain->der[i], CERTIFICATE_MAX, &len) != 0)
			return ERR_PARSE;
		if (certificate_parse((struct bytes){chain->der[i], len}, &chain->certificate[i]) !=
		    0)
			return ERR_PARSE;
	}
	return reader_end(&r);
}

/* Which of the two certificate authorities for PCKs; neither is no role at all. */
static int
intermediate_role(const struct certificate *c, enum pck_ca *ret)
{
	int platform = certificate_name_has(c, "SGX PCK Platform CA");
	int processor = certificate_name_has(c, "SGX PCK Processor CA");

	if (platform == processor)
		return ERR_PARSE;
	*ret = platform ? PCK_CA_PLATFORM : PCK_CA_PROCESSOR;
	return 0;
}

static int
is_authority(const struct certificate *c)
{
	return c->is_ca && (c->key_usage & KEY_USAGE_CERT_SIGN) != 0 &&
	       (c->key_usage & KEY_USAGE_CRL_SIGN) != 0 && c->sgx.len == 0;
}

static int
check_roles(const struct pck_chain *chain, enum pck_ca *ret_ca)
{
	const struct certificate *leaf = &chain->certificate[PCK_LEAF];
	const struct certificate *intermediate = &chain->certificate[PCK_INTERMEDIATE];
	const struct certificate *root = &chain->certificate[PCK_ROOT];

	if (!is_authority(root) || !certificate_name_has(root, "SGX Root CA") ||
	    root->path_len == 0 || !bytes_equal(root->issuer, root->subject))
		return ERR_PARSE;
	if (!is_authority(intermediate) || intermediate_role(intermediate, ret_ca) != 0)
		return ERR_PARSE;
	if (leaf->is_ca || (leaf->key_usage & KEY_USAGE_CERT_SIGN) != 0 ||
	    (leaf->key_usage & KEY_USAGE_DIGITAL_SIGNATURE) == 0 || leaf->sgx.len == 0 ||
	    !certificate_name_has(leaf, "SGX PCK Certificate"))
		return ERR_PARSE;
	return 0;
}

enum tdx_reason
pck_chain_parse(struct bytes pem, struct pck_chain *ret)
{
	enum pck_ca ca;

	if (decode_chain(pem, ret) != 0 || check_roles(ret, &ca) != 0)
		return TDX_PCK_CHAIN;
	if (read_platform(ret->certificate[PCK_LEAF].sgx, ca, &ret->platform) != 0)
		return TDX_PCK_CHAIN;
	return TDX_HOLDS;
}

enum tdx_reason
pck_chain_verify(const struct pck_chain *chain, struct p256 *p256)
{
	for (size_t i = PCK_LEAF; i < PCK_ROOT; i++) {
		int r = certificate_issued_by(&chain->certificate[i], &chain->certificate[i + 1],
					      p256);

		if (r != 0)
			return r == ERR_SIGNATURE ? TDX_PCK_CHAIN : TDX_INTERNAL;
	}
	return TDX_HOLDS;
}

enum tdx_reason
pck_root_is(const struct pck_chain *chain, struct bytes root_der)
{
	/* the whole certificate: its key alone would leave the rest of it free to change */
	return root_der.len > 0 && bytes_equal(chain->certificate[PCK_ROOT].der, root_der)
		   ? TDX_HOLDS
		   : TDX_ROOT_NOT_TRUSTED;
}
