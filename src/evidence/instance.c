#include "evidence/instance.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include "base/err.h"
#include "base/hex.h"
#include "tdx/der.h"
#include "base/banned.h"

#define TEXT_MAX 256
#define DER_EXPLICIT_1 0xa1
#define APP_ID_CHARS 42 /* 0x and 40 digits */

static const char extension_oid[] = "1.3.6.1.4.1.11129.2.1.21";

/* Names of Google's are ASCII; so nothing can hide in how they are shown. */
static int
take_text(struct reader *r, struct bytes *ret)
{
	struct bytes v;

	if (der_take(r, DER_UTF8_STRING, &v) != 0 || v.len == 0 || v.len > TEXT_MAX)
		return ERR_PARSE;
	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] < 0x21 || v.p[i] > 0x7e)
			return ERR_PARSE;
	*ret = v;
	return 0;
}

static int
take_number(struct reader *r, uint64_t *ret)
{
	static const uint8_t zeros[24];
	uint8_t be[32];

	if (der_uint256(r, be) != 0 || memcmp(be, zeros, sizeof zeros) != 0)
		return ERR_PARSE;
	*ret = load_be64(be + 24);
	return 0;
}

/* Further properties may follow; they are not known here. */
static int
read_security(struct reader *r, struct instance *in)
{
	struct reader outer, list, field;
	uint64_t version;

	if (der_enter(r, DER_EXPLICIT_0, &outer) != 0 ||
	    der_enter(&outer, DER_SEQUENCE, &list) != 0 || reader_end(&outer) != 0)
		return ERR_PARSE;
	if (der_enter(&list, DER_EXPLICIT_0, &field) != 0 || take_number(&field, &version) != 0 ||
	    reader_end(&field) != 0)
		return ERR_PARSE;
	if (der_enter(&list, DER_EXPLICIT_1, &field) != 0 ||
	    der_boolean(&field, &in->is_production) != 0 || reader_end(&field) != 0)
		return ERR_PARSE;
	return 0;
}

/* "tee-0x91b5..." */
int
instance_app_id(struct bytes name, uint8_t ret[20])
{
	const uint8_t *dash = name.len > 0 ? memrchr(name.p, '-', name.len) : NULL;
	size_t len;

	if (dash == NULL)
		return ERR_NOT_FOUND;
	len = (size_t)(name.p + name.len - (dash + 1));
	if (len != APP_ID_CHARS || hex_decode_0x((const char *)dash + 1, len, ret, 20) != 0)
		return ERR_NOT_FOUND;
	return 0;
}

int
instance_parse(struct bytes extension, struct instance *ret)
{
	struct reader r = reader_of(extension.p, extension.len), list;
	struct instance in = {0};

	if (der_enter(&r, DER_SEQUENCE, &list) != 0 || reader_end(&r) != 0)
		return ERR_PARSE;
	if (take_text(&list, &in.zone) != 0 || take_number(&list, &in.project_number) != 0 ||
	    take_text(&list, &in.project_id) != 0 || take_number(&list, &in.id) != 0 ||
	    take_text(&list, &in.name) != 0)
		return ERR_PARSE;
	if (list.left > 0 && read_security(&list, &in) != 0)
		return ERR_PARSE;
	if (reader_end(&list) != 0)
		return ERR_PARSE;
	in.has_app_id = instance_app_id(in.name, in.app_id) == 0;
	*ret = in;
	return 0;
}

int
instance_extension(const X509 *certificate, uint8_t ret[INSTANCE_DER_MAX], size_t *ret_len)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(extension_oid, 1);
	struct writer w = writer_of(ret, INSTANCE_DER_MAX);
	const ASN1_OCTET_STRING *content;
	int r = ERR_NOT_FOUND, at;

	if (oid == NULL)
		return ERR_NOT_FOUND;
	at = X509_get_ext_by_OBJ(certificate, oid, -1);
	if (at < 0 || X509_get_ext_by_OBJ(certificate, oid, at) >= 0)
		goto out;
	content = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
	write_bytes(&w, ASN1_STRING_get0_data(content), (size_t)ASN1_STRING_length(content));
	r = writer_end(&w, ret_len);
out:
	ASN1_OBJECT_free(oid);
	return r;
}
