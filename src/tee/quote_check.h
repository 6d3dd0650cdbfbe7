/*
 * What a platform's quote must be before it is given away: kernels with old
 * drivers return an empty or half a quote and call it success, agents may
 * answer for somebody else's report data, and a simulator patches report data
 * into a recorded quote.
 *
 * Checked: the structure, that it is a TDX quote, that it is over this report
 * data, and that the attestation key signed it. Not who vouches for that key:
 * that is the verifier's (tdx/verify.h).
 */
#ifndef SELFSAME_TEE_QUOTE_CHECK_H
#define SELFSAME_TEE_QUOTE_CHECK_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

/* Returns: 0, ERR_EVIDENCE or ERR_CRYPTO */
int quote_check(struct bytes quote, const uint8_t report_data[64]) MUST_USE;

#endif
