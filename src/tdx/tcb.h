/*
 * TCB statuses and how they combine, by the rules of Intel's quote verification
 * library (EvaluateTcb.cpp, TDRelaunchCheck.cpp of 2026-07), with one deviation
 * to the strict side: a quoting enclave whose own status is ConfigurationNeeded
 * or OutOfDateConfigurationNeeded adds ConfigurationNeeded to the result, where
 * Intel's table ignores it.
 */
#ifndef SELFSAME_TDX_TCB_H
#define SELFSAME_TDX_TCB_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

/* Status: id, its name in Intel's documents. Zero is no status at all. */
#define TCB_STATUSES(S) \
	S(TCB_NOT_EVALUATED, "") \
	S(TCB_UP_TO_DATE, "UpToDate") \
	S(TCB_SW_HARDENING_NEEDED, "SWHardeningNeeded") \
	S(TCB_CONFIGURATION_NEEDED, "ConfigurationNeeded") \
	S(TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED, "ConfigurationAndSWHardeningNeeded") \
	S(TCB_OUT_OF_DATE, "OutOfDate") \
	S(TCB_OUT_OF_DATE_CONFIGURATION_NEEDED, "OutOfDateConfigurationNeeded") \
	S(TCB_TD_RELAUNCH_ADVISED, "TDRelaunchAdvised") \
	S(TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED, "TDRelaunchAdvisedConfigurationNeeded") \
	S(TCB_REVOKED, "Revoked") \
	S(TCB_NOT_SUPPORTED, "TCB_NOT_SUPPORTED") /* no level matches */

enum tcb_status {
#define S(id, name) id,
	TCB_STATUSES(S)
#undef S
	TCB_STATUSES_COUNT
};

/* "UpToDate"; never NULL. */
const char *tcb_status_name(enum tcb_status status);

/*
 * A status by its name.
 *
 * Returns: 0 or ERR_NOT_FOUND
 */
int tcb_status_find(struct bytes name, enum tcb_status *ret) MUST_USE;

/*
 * The status of one evaluation. module is TCB_UP_TO_DATE where there is no module level.
 * TCB_NOT_SUPPORTED of any of the three is TCB_NOT_SUPPORTED.
 */
enum tcb_status tcb_converge(enum tcb_status platform, enum tcb_status module,
    enum tcb_status qe);

/* Statuses as a set of bits. */
#define TCB_BIT(status) (UINT32_C(1) << (status))

/* The final status from those at launch and now (TD 1.5); "the launch status" for most pairs. */
enum tcb_status tcb_relaunch(enum tcb_status launch, enum tcb_status current);

#define TDX_ADVISORIES_MAX 192
#define TDX_SHORTFALLS_MAX 40

/* One evaluation of the TCB: with the SVNs of launch, or those of now. */
struct tdx_evaluation {
	enum tcb_status status;
	int64_t date; /* tcbDate: the earliest of platform, module and quoting enclave; 0: none */
	size_t advisory_count;
	struct bytes advisory[TDX_ADVISORIES_MAX]; /* sorted, each once; in the collateral */
};

/* Where an SVN is below the best level that is up to date. */
enum tdx_component {
	TDX_COMPONENT_SGX, /* index 0..15 */
	TDX_COMPONENT_PCE,
	TDX_COMPONENT_TDX, /* index 0..15 */
	TDX_COMPONENT_MODULE,
	TDX_COMPONENT_QE
};

enum tdx_remedy {
	TDX_UPDATE_BIOS,
	TDX_UPDATE_OS_VMM,
	TDX_UPDATE_MODULE,
	TDX_UPDATE_QE,
	TDX_UPDATE_PLATFORM,
	TDX_RELAUNCH
};

struct tdx_shortfall {
	enum tdx_component component;
	uint8_t index;
	uint32_t has;
	uint32_t needs;
	enum tdx_remedy remedy;
	struct bytes type; /* as the TCB info names it: "TDX Module"; or empty */
};

const char *tdx_remedy_text(enum tdx_remedy remedy);

#endif
