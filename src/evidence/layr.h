/*
 * The message that EigenCompute's launcher answers POST /v1/bound_evidence
 * with: structure only, nothing in it is trusted here.
 *
 * Source: Layr-Labs/go-tpm-tools, proto/layr_attest.proto and layr_tpm.proto.
 */
#ifndef SELFSAME_EVIDENCE_LAYR_H
#define SELFSAME_EVIDENCE_LAYR_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"

#define LAYR_MAX 262144
#define LAYR_QUOTES_MAX 4 /* one for each hash algorithm that a bank can have */
#define LAYR_INTERMEDIATES_MAX 8
#define LAYR_CERTIFICATE_MAX 4096
#define LAYR_PCRS 24

/* A quote of the vTPM over one bank of PCRs, and the values that it is said to be over. */
struct layr_quote {
	struct bytes quote; /* TPMS_ATTEST */
	struct bytes signature; /* TPMT_SIGNATURE */
	uint16_t hash; /* the bank: TPM_ALG_ID */
	struct bytes pcr[LAYR_PCRS]; /* len 0: not in the message */
};

/* What the metadata server said; the AK's certificate says it better. */
struct layr_instance {
	struct bytes zone;
	struct bytes project_id;
	uint64_t project_number;
	struct bytes name;
	uint64_t id;
};

/* All runs borrow from the message. */
struct layr_attestation {
	struct bytes ak_pub; /* TPMT_PUBLIC */
	struct layr_quote quote[LAYR_QUOTES_MAX];
	size_t quotes; /* at least one, no bank twice */
	struct bytes event_log; /* TCG's, of the firmware */
	int has_instance;
	struct layr_instance instance;
	struct bytes canonical_log;
	struct bytes ak_cert; /* DER */
	struct bytes intermediate[LAYR_INTERMEDIATES_MAX]; /* DER */
	size_t intermediates;
	struct bytes sev_snp; /* len 0 without; never together with tdx */
	struct bytes tdx; /* QuoteV4 */
};

/* Returns: TDX_HOLDS or BOUND_MESSAGE */
enum tdx_reason layr_parse(struct bytes message, struct layr_attestation *ret) MUST_USE;

#endif
