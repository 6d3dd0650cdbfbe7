/*
 * The HTTP parser: nothing is read beyond the input, the result does not depend
 * on how the bytes arrive, what it accepts keeps the promises of parser.h, and
 * RFC 9112, read here a second time, gives the message the same end and body.
 * The first byte chooses the length of the pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/parser.h"

#define MESSAGES_MAX 16

struct result {
	size_t messages;
	int status; /* of the refusal; 0: none */
	size_t body_len[MESSAGES_MAX];
	size_t headers[MESSAGES_MAX];
	size_t path_len[MESSAGES_MAX];
};

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
check_request(const struct http_request *r)
{
	struct bytes host, length, coding;
	int has_length, has_coding;

	must(r->path.len > 0 && r->path.p[0] == '/');
	must(r->path.len + r->query.len <= HTTP_TARGET_MAX);
	must(r->header_count > 0 && r->header_count <= HTTP_HEADERS_MAX);
	must(http_header_one(r, "host", &host) == 0 && host.len > 0);
	has_length = http_header_one(r, "content-length", &length) == 0;
	has_coding = http_header_one(r, "transfer-encoding", &coding) == 0;
	must(!(has_length && has_coding));
	must(has_length || has_coding || r->body.len == 0);
	must(r->body.len <= HTTP_BODY_MAX);
	if (r->method == METHOD_GET || r->method == METHOD_HEAD)
		must(r->body.len == 0);
	for (size_t i = 0; i < r->header_count; i++) {
		must(r->headers[i].name.len > 0);
		for (size_t k = 0; k < r->headers[i].value.len; k++) {
			uint8_t c = r->headers[i].value.p[k];

			must(c == '\t' || (c >= 0x20 && c < 0x7f));
		}
	}
}

/* --- the grammar of RFC 9112, less what parser.h refuses; every step must hold ---- */

struct text {
	const uint8_t *p;
	const uint8_t *end;
};

static size_t
digit_of(uint8_t c, size_t base)
{
	static const char digits[] = "0123456789abcdef";
	const char *d = strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

	must(c != '\0' && d != NULL && (size_t)(d - digits) < base);
	return (size_t)(d - digits);
}

static size_t
number(struct bytes b, size_t base)
{
	size_t n = 0;

	must(b.len > 0);
	for (size_t i = 0; i < b.len; i++) {
		must(n <= HTTP_BODY_MAX);
		n = n * base + digit_of(b.p[i], base);
	}
	return n;
}

/* Up to the first line feed, which a carriage return stands before. */
static struct bytes
line(struct text *t)
{
	struct bytes l = {t->p, 0};

	while (t->p < t->end && *t->p != '\n')
		t->p++;
	must(t->p < t->end && t->p > l.p && t->p[-1] == '\r');
	l.len = (size_t)(t->p - l.p) - 1;
	t->p++;
	must(l.len == 0 || memchr(l.p, '\r', l.len) == NULL);
	return l;
}

static void
body_is(struct text *t, size_t len, struct bytes *body)
{
	must((size_t)(t->end - t->p) >= len && body->len >= len);
	if (len == 0)
		return;
	must(memcmp(t->p, body->p, len) == 0);
	t->p += len;
	body->p += len;
	body->len -= len;
}

static void
read_chunks(struct text *t, struct bytes *body)
{
	size_t size;

	while ((size = number(line(t), 16)) > 0) {
		body_is(t, size, body);
		must(line(t).len == 0);
	}
	must(line(t).len == 0);
}

static void
read_again(struct text t, const struct http_request *r)
{
	struct bytes body = r->body, first, coding, length;
	size_t headers = 0;

	while ((first = line(&t)).len == 0)
		;
	must(first.len > 9 && memcmp(first.p + first.len - 9, " HTTP/1.1", 9) == 0);
	while ((first = line(&t)).len > 0) {
		must(first.p[0] != ' ' && first.p[0] != '\t' && first.p[0] != ':');
		must(memchr(first.p, ':', first.len) != NULL);
		headers++;
	}
	must(headers == r->header_count);
	if (http_header_one(r, "transfer-encoding", &coding) == 0)
		read_chunks(&t, &body);
	else if (http_header_one(r, "content-length", &length) == 0)
		body_is(&t, number(length, 10), &body);
	must(body.len == 0 && t.p == t.end);
}

static void
run(const uint8_t *data, size_t size, size_t piece, struct result *ret)
{
	struct http_parser *p;
	enum http_parsed parsed = PARSED_MORE;
	size_t at = 0, begin = 0;

	memset(ret, 0, sizeof *ret);
	if (http_parser_new(&p) != 0)
		return;
	while ((at < size || parsed == PARSED_HEAD) && ret->messages < MESSAGES_MAX) {
		size_t n = size - at < piece ? size - at : piece;
		uint8_t *exact = malloc(n == 0 ? 1 : n);
		size_t taken;

		must(exact != NULL);
		if (n > 0)
			memcpy(exact, data + at, n);
		taken = http_parser_feed(p, exact, n, &parsed);
		free(exact);
		must(taken <= n);
		at += taken;
		must(parsed != PARSED_MORE || taken == n);
		if (parsed == PARSED_REFUSED) {
			ret->status = http_parser_status(p);
			must(http_parser_reason(p) != NULL);
			break;
		}
		if (parsed == PARSED_COMPLETE) {
			const struct http_request *r = http_parser_request(p);

			check_request(r);
			read_again((struct text){data + begin, data + at}, r);
			begin = at;
			ret->body_len[ret->messages] = r->body.len;
			ret->headers[ret->messages] = r->header_count;
			ret->path_len[ret->messages] = r->path.len;
			ret->messages++;
			http_parser_reset(p);
			parsed = PARSED_MORE;
		}
	}
	http_parser_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces, bytes;

	if (size == 0)
		return 0;
	run(data + 1, size - 1, SIZE_MAX, &whole);
	run(data + 1, size - 1, 1 + data[0] % 64U, &pieces);
	run(data + 1, size - 1, 1, &bytes);
	must(memcmp(&whole, &pieces, sizeof whole) == 0);
	must(memcmp(&whole, &bytes, sizeof whole) == 0);
	return 0;
}
