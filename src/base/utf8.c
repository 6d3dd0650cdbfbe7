#include "base/utf8.h"

#include "base/banned.h"

size_t
utf8_length(const uint8_t *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n == 0 || p[0] > 0xf4 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
		return 0; /* overlong, surrogate */
	if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0; /* overlong, above U+10FFFF */
	return n;
}

int
utf8_is_text(struct bytes run)
{
	for (size_t i = 0, n; i < run.len; i += n)
		if (run.p[i] == 0 || (n = utf8_length(run.p + i, run.len - i)) == 0)
			return 0;
	return 1;
}
