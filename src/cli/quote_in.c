#include "cli/quote_in.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/attestation.h"
#include "cli/input.h"
#include "evidence/dstack_blob.h"
#include "evidence/layr.h"
#include "evidence/quote_message.h"
#include "evidence/ratls.h"
#include "base/banned.h"

static int
in_message(struct bytes bytes, struct buffer *ret)
{
	struct layr_attestation *message = malloc(sizeof *message);
	uint8_t *room = malloc(QUOTE_MESSAGE_RAW_MAX);
	struct writer w = writer_of(room, QUOTE_MESSAGE_RAW_MAX);
	int r = ERR_MEM;

	if (message == NULL || room == NULL)
		goto out;
	r = ERR_PARSE;
	if (layr_parse(bytes, message) != TDX_HOLDS)
		goto out;
	if (message->tdx.len == 0) {
		r = ERR_NOT_FOUND;
		goto out;
	}
	if (quote_message_write(message->tdx, &w) != TDX_HOLDS)
		goto out;
	buffer_add(ret, w.p, w.len);
	r = ret->err;
out:
	free(message);
	free(room);
	return r;
}

static enum tdx_reason
in_certificate(struct bytes der, struct dstack_evidence *ret, struct json_error *error)
{
	struct ratls certificate;
	enum tdx_reason reason = ratls_parse(der, &certificate);

	memset(error, 0, sizeof *error);
	return reason == TDX_HOLDS ? ratls_read_evidence(&certificate, ret, error) : reason;
}

enum tdx_reason
dstack_in(enum kind kind, struct bytes bytes, struct dstack_evidence *ret, struct json_error *error)
{
	if (kind == KIND_DSTACK_CERTIFICATE)
		return in_certificate(bytes, ret, error);
	return kind == KIND_DSTACK ? dstack_evidence_read_response(bytes, ret, error)
				   : dstack_blob_read(bytes, ret, error);
}

static int
in_dstack(enum kind kind, struct bytes bytes, struct buffer *ret)
{
	struct dstack_evidence *d = malloc(sizeof *d);
	struct json_error error;
	int r = ERR_PARSE;

	if (d == NULL)
		return ERR_MEM;
	if (dstack_in(kind, bytes, d, &error) == TDX_HOLDS) {
		buffer_add(ret, d->quote, d->quote_len);
		r = ret->err;
	}
	free(d);
	return r;
}

static int
in_parts(const struct attestation *a, struct buffer *ret)
{
	if (a->kind == ATTESTATION_BOUND_EVIDENCE)
		return in_message((struct bytes){a->message.p, a->message.len}, ret);
	if (a->quote_len == 0)
		return ERR_NOT_FOUND;
	buffer_add(ret, a->quote, a->quote_len);
	return ret->err;
}

static int
in_attestation(struct bytes bytes, struct buffer *ret)
{
	struct attestation *a = malloc(sizeof *a);
	int r;

	if (a == NULL)
		return ERR_MEM;
	if ((r = attestation_open(a, bytes.p, bytes.len)) == 0)
		r = in_parts(a, ret);
	attestation_close(a);
	free(a);
	return r;
}

int
quote_in(enum kind kind, struct bytes bytes, struct buffer *ret)
{
	*ret = buffer_of(INPUT_MAX);
	switch (kind) {
	case KIND_QUOTE:
		buffer_add(ret, bytes.p, bytes.len);
		return ret->err;
	case KIND_ATTESTATION:
		return in_attestation(bytes, ret);
	case KIND_BOUND:
		return in_message(bytes, ret);
	case KIND_DSTACK:
	case KIND_DSTACK_BLOB:
	case KIND_DSTACK_CERTIFICATE:
		return in_dstack(kind, bytes, ret);
	case KIND_UNKNOWN:
	case KIND_DSTACK_LOG:
	case KIND_TOKEN:
	case KIND_COLLATERAL:
	case KIND_CCEL:
	case KIND_SEV_SNP:
	case KINDS_COUNT:
		break;
	}
	return ERR_NOT_FOUND;
}
