/*
 * The words of the signer's refusal, with what is left of a cap in the units
 * of the settings:
 *
 *   the token's 24-hour cap is used up: wait, or send less; 12.5 USDC are left
 *   now, and enough is there in 3 h 20 min
 */
#ifndef SELFSAME_TRADE_REFUSAL_H
#define SELFSAME_TRADE_REFUSAL_H

#include <stddef.h>

#include "ipc/messages.h"
#include "trade/trade.h"

#define REFUSAL_TEXT_MAX 512

/* Empty where the signer gave no words. Cut where it does not fit. */
void refusal_text(const struct trade_options *options, const struct msg_refused *m, char *ret,
    size_t cap);

#endif
