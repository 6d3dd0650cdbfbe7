/*
 * A replayed event log against the registers of a quote. A log proves only the
 * registers that it extends: one without events has not matched, whatever the
 * quote says, and is never reported as if it had.
 */
#ifndef SELFSAME_EVIDENCE_REGISTERS_H
#define SELFSAME_EVIDENCE_REGISTERS_H

#include "tdx/quote.h"
#include "tdx/rtmr.h"

enum register_match { REGISTER_NOT_IN_LOG, REGISTER_MATCHES, REGISTER_DIFFERS };

/* RTMR `index`, 0 to 3; another index is not in the log. */
enum register_match register_match(const struct rtmr_bank *replayed, unsigned index,
    const struct tdx_quote *quote);

#endif
