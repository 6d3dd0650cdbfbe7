#include "tdx/collateral_state.h"

#include "base/banned.h"

static enum tdx_reason
check_crl(struct bytes der, const struct certificate *root, struct p256 *p256,
	  struct crl *ret)
{
	if (der.len == 0)
		return TDX_CRL_ABSENT;
	if (crl_parse(der, ret) != 0)
		return TDX_ROOT_CRL_PARSE;
	if (!crl_is_of(ret, root))
		return TDX_ROOT_CRL_ISSUER;
	return tdx_reason_of(crl_signed_by(ret, root, p256), TDX_ROOT_CRL_SIGNATURE);
}

/* The signature first: what nobody signed is not worth a parser. */
static enum tdx_reason
check_tcb_info(struct collateral_state *s, const struct collateral *c, struct p256 *p256)
{
	int r;

	if (c->tcb_info.len == 0)
		return TDX_TCB_INFO_PARSE;
	r = tcb_signer_signed(s->signer[DOCUMENT_TCB_INFO], c->tcb_info, c->tcb_info_signature,
			      p256);
	if (r != 0)
		return tdx_reason_of(r, TDX_TCB_INFO_SIGNATURE);
	return tcb_info_parse(c->tcb_info, &s->tcb_info);
}

static enum tdx_reason
check_qe_identity(struct collateral_state *s, const struct collateral *c, struct p256 *p256)
{
	int r;

	if (c->qe_identity.len == 0)
		return TDX_QE_IDENTITY_PARSE;
	r = tcb_signer_signed(s->signer[DOCUMENT_QE_IDENTITY], c->qe_identity,
			      c->qe_identity_signature, p256);
	if (r != 0)
		return tdx_reason_of(r, TDX_QE_IDENTITY_SIGNATURE);
	return qe_identity_parse(c->qe_identity, &s->qe_identity);
}

static void
nothing_checked(struct collateral_state *s, enum tdx_reason reason)
{
	s->crl_check = tdx_not_checked(reason);
	for (size_t i = 0; i < DOCUMENTS_COUNT; i++) {
		s->signer_check[i] = tdx_not_checked(reason);
		s->document_check[i] = tdx_not_checked(reason);
	}
}

/* Both documents mostly come with the same chain: it is checked once. */
static void
check_signer(struct collateral_state *s, const struct bytes chain[DOCUMENTS_COUNT], size_t i,
	     const struct certificate *root, struct p256 *p256)
{
	if (i > 0 && bytes_equal(chain[i], chain[0])) {
		s->signer_check[i] = s->signer_check[0];
		s->signer[i] = s->signer[0];
		return;
	}
	s->signer_check[i] = tdx_checked(tcb_signer_verify(chain[i], root, p256, &s->memory[i]));
	s->signer[i] = &s->memory[i];
}

void
collateral_state_make(struct collateral_state *s, const struct collateral *c,
		      struct bytes root_der, struct p256 *p256)
{
	const struct bytes chain[DOCUMENTS_COUNT] = {c->tcb_info_issuer_chain,
						     c->qe_identity_issuer_chain};
	struct certificate root;

	nothing_checked(s, TDX_ROOT_NOT_TRUSTED);
	if (certificate_parse(root_der, &root) != 0)
		return;
	s->crl_check = tdx_checked(check_crl(c->root_ca_crl, &root, p256, &s->crl));
	for (size_t i = 0; i < DOCUMENTS_COUNT; i++) {
		check_signer(s, chain, i, &root, p256);
		s->document_check[i] = tdx_not_checked(s->signer_check[i].reason);
	}
	if (s->signer_check[DOCUMENT_TCB_INFO].outcome == TDX_PASSED)
		s->document_check[DOCUMENT_TCB_INFO] = tdx_checked(check_tcb_info(s, c, p256));
	if (s->signer_check[DOCUMENT_QE_IDENTITY].outcome == TDX_PASSED)
		s->document_check[DOCUMENT_QE_IDENTITY] =
		    tdx_checked(check_qe_identity(s, c, p256));
}

int
collateral_state_holds(const struct collateral_state *s)
{
	if (s->crl_check.outcome != TDX_PASSED)
		return 0;
	for (size_t i = 0; i < DOCUMENTS_COUNT; i++)
		if (s->signer_check[i].outcome != TDX_PASSED ||
		    s->document_check[i].outcome != TDX_PASSED)
			return 0;
	return 1;
}
