/*
 * What the system's events say about the application and its keys. The facts
 * hold as far as the log does: replay it to the RTMR3 of a verified quote first.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_FACTS_H
#define SELFSAME_EVIDENCE_DSTACK_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "evidence/dstack_log.h"
#include "tdx/reason.h"

/* Where the keys come from: "none", "local-sgx", "kms" or "tpm". */
enum dstack_provider {
	DSTACK_PROVIDER_ABSENT, /* no such event */
	DSTACK_PROVIDER_NONE,
	DSTACK_PROVIDER_LOCAL,
	DSTACK_PROVIDER_KMS,
	DSTACK_PROVIDER_TPM
};

#define DSTACK_PROVIDER_ID_MAX 256

/* A fact that need not be there has a flag; without it the bytes are zero. */
struct dstack_facts {
	uint8_t app_id[20]; /* without a KMS the operator chooses it */
	uint8_t compose_hash[32];
	int has_instance_id;
	uint8_t instance_id[20];
	int has_os_image;
	uint8_t os_image[32]; /* as the key provider told the machine */
	int has_rootfs;
	uint8_t rootfs[32]; /* releases up to 0.4 */
	int has_mr_kms;
	uint8_t mr_kms[32]; /* mr_aggregated of some KMS machine; releases 0.5 */
	enum dstack_provider provider;
	uint8_t provider_id[DSTACK_PROVIDER_ID_MAX]; /* KMS: its CA's public key in DER;
						      * local-sgx: MRENCLAVE */
	size_t provider_id_len;
	uint8_t provider_hash[32]; /* SHA-256 of the event's payload; zeros without one */
};

/*
 * Returns: TDX_HOLDS, DSTACK_LOG_NOT_READY, DSTACK_LOG_MISSING (application id or
 *          compose hash), DSTACK_LOG_PAYLOAD or TDX_INTERNAL; *ret holds what was
 *          found up to there
 */
enum tdx_reason dstack_facts_read(const struct dstack_log *log, struct dstack_facts *ret) MUST_USE;

/* The name as events have it; NULL when absent. */
const char *dstack_provider_name(enum dstack_provider provider);

#endif
