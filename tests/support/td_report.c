#include "support/td_report.h"

#include <string.h>

#include "tdx/digest.h"
#include "tee/simulated_pki.h"
#include "base/banned.h"

static const uint8_t type[4] = {0x81, 0x00, 0x01, 0x00};
static const uint8_t tcb_valid[8] = {0xff, 0x01, 0x03}; /* which of the members are there */

/* Runs that a quote's body and a TDREPORT both have, in whatever order. */
static const struct {
	uint16_t from;
	uint16_t to;
	uint16_t len;
} runs[] = {
    {TD_TEE_TCB_SVN, TDREPORT_TCB_SVN, 16},
    {TD_MRSEAM, TDREPORT_MRSEAM, 48},
    {TD_MRSIGNERSEAM, TDREPORT_MRSIGNERSEAM, 48},
    {TD_SEAMATTRIBUTES, TDREPORT_SEAMATTRIBUTES, 8},
    {TD_TEE_TCB_SVN2, TDREPORT_TCB_SVN2, 16},
    {TD_TDATTRIBUTES, TDREPORT_TDATTRIBUTES, 16}, /* and XFAM */
    {TD_MRTD, TDREPORT_MRTD, 4 * 48},		  /* to MROWNERCONFIG */
    {TD_RTMR0, TDREPORT_RTMR0, 4 * 48},
    {TD_MRSERVICETD, TDREPORT_SERVTD_HASH, 48},
    {TD_REPORT_DATA, TDREPORT_DATA, 64},
};

int
td_report_make(const uint8_t body[TD_15_LEN], const uint8_t cpusvn16[16], uint8_t ret[TDREPORT_LEN])
{
	const struct bytes tcb = {ret + TDREPORT_TCB, TDREPORT_TCB_END - TDREPORT_TCB};
	const struct bytes td = {ret + TDREPORT_TD, TDREPORT_LEN - TDREPORT_TD};
	int r;

	memset(ret, 0, TDREPORT_LEN);
	memcpy(ret + TDREPORT_TYPE, type, sizeof type);
	memcpy(ret + TDREPORT_CPUSVN, cpusvn16, 16);
	memcpy(ret + TDREPORT_TCB, tcb_valid, sizeof tcb_valid);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		memcpy(ret + runs[i].to, body + runs[i].from, runs[i].len);
	if ((r = digest_sha384(&tcb, 1, ret + TDREPORT_TCB_HASH)) != 0 ||
	    (r = digest_sha384(&td, 1, ret + TDREPORT_TD_HASH)) != 0)
		return r;
	return simulated_bytes32("tdreport-mac", ret + TDREPORT_MAC);
}
