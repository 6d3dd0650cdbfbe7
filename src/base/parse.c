#include "base/parse.h"

#include "base/err.h"
#include "base/banned.h"

int
parse_u64(const char *text, size_t len, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (len == 0 || (len > 1 && text[0] == '0'))
		return ERR_PARSE;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return ERR_PARSE;
		if (__builtin_mul_overflow(v, 10U, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v))
			return ERR_RANGE;
	}
	if (v < min || v > max)
		return ERR_RANGE;
	*ret = v;
	return 0;
}

int
parse_quantity(const char *text, size_t len, uint64_t *ret)
{
	uint64_t v = 0;

	if (len < 3 || text[0] != '0' || text[1] != 'x' || (len > 3 && text[2] == '0'))
		return ERR_PARSE;
	if (len > 18)
		return ERR_RANGE;
	for (size_t i = 2; i < len; i++) {
		char c = text[i];
		uint64_t d;

		if (c >= '0' && c <= '9')
			d = (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			d = (uint64_t)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			d = (uint64_t)(c - 'A') + 10;
		else
			return ERR_PARSE;
		v = v << 4 | d;
	}
	*ret = v;
	return 0;
}
