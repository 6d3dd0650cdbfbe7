#include "evidence/ratls.h"

#include <string.h>

#include "base/err.h"
#include "evidence/dstack_blob.h"
#include "tdx/der.h"
#include "tdx/digest.h"
#include "base/banned.h"

/* 1.3.6.1.4.1.62397.1, and the last arc behind it */
static const uint8_t arc[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xe7, 0x3d, 0x01};

static struct bytes *
extension_at(struct ratls *c, struct bytes oid)
{
	if (oid.len != sizeof arc + 1 || memcmp(oid.p, arc, sizeof arc) != 0)
		return NULL;
	switch (oid.p[sizeof arc]) {
	case 1:
		return &c->quote;
	case 2:
		return &c->event_log;
	case 3:
		return &c->app_id;
	case 4:
		return &c->usage;
	case 8:
		return &c->attestation;
	default:
		return NULL;
	}
}

/* Extension ::= SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING } */
static int
read_extension(struct reader *list, struct ratls *c)
{
	struct reader r, inner;
	struct bytes oid, value, *into;
	int critical;

	if (der_enter(list, DER_SEQUENCE, &r) != 0 || der_take(&r, DER_OID, &oid) != 0)
		return ERR_PARSE;
	if (der_next_is(&r, DER_BOOLEAN) && der_boolean(&r, &critical) != 0)
		return ERR_PARSE;
	if (der_take(&r, DER_OCTET_STRING, &value) != 0 || reader_end(&r) != 0)
		return ERR_PARSE;
	if ((into = extension_at(c, oid)) == NULL)
		return 0;
	inner = reader_of(value.p, value.len);
	if (into->p != NULL || der_take(&inner, DER_OCTET_STRING, into) != 0)
		return ERR_PARSE;
	return reader_end(&inner);
}

static int
read_extensions(struct reader *tbs, struct ratls *c)
{
	struct reader outer, list;

	if (der_enter(tbs, DER_EXPLICIT_3, &outer) != 0 ||
	    der_enter(&outer, DER_SEQUENCE, &list) != 0 || reader_end(&outer) != 0)
		return ERR_PARSE;
	while (list.left > 0)
		if (read_extension(&list, c) != 0)
			return ERR_PARSE;
	return 0;
}

/* version, serial number, algorithm, issuer, validity, subject, key, extensions */
static int
read_tbs(struct reader *tbs, struct ratls *c)
{
	struct bytes passed;

	if (der_take(tbs, DER_EXPLICIT_0, &passed) != 0 || der_take(tbs, DER_INTEGER, &passed) != 0)
		return ERR_PARSE;
	for (unsigned i = 0; i < 4; i++)
		if (der_take(tbs, DER_SEQUENCE, &passed) != 0)
			return ERR_PARSE;
	if (der_take_whole(tbs, DER_SEQUENCE, &c->spki) != 0 || read_extensions(tbs, c) != 0)
		return ERR_PARSE;
	return reader_end(tbs);
}

enum tdx_reason
ratls_parse(struct bytes der, struct ratls *ret)
{
	struct reader r = reader_of(der.p, der.len), certificate, tbs;
	struct ratls c = {.spki = {NULL, 0}};
	struct bytes passed;

	if (der_enter(&r, DER_SEQUENCE, &certificate) != 0 || reader_end(&r) != 0 ||
	    der_enter(&certificate, DER_SEQUENCE, &tbs) != 0 || read_tbs(&tbs, &c) != 0 ||
	    der_take(&certificate, DER_SEQUENCE, &passed) != 0 ||
	    der_take(&certificate, DER_BIT_STRING, &passed) != 0 || reader_end(&certificate) != 0)
		return DSTACK_EVIDENCE;
	*ret = c;
	return TDX_HOLDS;
}

int
ratls_report_data(struct bytes spki, uint8_t ret64[64])
{
	static const char tag[] = "ratls-cert:";
	const struct bytes parts[] = {{(const uint8_t *)tag, sizeof tag - 1}, spki};

	return digest_sha512(parts, ARRAY_LEN(parts), ret64);
}

enum tdx_reason
ratls_read_evidence(const struct ratls *certificate, struct dstack_evidence *ret,
		    struct json_error *error)
{
	const struct ratls *c = certificate;
	enum tdx_reason reason;

	if (c->attestation.len > 0)
		reason = dstack_blob_read(c->attestation, ret, error);
	else
		reason = dstack_evidence_read_parts(c->quote, c->event_log, (struct bytes){NULL, 0},
						    ret, error);
	if (reason != TDX_HOLDS)
		return reason;
	/* what the agent says the quote is about gives way to what it has to be about */
	if (ratls_report_data(c->spki, ret->report_data) != 0)
		return TDX_INTERNAL;
	ret->has_report_data = 1;
	return TDX_HOLDS;
}
