/*
 * Our event log into RTMR3 through the register files of Linux 6.16 (tsm-mr).
 *
 * The register lives as long as the domain, we do not: what it holds decides.
 * Zero, or the first events of this very log (a start that died half way, or an
 * attester that was started again): the rest is extended. Anything else was not
 * ours, and the log would not replay: then nothing is measured.
 */
#ifndef SELFSAME_TEE_TSM_REGISTERS_H
#define SELFSAME_TEE_TSM_REGISTERS_H

#include "base/attr.h"
#include "tdx/event_log.h"
#include "tee/io.h"

/*
 * Out:     whether RTMR3 is the log; 0 too where there are no such files
 * Returns: 0, ERR_EVIDENCE (a digest is not its event's), ERR_RANGE or ERR_CRYPTO
 */
int tsm_registers_extend(const struct tee_host *host, const struct event_log *log,
    int *ret_measured) MUST_USE;

#endif
