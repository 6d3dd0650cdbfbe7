/* From a booted process to a gateway that listens. */
#ifndef SELFSAME_GATEWAY_START_H
#define SELFSAME_GATEWAY_START_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/settings.h"
#include "gateway/gateway.h"
#include "ipc/messages.h"

struct ssl_ctx_st;

struct gateway_start {
	struct gateway gw;
	struct config config;
	struct ssl_ctx_st *tls; /* NULL: plain */
	int store_fd;
	struct event *store_event;
	int listen_fd;
	uint16_t port;
};

/*
 * Open database, chain, signer, attester and the listening socket: all that
 * needs a name, before the filter is loaded.
 *
 * Returns: 0, or an ERR_* with one line for the operator, which names the
 *          setting and never its value
 */
int gateway_open(struct gateway_start *s, const struct settings *settings,
    const struct msg_boot *boot, char *text, size_t text_cap) MUST_USE;

/* Take up open trades and requests. */
int gateway_begin(struct gateway_start *s) MUST_USE;

/* Ends what is open; the commits that are queued are made. */
void gateway_close(struct gateway_start *s);

#endif
