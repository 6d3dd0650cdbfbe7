#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/banned.h"

#define BUFFER_FIRST 256

static int
grow(struct buffer *b, size_t need)
{
	size_t cap = b->cap == 0 ? BUFFER_FIRST : b->cap;
	uint8_t *p;

	if (need > b->max)
		return ERR_SPACE;
	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if ((p = malloc(cap)) == NULL)
		return ERR_MEM;
	if (b->p != NULL) {
		memcpy(p, b->p, b->len);
		wipe(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
	return 0;
}

void
buffer_add(struct buffer *b, const void *p, size_t n)
{
	if (b->err != 0 || n == 0)
		return;
	if (n > b->max - b->len) {
		b->err = ERR_SPACE;
		return;
	}
	if (b->cap - b->len < n && (b->err = grow(b, b->len + n)) != 0)
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

void
buffer_text(struct buffer *b, const char *s)
{
	buffer_add(b, s, strlen(s));
}

void
buffer_format(struct buffer *b, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text) {
		if (b->err == 0)
			b->err = ERR_SPACE;
		return;
	}
	buffer_add(b, text, (size_t)n);
}

void
buffer_reset(struct buffer *b)
{
	if (b->p != NULL)
		wipe(b->p, b->len);
	b->len = 0;
	b->err = 0;
}

void
buffer_free(struct buffer *b)
{
	if (b->p != NULL) {
		wipe(b->p, b->cap);
		free(b->p);
	}
	*b = buffer_of(b->max);
}
