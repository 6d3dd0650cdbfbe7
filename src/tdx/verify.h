/*
 * Whether a TDX quote holds under a root certificate at a given time.
 *
 * Bytes in, verdict out: no clock, no network, no global state; the trust
 * anchor and the time are arguments. Every step that can be run is run and
 * reported, so that a reader sees all that is wrong, and the verdict is their
 * conjunction. A step that did not run is "not checked", never "passed".
 *
 * Not evaluated here: revocation, TCB level, TDX module and identity of the
 * quoting enclave. They need Intel's collateral; without it a quote of a real
 * platform proves too little, and tdx_holds() alone must not be taken for more.
 */
#ifndef SELFSAME_TDX_VERIFY_H
#define SELFSAME_TDX_VERIFY_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/pck.h"
#include "tdx/quote.h"
#include "tdx/reason.h"

/*
 * In the order in which they are reported: id, name, and what has been seen when
 * it passed. A step's name is part of the output.
 */
#define TDX_STEPS(S) \
	S(TDX_STEP_STRUCTURE, "quote-structure", "a TDX quote, every length exact") \
	S(TDX_STEP_PCK_CHAIN, "pck-chain", "leaf, intermediate, root: roles and signatures hold") \
	S(TDX_STEP_ROOT, "trusted-root", "the root is the trusted one, byte for byte") \
	S(TDX_STEP_VALIDITY, "validity", "its three certificates are valid at that time") \
	S(TDX_STEP_REVOCATION, "revocation", "neither certificate is revoked") \
	S(TDX_STEP_TCB, "tcb-level", "the platform's TCB level was evaluated") \
	S(TDX_STEP_QE_IDENTITY, "qe-identity", "the quoting enclave is one that Intel names") \
	S(TDX_STEP_QE_REPORT, "qe-report", "the platform's key signed the enclave's report") \
	S(TDX_STEP_QE_BINDING, "attestation-key", "that report names the attestation key") \
	S(TDX_STEP_SIGNATURE, "quote-signature", "the attestation key signed the quote")

enum tdx_step {
#define S(id, name, text) id,
	TDX_STEPS(S)
#undef S
	TDX_STEPS_COUNT
};

enum tdx_outcome { TDX_NOT_CHECKED, TDX_PASSED, TDX_FAILED };

struct tdx_check {
	enum tdx_outcome outcome;
	enum tdx_reason reason; /* of a failure; of not checking: TDX_COLLATERAL_MISSING or the
				 * reason why an earlier step left nothing to check */
};

/* chain points into itself and quote into the input: not to be copied or moved. */
struct tdx_result {
	enum tdx_reason reason; /* the first failure, or TDX_HOLDS */
	enum tdx_step step; /* where it failed */
	struct tdx_check check[TDX_STEPS_COUNT];
	int has_quote; /* quote is valid: its structure holds */
	int has_platform; /* chain.platform is valid: the chain and its root hold */
	struct tdx_quote quote;
	struct pck_chain chain;
};

/*
 * Fills *ret in any case; *ret says "refused" until everything has held.
 *
 * In:      quote     borrowed by *ret
 *          root_der  the trusted root, a whole certificate
 *          at        Unix seconds
 */
void tdx_verify(struct bytes quote, struct bytes root_der, int64_t at, struct tdx_result *ret);

/* Whether no step failed and all but those that need collateral passed. */
int tdx_holds(const struct tdx_result *result);

const char *tdx_step_name(enum tdx_step step);

/* What has been seen when the step passed. */
const char *tdx_step_text(enum tdx_step step);

/* Bit DEBUG of TDATTRIBUTES: the host can look into such a domain. */
int td_is_debug(const struct tdx_quote *quote);

#endif
