/*
 * One HTTP/1.1 response (RFC 9112), read strictly: a status line, headers, a
 * body by Content-Length or in chunks, and nothing behind it. Refused: another
 * version, 1xx, both framings or two lengths, codings other than chunked, chunk
 * extensions and trailers, folded lines, bare CR or LF, and a body that ends
 * with the connection, because nothing tells such a body from half of one.
 */
#ifndef SELFSAME_TEE_HTTP_REPLY_H
#define SELFSAME_TEE_HTTP_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define HTTP_REPLY_HEAD_MAX 8192

struct http_reply {
	unsigned status; /* 200 to 599 */
	struct bytes body; /* in the bytes that were given */
};

/*
 * Look at what has come so far. Chunks are put together in place once all are
 * there, so that the bytes are changed on success.
 *
 * Returns: 0, ERR_AGAIN (more is to come) or ERR_PARSE
 */
int http_reply_parse(uint8_t *p, size_t len, struct http_reply *ret) MUST_USE;

#endif
