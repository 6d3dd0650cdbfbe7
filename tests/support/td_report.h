/*
 * TDREPORT, what /dev/tdx_guest gives before it is a quote: 1024 bytes under a
 * MAC that only the same machine can check. Its measurements stand at other
 * offsets than in a quote's TD report. Source: Intel TDX Module ABI,
 * TDREPORT_STRUCT; tested against a recorded one.
 */
#ifndef SELFSAME_TESTS_TD_REPORT_H
#define SELFSAME_TESTS_TD_REPORT_H

#include <stdint.h>

#include "base/attr.h"
#include "tdx/quote.h"

enum td_report_offset {
	TDREPORT_TYPE = 0, /* 81 00 01 00: TDX, version 1 (TD 1.5) */
	TDREPORT_CPUSVN = 16,
	TDREPORT_TCB_HASH = 32, /* SHA-384 of TEE_TCB_INFO */
	TDREPORT_TD_HASH = 80, /* SHA-384 of TDINFO */
	TDREPORT_DATA = 128,
	TDREPORT_MAC = 224,
	TDREPORT_TCB = 256, /* TEE_TCB_INFO */
	TDREPORT_TCB_SVN = TDREPORT_TCB + 8,
	TDREPORT_MRSEAM = TDREPORT_TCB + 24,
	TDREPORT_MRSIGNERSEAM = TDREPORT_TCB + 72,
	TDREPORT_SEAMATTRIBUTES = TDREPORT_TCB + 120,
	TDREPORT_TCB_SVN2 = TDREPORT_TCB + 128,
	TDREPORT_TCB_END = TDREPORT_TCB + 239,
	TDREPORT_TD = 512, /* TDINFO */
	TDREPORT_TDATTRIBUTES = TDREPORT_TD,
	TDREPORT_MRTD = TDREPORT_TD + 16,
	TDREPORT_RTMR0 = TDREPORT_TD + 208,
	TDREPORT_SERVTD_HASH = TDREPORT_TD + 400,
	TDREPORT_LEN = 1024
};

_Static_assert(TDREPORT_MRTD == 528 && TDREPORT_RTMR0 == 720, "not the offsets of a quote's body");
_Static_assert(TDREPORT_SERVTD_HASH == 912, "behind four RTMRs");

/*
 * The report from which a quote with this body of type TD_BODY_15 is made.
 *
 * Returns: 0 or ERR_CRYPTO
 */
int td_report_make(const uint8_t body[TD_15_LEN], const uint8_t cpusvn16[16],
    uint8_t ret[TDREPORT_LEN]) MUST_USE;

#endif
