/*
 * Intel's TCB info for TDX, version 3: which SVNs of a platform's components
 * have which status, and which TDX modules there are. Read from the exact bytes
 * that were signed, after their signature was checked; levels are sorted here,
 * never taken in the order of the document.
 */
#ifndef SELFSAME_TDX_TCB_INFO_H
#define SELFSAME_TDX_TCB_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"
#include "tdx/tcb_document.h"

#define TCB_LEVELS_MAX 64
#define TCB_MODULES_MAX 16
#define TCB_MODULE_LEVELS_MAX 64 /* of all modules together */
#define TCB_COMPONENTS 16

/* A level's SVNs in the order in which levels are compared; PCESVN big-endian. */
enum tcb_svns_offset {
	TCB_SVNS_SGX = 0,
	TCB_SVNS_PCE = 16,
	TCB_SVNS_TDX = 18,
	TCB_SVNS_LEN = 34
};

struct tcb_level {
	uint8_t svns[TCB_SVNS_LEN];
	struct tcb_state state;
	struct tcb_run components; /* the object "tcb", for the components' names */
};

struct tcb_module {
	int version; /* "TDX_01": 1; the one without a version, or with an unknown id: -1 */
	uint8_t mrsigner[48];
	uint8_t attributes[8];
	size_t first; /* its levels, in module_level */
	size_t count;
};

/* Points to nothing: may be copied. */
struct tcb_info {
	int64_t issue_date; /* Unix seconds; both ends inclusive */
	int64_t next_update;
	uint8_t fmspc[6];
	uint8_t pceid[2];
	uint32_t number; /* tcbEvaluationDataNumber */
	struct tcb_module base; /* tdxModule: for tee_tcb_svn[1] == 0 */
	size_t module_count;
	struct tcb_module module[TCB_MODULES_MAX];
	size_t module_level_count;
	struct tcb_svn_level module_level[TCB_MODULE_LEVELS_MAX];
	size_t level_count;
	struct tcb_level level[TCB_LEVELS_MAX]; /* highest first */
};

/*
 * Returns: TDX_HOLDS, or TDX_TCB_INFO_ID, TDX_TCB_INFO_VERSION, TDX_TCB_INFO_PARSE,
 *          TDX_TCB_STATUS_UNKNOWN
 */
enum tdx_reason tcb_info_parse(struct bytes text, struct tcb_info *ret) MUST_USE;

/* The module by tee_tcb_svn[1]: tdxModule for 0; NULL when it has no identity. */
const struct tcb_module *tcb_info_module(const struct tcb_info *info, uint8_t version);

/*
 * The first level that a platform reaches, or NULL. svns: as a level's, of SGX components
 * and PCESVN from the PCK and tee_tcb_svn. When tee_tcb_svn[1] > 0 its first two bytes
 * are the module's, which its own identity judges: TDX components count from index 2.
 */
const struct tcb_level *tcb_info_level(const struct tcb_info *info,
    const uint8_t svns[TCB_SVNS_LEN]);

/* The first TDX component that counts for a tee_tcb_svn. */
size_t tcb_tdx_start(const uint8_t tee_tcb_svn[16]);

/* What a component is called; both runs empty where it has no name. */
struct tcb_component_name {
	struct bytes category; /* "BIOS", "OS/VMM" */
	struct bytes type; /* "TDX Module" */
};

/* In: document  the text that was parsed;  at  its place in a level's svns, not PCESVN's */
struct tcb_component_name tcb_info_component(struct bytes document, const struct tcb_level *level,
    size_t at);

#endif
