#include "tee/simulated.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tdx/digest.h"
#include "tdx/quote.h"
#include "tdx/rtmr.h"
#include "tee/p256_sign.h"
#include "tee/simulated_pki.h"
#include "base/banned.h"

#define QE_AUTH_LEN 32
#define QE_ISVPRODID_TD 2 /* the quoting enclave for TDs */

static const uint8_t qe_vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
				      0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
static const uint8_t tee_tcb_svn[16] = {0x06, 0x01, 0x03};
static const uint8_t tdattributes[8] = {0x00, 0x00, 0x00, 0x10}; /* SEPT_VE_DISABLE alone */
static const uint8_t xfam[8] = {0xe7, 0x02, 0x06};
static const uint8_t qe_attributes[16] = {0x11};

/* All but the report data is fixed when the platform is opened. */
struct simulated {
	struct simulated_key attestation_key;
	struct rtmr_bank rtmr;
	uint8_t body[TD_10_LEN]; /* the report data still zero */
	uint8_t qe_report[QE_REPORT_LEN];
	uint8_t qe_signature[64];
	uint8_t qe_auth[QE_AUTH_LEN];
	uint8_t chain[PCK_PEM_MAX];
	size_t chain_len;
};

static int
simulated_probe(void)
{
	return 1;
}

static int
make_body(struct simulated *s)
{
	static const char *const rtmr_labels[EVENT_RTMR] = {"rtmr0", "rtmr1", "rtmr2"};
	int r;

	memcpy(s->body + TD_TEE_TCB_SVN, tee_tcb_svn, sizeof tee_tcb_svn);
	memcpy(s->body + TD_TDATTRIBUTES, tdattributes, sizeof tdattributes);
	memcpy(s->body + TD_XFAM, xfam, sizeof xfam);
	if ((r = simulated_bytes48("mrseam", s->body + TD_MRSEAM)) != 0)
		return r;
	if ((r = simulated_bytes48("mrtd", s->body + TD_MRTD)) != 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(rtmr_labels); i++)
		if ((r = simulated_bytes48(rtmr_labels[i], s->body + TD_RTMR0 + 48 * i)) != 0)
			return r;
	memcpy(s->body + TD_RTMR0 + 48 * EVENT_RTMR, s->rtmr.value[EVENT_RTMR], RTMR_LEN);
	return 0;
}

/* report_data[0:32] = SHA-256(attestation key || QE authentication data) */
static int
make_qe_report(struct simulated *s)
{
	const struct bytes bound[2] = {
	    {s->attestation_key.public, sizeof s->attestation_key.public},
	    {s->qe_auth, sizeof s->qe_auth}};
	int r;

	s->qe_report[0] = 0x06; /* CPUSVN: any */
	memcpy(s->qe_report + QE_ATTRIBUTES, qe_attributes, sizeof qe_attributes);
	s->qe_report[QE_ISVPRODID] = QE_ISVPRODID_TD;
	s->qe_report[QE_ISVSVN] = 6;
	if ((r = simulated_bytes32("qe-mrenclave", s->qe_report + QE_MRENCLAVE)) != 0)
		return r;
	if ((r = simulated_bytes32("qe-mrsigner", s->qe_report + QE_MRSIGNER)) != 0)
		return r;
	return digest_sha256(bound, ARRAY_LEN(bound), s->qe_report + QE_REPORT_DATA);
}

static int
make_qe(struct simulated *s, const struct simulated_pki *pki)
{
	const struct bytes report = {s->qe_report, sizeof s->qe_report};
	uint8_t hash[32];
	int r;

	for (uint8_t i = 0; i < QE_AUTH_LEN; i++)
		s->qe_auth[i] = i; /* as Intel's quoting enclave fills it */
	if ((r = simulated_key_make("attestation-key", &s->attestation_key)) != 0)
		return r;
	if ((r = make_qe_report(s)) != 0 || (r = digest_sha256(&report, 1, hash)) != 0)
		return r;
	return p256_sign(pki->key[PCK_LEAF].secret, hash, s->qe_signature);
}

static int
prepare(struct simulated *s, struct simulated_pki *pki, const struct event_log *log)
{
	struct writer chain = writer_of(s->chain, sizeof s->chain);
	size_t bad;
	int r;

	if ((r = event_log_replay(log, &s->rtmr, &bad)) != 0 || (r = make_body(s)) != 0)
		return r;
	if ((r = simulated_pki_make(pki)) != 0 || (r = make_qe(s, pki)) != 0)
		return r;
	simulated_pki_write_chain(&chain, pki);
	write_u8(&chain, 0); /* Intel's stack counts the string's end in */
	return writer_end(&chain, &s->chain_len);
}

static int
simulated_open(const struct event_log *log, void **ret_state)
{
	struct simulated *s = calloc(1, sizeof *s);
	struct simulated_pki *pki = calloc(1, sizeof *pki);
	int r = ERR_MEM;

	if (s == NULL || pki == NULL)
		goto out;
	if ((r = prepare(s, pki, log)) != 0)
		goto out;
	*ret_state = s;
	s = NULL; /* transferred */
out:
	free(pki);
	free(s);
	return r;
}

static void
simulated_close(void *state)
{
	free(state);
}

static int
put_header(struct writer *w)
{
	uint8_t qe_id[32];
	int r;

	if ((r = simulated_bytes32("qe-id", qe_id)) != 0)
		return r;
	write_le16(w, 4);
	write_le16(w, QUOTE_KEY_ECDSA_P256);
	write_le32(w, QUOTE_TEE_TDX);
	write_le32(w, 0);
	write_bytes(w, qe_vendor, sizeof qe_vendor);
	write_bytes(w, qe_id, 16);
	write_le32(w, 0);
	return 0;
}

/* qe_report, its signature, qe_auth and the chain: certification data of type 6 around type 5 */
static void
put_certification_data(struct writer *w, const struct simulated *s)
{
	const size_t inner = 2 + 4 + s->chain_len;
	const size_t outer = QE_REPORT_LEN + 64 + 2 + QE_AUTH_LEN + inner;

	write_le16(w, CERT_DATA_QE_REPORT);
	write_le32(w, (uint32_t)outer);
	write_bytes(w, s->qe_report, QE_REPORT_LEN);
	write_bytes(w, s->qe_signature, sizeof s->qe_signature);
	write_le16(w, QE_AUTH_LEN);
	write_bytes(w, s->qe_auth, QE_AUTH_LEN);
	write_le16(w, CERT_DATA_PCK_CHAIN);
	write_le32(w, (uint32_t)s->chain_len);
	write_bytes(w, s->chain, s->chain_len);
}

static int
sign_so_far(const struct simulated *s, const struct writer *w, uint8_t ret[64])
{
	const struct bytes signed_part = {w->p, w->len};
	uint8_t hash[32];
	int r;

	if (w->err != 0)
		return w->err;
	if ((r = digest_sha256(&signed_part, 1, hash)) != 0)
		return r;
	return p256_sign(s->attestation_key.secret, hash, ret);
}

static int
simulated_evidence(void *state, const uint8_t report_data[64], uint8_t *ret, size_t cap,
		   size_t *ret_len)
{
	const struct simulated *s = state;
	struct writer w = writer_of(ret, cap);
	uint8_t signature[64];
	size_t auth_len;
	int r;

	if ((r = put_header(&w)) != 0)
		return r;
	write_bytes(&w, s->body, TD_REPORT_DATA);
	write_bytes(&w, report_data, 64);
	if ((r = sign_so_far(s, &w, signature)) != 0)
		return r;
	auth_len = 64 + 64 + 2 + 4 + QE_REPORT_LEN + 64 + 2 + QE_AUTH_LEN + 2 + 4 + s->chain_len;
	write_le32(&w, (uint32_t)auth_len);
	write_bytes(&w, signature, sizeof signature);
	write_bytes(&w, s->attestation_key.public, sizeof s->attestation_key.public);
	put_certification_data(&w, s);
	return writer_end(&w, ret_len);
}

const struct tee_platform simulated_platform = {
    .name = "simulated",
    .simulated = 1,
    .probe = simulated_probe,
    .open = simulated_open,
    .evidence = simulated_evidence,
    .close = simulated_close,
};
