/*
 * Intel's identity of the TD quoting enclave, version 2: which enclave may make
 * quotes, and the status of its versions. As tdx/tcb_info.h, read from the
 * exact bytes that were signed.
 */
#ifndef SELFSAME_TDX_QE_IDENTITY_H
#define SELFSAME_TDX_QE_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"
#include "tdx/tcb_document.h"

#define QE_LEVELS_MAX 64

/* Points to nothing: may be copied. */
struct qe_identity {
	int64_t issue_date; /* Unix seconds; both ends inclusive */
	int64_t next_update;
	uint32_t number; /* tcbEvaluationDataNumber */
	uint8_t miscselect[4]; /* big-endian, as the text has it; a report is little-endian */
	uint8_t miscselect_mask[4];
	uint8_t attributes[16];
	uint8_t attributes_mask[16];
	uint8_t mrsigner[32];
	uint16_t isvprodid;
	size_t level_count;
	struct tcb_svn_level level[QE_LEVELS_MAX]; /* highest first */
};

/* Returns: TDX_HOLDS, TDX_QE_IDENTITY_ID or TDX_QE_IDENTITY_PARSE */
enum tdx_reason qe_identity_parse(struct bytes text, struct qe_identity *ret) MUST_USE;

/* Whether a report (QE_REPORT_LEN bytes) is of this enclave, whatever its version. */
int qe_identity_matches(const struct qe_identity *identity, const uint8_t *report);

#endif
