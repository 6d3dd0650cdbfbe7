/*
 * Whether bound evidence of EigenCompute holds: a vTPM whose key Google certified and a TDX
 * quote that names that key, both for one challenge, and the log of what the launcher started.
 *
 * Bytes in, verdict out: roots, time and expectations are arguments. Every step that can be
 * run is run and reported; a step that did not run is "not checked", never "passed".
 *
 * What no step here can tell: whether Google endorses MRTD, and whether the image is what
 * the app's contract names. They need the network.
 */
#ifndef SELFSAME_EVIDENCE_BOUND_EVIDENCE_H
#define SELFSAME_EVIDENCE_BOUND_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evidence/cel.h"
#include "evidence/instance.h"
#include "evidence/layr.h"
#include "evidence/pkix.h"
#include "evidence/quote_message.h"
#include "tdx/reason.h"
#include "tdx/step_list.h"
#include "tdx/verify.h"

/* In the order in which they are reported: id, name, and what has been seen when it passed. */
#define BOUND_STEPS(S) \
	S(BOUND_STEP_MESSAGE, "attestation-message", "well-formed, every field once") \
	S(BOUND_STEP_PLATFORM, "platform", "the machine's TEE is Intel TDX") \
	S(BOUND_STEP_AK_KEY, "ak-key", "a key that signs only what its TPM says") \
	S(BOUND_STEP_AK_CHAIN, "ak-chain", "Google certified that key") \
	S(BOUND_STEP_INSTANCE, "instance", "for one production instance of Compute Engine") \
	S(BOUND_STEP_APP, "app", "the instance is of the app that you named") \
	S(BOUND_STEP_TPM_QUOTES, "tpm-quotes", "that key signed a quote of every bank") \
	S(BOUND_STEP_TPM_NONCE, "tpm-nonce", "for this challenge, on this platform") \
	S(BOUND_STEP_TPM_PCRS, "tpm-pcrs", "over the PCR values of the message") \
	S(BOUND_STEP_TDX, "tdx-quote", "the TDX quote holds, step by step") \
	S(BOUND_STEP_BINDING, "bound-nonce", "it binds challenge, extra data and the TPM's key") \
	S(BOUND_STEP_DEBUG, "td-debug", "the host cannot look into the domain") \
	S(BOUND_STEP_LOG, "canonical-log", "the launcher's log has one reading") \
	S(BOUND_STEP_RTMR3, "rtmr3", "it replays to RTMR3 of the quote") \
	S(BOUND_STEP_PCR13, "pcr13", "and to PCR 13: both tell of one machine") \
	S(BOUND_STEP_IMAGE, "image", "the container is the image that you named") \
	S(BOUND_STEP_LAUNCHER, "launcher", "the launcher's image is one that you trust")

enum bound_step {
#define S(id, name, text) id,
	BOUND_STEPS(S)
#undef S
	BOUND_STEPS_COUNT
};

enum bound_platform { BOUND_TDX, BOUND_SEV_SNP_VM, BOUND_SHIELDED };

/*
 * A launcher image: its kernel and command line by RTMR1 and RTMR2, or by the SHA-256 values
 * of PCR 4, 8 and 9. Both together, or either: a row that gives neither matches nothing.
 *
 * A debug image, which lets its operator in, has the same TD attributes, MRTD, RTMR0 and RTMR1
 * as a hardened one. Nothing but this list tells them apart.
 */
struct bound_launcher {
	const uint8_t *rtmr[2]; /* RTMR1, RTMR2: 48 bytes; NULL: any */
	const uint8_t *pcr[3]; /* 4, 8, 9: 32 bytes; NULL: any */
};

struct bound_expect {
	struct bytes challenge; /* evidence_challenge(), for evidence of ours */
	struct bytes extra_data; /* report data, for evidence of ours */
	struct pkix_list ak_roots; /* google_ak_roots() */
	const struct collateral *collateral; /* NULL: none, and the quote is refused for that */
	struct bytes tdx_root; /* a whole certificate */
	int64_t at; /* Unix seconds */
	struct bytes image_digest; /* "sha256:..."; len 0: not compared */
	const uint8_t *app_id; /* 20 bytes; NULL: not compared */
	const struct bound_launcher *launcher;
	size_t launchers; /* 0: not compared */
};

/* Points into itself and into the evidence: not to be copied or moved. */
struct bound_result {
	enum tdx_reason reason; /* of the first step that did not pass, or TDX_HOLDS */
	enum bound_step step; /* which one */
	struct tdx_check check[BOUND_STEPS_COUNT];
	int has_message;
	struct layr_attestation message;
	enum bound_platform platform;
	int has_instance; /* certified: the chain held */
	struct instance instance;
	int has_log; /* read; what it says counts when rtmr3 has passed */
	struct cel log;
	struct tdx_result tdx; /* its own steps; meaningful for BOUND_TDX */
	uint8_t tpm_nonce[32]; /* as they must be */
	uint8_t bound_nonce[64];
	size_t ak_spki_len;
	uint8_t ak_spki[1024];
	size_t quote_len;
	uint8_t quote[QUOTE_MESSAGE_RAW_MAX];
	uint8_t instance_der[INSTANCE_DER_MAX];
};

/*
 * Fills *ret in any case; *ret says "refused" until everything has held.
 *
 * In:  evidence  the protobuf message; borrowed by *ret
 */
void bound_evidence_verify(struct bytes evidence, const struct bound_expect *expect,
    struct bound_result *ret);

/*
 * Whether all steps passed, but for app, image and launcher when nothing was given to compare
 * with.
 */
int bound_evidence_holds(const struct bound_result *result);

/*
 * The same without what of the TDX quote needs collateral (tdx_is_signed()): revocation and
 * TCB. For who has none to judge by; not enough to trust a machine.
 */
int bound_evidence_is_signed(const struct bound_result *result);

extern const struct step_list bound_steps;
const char *bound_step_name(enum bound_step step);

/* "INTEL_TDX", ...: also the tag in the TPM's nonce. */
const char *bound_platform_name(enum bound_platform platform);

/* A PCR of the SHA-256 bank, len 0 when it is not in the message; i below TPM_PCRS. */
struct bytes bound_pcr(const struct layr_attestation *message, unsigned i);

#endif
