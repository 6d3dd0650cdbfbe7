/*
 * What of a quote does not change from one quote of a platform to the next, and
 * has been checked: its PCK chain with the revocation list of the PCK's issuer,
 * and its quoting enclave with the attestation key. Dates and revocation are
 * not: they are looked at whenever the state is used.
 */
#ifndef SELFSAME_TDX_PLATFORM_STATE_H
#define SELFSAME_TDX_PLATFORM_STATE_H

#include "base/bytes.h"
#include "tdx/crl.h"
#include "tdx/verify.h"

/* chain points into itself, crl into the list that was given: not to be copied or moved. */
struct platform_state {
	struct tdx_check chain_check; /* the chain's roles and signatures */
	struct tdx_check root_check;
	struct tdx_check crl_check;
	struct tdx_check report_check; /* the PCK signed the QE's report */
	struct tdx_check binding_check; /* the report names the attestation key */
	struct pck_chain chain; /* valid when is_parsed */
	int is_parsed;
	struct crl crl; /* valid when crl_check passed */
};

/* In: crl  DER, or NULL when there is no collateral */
void platform_state_chain(struct platform_state *s, struct bytes pem, const struct bytes *crl,
    struct bytes root_der, struct p256 *p256);

/* After the chain. */
void platform_state_enclave(struct platform_state *s, const struct tdx_quote *quote,
    struct p256 *p256);

/* Whether chain, root and list hold; and the enclave too: what may be kept for other quotes. */
int platform_state_has_chain(const struct platform_state *s);
int platform_state_holds(const struct platform_state *s);

#endif
