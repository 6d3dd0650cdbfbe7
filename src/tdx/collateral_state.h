/*
 * What of collateral has been checked under a root: the root's revocation list,
 * and the two documents with their signers. Dates and revocation are not: they
 * are looked at whenever the state is used.
 */
#ifndef SELFSAME_TDX_COLLATERAL_STATE_H
#define SELFSAME_TDX_COLLATERAL_STATE_H

#include "base/bytes.h"
#include "tdx/crl.h"
#include "tdx/qe_identity.h"
#include "tdx/tcb_info.h"
#include "tdx/tcb_signer.h"
#include "tdx/verify.h"

enum signed_document { DOCUMENT_TCB_INFO, DOCUMENT_QE_IDENTITY, DOCUMENTS_COUNT };

/* Points into itself and into the collateral that was given: not to be copied or moved. */
struct collateral_state {
	struct tdx_check crl_check;
	struct tdx_check signer_check[DOCUMENTS_COUNT];
	struct tdx_check document_check[DOCUMENTS_COUNT];
	struct crl crl; /* valid when crl_check passed; the others likewise */
	const struct tcb_signer *signer[DOCUMENTS_COUNT];
	struct tcb_signer memory[DOCUMENTS_COUNT];
	struct tcb_info tcb_info;
	struct qe_identity qe_identity;
};

void collateral_state_make(struct collateral_state *s, const struct collateral *collateral,
    struct bytes root_der, struct p256 *p256);

int collateral_state_holds(const struct collateral_state *s);

#endif
