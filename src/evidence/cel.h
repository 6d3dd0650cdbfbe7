/*
 * The canonical event log of Confidential Space's launcher: what container it
 * started, with which arguments and environment, measured before it started.
 *
 *   TLV     = type u8 || length u32 big-endian || value
 *   record  = number (type 0, u64) || register (type 1: PCR, 108: CCMR) || digests (type 3)
 *             || content (type 80, holding one TLV: the event)
 *   digest  = H(content, its header included); one for each bank of the register
 *
 * One log has one reading, or is refused: records count from 0, all in one register;
 * every listed digest is that of its event; what is said once is said at most once;
 * the launch separator is empty, and the last record.
 *
 * Source: TCG Canonical Event Log; Layr-Labs/go-tpm-tools, cel/ and launcher/.
 */
#ifndef SELFSAME_EVIDENCE_CEL_H
#define SELFSAME_EVIDENCE_CEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"

#define CEL_MAX 262144
#define CEL_LIST_MAX 256
#define CEL_PCR 13 /* of the vTPM */

enum cel_register {
	CEL_IN_PCR13, /* SEV-SNP, Shielded VM */
	CEL_IN_RTMR3 /* TDX; the launcher extends PCR 13 as well */
};

struct cel_list {
	size_t count;
	struct bytes item[CEL_LIST_MAX];
};

/* Texts are UTF-8 without NUL, and borrow from the log. */
struct cel {
	struct bytes image_reference;
	struct bytes image_digest; /* "sha256:" and 64 lower-case digits */
	struct bytes image_id; /* the same, or empty */
	struct bytes restart_policy; /* Always, OnFailure, Never */
	struct cel_list args; /* the whole command line */
	struct cel_list env; /* NAME=value, no name twice; not what the KMS gives later */
	struct cel_list override_args; /* what the operator gave, contained in the above */
	struct cel_list override_env;
	int memory_monitor; /* 0, 1, or -1: the log does not say */
	struct bytes gpu_mode; /* empty: the log does not say */
	size_t records;
	/* what the register holds when nothing but this log was extended into it */
	uint8_t sha256[32];
	uint8_t sha384[48]; /* RTMR3, or PCR 13 of that bank */
};

/* Returns: TDX_HOLDS, CEL_PARSE, CEL_DIGEST or TDX_INTERNAL */
enum tdx_reason cel_parse(struct bytes log, enum cel_register in, struct cel *ret) MUST_USE;

/* The value of NAME in a list of NAME=value. Returns: 0 or ERR_NOT_FOUND */
int cel_env_find(const struct cel_list *env, const char *name, struct bytes *ret) MUST_USE;

#endif
