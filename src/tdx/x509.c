#include "tdx/x509.h"

#include "base/err.h"
#include "tdx/der.h"
#include "base/banned.h"

static const uint8_t oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};

/* RFC 5758 3.2: "parameters MUST be absent" */
int
x509_algorithm(struct reader *r)
{
	struct reader in;

	if (der_enter(r, DER_SEQUENCE, &in) != 0)
		return ERR_PARSE;
	if (der_oid(&in, oid_ecdsa_sha256, sizeof oid_ecdsa_sha256) != 0)
		return ERR_PARSE;
	return reader_end(&in) == 0 ? 0 : ERR_PARSE;
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

int
x509_name(struct reader *r, struct bytes *ret_whole, struct bytes *ret_common_name)
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

int
x509_bits(struct reader *r, struct bytes *ret)
{
	struct bytes v;

	if (der_take(r, DER_BIT_STRING, &v) != 0 || v.len == 0 || v.p[0] != 0)
		return ERR_PARSE;
	*ret = (struct bytes){v.p + 1, v.len - 1};
	return 0;
}

int
x509_signature(struct reader *r, uint8_t ret[64])
{
	struct bytes bits;
	struct reader whole, in;

	if (x509_bits(r, &bits) != 0)
		return ERR_PARSE;
	whole = reader_of(bits.p, bits.len);
	if (der_enter(&whole, DER_SEQUENCE, &in) != 0 || reader_end(&whole) != 0)
		return ERR_PARSE;
	if (der_uint256(&in, ret) != 0 || der_uint256(&in, ret + 32) != 0)
		return ERR_PARSE;
	return reader_end(&in) == 0 ? 0 : ERR_PARSE;
}

int
x509_authority_key_id(struct reader *r, struct bytes *ret)
{
	struct reader in;
	struct bytes id;

	if (der_enter(r, DER_SEQUENCE, &in) != 0 || der_take(&in, DER_CONTEXT_0, &id) != 0 ||
	    reader_end(&in) != 0 || id.len != 20)
		return ERR_PARSE;
	*ret = id;
	return 0;
}

/* RFC 5280 4.1.2.2: "positive integer ... not longer than 20 octets" (and a sign byte) */
int
x509_serial(struct reader *r, struct bytes *ret)
{
	struct bytes v;

	if (der_take(r, DER_INTEGER, &v) != 0 || v.len == 0 || (v.p[0] & 0x80) != 0)
		return ERR_PARSE;
	if (v.len > 1 && v.p[0] == 0) {
		if ((v.p[1] & 0x80) == 0)
			return ERR_PARSE;
		v.p++;
		v.len--;
	}
	if (v.len > 20)
		return ERR_PARSE;
	*ret = v;
	return 0;
}
