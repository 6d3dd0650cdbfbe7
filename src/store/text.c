#include "store/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "base/banned.h"

int
text_check(const uint8_t *p, size_t len, size_t max)
{
	if (len > max)
		return ERR_RANGE;
	return utf8_is_text((struct bytes){p, len}) ? 0 : ERR_PARSE;
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
		n = utf8_length(p, left);
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
