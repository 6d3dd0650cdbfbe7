#include "tdx/quote.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

/* Every body that this parser knows: where it comes from and how long it is. */
struct body_layout {
	uint16_t version;
	uint16_t type; /* v4 has no descriptor: its one row says what it would be */
	uint16_t len;
	const char *name;
};

static const struct body_layout body_layouts[] = {
    {4, TD_BODY_10, TD_10_LEN, "TD report 1.0"},
    {5, TD_BODY_10, TD_10_LEN, "TD report 1.0"},
    {5, TD_BODY_15, TD_15_LEN, "TD report 1.5"},
    {5, TD_BODY_15_EX, TD_15_EX_LEN, "TD report 1.5 Ex"},
};

static const struct td_field td_fields[] = {
    {"teeTcbSvn", TD_TEE_TCB_SVN, 16},
    {"mrseam", TD_MRSEAM, 48},
    {"mrsignerseam", TD_MRSIGNERSEAM, 48},
    {"seamattributes", TD_SEAMATTRIBUTES, 8},
    {"tdattributes", TD_TDATTRIBUTES, 8},
    {"xfam", TD_XFAM, 8},
    {"mrtd", TD_MRTD, 48},
    {"mrconfigid", TD_MRCONFIGID, 48},
    {"mrowner", TD_MROWNER, 48},
    {"mrownerconfig", TD_MROWNERCONFIG, 48},
    {"rtmr0", TD_RTMR0, 48},
    {"rtmr1", TD_RTMR0 + 48, 48},
    {"rtmr2", TD_RTMR0 + 96, 48},
    {"rtmr3", TD_RTMR0 + 144, 48},
    {"reportData", TD_REPORT_DATA, 64},
    {"teeTcbSvn2", TD_TEE_TCB_SVN2, 16},
    {"mrservicetd", TD_MRSERVICETD, 48},
};

_Static_assert(TD_RTMR0 + 4 * 48 == TD_REPORT_DATA, "four RTMRs stand before the report data");
_Static_assert(TD_REPORT_DATA + 64 == TD_10_LEN, "report data ends a TD report 1.0");
_Static_assert(TD_MRSERVICETD + 48 == TD_15_LEN, "MRSERVICETD ends a TD report 1.5");

static const uint8_t intel_qe_vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
					    0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

static const struct body_layout *
layout_find(uint16_t version, uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(body_layouts); i++)
		if (body_layouts[i].version == version && body_layouts[i].type == type)
			return &body_layouts[i];
	return NULL;
}

/* What the header claims is judged before anything else is looked at. */
static enum tdx_reason
read_header(struct reader *r, struct tdx_quote *q)
{
	uint16_t version, key_type;
	uint32_t tee_type;
	struct bytes svns;

	if (read_le16(r, &version) != 0 || read_le16(r, &key_type) != 0 ||
	    read_le32(r, &tee_type) != 0 || read_take(r, 4, &svns) != 0 ||
	    read_take(r, 16, &q->qe_vendor_id) != 0 || read_take(r, 20, &q->user_data) != 0)
		return TDX_PARSE_SIZE;
	if (version < 3 || version > 5)
		return TDX_VERSION;
	if (key_type != QUOTE_KEY_ECDSA_P256)
		return TDX_AK_TYPE;
	if (tee_type != QUOTE_TEE_TDX)
		return TDX_TEE_TYPE;
	if (version == 3) /* that version is SGX only */
		return TDX_VERSION;
	if (memcmp(q->qe_vendor_id.p, intel_qe_vendor, sizeof intel_qe_vendor) != 0)
		return TDX_QE_VENDOR;
	q->version = version;
	return TDX_HOLDS;
}

static enum tdx_reason
read_body(struct reader *r, struct tdx_quote *q)
{
	const struct body_layout *layout;
	uint16_t type = TD_BODY_10;
	uint32_t size = TD_10_LEN;

	if (q->version == 5 && (read_le16(r, &type) != 0 || read_le32(r, &size) != 0))
		return TDX_PARSE_SIZE;
	if ((layout = layout_find(q->version, type)) == NULL)
		return TDX_PARSE;
	if (size != layout->len || read_take(r, layout->len, &q->body) != 0)
		return TDX_PARSE_SIZE;
	q->body_type = type;
	return TDX_HOLDS;
}

static int
read_fixed(struct reader *r, size_t n, const uint8_t **ret)
{
	struct bytes b;
	int e;

	if ((e = read_take(r, n, &b)) != 0)
		return e;
	*ret = b.p;
	return 0;
}

/* {type u16, size u32, data}, the data being all that is left. */
static enum tdx_reason
read_certification_data(struct reader *r, uint16_t *ret_type, struct bytes *ret)
{
	uint32_t size;

	if (read_le16(r, ret_type) != 0 || read_le32(r, &size) != 0 || size != r->left)
		return TDX_PARSE_SIZE;
	if (read_take(r, size, ret) != 0)
		return TDX_PARSE_SIZE;
	return TDX_HOLDS;
}

static enum tdx_reason
read_qe_report_data(struct bytes data, struct tdx_quote *q)
{
	struct reader r = reader_of(data.p, data.len);
	uint16_t auth_len, type;
	enum tdx_reason reason;

	if (read_fixed(&r, QE_REPORT_LEN, &q->qe_report) != 0 ||
	    read_fixed(&r, 64, &q->qe_signature) != 0 || read_le16(&r, &auth_len) != 0 ||
	    read_take(&r, auth_len, &q->qe_auth) != 0)
		return TDX_PARSE_SIZE;
	if ((reason = read_certification_data(&r, &type, &q->pck_chain)) != TDX_HOLDS)
		return reason;
	return type == CERT_DATA_PCK_CHAIN ? TDX_HOLDS : TDX_CERT_DATA_TYPE;
}

static enum tdx_reason
read_auth_data(struct bytes data, struct tdx_quote *q)
{
	struct reader r = reader_of(data.p, data.len);
	struct bytes certification;
	uint16_t type;
	enum tdx_reason reason;

	if (read_fixed(&r, 64, &q->signature) != 0 || read_fixed(&r, 64, &q->key) != 0)
		return TDX_PARSE_SIZE;
	if ((reason = read_certification_data(&r, &type, &certification)) != TDX_HOLDS)
		return reason;
	if (type != CERT_DATA_QE_REPORT)
		return TDX_CERT_DATA_TYPE;
	return read_qe_report_data(certification, q);
}

enum tdx_reason
quote_parse(struct bytes quote, struct tdx_quote *ret)
{
	struct reader r = reader_of(quote.p, quote.len);
	struct tdx_quote q = {0};
	enum tdx_reason reason;
	struct bytes auth;
	uint32_t auth_len;

	if ((reason = read_header(&r, &q)) != TDX_HOLDS)
		return reason;
	if ((reason = read_body(&r, &q)) != TDX_HOLDS)
		return reason;
	q.signed_part = (struct bytes){quote.p, quote.len - r.left};
	if (read_le32(&r, &auth_len) != 0 || read_take(&r, auth_len, &auth) != 0)
		return TDX_PARSE_SIZE;
	if ((reason = read_auth_data(auth, &q)) != TDX_HOLDS)
		return reason;
	q.trailing = r.left;
	*ret = q;
	return TDX_HOLDS;
}

const struct td_field *
td_field_at(size_t i)
{
	return i < ARRAY_LEN(td_fields) ? &td_fields[i] : NULL;
}

int
quote_field(const struct tdx_quote *quote, const char *name, size_t name_len, struct bytes *ret)
{
	const struct td_field *f;

	for (size_t i = 0; (f = td_field_at(i)) != NULL; i++) {
		if (strlen(f->name) != name_len || memcmp(f->name, name, name_len) != 0)
			continue;
		if ((size_t)f->offset + f->len > quote->body.len)
			return ERR_NOT_FOUND;
		*ret = (struct bytes){quote->body.p + f->offset, f->len};
		return 0;
	}
	return ERR_NOT_FOUND;
}

const char *
td_body_name(uint16_t body_type)
{
	const struct body_layout *layout = layout_find(5, body_type);

	return layout == NULL ? "unknown" : layout->name;
}
