/*
 * What a platform gives as evidence, by its kind: the parts as they came, for
 * whoever writes them down (attester/document.c) and whoever checks them.
 * docs/attestation.md says what each kind proves and how it commits to the
 * report data.
 */
#ifndef SELFSAME_TEE_EVIDENCE_H
#define SELFSAME_TEE_EVIDENCE_H

#include "base/bytes.h"

enum tee_evidence_type {
	TEE_TDX_QUOTE, /* quote */
	TEE_DSTACK, /* quote, event_log, vm_config, app_compose */
	TEE_BOUND_EVIDENCE, /* attestation */
	TEE_SPACE_TOKEN /* token */
};

/* All runs are the platform's, until its next evidence() or close(). p NULL: not of this type. */
struct tee_evidence {
	enum tee_evidence_type type;
	struct bytes quote; /* a TDX quote in Intel's layout */
	struct bytes event_log; /* the agent's JSON text, byte by byte */
	struct bytes vm_config; /* the same */
	struct bytes app_compose; /* the same; or absent */
	struct bytes attestation; /* the launcher's protobuf */
	struct bytes token; /* a JWT in compact form */
};

#endif
