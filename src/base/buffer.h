/*
 * A growing heap buffer with a hard maximum; for the processes that may use the
 * heap (never the signer). Remembers its first failure like a writer. Wiped
 * when it grows and when it is freed, since API keys pass through it.
 */
#ifndef SELFSAME_BASE_BUFFER_H
#define SELFSAME_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct buffer {
	uint8_t *p;
	size_t len;
	size_t cap;
	size_t max;
	int err; /* 0, ERR_SPACE (beyond max) or ERR_MEM */
};

static inline struct buffer
buffer_of(size_t max)
{
	return (struct buffer){NULL, 0, 0, max, 0};
}

void buffer_add(struct buffer *b, const void *p, size_t n);
void buffer_text(struct buffer *b, const char *s);

/* printf into the buffer; for numbers and literals, never for outside text. */
void buffer_format(struct buffer *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Forgets the content (wiped), keeps the room. */
void buffer_reset(struct buffer *b);

/* Wipes and frees; the buffer may be used again. */
void buffer_free(struct buffer *b);

#endif
