#include "tdx/platform_state.h"

#include <string.h>

#include "tdx/digest.h"
#include "base/banned.h"

/* The list of the PCK's issuer by name, not whatever list the root vouches for. */
static enum tdx_reason
check_crl(struct platform_state *s, const struct bytes *der, struct p256 *p256)
{
	const struct certificate *issuer = &s->chain.certificate[PCK_INTERMEDIATE];

	if (der->len == 0)
		return TDX_CRL_ABSENT;
	if (crl_parse(*der, &s->crl) != 0)
		return TDX_PCK_CRL_PARSE;
	if (!crl_is_of(&s->crl, issuer))
		return TDX_PCK_CRL_ISSUER;
	return tdx_reason_of(crl_signed_by(&s->crl, issuer, p256), TDX_PCK_CRL_SIGNATURE);
}

void
platform_state_chain(struct platform_state *s, struct bytes pem, const struct bytes *crl,
		     struct bytes root_der, struct p256 *p256)
{
	enum tdx_reason reason = pck_chain_parse(pem, &s->chain);

	s->is_parsed = reason == TDX_HOLDS;
	s->crl_check = tdx_not_checked(TDX_COLLATERAL_MISSING);
	if (!s->is_parsed) {
		s->chain_check = tdx_checked(reason);
		s->root_check = tdx_not_checked(reason);
		s->crl_check = tdx_not_checked(reason);
		return;
	}
	s->chain_check = tdx_checked(pck_chain_verify(&s->chain, p256));
	s->root_check = tdx_checked(pck_root_is(&s->chain, root_der));
	if (crl != NULL)
		s->crl_check = tdx_checked(check_crl(s, crl, p256));
}

/* The platform's key signed the quoting enclave's report. */
static enum tdx_reason
check_report(const struct tdx_quote *q, const struct certificate *leaf, struct p256 *p256)
{
	const struct bytes report = {q->qe_report, QE_REPORT_LEN};
	uint8_t hash[32];

	if (digest_sha256(&report, 1, hash) != 0)
		return TDX_INTERNAL;
	return tdx_reason_of(p256_check(p256, leaf->key, hash, q->qe_signature),
			  TDX_QE_REPORT_SIGNATURE);
}

/* "report_data = SHA-256(attestation key || QE authentication data) || 32 zero bytes" */
static enum tdx_reason
check_binding(const struct tdx_quote *q)
{
	static const uint8_t zeros[32];
	const struct bytes parts[2] = {{q->key, 64}, q->qe_auth};
	const uint8_t *data = q->qe_report + QE_REPORT_DATA;
	uint8_t hash[32];

	if (digest_sha256(parts, 2, hash) != 0)
		return TDX_INTERNAL;
	if (memcmp(data, hash, 32) != 0 || memcmp(data + 32, zeros, 32) != 0)
		return TDX_QE_REPORT_DATA;
	return TDX_HOLDS;
}

void
platform_state_enclave(struct platform_state *s, const struct tdx_quote *quote,
		       struct p256 *p256)
{
	const struct certificate *leaf = &s->chain.certificate[PCK_LEAF];

	s->report_check = s->is_parsed ? tdx_checked(check_report(quote, leaf, p256))
				       : tdx_not_checked(s->chain_check.reason);
	s->binding_check = tdx_checked(check_binding(quote));
}

int
platform_state_has_chain(const struct platform_state *s)
{
	return s->chain_check.outcome == TDX_PASSED && s->root_check.outcome == TDX_PASSED &&
	       s->crl_check.outcome == TDX_PASSED;
}

int
platform_state_holds(const struct platform_state *s)
{
	return platform_state_has_chain(s) && s->report_check.outcome == TDX_PASSED &&
	       s->binding_check.outcome == TDX_PASSED;
}
