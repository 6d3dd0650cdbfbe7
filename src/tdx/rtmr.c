#include "tdx/rtmr.h"

#include <string.h>

#include "base/err.h"
#include "tdx/digest.h"
#include "base/banned.h"

void
rtmr_reset(struct rtmr_bank *bank)
{
	memset(bank, 0, sizeof *bank);
}

static int
next_value(const uint8_t value[RTMR_LEN], const uint8_t digest48[48], uint8_t ret[RTMR_LEN])
{
	const struct bytes parts[2] = {{value, RTMR_LEN}, {digest48, 48}};

	return digest_sha384(parts, 2, ret);
}

int
rtmr_extend(struct rtmr_bank *bank, uint32_t index, const uint8_t digest48[48])
{
	uint8_t next[RTMR_LEN];
	int r;

	if (index >= RTMR_COUNT)
		return ERR_RANGE;
	if ((r = next_value(bank->value[index], digest48, next)) != 0)
		return r;
	memcpy(bank->value[index], next, RTMR_LEN);
	bank->extended[index]++;
	return 0;
}
