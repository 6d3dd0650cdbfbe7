#include "http/parser.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <llhttp.h>

#include "base/err.h"
#include "base/banned.h"

/* the method, two spaces and the version around a target */
#define LINE_MAX_BYTES (HTTP_TARGET_MAX + 32)
#define BLANK_LINES_MAX 8
#define HOST_MAX 255
#define CHUNK_DIGITS_MAX 16

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_DONE, PHASE_REFUSED };

/* The byte that is due in a chunked body; the line ends are two bytes. */
enum chunk_at {
	CHUNK_SIZE,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_LAST_CR, /* of the empty line that ends the body */
	CHUNK_LAST_LF,
	CHUNK_DONE
};

struct http_parser {
	enum phase phase;
	int status;
	const char *reason;
	struct buffer head;
	size_t line_len; /* of the line that is being collected */
	unsigned lines; /* complete ones */
	unsigned blank; /* before the request line */
	int seen_cr;
	size_t body_max;
	struct buffer body;
	int chunked;
	enum chunk_at chunk_at;
	unsigned chunk_digits; /* of the size that is being read */
	uint64_t chunk_left; /* of this chunk; while its size is read, what it says so far */
	uint64_t chunk_total;
	int complete; /* llhttp saw the end of the message */
	int headers_complete;
	struct http_request request;
	llhttp_t llhttp;
};

static llhttp_settings_t settings;

static int
refuse(struct http_parser *p, int status, const char *reason)
{
	p->phase = PHASE_REFUSED;
	p->status = status;
	p->reason = reason;
	return ERR_PARSE;
}

static int
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 9110 5.6.2 tchar */
static int
is_token_char(uint8_t c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static int
is_token(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (!is_token_char(b.p[i]))
			return 0;
	}
	return b.len > 0;
}

static int
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* --- llhttp: the second opinion on the head, and the framing of the body --- */

static int
on_headers_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;

	p->headers_complete = 1;
	p->request.keep_alive = llhttp_should_keep_alive(ll);
	/* "A server MAY ignore a received Upgrade header field" (RFC 9110 7.8) */
	ll->upgrade = 0;
	return 0;
}

static int
on_body(llhttp_t *ll, const char *at, size_t len)
{
	struct http_parser *p = ll->data;

	if (len > p->body_max - p->body.len) {
		(void)refuse(p, 413, "the body is too long for this route");
		return HPE_USER;
	}
	buffer_add(&p->body, at, len);
	if (p->body.err != 0) {
		(void)refuse(p, 503, "out of memory");
		return HPE_USER;
	}
	return 0;
}

static int
on_message_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;

	p->complete = 1;
	return HPE_PAUSED; /* what follows belongs to the next message */
}

static void
settings_prepare(void)
{
	if (settings.on_message_complete != NULL)
		return;
	llhttp_settings_init(&settings);
	settings.on_headers_complete = on_headers_complete;
	settings.on_body = on_body;
	settings.on_message_complete = on_message_complete;
}

/* Returns 0 and how many bytes were taken, or ERR_PARSE after refuse(). */
static int
llhttp_take(struct http_parser *p, const uint8_t *in, size_t len, size_t *ret_taken)
{
	llhttp_errno_t e = llhttp_execute(&p->llhttp, (const char *)in, len);
	const char *at;

	if (p->phase == PHASE_REFUSED)
		return ERR_PARSE;
	if (e == HPE_OK) {
		*ret_taken = len;
		return 0;
	}
	if (e == HPE_PAUSED && p->complete) {
		at = llhttp_get_error_pos(&p->llhttp);
		*ret_taken = at == NULL ? len : (size_t)(at - (const char *)in);
		return 0;
	}
	return refuse(p, 400, p->phase == PHASE_BODY ? "malformed chunk" : "malformed header");
}

/* --- the head --------------------------------------------------------------- */

static const char *const method_names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
    "OPTIONS"};

const char *
http_method_name(enum http_method method)
{
	return method_names[method];
}

static int
bytes_are(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

static int
take_method(struct http_parser *p, struct bytes method)
{
	if (!is_token(method))
		return refuse(p, 400, "malformed method");
	for (size_t i = 0; i < ARRAY_LEN(method_names); i++) {
		if (bytes_are(method, method_names[i])) {
			p->request.method = (enum http_method)i;
			return 0;
		}
	}
	return refuse(p, 501, "this method is not implemented");
}

static int
is_target_char(uint8_t c)
{
	return is_alnum(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@/?%", c) != NULL);
}

/* Origin form only: a proxy in front and we must see the same path. */
static int
take_target(struct http_parser *p, struct bytes target)
{
	const uint8_t *mark;

	if (target.len > HTTP_TARGET_MAX)
		return refuse(p, 414, "the request target is longer than 2048 bytes");
	if (target.len == 0 || target.p[0] != '/')
		return refuse(p, 400, "the request target must begin with a slash");
	for (size_t i = 0; i < target.len; i++) {
		if (!is_target_char(target.p[i]))
			return refuse(p, 400, "the request target has a byte that must be escaped");
		if (target.p[i] == '%' && (target.len - i < 3 || !is_hex(target.p[i + 1]) ||
		                              !is_hex(target.p[i + 2])))
			return refuse(p, 400, "malformed percent-escape in the request target");
	}
	mark = memchr(target.p, '?', target.len);
	p->request.path = target;
	p->request.query = (struct bytes){target.p + target.len, 0};
	if (mark != NULL) {
		p->request.path.len = (size_t)(mark - target.p);
		p->request.query.p = mark + 1;
		p->request.query.len = target.len - p->request.path.len - 1;
	}
	return 0;
}

static int
take_version(struct http_parser *p, struct bytes v)
{
	if (bytes_are(v, "HTTP/1.1"))
		return 0;
	if (v.len == 8 && memcmp(v.p, "HTTP/", 5) == 0 && v.p[5] >= '0' && v.p[5] <= '9' &&
	    v.p[6] == '.' && v.p[7] >= '0' && v.p[7] <= '9')
		return refuse(p, 505, "only HTTP/1.1 is spoken here");
	return refuse(p, 400, "malformed request line");
}

static int
take_request_line(struct http_parser *p, struct bytes line)
{
	const uint8_t *one = memchr(line.p, ' ', line.len);
	const uint8_t *two;
	struct bytes method, target, version;
	int r;

	if (one == NULL)
		return refuse(p, 400, "malformed request line");
	method = (struct bytes){line.p, (size_t)(one - line.p)};
	two = memchr(one + 1, ' ', line.len - method.len - 1);
	if (two == NULL)
		return refuse(p, 400, "malformed request line");
	target = (struct bytes){one + 1, (size_t)(two - one - 1)};
	version = (struct bytes){two + 1, line.len - method.len - target.len - 2};
	if ((r = take_version(p, version)) != 0)
		return r;
	if ((r = take_method(p, method)) != 0)
		return r;
	return take_target(p, target);
}

static int
take_header(struct http_parser *p, struct bytes line)
{
	const uint8_t *colon = memchr(line.p, ':', line.len);
	struct http_header h;

	if (colon == NULL)
		return refuse(p, 400, "a header line without a colon");
	h.name = (struct bytes){line.p, (size_t)(colon - line.p)};
	if (!is_token(h.name))
		return refuse(p, 400, "malformed header name");
	h.value = bytes_trim((struct bytes){colon + 1, line.len - h.name.len - 1}, " \t");
	if (p->request.header_count == HTTP_HEADERS_MAX)
		return refuse(p, 431, "more than 64 headers");
	p->request.headers[p->request.header_count++] = h;
	return 0;
}

/* The head ends with an empty line, and every line with CR LF: collect() saw to it. */
static int
take_lines(struct http_parser *p)
{
	struct bytes rest = {p->head.p, p->head.len};
	int first = 1;
	int r;

	for (;;) {
		const uint8_t *end = memchr(rest.p, '\r', rest.len);
		struct bytes line = {rest.p, (size_t)(end - rest.p)};

		if (line.len == 0)
			return 0;
		if ((r = first ? take_request_line(p, line) : take_header(p, line)) != 0)
			return r;
		first = 0;
		rest.p = end + 2;
		rest.len -= line.len + 2;
	}
}

static int
check_host(struct http_parser *p)
{
	struct bytes host;

	if (http_header_one(&p->request, "host", &host) != 0)
		return refuse(p, 400, "exactly one Host header is required");
	if (host.len == 0 || host.len > HOST_MAX)
		return refuse(p, 400, "malformed Host header");
	for (size_t i = 0; i < host.len; i++) {
		if (!is_alnum(host.p[i]) && strchr("-._~:[]", host.p[i]) == NULL)
			return refuse(p, 400, "malformed Host header");
	}
	return 0;
}

static int
ends_in_chunked(struct bytes value)
{
	static const char last[] = "chunked";
	size_t n = sizeof last - 1;

	if (value.len < n || strncasecmp((const char *)value.p + value.len - n, last, n) != 0)
		return 0;
	return value.len == n || strchr(", \t", value.p[value.len - n - 1]) != NULL;
}

static int
check_framing(struct http_parser *p)
{
	struct bytes coding, length;
	int te = http_header_one(&p->request, "transfer-encoding", &coding);
	int cl = http_header_one(&p->request, "content-length", &length);

	if (te == ERR_DUPLICATE || cl == ERR_DUPLICATE)
		return refuse(p, 400, "the body's length is given twice");
	if (te == 0 && cl == 0)
		return refuse(p, 400, "Content-Length together with Transfer-Encoding");
	if (te == 0 && !ends_in_chunked(coding))
		return refuse(p, 400, "the last transfer coding must be chunked");
	if (te == 0 && !http_text_is(coding, "chunked"))
		return refuse(p, 501, "no transfer coding but chunked is implemented");
	if (te != 0 && cl != 0 &&
	    (p->request.method == METHOD_POST || p->request.method == METHOD_PUT ||
	        p->request.method == METHOD_PATCH))
		return refuse(p, 411, "a Content-Length is required");
	p->chunked = te == 0;
	return 0;
}

static int
check_expect(struct http_parser *p)
{
	struct bytes expect;
	int r = http_header_one(&p->request, "expect", &expect);

	if (r == ERR_NOT_FOUND)
		return 0;
	if (r != 0 || !http_text_is(expect, "100-continue"))
		return refuse(p, 417, "only Expect: 100-continue is understood");
	p->request.expects_continue = 1;
	return 0;
}

static int
check_head(struct http_parser *p)
{
	size_t taken;
	int r;

	if ((r = take_lines(p)) != 0)
		return r;
	if ((r = check_host(p)) != 0)
		return r;
	if ((r = check_framing(p)) != 0)
		return r;
	if ((r = check_expect(p)) != 0)
		return r;
	if ((r = llhttp_take(p, p->head.p, p->head.len, &taken)) != 0)
		return r;
	if (!p->headers_complete || taken != p->head.len)
		return refuse(p, 400, "malformed header");
	p->request.has_body = p->chunked || p->llhttp.content_length > 0;
	if (p->request.has_body &&
	    (p->request.method == METHOD_GET || p->request.method == METHOD_HEAD))
		return refuse(p, 400, "a GET request has no body");
	return 0;
}

static int
end_line(struct http_parser *p, int *ret_head_done)
{
	p->seen_cr = 0;
	*ret_head_done = 0;
	if (p->line_len > 0) {
		p->line_len = 0;
		p->lines++;
		return p->lines > 1 + HTTP_HEADERS_MAX ? refuse(p, 431, "more than 64 headers") : 0;
	}
	if (p->lines > 0) {
		*ret_head_done = 1;
		return 0;
	}
	/* RFC 9112 2.2: empty lines before the request line are ignored */
	buffer_reset(&p->head);
	return ++p->blank > BLANK_LINES_MAX ? refuse(p, 400, "too many empty lines") : 0;
}

static int
check_byte(struct http_parser *p, uint8_t c)
{
	if (p->line_len == 0 && (c == ' ' || c == '\t'))
		return refuse(p, 400, "folded or indented header line");
	if ((c < 0x20 && c != '\t') || c >= 0x7f)
		return refuse(p, 400, "a byte that is not printable ASCII in the header section");
	if (++p->line_len > LINE_MAX_BYTES && p->lines == 0)
		return refuse(p, 414, "the request target is longer than 2048 bytes");
	return 0;
}

/* One byte of the head. */
static int
collect(struct http_parser *p, uint8_t c, int *ret_head_done)
{
	if (p->head.len == HTTP_HEAD_MAX)
		return refuse(p, 431, "the header section is longer than 16384 bytes");
	buffer_add(&p->head, &c, 1);
	if (p->head.err != 0)
		return refuse(p, 503, "out of memory");
	if (p->seen_cr)
		return c == '\n' ? end_line(p, ret_head_done)
		                 : refuse(p, 400, "a carriage return without a line feed");
	if (c == '\n')
		return refuse(p, 400, "a line feed without a carriage return");
	if (c == '\r') {
		p->seen_cr = 1;
		return 0;
	}
	return check_byte(p, c);
}

static enum http_parsed
feed_head(struct http_parser *p, const uint8_t *in, size_t len, size_t *ret_taken)
{
	int done = 0;

	for (size_t i = 0; i < len; i++) {
		*ret_taken = i + 1;
		if (collect(p, in[i], &done) != 0)
			return PARSED_REFUSED;
		if (!done)
			continue;
		if (check_head(p) != 0)
			return PARSED_REFUSED;
		p->phase = PHASE_BODY;
		return PARSED_HEAD;
	}
	*ret_taken = len;
	return PARSED_MORE;
}

/* --- chunks ------------------------------------------------------------------
 * llhttp takes any two bytes for a chunk's end and a space behind its size: a
 * proxy in front need not, and then the two see different requests.
 */

static int
chunk_size_end(struct http_parser *p)
{
	if (p->chunk_digits == 0)
		return refuse(p, 400, "malformed chunk");
	if (p->chunk_left > p->body_max - p->chunk_total)
		return refuse(p, 413, "the body is too long for this route");
	p->chunk_total += p->chunk_left;
	p->chunk_digits = 0;
	p->chunk_at = CHUNK_SIZE_LF;
	return 0;
}

static int
chunk_size_byte(struct http_parser *p, uint8_t c)
{
	uint8_t digit;

	if (c == '\r')
		return chunk_size_end(p);
	if (c == ';')
		return refuse(p, 400, "chunk extensions are not taken");
	if (!is_hex(c) || ++p->chunk_digits > CHUNK_DIGITS_MAX)
		return refuse(p, 400, "malformed chunk");
	digit = (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	p->chunk_left = p->chunk_left << 4 | digit;
	return 0;
}

static int
chunk_must_be(struct http_parser *p, uint8_t c, uint8_t wanted, enum chunk_at next)
{
	if (c != wanted)
		return refuse(p, 400, p->chunk_at == CHUNK_LAST_CR && is_token_char(c) ?
		    "trailers are not taken" : "malformed chunk");
	p->chunk_at = next;
	return 0;
}

/* A byte that is no data. */
static int
chunk_byte(struct http_parser *p, uint8_t c)
{
	switch (p->chunk_at) {
	case CHUNK_SIZE:
		return chunk_size_byte(p, c);
	case CHUNK_SIZE_LF:
		return chunk_must_be(p, c, '\n', p->chunk_left > 0 ? CHUNK_DATA : CHUNK_LAST_CR);
	case CHUNK_DATA_CR:
		return chunk_must_be(p, c, '\r', CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		return chunk_must_be(p, c, '\n', CHUNK_SIZE);
	case CHUNK_LAST_CR:
		return chunk_must_be(p, c, '\r', CHUNK_LAST_LF);
	case CHUNK_LAST_LF:
		return chunk_must_be(p, c, '\n', CHUNK_DONE);
	case CHUNK_DATA:
	case CHUNK_DONE:
		break;
	}
	return ERR_PARSE;
}

/* How many of these bytes belong to the body: all, or as many as end it. */
static int
chunks_scan(struct http_parser *p, const uint8_t *in, size_t len, size_t *ret_len)
{
	size_t i = 0;

	while (i < len && p->chunk_at != CHUNK_DONE) {
		size_t n = 1;

		if (p->chunk_at != CHUNK_DATA) {
			if (chunk_byte(p, in[i]) != 0)
				return ERR_PARSE;
		} else {
			n = len - i < p->chunk_left ? len - i : (size_t)p->chunk_left;
			p->chunk_left -= n;
			if (p->chunk_left == 0)
				p->chunk_at = CHUNK_DATA_CR;
		}
		i += n;
	}
	*ret_len = i;
	return 0;
}

static int
take_chunks(struct http_parser *p, const uint8_t *in, size_t len, size_t *ret_taken)
{
	size_t ours;

	if (chunks_scan(p, in, len, &ours) != 0 || llhttp_take(p, in, ours, ret_taken) != 0)
		return ERR_PARSE;
	if (*ret_taken != ours || p->complete != (p->chunk_at == CHUNK_DONE))
		return refuse(p, 400, "malformed chunk");
	return 0;
}

static enum http_parsed
feed_body(struct http_parser *p, const uint8_t *in, size_t len, size_t *ret_taken)
{
	int r = 0;

	*ret_taken = 0;
	if (!p->complete && p->chunked)
		r = take_chunks(p, in, len, ret_taken);
	else if (!p->complete && p->llhttp.content_length > p->body_max)
		r = refuse(p, 413, "the body is too long for this route");
	else if (!p->complete)
		r = llhttp_take(p, in, len, ret_taken);
	if (r != 0)
		return PARSED_REFUSED;
	if (!p->complete)
		return PARSED_MORE;
	p->request.body = (struct bytes){p->body.p, p->body.len};
	p->phase = PHASE_DONE;
	return PARSED_COMPLETE;
}

size_t
http_parser_feed(struct http_parser *p, const uint8_t *in, size_t len, enum http_parsed *ret)
{
	size_t taken = 0;

	switch (p->phase) {
	case PHASE_HEAD:
		*ret = feed_head(p, in, len, &taken);
		return taken;
	case PHASE_BODY:
		*ret = feed_body(p, in, len, &taken);
		return taken;
	case PHASE_DONE:
		*ret = PARSED_COMPLETE;
		return 0;
	case PHASE_REFUSED:
		break;
	}
	*ret = PARSED_REFUSED;
	return 0;
}

void
http_parser_body_max(struct http_parser *p, size_t max)
{
	p->body_max = max > HTTP_BODY_MAX ? HTTP_BODY_MAX : max;
}

const struct http_request *
http_parser_request(const struct http_parser *p)
{
	return &p->request;
}

int
http_parser_status(const struct http_parser *p)
{
	return p->status;
}

const char *
http_parser_reason(const struct http_parser *p)
{
	return p->reason;
}

void
http_parser_reset(struct http_parser *p)
{
	struct buffer head = p->head;
	struct buffer body = p->body;

	buffer_free(&body); /* most requests have a small one; the room is not worth keeping */
	buffer_reset(&head);
	*p = (struct http_parser){.phase = PHASE_HEAD, .head = head, .body = body};
	p->body_max = HTTP_BODY_MAX;
	llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
	p->llhttp.data = p;
}

int
http_parser_new(struct http_parser **ret)
{
	struct http_parser *p = calloc(1, sizeof *p);

	if (p == NULL)
		return ERR_MEM;
	settings_prepare();
	p->head = buffer_of(HTTP_HEAD_MAX);
	p->body = buffer_of(HTTP_BODY_MAX);
	http_parser_reset(p);
	*ret = p;
	return 0;
}

void
http_parser_free(struct http_parser *p)
{
	if (p == NULL)
		return;
	buffer_free(&p->head);
	buffer_free(&p->body);
	free(p);
}

/* --- small readers ------------------------------------------------------------ */

int
http_text_is(struct bytes text, const char *other)
{
	return text.len == strlen(other) &&
	       (text.len == 0 || strncasecmp((const char *)text.p, other, text.len) == 0);
}

int
http_header_one(const struct http_request *req, const char *name, struct bytes *ret)
{
	const struct http_header *found = NULL;

	for (size_t i = 0; i < req->header_count; i++) {
		if (!http_text_is(req->headers[i].name, name))
			continue;
		if (found != NULL)
			return ERR_DUPLICATE;
		found = &req->headers[i];
	}
	if (found == NULL)
		return ERR_NOT_FOUND;
	*ret = found->value;
	return 0;
}

const char *
http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {400, "Bad Request"},
	    {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
	    {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
	    {411, "Length Required"}, {413, "Content Too Large"}, {414, "URI Too Long"},
	    {415, "Unsupported Media Type"}, {417, "Expectation Failed"},
	    {422, "Unprocessable Content"}, {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
	    {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
	    {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"}};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i].status == status)
			return texts[i].text;
	}
	return "Status";
}
