/*
 * What a boot of Selfsame extends into RTMR3, as one event log: first the mode,
 * then the settings, then every binary by name. The attester measures with it,
 * and a verifier builds the same log from the statement and compares.
 */
#ifndef SELFSAME_TDX_MEASUREMENT_H
#define SELFSAME_TDX_MEASUREMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/event_log.h"

/* mode and settings take the other two events */
#define MEASUREMENT_BINARIES_MAX (EVENT_LOG_MAX - 2)

/* The log points into the hashes: not to be copied or moved. */
struct measurement {
	struct event_log log;
	uint8_t settings_hash[32];
	uint8_t binary_hash[MEASUREMENT_BINARIES_MAX][32];
};

/*
 * In:      mode      such as "simulated-dev"
 *          settings  RFC 8785 JSON; its bytes are hashed
 *          binaries  RFC 8785 JSON {"name":"SHA-256 in hex",...}: names of A-Z a-z 0-9 . _ -
 *                    sorted, values of 64 lower-case digits; borrowed
 *
 * Returns: 0, ERR_PARSE (binaries), ERR_RANGE, ERR_FULL or ERR_CRYPTO
 */
int measurement_make(struct bytes mode, struct bytes settings, struct bytes binaries,
    struct measurement *ret) MUST_USE;

#endif
