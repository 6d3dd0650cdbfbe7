#include "evidence/registers.h"

#include <string.h>

#include "base/banned.h"

enum register_match
register_match(const struct rtmr_bank *replayed, unsigned index, const struct tdx_quote *quote)
{
	const uint8_t *value;

	if (index >= RTMR_COUNT || replayed->extended[index] == 0)
		return REGISTER_NOT_IN_LOG;
	value = quote->body.p + TD_RTMR0 + (size_t)index * RTMR_LEN;
	if (memcmp(replayed->value[index], value, RTMR_LEN) == 0)
		return REGISTER_MATCHES;
	return REGISTER_DIFFERS;
}
