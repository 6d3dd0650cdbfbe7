/*
 * TCB info (v3) and QE identity (v2) as Intel writes them, from what they say.
 * Nothing is checked: a test can ask for fifteen components or a status that
 * there is not. Matched by the parsers of src/tdx.
 */
#ifndef SELFSAME_TESTS_TCB_TEXT_H
#define SELFSAME_TESTS_TCB_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define TCB_LEVELS_MAX 12
#define TCB_ADVISORIES_MAX 3
#define TCB_COMPONENTS_MAX 17

/* What a level of any kind concludes. */
struct tcb_says {
	const char *status;
	const char *date; /* "2024-03-13T00:00:00Z" */
	const char *advisory[TCB_ADVISORIES_MAX]; /* NULL: no more */
};

struct tcb_platform_level {
	uint8_t sgx[TCB_COMPONENTS_MAX];
	uint8_t tdx[TCB_COMPONENTS_MAX];
	uint32_t pcesvn;
	struct tcb_says says;
};

struct tcb_svn_level {
	uint32_t isvsvn;
	struct tcb_says says;
};

struct tcb_svn_levels {
	size_t count;
	struct tcb_svn_level level[TCB_LEVELS_MAX];
};

struct tcb_module {
	const char *id; /* "TDX_01" */
	uint8_t mrsigner[48];
	uint8_t attributes[8];
	struct tcb_svn_levels levels;
};

struct tcb_dates {
	int64_t issued; /* Unix seconds */
	int64_t next_update;
};

struct tcb_info_spec {
	const char *id; /* "TDX" */
	struct tcb_dates dates;
	uint8_t fmspc[6];
	uint8_t pceid[2];
	uint32_t evaluation;
	struct tcb_module module; /* tdxModule, without levels */
	int without_identities; /* no member tdxModuleIdentities */
	size_t identity_count;
	struct tcb_module identity[3];
	size_t component_count[2]; /* of sgx and tdx: 16 */
	size_t level_count;
	struct tcb_platform_level level[TCB_LEVELS_MAX];
};

struct qe_identity_spec {
	const char *id; /* "TD_QE" */
	struct tcb_dates dates;
	uint32_t evaluation;
	uint32_t miscselect;
	uint32_t miscselect_mask;
	uint8_t attributes[16];
	uint8_t attributes_mask[16];
	uint8_t mrsigner[32];
	uint32_t isvprodid;
	struct tcb_svn_levels levels;
};

/* The object alone, without the signature around it. */
void tcb_info_write(struct buffer *out, const struct tcb_info_spec *spec);
void qe_identity_write(struct buffer *out, const struct qe_identity_spec *spec);

#endif
