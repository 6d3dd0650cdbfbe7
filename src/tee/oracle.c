#include "tee/oracle.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/err.h"
#include "evidence/challenge.h"
#include "base/banned.h"

static int
write_bound_evidence(const uint8_t report_data[64], struct writer *w)
{
	uint8_t challenge[EVIDENCE_CHALLENGE_LEN];
	int r;

	if ((r = evidence_challenge(report_data, challenge)) != 0)
		return r;
	write_text(w, "{\"challenge\":\"");
	base64_write(w, BASE64_STANDARD, challenge, sizeof challenge);
	/* never without: the KMS asks for evidence that has none */
	write_text(w, "\",\"extra_data\":\"");
	base64_write(w, BASE64_STANDARD, report_data, EVIDENCE_EXTRA_DATA_LEN);
	write_text(w, "\"}");
	return 0;
}

static int
write_token(const char *type, const uint8_t report_data[64], struct writer *w)
{
	char nonce[EVIDENCE_TOKEN_NONCE_LEN + 1];
	int r;

	if ((r = evidence_token_nonce(report_data, nonce)) != 0)
		return r;
	write_text(w, "{\"audience\":\"" EVIDENCE_AUDIENCE "\",\"nonces\":[\"");
	write_text(w, nonce);
	write_text(w, "\"],\"token_type\":\"");
	write_text(w, type);
	write_text(w, "\"}");
	return 0;
}

int
oracle_request(enum oracle_kind kind, const uint8_t report_data[64], struct oracle *ret)
{
	struct writer w = writer_of(ret->body, sizeof ret->body);
	int r = ERR_UNSUPPORTED;

	switch (kind) {
	case ORACLE_BOUND_EVIDENCE:
		r = write_bound_evidence(report_data, &w);
		break;
	case ORACLE_TOKEN_PKI:
		r = write_token("PKI", report_data, &w);
		break;
	case ORACLE_TOKEN_OIDC:
		r = write_token("OIDC", report_data, &w);
		break;
	}
	if (r != 0 || (r = w.err) != 0)
		return r;
	ret->request.path = kind == ORACLE_BOUND_EVIDENCE ? "/v1/bound_evidence" : "/v1/token";
	ret->request.body = (struct bytes){ret->body, w.len};
	return 0;
}
