#include "tee/simulated_quote.h"

#include <string.h>

#include "base/err.h"
#include "tdx/digest.h"
#include "tee/p256_sign.h"
#include "base/banned.h"

#define QE_ISVPRODID_TD 2 /* the quoting enclave for TDs */

static const uint8_t qe_vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
				      0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
static const uint8_t tee_tcb_svn[16] = {0x06, 0x01, 0x03};
static const uint8_t tdattributes[8] = {0x00, 0x00, 0x00, 0x10}; /* SEPT_VE_DISABLE alone */
static const uint8_t xfam[8] = {0xe7, 0x02, 0x06};
static const uint8_t qe_attributes[16] = {0x11};

static int
make_body(uint8_t *body)
{
	static const char *const labels[] = {"rtmr0", "rtmr1", "rtmr2"};
	int r;

	memcpy(body + TD_TEE_TCB_SVN, tee_tcb_svn, sizeof tee_tcb_svn);
	memcpy(body + TD_TEE_TCB_SVN2, tee_tcb_svn, sizeof tee_tcb_svn);
	memcpy(body + TD_TDATTRIBUTES, tdattributes, sizeof tdattributes);
	memcpy(body + TD_XFAM, xfam, sizeof xfam);
	if ((r = simulated_bytes48("mrseam", body + TD_MRSEAM)) != 0 ||
	    (r = simulated_bytes48("mrtd", body + TD_MRTD)) != 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if ((r = simulated_bytes48(labels[i], body + TD_RTMR0 + 48 * i)) != 0)
			return r;
	return 0;
}

static int
make_qe_report(uint8_t *report)
{
	int r;

	report[0] = 0x06; /* CPUSVN: any */
	memcpy(report + QE_ATTRIBUTES, qe_attributes, sizeof qe_attributes);
	report[QE_ISVPRODID] = QE_ISVPRODID_TD;
	report[QE_ISVSVN] = 6;
	if ((r = simulated_bytes32("qe-mrenclave", report + QE_MRENCLAVE)) != 0)
		return r;
	return simulated_bytes32("qe-mrsigner", report + QE_MRSIGNER);
}

int
simulated_quote_make(struct simulated_quote *ret)
{
	uint8_t qe_id[32];
	int r;

	memset(ret, 0, sizeof *ret);
	ret->version = 4;
	ret->body_type = TD_BODY_10;
	ret->data_type = CERT_DATA_PCK_CHAIN;
	for (uint8_t i = 0; i < SIMULATED_QE_AUTH_LEN; i++)
		ret->qe_auth[i] = i; /* as Intel's quoting enclave fills it */
	if ((r = simulated_bytes32("qe-id", qe_id)) != 0)
		return r;
	memcpy(ret->user_data, qe_id, 16);
	if ((r = make_body(ret->body)) != 0 || (r = make_qe_report(ret->qe_report)) != 0)
		return r;
	return simulated_key_make("attestation-key", &ret->attestation_key);
}

int
simulated_quote_seal(struct simulated_quote *q, const uint8_t pck_secret32[32])
{
	/* "report_data[0:32] = SHA-256(attestation key || QE authentication data)" */
	const struct bytes bound[2] = {{q->attestation_key.public, 64},
				       {q->qe_auth, sizeof q->qe_auth}};
	const struct bytes report = {q->qe_report, sizeof q->qe_report};
	uint8_t hash[32];
	int r;

	if ((r = digest_sha256(bound, ARRAY_LEN(bound), q->qe_report + QE_REPORT_DATA)) != 0 ||
	    (r = digest_sha256(&report, 1, hash)) != 0)
		return r;
	return p256_sign(pck_secret32, hash, q->qe_signature);
}

static size_t
body_len(uint16_t type)
{
	switch (type) {
	case TD_BODY_15:
		return TD_15_LEN;
	case TD_BODY_15_EX:
		return TD_15_EX_LEN;
	default:
		return TD_10_LEN;
	}
}

static void
put_header(struct writer *w, const struct simulated_quote *q)
{
	write_le16(w, q->version);
	write_le16(w, QUOTE_KEY_ECDSA_P256);
	write_le32(w, QUOTE_TEE_TDX);
	write_le32(w, 0);
	write_bytes(w, qe_vendor, sizeof qe_vendor);
	write_bytes(w, q->user_data, sizeof q->user_data);
	if (q->version >= 5) {
		write_le16(w, q->body_type);
		write_le32(w, (uint32_t)body_len(q->body_type));
	}
}

/* qe_report, its signature, qe_auth and the chain: certification data of type 6 around another */
static void
put_certification_data(struct writer *w, const struct simulated_quote *q, size_t outer)
{
	write_le16(w, CERT_DATA_QE_REPORT);
	write_le32(w, (uint32_t)outer);
	write_bytes(w, q->qe_report, sizeof q->qe_report);
	write_bytes(w, q->qe_signature, sizeof q->qe_signature);
	write_le16(w, sizeof q->qe_auth);
	write_bytes(w, q->qe_auth, sizeof q->qe_auth);
	write_le16(w, q->data_type);
	write_le32(w, (uint32_t)q->data_len);
	write_bytes(w, q->data, q->data_len);
}

static int
sign_so_far(const struct simulated_quote *q, const struct writer *w, uint8_t ret[64])
{
	const struct bytes signed_part = {w->p, w->len};
	uint8_t hash[32];
	int r;

	if (w->err != 0)
		return w->err;
	if ((r = digest_sha256(&signed_part, 1, hash)) != 0)
		return r;
	return p256_sign(q->attestation_key.secret, hash, ret);
}

int
simulated_quote_write(const struct simulated_quote *q, uint8_t *ret, size_t cap, size_t *ret_len)
{
	const size_t outer = sizeof q->qe_report + sizeof q->qe_signature + 2 + sizeof q->qe_auth +
			     2 + 4 + q->data_len;
	struct writer w = writer_of(ret, cap);
	uint8_t signature[64];
	int r;

	put_header(&w, q);
	write_bytes(&w, q->body, body_len(q->body_type));
	if ((r = sign_so_far(q, &w, signature)) != 0)
		return r;
	write_le32(&w, (uint32_t)(64 + 64 + 2 + 4 + outer));
	write_bytes(&w, signature, sizeof signature);
	write_bytes(&w, q->attestation_key.public, sizeof q->attestation_key.public);
	put_certification_data(&w, q, outer);
	return writer_end(&w, ret_len);
}
