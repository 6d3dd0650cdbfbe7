/*
 * The gateway's side of the signer's socket: many requests in flight on one
 * event loop, matched by id. Replies to requests of an earlier gateway are
 * dropped (ids start at a random number). The attester's socket is the same,
 * with another peer.
 *
 * A broken socket or a broken protocol ends the gateway: what is in flight is
 * answered ERR_CLOSED, and the loop is left; signer_client_failed() says why.
 */
#ifndef SELFSAME_GATEWAY_SIGNER_CLIENT_H
#define SELFSAME_GATEWAY_SIGNER_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

struct event_base;
struct signer_client;

/*
 * The answer: type MSG_REFUSED or the reply of the request; body borrows and is
 * valid during the call. err is 0, or ERR_CLOSED/ERR_TIMEOUT when no answer will come (type 0).
 */
typedef void signer_reply(int err, uint32_t type, struct bytes body, void *arg);

/* fd is borrowed and made non-blocking. peer: ROLE_SIGNER or ROLE_ATTESTER. */
int signer_client_new(struct event_base *base, int fd, enum ipc_role peer,
    struct signer_client **ret) MUST_USE;
void signer_client_free(struct signer_client *c);

/* Begin a request: a writer for its body, valid until signer_client_send(). */
struct writer signer_client_begin(struct signer_client *c);

/*
 * Send what was written; reply is called later, exactly once, from the loop.
 *
 * Returns: 0, ERR_SPACE (the body did not fit) or ERR_FULL (too many in flight)
 */
int signer_client_send(struct signer_client *c, uint32_t type, const struct writer *body,
    signer_reply *reply, void *arg) MUST_USE;

size_t signer_client_in_flight(const struct signer_client *c);

/* 0, or what ended the connection: ERR_CLOSED, ERR_IO, ERR_PROTOCOL. */
int signer_client_failed(const struct signer_client *c);

#endif
