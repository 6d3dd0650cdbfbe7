#include "store/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/banned.h"

static int
is_tail(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * The length of the character at p, 0 when it is not one. The second byte of
 * E0, ED, F0 and F4 is narrower: no overlong forms, surrogates or numbers
 * above U+10FFFF (Unicode, table 3-7).
 */
static size_t
character(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return p[0] == 0 ? 0 : 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	if (p[0] == 0xf0)
		low = 0x90;
	if (p[0] == 0xed)
		high = 0x9f;
	if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (!is_tail(p[i]))
			return 0;
	}
	return n;
}

int
text_check(const uint8_t *p, size_t len, size_t max)
{
	if (len > max)
		return ERR_RANGE;
	for (size_t i = 0, n; i < len; i += n) {
		if ((n = character(p + i, len - i)) == 0)
			return ERR_PARSE;
	}
	return 0;
}

char *
text_clean(const char *s, size_t max)
{
	size_t left = strnlen(s, max + 4), out = 0, n;
	const uint8_t *p = (const uint8_t *)s;
	char *copy = malloc(max + 1);

	if (copy == NULL)
		return NULL;
	for (; left > 0 && out < max; p += n, left -= n) {
		n = character(p, left);
		if (n == 0 || p[0] < 0x20 || p[0] == 0x7f) {
			copy[out++] = '?';
			n = 1;
			continue;
		}
		if (n > max - out)
			break;
		memcpy(copy + out, p, n);
		out += n;
	}
	copy[out] = '\0';
	return copy;
}
