/*
 * Whether dstack's evidence holds for what a relying party expects: the steps of
 * a relying party's checklist, in its order, each passed, failed or not checked.
 *
 * The quote is judged by tdx/verify.h and tdx/policy.h; here is what stands round it:
 * the event log that replays to its registers, the application and the operating system
 * that the log names, the keys' provider, and the chain of a derived key. Bytes in,
 * verdict out; time, anchors and expectations are arguments.
 *
 * What a requester could mint himself is compared with lists and never taken from the
 * evidence: the image's hash (vm_config says anything), the application's id (free
 * without a KMS), the machine that served the keys (mr-kms), the device.
 *
 * Sources: Dstack-TEE/dstack, docs/security/security-model.md; the chain of trust in the
 * documentation of Phala.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_H
#define SELFSAME_EVIDENCE_DSTACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evidence/dstack_chain.h"
#include "evidence/dstack_compose.h"
#include "evidence/dstack_evidence.h"
#include "evidence/dstack_facts.h"
#include "evidence/registers.h"
#include "tdx/policy.h"
#include "tdx/reason.h"
#include "tdx/step_list.h"
#include "tdx/verify.h"

/*
 * id, name, whether evidence can hold without it (MAY) or not (MUST), and what has been
 * seen when it passed. MAY stands where honest machines have nothing to show, and where
 * nobody has asked.
 */
#define DSTACK_STEPS(S) \
	S(DSTACK_STEP_FRESHNESS, "freshness", MAY, "the evidence answers the verifier's nonce") \
	S(DSTACK_STEP_QUOTE, "quote", MUST, "the quote holds up to its root") \
	S(DSTACK_STEP_POLICY, "quote-policy", MUST, "the platform is good enough; debug is off") \
	S(DSTACK_STEP_RTMR3, "rtmr3", MUST, "recomputed digests replay to the quote") \
	S(DSTACK_STEP_EVENTS, "events", MUST, "each once, before system-ready; complete") \
	S(DSTACK_STEP_BOOT_LOG, "boot-log", MAY, "the boot events replay to RTMR0 to RTMR2") \
	S(DSTACK_STEP_OS_MEASUREMENT, "os-measurement", MUST, "MRTD, RTMR0..2 are listed") \
	S(DSTACK_STEP_OS_IMAGE, "os-image", MAY, "the measured image is listed") \
	S(DSTACK_STEP_COMPOSE, "app-compose", MAY, "the file is the measured one") \
	S(DSTACK_STEP_COMPOSE_HASH, "compose-hash", MUST, "the measured application is listed") \
	S(DSTACK_STEP_IMAGES, "container-images", MAY, "every image is pinned by its digest") \
	S(DSTACK_STEP_SCRIPT, "launch-script", MAY, "no script of the file fetches anything") \
	S(DSTACK_STEP_ENVIRONMENT, "allowed-envs", MAY, "no variable gives a shell or code") \
	S(DSTACK_STEP_CONFIG_ID, "config-id", MAY, "MRCONFIGID names the measured application") \
	S(DSTACK_STEP_APP_ID, "app-id", MUST, "the expected application") \
	S(DSTACK_STEP_KEY_PROVIDER, "key-provider", MUST, "a KMS under the pinned authority") \
	S(DSTACK_STEP_MR_KMS, "mr-kms", MAY, "the keys came from a listed machine") \
	S(DSTACK_STEP_REPORT_DATA, "report-data", MUST, "as expected") \
	S(DSTACK_STEP_KMS, "kms", MAY, "its quote holds, and binds authority and root key") \
	S(DSTACK_STEP_GOVERNANCE, "governance", MAY, "") \
	S(DSTACK_STEP_KEY_CHAIN, "key-chain", MAY, "the key is the application's, under the root") \
	S(DSTACK_STEP_DEVICE, "device", MAY, "the machine is listed") \
	S(DSTACK_STEP_CHANNEL, "channel", MAY, "the peer's key is the attested one")

enum dstack_step {
#define S(id, name, need, text) id,
	DSTACK_STEPS(S)
#undef S
	DSTACK_STEPS_COUNT
};

/* The measurements of one image on one shape of machine. */
struct dstack_os {
	uint8_t mrtd[48];
	uint8_t rtmr[3][48];
};

/* A key that the evidence speaks of, with its chain. */
struct dstack_key {
	struct dstack_claim claim;
	struct dstack_chain chain;
};

/* A KMS with its quote, which has been judged by the same means. */
struct dstack_kms {
	const struct tdx_result *quote;
	const struct tdx_policy_result *judged; /* NULL: debug is looked at here, and no more */
	struct bytes ca; /* SubjectPublicKeyInfo, DER; len 0: not known, and nothing is checked */
	uint8_t root[33];
};

/* Whether something that only the caller sees is as it should be. */
enum dstack_answer { DSTACK_UNSEEN, DSTACK_SEEN, DSTACK_WRONG };

/*
 * What the relying party brings. All pointers borrowed; zero bytes ask for nothing. Lists
 * are of 32-byte hashes.
 */
struct dstack_question {
	const struct tdx_result *quote; /* required: of evidence->quote */
	int signed_is_enough; /* a simulated platform, which has no collateral: then no policy
			       * is needed, and debug is looked at here */
	const struct tdx_policy *policy; /* NULL: not judged */
	const struct tdx_policy_result *judged; /* by that policy */
	struct bytes app_compose; /* the file; len 0: not supplied */
	struct tdx_allowed compose_hashes;
	int compose_reviewed; /* what is found in the file is told, not held against it */
	struct tdx_allowed os_images;
	struct tdx_allowed dev_images; /* refused besides those of evidence/dstack_images.h */
	const struct dstack_os *os; /* listed measurements; the policy's pins do as well */
	size_t os_count;
	const uint8_t *app_id; /* 20 bytes */
	struct bytes kms_ca; /* the pinned authority of the KMS: SubjectPublicKeyInfo, DER */
	const uint8_t *kms_root; /* 33 bytes: the pinned root of key chains */
	struct tdx_allowed mr_kms;
	struct tdx_allowed devices; /* device ids, of either meaning */
	const uint8_t *report_data; /* 64 bytes */
	enum dstack_answer nonce; /* whether that report data commits to a fresh nonce */
	enum dstack_answer channel; /* whether the peer's key is one that it commits to */
	const struct dstack_kms *kms; /* NULL: not supplied */
	const struct dstack_key *key; /* NULL: not supplied */
};

/* Starts as refused. */
struct dstack_result {
	enum tdx_reason reason; /* the first failure, or TDX_HOLDS */
	enum dstack_step step;
	struct tdx_check check[DSTACK_STEPS_COUNT];
	enum register_match registers[RTMR_COUNT];
	int has_facts; /* facts are whole; they count if the steps rtmr3 and events passed */
	struct dstack_facts facts;
	int has_measurements; /* the quote's structure holds */
	uint8_t mr_aggregated[32];
	uint8_t mr_system[32];
	uint8_t device_of_header[32];
	int has_device_of_ppid; /* the PCK chain holds */
	uint8_t device_of_ppid[32];
	struct dstack_compose compose; /* valid with an app-compose file */
	int has_roots;
	struct dstack_roots roots; /* who signed the key's chain */
};

/* Fills *ret in any case. */
void dstack_judge(const struct dstack_evidence *evidence, const struct dstack_question *question,
    struct dstack_result *ret);

/* Whether no step failed and every one that MUST has passed. */
int dstack_holds(const struct dstack_result *result);

/* Whether evidence cannot hold without this step: MUST. */
int dstack_step_is_required(enum dstack_step step);

extern const struct step_list dstack_steps;
const char *dstack_step_name(enum dstack_step step);

#endif
