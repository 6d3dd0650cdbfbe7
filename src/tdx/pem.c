#include "tdx/pem.h"

#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/banned.h"

#define LINE_CHARS 64
#define LINE_BYTES 48

static const char begin_line[] = "-----BEGIN CERTIFICATE-----\n";
static const char end_line[] = "-----END CERTIFICATE-----\n";

static int
take_literal(struct reader *r, const char *text)
{
	struct reader in = *r;
	struct bytes found;
	size_t len = strlen(text);

	if (read_take(&in, len, &found) != 0 || memcmp(found.p, text, len) != 0)
		return ERR_PARSE;
	*r = in;
	return 0;
}

/* One base64 line; *ret_last is set when no other may follow. */
static int
take_line(struct reader *r, struct writer *w, int *ret_last)
{
	const uint8_t *lf = memchr(r->p, '\n', r->left < LINE_CHARS + 1 ? r->left : LINE_CHARS + 1);
	uint8_t decoded[LINE_BYTES], end;
	struct bytes line;
	size_t n;

	if (lf == NULL || lf == r->p || read_take(r, (size_t)(lf - r->p), &line) != 0)
		return ERR_PARSE;
	if (base64_decode(BASE64_STANDARD, line, decoded, sizeof decoded, &n) != 0 ||
	    read_u8(r, &end) != 0)
		return ERR_PARSE;
	write_bytes(w, decoded, n);
	*ret_last = n < LINE_BYTES;
	return 0;
}

int
pem_take_certificate(struct reader *r, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct reader in = *r;
	struct writer w = writer_of(ret, cap);
	int last = 0;

	if (take_literal(&in, begin_line) != 0)
		return ERR_PARSE;
	while (take_literal(&in, end_line) != 0) {
		if (last || in.left == 0 || take_line(&in, &w, &last) != 0)
			return ERR_PARSE;
		if (w.err != 0)
			return w.err;
	}
	*r = in;
	return writer_end(&w, ret_len);
}

static int
ends_blank(struct bytes line)
{
	return line.len > 0 && memchr("\r\n ", line.p[line.len - 1], 3) != NULL;
}

void
pem_write_lines(struct writer *w, struct bytes text)
{
	struct reader r = reader_of(text.p, text.len);
	struct bytes line;

	while (r.left > 0) {
		const uint8_t *lf = memchr(r.p, '\n', r.left);

		if (read_take(&r, lf == NULL ? r.left : (size_t)(lf - r.p) + 1, &line) != 0)
			return;
		while (ends_blank(line))
			line.len--;
		if (line.len == 0)
			continue;
		write_bytes(w, line.p, line.len);
		write_u8(w, '\n');
	}
}

void
pem_write_certificate(struct writer *w, const uint8_t *der, size_t len)
{
	write_text(w, begin_line);
	for (size_t i = 0; i < len; i += LINE_BYTES) {
		base64_write(w, BASE64_STANDARD, der + i,
		    len - i < LINE_BYTES ? len - i : LINE_BYTES);
		write_text(w, "\n");
	}
	write_text(w, end_line);
}
