/*
 * Whether a TDX quote holds, with Intel's collateral, under a root certificate
 * at a given time, and what it then says.
 *
 * Bytes in, verdict out: no clock, no network, no global state; trust anchor
 * and time are arguments. Every step that can be run is run and reported, so
 * that a reader sees all that is wrong, and the verdict is their conjunction.
 * A step that did not run is "not checked", never "passed"; a missing list or
 * document is a failure. Whether evidence that holds is good enough, by TCB
 * status, debug bit, measurements or platform, is tdx/policy.h.
 *
 * Where Intel's library checks one end of a validity, both are checked here.
 * Source: tests against the rules of Intel's quote verification library.
 */
#ifndef SELFSAME_TDX_VERIFY_H
#define SELFSAME_TDX_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/check.h"
#include "tdx/collateral.h"
#include "tdx/pck.h"
#include "tdx/quote.h"
#include "tdx/reason.h"
#include "tdx/step_list.h"
#include "tdx/tcb.h"

/*
 * In the order in which they are reported: id, name, and what has been seen when
 * it passed. A step's name is part of the output. What the quote decides alone
 * comes first, dates last.
 */
#define TDX_STEPS(S) \
	S(TDX_STEP_STRUCTURE, "quote-structure", "a TDX quote, every length exact") \
	S(TDX_STEP_PCK_CHAIN, "pck-chain", "leaf, intermediate, root: roles and signatures hold") \
	S(TDX_STEP_ROOT, "trusted-root", "the root is the trusted one, byte for byte") \
	S(TDX_STEP_QE_REPORT, "qe-report", "the platform's key signed the enclave's report") \
	S(TDX_STEP_QE_BINDING, "attestation-key", "that report names the attestation key") \
	S(TDX_STEP_SIGNATURE, "quote-signature", "the attestation key signed the quote") \
	S(TDX_STEP_ROOT_CRL, "root-crl", "the root signed its revocation list") \
	S(TDX_STEP_PCK_CRL, "pck-crl", "the PCK's issuer signed its revocation list") \
	S(TDX_STEP_TCB_SIGNER, "tcb-signer", "Intel's TCB signer, under the same root") \
	S(TDX_STEP_REVOCATION, "revocation", "no certificate is revoked") \
	S(TDX_STEP_TCB_INFO, "tcb-info", "signed TCB info of TDX, version 3") \
	S(TDX_STEP_QE_DOCUMENT, "qe-identity-document", "signed identity of the TD QE, version 2") \
	S(TDX_STEP_PLATFORM, "platform-match", "the TCB info is of this platform") \
	S(TDX_STEP_MODULE, "tdx-module", "the TDX module is one that Intel names") \
	S(TDX_STEP_QE_IDENTITY, "qe-identity", "the quoting enclave is the one that Intel names") \
	S(TDX_STEP_TCB, "tcb-level", "the platform's TCB level was evaluated") \
	S(TDX_STEP_VALIDITY, "validity", "the quote's certificates are valid at that time") \
	S(TDX_STEP_COLLATERAL_VALIDITY, "collateral-validity", "so is all collateral")

enum tdx_step {
#define S(id, name, text) id,
	TDX_STEPS(S)
#undef S
	TDX_STEPS_COUNT
};

/* Everything that has dates. */
#define TDX_ITEMS(I) \
	I(TDX_ITEM_PCK, "PCK certificate") \
	I(TDX_ITEM_PCK_CA, "PCK CA certificate") \
	I(TDX_ITEM_ROOT, "root certificate") \
	I(TDX_ITEM_ROOT_CRL, "root CRL") \
	I(TDX_ITEM_PCK_CRL, "PCK CRL") \
	I(TDX_ITEM_TCB_SIGNER, "TCB info's signer certificate") \
	I(TDX_ITEM_TCB_INFO, "TCB info") \
	I(TDX_ITEM_QE_SIGNER, "QE identity's signer certificate") \
	I(TDX_ITEM_QE_IDENTITY, "QE identity")

enum tdx_item {
#define I(id, name) id,
	TDX_ITEMS(I)
#undef I
	TDX_ITEMS_COUNT
};

/* Unix seconds, both ends inclusive. */
struct tdx_window {
	int known; /* the item was read */
	int64_t from;
	int64_t until;
};

/* Large: keep it off the stack. quote borrows from the quote, other runs from the collateral. */
struct tdx_result {
	enum tdx_reason reason; /* the first failure, or TDX_HOLDS */
	enum tdx_step step; /* where it failed */
	struct tdx_check check[TDX_STEPS_COUNT];
	int has_quote; /* quote is valid: its structure holds */
	struct tdx_quote quote;
	int has_platform; /* platform and serial are valid: the PCK chain and its root hold */
	struct pck_platform platform;
	size_t pck_serial_len;
	uint8_t pck_serial[20];
	struct tdx_window window[TDX_ITEMS_COUNT];
	int64_t valid_from; /* the latest start and the earliest end of all known items */
	int64_t valid_until;
	int has_tcb; /* what follows was computed; it counts only if tdx_holds() */
	enum tcb_status status; /* the final one, after the relaunch rule */
	struct tdx_evaluation launch; /* its date and advisories are those of the result */
	int has_current; /* TD report 1.5 and later */
	struct tdx_evaluation current;
	uint32_t tcb_info_number; /* tcbEvaluationDataNumber */
	uint32_t qe_identity_number;
	uint32_t evaluation_number; /* the smaller one */
	size_t shortfall_count;
	struct tdx_shortfall shortfall[TDX_SHORTFALLS_MAX];
};

/*
 * Fills *ret in any case; *ret says "refused" until everything has held.
 *
 * In:      quote       borrowed by *ret
 *          collateral  borrowed by *ret; NULL: none, and the quote is refused for that
 *          root_der    the trusted root, a whole certificate
 *          at          Unix seconds
 */
void tdx_verify(struct bytes quote, const struct collateral *collateral, struct bytes root_der,
    int64_t at, struct tdx_result *ret);

/* Whether every step passed. */
int tdx_holds(const struct tdx_result *result);

/*
 * Whether all that needs no collateral passed: structure, chain, root, signatures and the
 * chain's dates. Says nothing about revocation and TCB: enough for a platform that has no
 * collateral (a simulated one) or to check one's own quote, for nothing else.
 */
int tdx_is_signed(const struct tdx_result *result);

extern const struct step_list tdx_steps;
const char *tdx_step_name(enum tdx_step step);

const char *tdx_item_name(enum tdx_item item);

/* Bit DEBUG of TDATTRIBUTES: the host can look into such a domain. */
int td_is_debug(const struct tdx_quote *quote);

#endif
