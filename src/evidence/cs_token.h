/*
 * Whether a token of Google's Confidential Space holds: signed under Google's
 * root (type PKI) or by a key of a given JWKS (type OIDC), in time, and about a workload that
 * runs without debugging on a supported image in an Intel TDX machine.
 *
 * Bytes in, verdict out, as tdx/verify.h. Google's service has judged the hardware evidence:
 * who accepts a token trusts that service, not only Intel.
 *
 * Source: Confidential Space's token claims; traps in project-oak/oak, oak_attestation_gcp.
 */
#ifndef SELFSAME_EVIDENCE_CS_TOKEN_H
#define SELFSAME_EVIDENCE_CS_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evidence/cel.h"
#include "evidence/jws.h"
#include "evidence/pkix.h"
#include "tdx/reason.h"
#include "tdx/step_list.h"
#include "tdx/verify.h"

#define CS_TOKEN_ISSUER "https://confidentialcomputing.googleapis.com"
#define CS_TOKEN_SKEW 60 /* seconds that clocks may differ by */
#define CS_TOKEN_VERSION_MIN 250300 /* of the image, as the KMS asks: year, month, patch */
#define CS_TOKEN_NONCES_MAX 6
#define CS_TOKEN_SUPPORT_MAX 8
#define CS_TOKEN_ATTESTERS_MAX 4
#define CS_TOKEN_CERTIFICATES 3 /* leaf, intermediate, root */

/* In the order in which they are reported: id, name, and what has been seen when it passed. */
#define CS_TOKEN_STEPS(S) \
	S(CS_STEP_STRUCTURE, "token-structure", "a signed token of one spelling") \
	S(CS_STEP_ALGORITHM, "token-algorithm", "RS256") \
	S(CS_STEP_KEY, "token-key", "its key is Google's: by certificates or by the JWKS") \
	S(CS_STEP_SIGNATURE, "token-signature", "that key signed it") \
	S(CS_STEP_CLAIMS, "token-claims", "every claim in its form, none twice") \
	S(CS_STEP_TIME, "token-time", "it is valid at that time") \
	S(CS_STEP_ISSUER, "token-issuer", "of Google's attestation service") \
	S(CS_STEP_AUDIENCE, "token-audience", "made for this audience") \
	S(CS_STEP_NONCE, "token-nonce", "and for this nonce") \
	S(CS_STEP_HARDWARE, "hardware", "the machine's TEE is Intel TDX") \
	S(CS_STEP_SOFTWARE, "software", "it runs a Confidential Space of now, booted securely") \
	S(CS_STEP_DEBUG, "debug", "debugging is disabled since boot") \
	S(CS_STEP_SUPPORT, "support", "its image is stable and supported") \
	S(CS_STEP_TCB, "token-tcb-status", "Google does not say that its host is out of date") \
	S(CS_STEP_APP, "app", "the instance is of the app that you named") \
	S(CS_STEP_IMAGE, "image", "the container is the image that you named")

enum cs_step {
#define S(id, name, text) id,
	CS_TOKEN_STEPS(S)
#undef S
	CS_STEPS_COUNT
};

/* What the token says; texts are empty when it does not. */
struct cs_claims {
	struct bytes issuer, subject, audience;
	int64_t issued_at, not_before, expires; /* Unix seconds */
	struct bytes nonce[CS_TOKEN_NONCES_MAX];
	size_t nonces;
	struct bytes hardware; /* hwmodel */
	int has_attesters; /* whether attester_tcb, whose evidence was judged, is there */
	struct bytes attester[CS_TOKEN_ATTESTERS_MAX];
	size_t attesters;
	struct bytes software; /* swname */
	int has_version; /* whether swversion is there */
	struct bytes software_version;
	int secure_boot; /* 0 only if secboot says so */
	struct bytes debug; /* dbgstat */
	struct bytes support[CS_TOKEN_SUPPORT_MAX];
	size_t supports;
	struct bytes image_reference, image_digest, image_id, restart_policy;
	struct cel_list args;
	struct cel_list env; /* NAME=value, in the order of the names in the token */
	struct bytes zone, project_id, project_number, instance_name, instance_id;
	int has_app_id; /* by EigenCompute's names of instances */
	uint8_t app_id[20];
	int has_tcb_status; /* of TDX, by Google's service */
	struct bytes tcb_status, tcb_date;
};

struct cs_expect {
	struct pkix_list roots; /* google_confidential_space_roots() */
	struct bytes jwks; /* JSON; len 0: none, and an OIDC token is refused for that */
	int64_t at; /* Unix seconds */
	struct bytes audience; /* len 0: not compared, as are the others */
	struct bytes nonce; /* as text: evidence_token_nonce(), for tokens of ours */
	struct bytes image_digest; /* "sha256:..." */
	const uint8_t *app_id; /* 20 bytes; NULL: not compared */
};

/* Large, and points into itself and into the token: not to be copied or moved. */
struct cs_result {
	enum tdx_reason reason; /* of the first step that did not pass, or TDX_HOLDS */
	enum cs_step step; /* which one */
	struct tdx_check check[CS_STEPS_COUNT];
	int is_pki; /* else OIDC */
	int has_claims; /* they count only if the signature holds */
	struct cs_claims claims;
	struct jws jws;
	struct writer pool;
	uint8_t pool_bytes[JWS_PAYLOAD_MAX];
};

/*
 * Fills *ret in any case; *ret says "refused" until everything has held.
 *
 * In:  token  compact form, without line ends; borrowed by *ret
 */
void cs_token_verify(struct bytes token, const struct cs_expect *expect, struct cs_result *ret);

/*
 * Whether all steps passed, but for audience, nonce, app and image when nothing was given to
 * compare with.
 */
int cs_token_holds(const struct cs_result *result);

extern const struct step_list cs_token_steps;
const char *cs_step_name(enum cs_step step);

#endif
