/*
 * What a relying party accepts, apart from whether evidence holds: judged on a
 * result of tdx_verify(), never instead of it.
 *
 * The defaults pass every production machine on record that is up to date and
 * not in debug mode: status UpToDate, DEBUG and reserved attribute bits
 * refused, XFAM within what the architecture defines. All else is a switch.
 * Under TD 1.5 the status rules apply to the TCB of launch and to that of now.
 *
 * A policy file is one JSON object; all members are optional, unknown ones are
 * refused. Hex is without prefix.
 *
 *   tcbStatuses            ["UpToDate", ...]; Revoked is never accepted
 *   graceDays              an OutOfDate status passes while its tcbDate is no older than this
 *   minimumEvaluationNumber
 *   maximumCollateralAgeDays   since TCB info and QE identity were issued
 *   acceptedAdvisories     if given, every advisory of the platform must be one of these
 *   refusedAdvisories      none of the platform's may be one of these
 *   allowDebug, allowMigratable, allowServiceTd, requireSeptVeDisable     true or false
 *   mrtd, rtmr0 .. rtmr3, mrseam, mrsignerseam, mrconfigid, mrowner, mrownerconfig,
 *   mrservicetd, reportData    lists of allowed values
 *   ppids, platformInstanceIds, fmspcs    lists; a platform must be in each that is given
 */
#ifndef SELFSAME_TDX_POLICY_H
#define SELFSAME_TDX_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"
#include "tdx/step_list.h"
#include "tdx/verify.h"

#define TDX_POLICY_JSON_MAX 1048576

/* Step: id, name, what has been seen when it passed. */
#define TDX_POLICY_STEPS(S) \
	S(TDX_POLICY_EVIDENCE, "evidence", "the evidence holds") \
	S(TDX_POLICY_STATUS, "tcb-status", "the TCB status is accepted") \
	S(TDX_POLICY_ADVISORIES, "advisories", "the policy refuses none of its advisories") \
	S(TDX_POLICY_NUMBER, "evaluation-number", "the TCB data is as recent as asked") \
	S(TDX_POLICY_FRESHNESS, "collateral-age", "the collateral is as recent as asked") \
	S(TDX_POLICY_DEBUG, "td-debug", "debug is off, or allowed") \
	S(TDX_POLICY_ATTRIBUTES, "td-attributes", "no reserved attribute is set") \
	S(TDX_POLICY_XFAM, "xfam", "the extended features are within the defined ones") \
	S(TDX_POLICY_SEPT_VE, "sept-ve-disable", "it is set, or not asked for") \
	S(TDX_POLICY_MIGRATABLE, "migratable", "the domain stays where it is, or may be moved") \
	S(TDX_POLICY_SERVICE_TD, "service-td", "no service domain is bound, or one is allowed") \
	S(TDX_POLICY_MEASUREMENTS, "measurements", "every pinned register has an allowed value") \
	S(TDX_POLICY_PLATFORM, "platform-id", "the platform is on every list that is given")

enum tdx_policy_step {
#define S(id, name, text) id,
	TDX_POLICY_STEPS(S)
#undef S
	TDX_POLICY_STEPS_COUNT
};

/* Allowed values of one width, one after the other; borrowed. given with count 0 allows none. */
struct tdx_allowed {
	int given;
	const uint8_t *values;
	size_t count;
};

/* Advisory ids; borrowed text of a JSON array, or empty. */
struct tdx_advisories {
	int given;
	struct bytes list;
};

/* The fields of a TD report that can be pinned: member of a policy file, reason, id. */
#define TDX_PINS(P) \
	P(TDX_PIN_MRTD, "mrtd", TDX_P_MRTD) \
	P(TDX_PIN_RTMR0, "rtmr0", TDX_P_RTMR0) \
	P(TDX_PIN_RTMR1, "rtmr1", TDX_P_RTMR1) \
	P(TDX_PIN_RTMR2, "rtmr2", TDX_P_RTMR2) \
	P(TDX_PIN_RTMR3, "rtmr3", TDX_P_RTMR3) \
	P(TDX_PIN_MRSEAM, "mrseam", TDX_P_MRSEAM) \
	P(TDX_PIN_MRSIGNERSEAM, "mrsignerseam", TDX_P_MRSIGNERSEAM) \
	P(TDX_PIN_MRCONFIGID, "mrconfigid", TDX_P_MRCONFIGID) \
	P(TDX_PIN_MROWNER, "mrowner", TDX_P_MROWNER) \
	P(TDX_PIN_MROWNERCONFIG, "mrownerconfig", TDX_P_MROWNERCONFIG) \
	P(TDX_PIN_MRSERVICETD, "mrservicetd", TDX_P_SERVICE_TD) \
	P(TDX_PIN_REPORT_DATA, "reportData", TDX_P_REPORT_DATA)

enum tdx_pin {
#define P(id, name, reason) id,
	TDX_PINS(P)
#undef P
	TDX_PINS_COUNT
};

struct tdx_policy {
	uint32_t statuses; /* bit enum tcb_status: accepted */
	uint32_t grace_days;
	uint32_t minimum_number;
	uint32_t maximum_age_days; /* 0: any */
	int allow_debug;
	int allow_migratable;
	int allow_service_td;
	int require_sept_ve_disable;
	struct tdx_advisories accepted_advisories;
	struct tdx_advisories refused_advisories;
	struct tdx_allowed pin[TDX_PINS_COUNT];
	struct tdx_allowed ppid; /* 16 bytes each */
	struct tdx_allowed platform_instance; /* 16 */
	struct tdx_allowed fmspc; /* 6 */
};

/* Starts as refused: zero bytes are a verdict that nothing was judged. */
struct tdx_policy_result {
	enum tdx_reason reason; /* the first failure, or TDX_HOLDS */
	enum tdx_policy_step step;
	struct tdx_check check[TDX_POLICY_STEPS_COUNT];
};

struct tdx_policy tdx_policy_default(void);

/*
 * Read a policy file.
 *
 * Returns: 0, ERR_PARSE, ERR_RANGE, ERR_SPACE, ERR_DUPLICATE, ERR_UNKNOWN_FIELD or ERR_TRAILING;
 *          *ret_field is the member at fault or NULL
 * Out:     memory  json.len bytes, lent as long as *ret is used, as is json
 */
int tdx_policy_read(struct bytes json, uint8_t *memory, struct tdx_policy *ret,
    const char **ret_field) MUST_USE;

/*
 * What an error of tdx_policy_read() says of a member, in words: for a value that is wrong,
 * what the member takes.
 */
const char *tdx_policy_problem(int err, const char *field);

/*
 * Judge a result. Evidence that does not hold is refused with its own reason, and what
 * can be judged besides is.
 */
void tdx_policy_judge(const struct tdx_policy *policy, const struct tdx_result *result,
    int64_t at, struct tdx_policy_result *ret);

int tdx_policy_accepts(const struct tdx_policy_result *result);

extern const struct step_list tdx_policy_steps;
const char *tdx_policy_step_name(enum tdx_policy_step step);

#endif
