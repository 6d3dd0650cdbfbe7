#include "tee/http_reply.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/banned.h"

#define HEADERS_MAX 64
#define CHUNK_DIGITS_MAX 8

enum framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED };

struct head {
	unsigned status;
	enum framing framing;
	uint64_t content_length;
	size_t len; /* with the empty line */
};

static int
is_token_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Visible characters, spaces and tabs; what is beyond ASCII is opaque. */
static int
is_field_char(uint8_t c)
{
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

/* A line without its CR LF. ERR_AGAIN when it has not ended yet. */
static int
read_line(struct reader *r, size_t max, struct bytes *ret)
{
	const uint8_t *end = memchr(r->p, '\n', r->left);
	size_t len;

	if (end == NULL)
		return r->left > max ? ERR_PARSE : ERR_AGAIN;
	len = (size_t)(end - r->p);
	if (len == 0 || len > max || r->p[len - 1] != '\r')
		return ERR_PARSE;
	*ret = (struct bytes){r->p, len - 1};
	r->p += len + 1;
	r->left -= len + 1;
	for (size_t i = 0; i < ret->len; i++)
		if (!is_field_char(ret->p[i]))
			return ERR_PARSE;
	return 0;
}

/* "HTTP/1.1 200 OK"; the reason may be empty, its space not. */
static int
read_status(struct bytes line, unsigned *ret)
{
	static const char version[] = "HTTP/1.1 ";
	const size_t at = sizeof version - 1;
	uint64_t status;

	if (line.len < at + 4 || memcmp(line.p, version, at) != 0 || line.p[at + 3] != ' ')
		return ERR_PARSE;
	if (parse_u64((const char *)line.p + at, 3, 200, 599, &status) != 0)
		return ERR_PARSE;
	*ret = (unsigned)status;
	return 0;
}

static int
is_name(struct bytes name, const char *wanted)
{
	return name.len == strlen(wanted) &&
	       strncasecmp((const char *)name.p, wanted, name.len) == 0;
}

/* Two framings, or one given twice, are how responses are smuggled. */
static int
take_framing(struct head *h, struct bytes name, struct bytes value)
{
	if (is_name(name, "content-length")) {
		if (h->framing != FRAMING_NONE)
			return ERR_PARSE;
		h->framing = FRAMING_LENGTH;
		return parse_u64((const char *)value.p, value.len, 0, SIZE_MAX,
				 &h->content_length) == 0 ? 0 : ERR_PARSE;
	}
	if (is_name(name, "transfer-encoding")) {
		if (h->framing != FRAMING_NONE || !is_name(value, "chunked"))
			return ERR_PARSE;
		h->framing = FRAMING_CHUNKED;
	}
	return is_name(name, "content-encoding") ? ERR_PARSE : 0;
}

static int
read_header(struct head *h, struct bytes line)
{
	const uint8_t *colon = memchr(line.p, ':', line.len);
	struct bytes name;

	if (colon == NULL || colon == line.p)
		return ERR_PARSE;
	name = (struct bytes){line.p, (size_t)(colon - line.p)};
	for (size_t i = 0; i < name.len; i++)
		if (!is_token_char(name.p[i]))
			return ERR_PARSE;
	return take_framing(
	    h, name, bytes_trim((struct bytes){colon + 1, line.len - name.len - 1}, " \t"));
}

static int
read_head(struct reader *r, struct head *ret)
{
	const size_t all = r->left;
	struct head h = {.framing = FRAMING_NONE};
	struct bytes line;
	size_t count = 0;
	int err;

	if ((err = read_line(r, HTTP_REPLY_HEAD_MAX, &line)) != 0)
		return err;
	if ((err = read_status(line, &h.status)) != 0)
		return err;
	for (;;) {
		if (all - r->left > HTTP_REPLY_HEAD_MAX)
			return ERR_PARSE;
		if ((err = read_line(r, HTTP_REPLY_HEAD_MAX, &line)) != 0)
			return err;
		if (line.len == 0)
			break;
		if (++count > HEADERS_MAX || (err = read_header(&h, line)) != 0)
			return ERR_PARSE;
	}
	h.len = all - r->left;
	*ret = h;
	return 0;
}

static int
hex_digit(uint8_t c, unsigned *ret)
{
	if (c >= '0' && c <= '9')
		*ret = c - '0';
	else if (c >= 'a' && c <= 'f')
		*ret = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		*ret = c - 'A' + 10;
	else
		return ERR_PARSE;
	return 0;
}

static int
read_chunk_size(struct reader *r, size_t *ret)
{
	struct bytes line;
	unsigned digit;
	size_t size = 0;
	int err;

	if ((err = read_line(r, CHUNK_DIGITS_MAX + 1, &line)) != 0)
		return err;
	if (line.len == 0 || line.len > CHUNK_DIGITS_MAX)
		return ERR_PARSE;
	for (size_t i = 0; i < line.len; i++) {
		if (hex_digit(line.p[i], &digit) != 0)
			return ERR_PARSE;
		size = size << 4 | digit;
	}
	*ret = size;
	return 0;
}

/* The chunk and its CR LF; of the last one there is only that. */
static int
read_chunk(struct reader *r, struct bytes *ret)
{
	size_t size;
	int err;

	if ((err = read_chunk_size(r, &size)) != 0)
		return err;
	if (r->left < size || r->left - size < 2)
		return ERR_AGAIN;
	if (r->p[size] != '\r' || r->p[size + 1] != '\n')
		return ERR_PARSE;
	*ret = (struct bytes){r->p, size};
	r->p += size + 2;
	r->left -= size + 2;
	return 0;
}

/* Twice over the chunks: nothing is moved before all are there. */
static int
join_chunks(uint8_t *p, size_t len, struct bytes *ret)
{
	struct reader r = reader_of(p, len);
	struct bytes chunk;
	size_t total = 0;
	int err;

	do {
		if ((err = read_chunk(&r, &chunk)) != 0)
			return err;
	} while (chunk.len > 0);
	if (r.left > 0)
		return ERR_PARSE;
	r = reader_of(p, len);
	while (read_chunk(&r, &chunk) == 0 && chunk.len > 0) {
		memmove(p + total, chunk.p, chunk.len);
		total += chunk.len;
	}
	*ret = (struct bytes){p, total};
	return 0;
}

int
http_reply_parse(uint8_t *p, size_t len, struct http_reply *ret)
{
	struct reader r = reader_of(p, len);
	struct http_reply reply;
	struct head h;
	int err;

	if (len == 0)
		return ERR_AGAIN;
	if ((err = read_head(&r, &h)) != 0)
		return err;
	reply.status = h.status;
	switch (h.framing) {
	case FRAMING_NONE:
		return ERR_PARSE;
	case FRAMING_LENGTH:
		if (r.left != h.content_length)
			return r.left < h.content_length ? ERR_AGAIN : ERR_PARSE;
		reply.body = (struct bytes){r.p, r.left};
		break;
	case FRAMING_CHUNKED:
		if ((err = join_chunks(p + h.len, len - h.len, &reply.body)) != 0)
			return err;
		break;
	}
	*ret = reply;
	return 0;
}
