#include "evidence/quote_message.h"

#include "base/err.h"
#include "evidence/protobuf.h"
#include "base/banned.h"

#define MESSAGE_MAX 65536
#define CHAIN_MAX 16384
#define TRAILING_MAX 16384

#define ARRAY_AND_LEN(a) (a), ARRAY_LEN(a)

static void
write_run(struct writer *w, struct bytes run)
{
	write_bytes(w, run.p, run.len);
}

static int
write_header(struct bytes message, struct writer *w)
{
	struct bytes qe_svn, pce_svn, vendor, user_data;
	uint64_t version, key_type, tee_type;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_NUMBER(1, &version, UINT16_MAX),
	    PROTOBUF_NUMBER(2, &key_type, UINT16_MAX),
	    PROTOBUF_NUMBER(3, &tee_type, UINT32_MAX),
	    PROTOBUF_RUN(4, &qe_svn, 2, 2),
	    PROTOBUF_RUN(5, &pce_svn, 2, 2),
	    PROTOBUF_RUN(6, &vendor, 16, 16),
	    PROTOBUF_RUN(7, &user_data, 20, 20),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0)
		return r;
	write_le16(w, (uint16_t)version);
	write_le16(w, (uint16_t)key_type);
	write_le32(w, (uint32_t)tee_type);
	write_run(w, pce_svn); /* the other way round than the fields' numbers */
	write_run(w, qe_svn);
	write_run(w, vendor);
	write_run(w, user_data);
	return 0;
}

static int
write_body(struct bytes message, struct writer *w)
{
	struct bytes field[10], rtmr[4], report_data;
	struct protobuf_runs rtmrs = {rtmr, ARRAY_LEN(rtmr), 0};
	const struct protobuf_slot slots[] = {
	    PROTOBUF_RUN(1, &field[0], 16, 16), /* tee_tcb_svn */
	    PROTOBUF_RUN(2, &field[1], 48, 48), /* mr_seam */
	    PROTOBUF_RUN(3, &field[2], 48, 48), /* mr_signer_seam */
	    PROTOBUF_RUN(4, &field[3], 8, 8), /* seam_attributes */
	    PROTOBUF_RUN(5, &field[4], 8, 8), /* td_attributes */
	    PROTOBUF_RUN(6, &field[5], 8, 8), /* xfam */
	    PROTOBUF_RUN(7, &field[6], 48, 48), /* mr_td */
	    PROTOBUF_RUN(8, &field[7], 48, 48), /* mr_config_id */
	    PROTOBUF_RUN(9, &field[8], 48, 48), /* mr_owner */
	    PROTOBUF_RUN(10, &field[9], 48, 48), /* mr_owner_config */
	    PROTOBUF_RUNS(11, &rtmrs, 48, 48),
	    PROTOBUF_RUN(12, &report_data, 64, 64),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0)
		return r;
	if (rtmrs.count != ARRAY_LEN(rtmr))
		return ERR_PARSE;
	for (size_t i = 0; i < ARRAY_LEN(field); i++)
		write_run(w, field[i]);
	for (size_t i = 0; i < ARRAY_LEN(rtmr); i++)
		write_run(w, rtmr[i]);
	write_run(w, report_data);
	return 0;
}

static int
write_qe_report(struct bytes message, struct writer *w)
{
	struct bytes cpu_svn, reserved[4], attributes, mr_enclave, mr_signer, report_data;
	uint64_t misc_select, isv_prod_id, isv_svn;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_RUN(1, &cpu_svn, 16, 16),
	    PROTOBUF_NUMBER(2, &misc_select, UINT32_MAX),
	    PROTOBUF_RUN(3, &reserved[0], 28, 28),
	    PROTOBUF_RUN(4, &attributes, 16, 16),
	    PROTOBUF_RUN(5, &mr_enclave, 32, 32),
	    PROTOBUF_RUN(6, &reserved[1], 32, 32),
	    PROTOBUF_RUN(7, &mr_signer, 32, 32),
	    PROTOBUF_RUN(8, &reserved[2], 96, 96),
	    PROTOBUF_NUMBER(9, &isv_prod_id, UINT16_MAX),
	    PROTOBUF_NUMBER(10, &isv_svn, UINT16_MAX),
	    PROTOBUF_RUN(11, &reserved[3], 60, 60),
	    PROTOBUF_RUN(12, &report_data, 64, 64),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0)
		return r;
	write_run(w, cpu_svn);
	write_le32(w, (uint32_t)misc_select);
	write_run(w, reserved[0]);
	write_run(w, attributes);
	write_run(w, mr_enclave);
	write_run(w, reserved[1]);
	write_run(w, mr_signer);
	write_run(w, reserved[2]);
	write_le16(w, (uint16_t)isv_prod_id);
	write_le16(w, (uint16_t)isv_svn);
	write_run(w, reserved[3]);
	write_run(w, report_data);
	return 0;
}

static int
write_qe_auth(struct bytes message, struct writer *w)
{
	struct bytes data;
	uint64_t size;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_NUMBER(1, &size, UINT16_MAX),
	    PROTOBUF_RUN(2, &data, 0, UINT16_MAX),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0)
		return r;
	if (size != data.len)
		return ERR_PARSE;
	write_le16(w, (uint16_t)size);
	write_run(w, data);
	return 0;
}

/* {type, size, data}: the frame of both kinds of certification data. */
static int
write_certification(struct bytes message, struct writer *w, struct bytes *ret_data,
    uint64_t *ret_size)
{
	uint64_t type;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_NUMBER(1, &type, UINT16_MAX),
	    PROTOBUF_NUMBER(2, ret_size, UINT32_MAX),
	    PROTOBUF_RUN(3, ret_data, 1, MESSAGE_MAX),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0)
		return r;
	write_le16(w, (uint16_t)type);
	write_le32(w, (uint32_t)*ret_size);
	return 0;
}

static int
write_qe_data(struct bytes message, struct writer *w)
{
	struct bytes report, signature, auth, chain, pem;
	uint64_t size;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_RUN(1, &report, 1, MESSAGE_MAX),
	    PROTOBUF_RUN(2, &signature, 64, 64),
	    PROTOBUF_RUN(3, &auth, 1, MESSAGE_MAX),
	    PROTOBUF_RUN(4, &chain, 1, CHAIN_MAX),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0)
		return r;
	if ((r = write_qe_report(report, w)) != 0)
		return r;
	write_run(w, signature);
	if ((r = write_qe_auth(auth, w)) != 0 ||
	    (r = write_certification(chain, w, &pem, &size)) != 0)
		return r;
	if (size != pem.len) /* a surplus would pass for the quote's padding */
		return ERR_PARSE;
	write_run(w, pem);
	return 0;
}

static int
write_signed_data(struct bytes message, struct writer *w)
{
	struct bytes signature, key, certification, qe_data;
	uint64_t size;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_RUN(1, &signature, 64, 64),
	    PROTOBUF_RUN(2, &key, 64, 64),
	    PROTOBUF_RUN(3, &certification, 1, MESSAGE_MAX),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0)
		return r;
	write_run(w, signature);
	write_run(w, key);
	if ((r = write_certification(certification, w, &qe_data, &size)) != 0)
		return r;
	return write_qe_data(qe_data, w);
}

static int
write_quote(struct bytes message, struct writer *w)
{
	struct bytes header, body, signed_data, trailing;
	uint64_t size;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_RUN(1, &header, 1, MESSAGE_MAX),
	    PROTOBUF_RUN(2, &body, 1, MESSAGE_MAX),
	    PROTOBUF_NUMBER(3, &size, UINT32_MAX),
	    PROTOBUF_RUN(4, &signed_data, 1, MESSAGE_MAX),
	    PROTOBUF_RUN(5, &trailing, 0, TRAILING_MAX),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0 ||
	    (r = write_header(header, w)) != 0 || (r = write_body(body, w)) != 0)
		return r;
	/* sizes of what has parts are written as claimed: the quote's parser judges them */
	write_le32(w, (uint32_t)size);
	if ((r = write_signed_data(signed_data, w)) != 0)
		return r;
	write_run(w, trailing);
	return w->err;
}

enum tdx_reason
quote_message_write(struct bytes quote_v4, struct writer *w)
{
	return write_quote(quote_v4, w) == 0 ? TDX_HOLDS : BOUND_MESSAGE;
}
