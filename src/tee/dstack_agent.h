/*
 * The guest agent of dstack on its Unix socket: which of its interfaces this
 * one speaks, and one call with a JSON object in and out.
 *
 * An interface is chosen by path: /v1 (since 0.6), / (v0, frozen at 0.5.11) and
 * Tappd (to 0.4). Bytes are hex without a prefix; error texts are
 * {"error":"..."}. Source: dstack's docs/guest-api-v0.md and guest-api-v1.md.
 */
#ifndef SELFSAME_TEE_DSTACK_AGENT_H
#define SELFSAME_TEE_DSTACK_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "json/reader.h"
#include "tee/io.h"
#include "tee/unix_http.h"

/* What fits into an answer: an Info carries the whole compose file and the event log. */
#define DSTACK_ANSWER_MAX 262144

enum dstack_surface { DSTACK_V0 = 1, DSTACK_V1 = 2, DSTACK_TAPPD = 4 };

struct dstack_agent {
	struct tee_io io;
	unsigned surfaces; /* of enum dstack_surface, or'ed */
	uint8_t *room; /* the caller's, for one whole answer */
	size_t room_len;
};

/* An answer's members. Points into itself: not to be copied or moved. */
struct dstack_answer {
	struct json_in in;
	struct json_error error;
	int open;
};

/*
 * Ask which interfaces there are: /v1/Version, /Version, /prpc/Tappd.Version. An
 * agent that knows the interface but not this method has it.
 *
 * Returns: 0, ERR_UNSUPPORTED (no agent, or none of them), ERR_IO, ERR_TIMEOUT, ...
 */
int dstack_probe(struct dstack_agent *agent) MUST_USE;

/*
 * Call a method. A connection that fails is tried again for five seconds: all
 * that we call may be called twice. An error of the agent is logged.
 *
 * Returns: 0, ERR_NOT_FOUND (no such method), ERR_IO (it failed), ERR_PARSE, ERR_TIMEOUT, ...
 * Owns:    *ret needs dstack_answer_close() when 0 was returned
 */
int dstack_call(const struct dstack_agent *agent, const char *path, struct bytes body,
    struct dstack_answer *ret) MUST_USE;
void dstack_answer_close(struct dstack_answer *a);

/* A required member of hex digits, with 0x or without, as bytes; failures stay in a->error. */
void dstack_hex(struct dstack_answer *a, const char *name, uint8_t *ret, size_t cap,
    size_t *ret_len);

#endif
