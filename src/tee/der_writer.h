/* DER into a writer of base/bytes.h, nested by begin and end. Matched by tdx/der.h. */
#ifndef SELFSAME_TEE_DER_WRITER_H
#define SELFSAME_TEE_DER_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tdx/der.h"

/* Open a value; what is written until der_end() is its content. */
size_t der_begin(struct writer *w, uint8_t tag);
void der_end(struct writer *w, size_t begun);

void der_put(struct writer *w, uint8_t tag, const void *content, size_t len);
void der_put_text(struct writer *w, uint8_t tag, const char *text);

/* A non-negative INTEGER from big-endian bytes, in its minimal form. */
void der_put_uint(struct writer *w, const uint8_t *p, size_t len);
void der_put_small(struct writer *w, uint8_t tag, uint32_t value);
void der_put_boolean(struct writer *w, int value);

#endif
