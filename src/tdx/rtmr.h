/* Runtime measurement registers: RTMR' = SHA-384(RTMR || digest), from 48 zero bytes. */
#ifndef SELFSAME_TDX_RTMR_H
#define SELFSAME_TDX_RTMR_H

#include <stdint.h>

#include "base/attr.h"

#define RTMR_COUNT 4
#define RTMR_LEN 48

/* The registers of one domain. A register that nothing extended has not matched anything. */
struct rtmr_bank {
	uint8_t value[RTMR_COUNT][RTMR_LEN];
	uint32_t extended[RTMR_COUNT]; /* how many times */
};

void rtmr_reset(struct rtmr_bank *bank);

/* Returns: 0, ERR_RANGE (no such register) or ERR_CRYPTO */
int rtmr_extend(struct rtmr_bank *bank, uint32_t index, const uint8_t digest48[48]) MUST_USE;

#endif
