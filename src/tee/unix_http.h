/*
 * A small HTTP/1.1 client for the agents that TEE platforms put on a Unix
 * socket: one connection, one request and one strict answer (tee/http_reply.h)
 * within a size and a time. How the connection comes about is the table's
 * affair (tee/io.h).
 */
#ifndef SELFSAME_TEE_UNIX_HTTP_H
#define SELFSAME_TEE_UNIX_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tee/http_reply.h"
#include "tee/io.h"

/* POST of a JSON body. Both are ours: they are not escaped. */
struct http_request {
	const char *path;
	struct bytes body;
};

/*
 * Ask once. A reply with an error status is a reply: 0.
 *
 * Returns: 0
 *          ERR_UNSUPPORTED  nobody listens there
 *          ERR_CLOSED       the agent went away before its answer was whole
 *          ERR_TIMEOUT, ERR_SPACE (more than cap bytes), ERR_PARSE, ERR_IO
 * Out:     ret->body lies in room
 */
int unix_http(const struct tee_io *io, const struct http_request *request, uint64_t within_ms,
    uint8_t *room, size_t cap, struct http_reply *ret) MUST_USE;

#endif
