/*
 * HTTP/1.1 requests from bytes, strictly (RFC 9112), with limits. No I/O.
 *
 * The head is collected and checked here byte by byte, then given whole to
 * llhttp, which must agree; so are the lines between chunks. Refused although some
 * servers take it: bare CR or LF, folded lines, a second Host, a length
 * together with a coding, a coding other than "chunked" alone, chunk
 * extensions, trailers, a body on GET, any target but the origin form.
 *
 * The result depends on the bytes only, not on how they arrive in pieces.
 */
#ifndef SELFSAME_HTTP_PARSER_H
#define SELFSAME_HTTP_PARSER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"

#define HTTP_HEAD_MAX 16384
#define HTTP_HEADERS_MAX 64
#define HTTP_TARGET_MAX 2048
#define HTTP_BODY_MAX 262144

enum http_method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS
};

struct http_header {
	struct bytes name;
	struct bytes value; /* without the white space around it */
};

/* Everything borrows from the parser and lives until http_parser_reset(). */
struct http_request {
	enum http_method method;
	struct bytes path; /* begins with a slash; percent-escapes are left as they are */
	struct bytes query; /* without the question mark */
	size_t header_count;
	struct http_header headers[HTTP_HEADERS_MAX];
	int has_body; /* a body is announced (perhaps an empty one, when chunked) */
	int expects_continue;
	int keep_alive;
	struct bytes body;
};

enum http_parsed {
	PARSED_MORE, /* all input taken, more is needed */
	PARSED_HEAD, /* the head is complete; go on after http_parser_body_max() */
	PARSED_COMPLETE, /* the message is complete */
	PARSED_REFUSED /* http_parser_status() says with what status; the connection must end */
};

struct http_parser;

int http_parser_new(struct http_parser **ret) MUST_USE;
void http_parser_free(struct http_parser *p);

/* Ready for the next message; wipes the last one. */
void http_parser_reset(struct http_parser *p);

/* Returns how many bytes were taken; those after a complete message are left. */
size_t http_parser_feed(struct http_parser *p, const uint8_t *in, size_t len,
    enum http_parsed *ret);

/* How long the body of this message may be; at most HTTP_BODY_MAX. */
void http_parser_body_max(struct http_parser *p, size_t max);

const struct http_request *http_parser_request(const struct http_parser *p);

/* After PARSED_REFUSED: the status and one line on what is wrong. */
int http_parser_status(const struct http_parser *p);
const char *http_parser_reason(const struct http_parser *p);

const char *http_method_name(enum http_method method);

/*
 * A header that may stand once.
 *
 * Returns: 0, ERR_NOT_FOUND or ERR_DUPLICATE.
 */
int http_header_one(const struct http_request *req, const char *name, struct bytes *ret) MUST_USE;

/* ASCII comparison without regard to case. */
int http_text_is(struct bytes text, const char *other);

/* "200 OK" without the number; never NULL. */
const char *http_status_text(int status);

#endif
