/*
 * What TCB info and QE identity say of a platform: one status, one date, the
 * advisories; and where it falls short of the best level that is up to date.
 * Source: EvaluateTcb.cpp and TcbLevelCheck.cpp of Intel's quote verification library.
 */
#ifndef SELFSAME_TDX_EVALUATION_H
#define SELFSAME_TDX_EVALUATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/pck.h"
#include "tdx/qe_identity.h"
#include "tdx/tcb.h"
#include "tdx/tcb_info.h"

/* A platform, and the documents that judge it. */
struct tdx_platform_tcb {
	const struct pck_platform *pck;
	uint32_t qe_isvsvn;
	const uint8_t *tee_tcb_svn; /* 16: at launch */
	const uint8_t *tee_tcb_svn2; /* 16: now; NULL before TD report 1.5 */
	const struct tcb_info *info;
	struct bytes info_text;
	const struct qe_identity *qe;
	struct bytes qe_text;
};

/* In: tee_tcb_svn  of launch or of now. The advisories point into the texts. */
void tdx_evaluate(const struct tdx_platform_tcb *platform, const uint8_t tee_tcb_svn[16],
    struct tdx_evaluation *ret);

/* Of launch; TDX_RELAUNCH where what runs now would do. The names point into info_text. */
size_t tdx_shortfalls(const struct tdx_platform_tcb *platform,
    struct tdx_shortfall ret[TDX_SHORTFALLS_MAX]);

#endif
