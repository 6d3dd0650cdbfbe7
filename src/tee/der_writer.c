#include "tee/der_writer.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

size_t
der_begin(struct writer *w, uint8_t tag)
{
	write_u8(w, tag);
	return w->len;
}

/* The length goes between tag and content once it is known. */
void
der_end(struct writer *w, size_t begun)
{
	uint8_t header[3];
	struct writer h = writer_of(header, sizeof header);
	size_t len = w->len - begun;

	if (w->err != 0)
		return;
	if (len >= 0x100) {
		write_u8(&h, 0x82);
		write_be16(&h, (uint16_t)len);
	} else {
		if (len >= 0x80)
			write_u8(&h, 0x81);
		write_u8(&h, (uint8_t)len);
	}
	if (len > UINT16_MAX || w->cap - w->len < h.len) {
		w->err = ERR_SPACE;
		return;
	}
	memmove(w->p + begun + h.len, w->p + begun, len);
	memcpy(w->p + begun, header, h.len);
	w->len += h.len;
}

void
der_put(struct writer *w, uint8_t tag, const void *content, size_t len)
{
	size_t begun = der_begin(w, tag);

	write_bytes(w, content, len);
	der_end(w, begun);
}

void
der_put_text(struct writer *w, uint8_t tag, const char *text)
{
	der_put(w, tag, text, strlen(text));
}

static void
put_magnitude(struct writer *w, uint8_t tag, const uint8_t *p, size_t len)
{
	size_t begun = der_begin(w, tag);

	while (len > 1 && p[0] == 0) {
		p++;
		len--;
	}
	if (len == 0 || (p[0] & 0x80) != 0)
		write_u8(w, 0);
	write_bytes(w, p, len);
	der_end(w, begun);
}

void
der_put_uint(struct writer *w, const uint8_t *p, size_t len)
{
	put_magnitude(w, DER_INTEGER, p, len);
}

void
der_put_small(struct writer *w, uint8_t tag, uint32_t value)
{
	uint8_t be[4];

	store_be32(be, value);
	put_magnitude(w, tag, be, sizeof be);
}

void
der_put_boolean(struct writer *w, int value)
{
	const uint8_t v = value ? 0xff : 0x00;

	der_put(w, DER_BOOLEAN, &v, 1);
}
