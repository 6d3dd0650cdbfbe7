#include "tdx/crl.h"

#include "base/err.h"
#include "tdx/der.h"
#include "tdx/digest.h"
#include "tdx/x509.h"
#include "base/banned.h"

static const uint8_t oid_authority_key_id[] = {0x55, 0x1d, 0x23};
static const uint8_t oid_crl_number[] = {0x55, 0x1d, 0x14};

enum extension_bit { HAS_AUTHORITY_KEY_ID = 1, HAS_CRL_NUMBER = 2 };

/* Extension ::= SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING } */
static int
take_extension(struct reader *r, struct bytes *ret_oid, struct bytes *ret_value)
{
	struct reader in;

	if (der_enter(r, DER_SEQUENCE, &in) != 0 || der_take(&in, DER_OID, ret_oid) != 0)
		return ERR_PARSE;
	/* DER leaves out FALSE: one that speaks of being critical is, and none may be here */
	if (der_take(&in, DER_OCTET_STRING, ret_value) != 0)
		return ERR_PARSE;
	return reader_end(&in) == 0 ? 0 : ERR_PARSE;
}

static int
take_entry(struct reader *r, struct bytes *ret_serial)
{
	struct bytes oid, value;
	struct reader in, extensions;
	int64_t date;

	if (der_enter(r, DER_SEQUENCE, &in) != 0 || x509_serial(&in, ret_serial) != 0 ||
	    der_time(&in, &date) != 0)
		return ERR_PARSE;
	if (in.left == 0)
		return 0;
	if (der_enter(&in, DER_SEQUENCE, &extensions) != 0 || extensions.left == 0)
		return ERR_PARSE;
	while (extensions.left > 0)
		if (take_extension(&extensions, &oid, &value) != 0)
			return ERR_PARSE;
	return reader_end(&in) == 0 ? 0 : ERR_PARSE;
}

static int
read_entries(struct reader *r, struct crl *crl)
{
	struct bytes serial;
	struct reader in;

	if (!der_next_is(r, DER_SEQUENCE))
		return 0;
	if (der_take(r, DER_SEQUENCE, &crl->entries) != 0)
		return ERR_PARSE;
	in = reader_of(crl->entries.p, crl->entries.len);
	for (; in.left > 0; crl->count++)
		if (take_entry(&in, &serial) != 0)
			return ERR_PARSE;
	return 0;
}

static int
read_extension(struct reader *r, struct crl *crl, unsigned *seen)
{
	struct bytes oid, value;
	struct reader content;
	unsigned bit = 0;
	int bad = 0;

	if (take_extension(r, &oid, &value) != 0)
		return ERR_PARSE;
	content = reader_of(value.p, value.len);
	if (bytes_equal(oid, (struct bytes){oid_authority_key_id, sizeof oid_authority_key_id})) {
		bit = HAS_AUTHORITY_KEY_ID;
		bad = x509_authority_key_id(&content, &crl->authority_key_id);
	} else if (bytes_equal(oid, (struct bytes){oid_crl_number, sizeof oid_crl_number})) {
		bit = HAS_CRL_NUMBER;
		bad = x509_serial(&content, &value); /* an INTEGER of at most 20 octets too */
	} else {
		return 0;
	}
	if (bad != 0 || reader_end(&content) != 0 || (*seen & bit) != 0)
		return ERR_PARSE;
	*seen |= bit;
	return 0;
}

static int
read_extensions(struct reader *r, struct crl *crl)
{
	struct reader outer, in;
	unsigned seen = 0;

	if (der_enter(r, DER_EXPLICIT_0, &outer) != 0 ||
	    der_enter(&outer, DER_SEQUENCE, &in) != 0 || reader_end(&outer) != 0)
		return ERR_PARSE;
	while (in.left > 0)
		if (read_extension(&in, crl, &seen) != 0)
			return ERR_PARSE;
	return seen == (HAS_AUTHORITY_KEY_ID | HAS_CRL_NUMBER) ? 0 : ERR_PARSE;
}

static int
read_tbs(struct bytes tbs, struct crl *crl)
{
	struct reader whole = reader_of(tbs.p, tbs.len);
	struct bytes common_name;
	struct reader r;
	uint32_t version;

	if (der_enter(&whole, DER_SEQUENCE, &r) != 0 ||
	    der_small(&r, DER_INTEGER, 1, &version) != 0 || version != 1)
		return ERR_PARSE;
	if (x509_algorithm(&r) != 0 || x509_name(&r, &crl->issuer, &common_name) != 0)
		return ERR_PARSE;
	if (der_time(&r, &crl->this_update) != 0 || der_time(&r, &crl->next_update) != 0 ||
	    crl->this_update > crl->next_update)
		return ERR_PARSE;
	if (read_entries(&r, crl) != 0 || read_extensions(&r, crl) != 0)
		return ERR_PARSE;
	return reader_end(&r) == 0 ? 0 : ERR_PARSE;
}

int
crl_parse(struct bytes der, struct crl *ret)
{
	struct reader whole = reader_of(der.p, der.len);
	struct crl crl = {.count = 0};
	struct reader r;

	if (der.len > CRL_MAX || der_enter(&whole, DER_SEQUENCE, &r) != 0 ||
	    reader_end(&whole) != 0)
		return ERR_PARSE;
	if (der_take_whole(&r, DER_SEQUENCE, &crl.tbs) != 0 || read_tbs(crl.tbs, &crl) != 0)
		return ERR_PARSE;
	if (x509_algorithm(&r) != 0 || x509_signature(&r, crl.signature) != 0 ||
	    reader_end(&r) != 0)
		return ERR_PARSE;
	*ret = crl;
	return 0;
}

int
crl_is_of(const struct crl *crl, const struct certificate *issuer)
{
	return bytes_equal(crl->issuer, issuer->subject) &&
	       bytes_equal(crl->authority_key_id, issuer->subject_key_id) &&
	       (issuer->key_usage & KEY_USAGE_CRL_SIGN) != 0;
}

int
crl_signed_by(const struct crl *crl, const struct certificate *issuer, struct p256 *p256)
{
	uint8_t hash[32];
	int r;

	if ((r = digest_sha256(&crl->tbs, 1, hash)) != 0)
		return r;
	return p256_check(p256, issuer->key, hash, crl->signature);
}

int
crl_revokes(const struct crl *crl, struct bytes serial)
{
	struct reader in = reader_of(crl->entries.p, crl->entries.len);
	struct reader entry;
	struct bytes found;

	while (in.left > 0) {
		/* crl_parse() has read it all; what it had not would count as revoked */
		if (der_enter(&in, DER_SEQUENCE, &entry) != 0 || x509_serial(&entry, &found) != 0 ||
		    bytes_equal(found, serial))
			return 1;
	}
	return 0;
}
