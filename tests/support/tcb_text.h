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

#define TEXT_LEVELS_MAX 12
#define TEXT_ADVISORIES_MAX 3
#define TEXT_COMPONENTS_MAX 17

/* What a level of any kind concludes. */
struct level_says {
	const char *status;
	const char *date; /* "2024-03-13T00:00:00Z" */
	const char *advisory[TEXT_ADVISORIES_MAX]; /* NULL: no more */
};

struct platform_level_spec {
	uint8_t sgx[TEXT_COMPONENTS_MAX];
	uint8_t tdx[TEXT_COMPONENTS_MAX];
	uint32_t pcesvn;
	struct level_says says;
};

struct svn_level_spec {
	uint32_t isvsvn;
	struct level_says says;
};

struct svn_levels_spec {
	size_t count;
	struct svn_level_spec level[TEXT_LEVELS_MAX];
};

struct module_spec {
	const char *id; /* "TDX_01" */
	uint8_t mrsigner[48];
	uint8_t attributes[8];
	struct svn_levels_spec levels;
};

struct dates_spec {
	int64_t issued; /* Unix seconds */
	int64_t next_update;
};

struct tcb_info_spec {
	const char *id; /* "TDX" */
	struct dates_spec dates;
	uint8_t fmspc[6];
	uint8_t pceid[2];
	uint32_t evaluation;
	struct module_spec module; /* tdxModule, without levels */
	int without_identities; /* no member tdxModuleIdentities */
	size_t identity_count;
	struct module_spec identity[3];
	size_t component_count[2]; /* of sgx and tdx: 16 */
	size_t level_count;
	struct platform_level_spec level[TEXT_LEVELS_MAX];
};

struct qe_identity_spec {
	const char *id; /* "TD_QE" */
	struct dates_spec dates;
	uint32_t evaluation;
	uint32_t miscselect;
	uint32_t miscselect_mask;
	uint8_t attributes[16];
	uint8_t attributes_mask[16];
	uint8_t mrsigner[32];
	uint32_t isvprodid;
	struct svn_levels_spec levels;
};

/* The object alone, without the signature around it. */
void tcb_info_write(struct buffer *out, const struct tcb_info_spec *spec);
void qe_identity_write(struct buffer *out, const struct qe_identity_spec *spec);

#endif
