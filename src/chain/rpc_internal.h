/*
 * The parts of the JSON-RPC client: endpoints (which URL may be used now),
 * transport (libcurl on the event loop) and rpc.c, which moves calls between
 * them.
 */
#ifndef SELFSAME_CHAIN_RPC_INTERNAL_H
#define SELFSAME_CHAIN_RPC_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "chain/rpc.h"
#include "chain/urls.h"

/* --- endpoints ---------------------------------------------------------------- */

enum endpoint_state {
	ENDPOINT_UNKNOWN, /* its chain id is to be asked before anything else */
	ENDPOINT_USABLE,
	ENDPOINT_WRONG_CHAIN
};

struct endpoint {
	enum endpoint_state state;
	int verifying;	   /* eth_chainId is under way */
	int limited;	   /* not_before was set by a rate limit: waiting for it is worth while */
	unsigned failures; /* in a row */
	uint64_t verified_at;
	uint64_t not_before; /* milliseconds; back-off */
};

struct endpoints {
	size_t count;
	struct endpoint at[RPC_URLS_MAX];
};

/* Whether the chain id must be asked (again) now. */
int endpoint_wants_check(const struct endpoint *e, uint64_t now);

void endpoint_checked(struct endpoint *e, int same_chain, uint64_t now);

/* The connection or the answer failed: back off, and ask the chain id again. */
void endpoint_failed(struct endpoint *e, uint64_t now);

/* The provider said wait; retry_after_ms 0: it did not say how long. */
void endpoint_limited(struct endpoint *e, uint64_t retry_after_ms, uint64_t now);

/* An answer to the call says "another chain": ask the chain id before the next call. */
void endpoint_doubted(struct endpoint *e);

void endpoint_worked(struct endpoint *e);

enum pick { PICK_ONE, PICK_WAIT, PICK_NONE };

/*
 * An endpoint for a call that tried those of the bit mask: the first in the
 * list that is usable; else wait (one is being checked or is to be checked, or
 * a rate limit ends before the deadline); else none.
 */
enum pick endpoints_pick(const struct endpoints *e, unsigned tried, uint64_t deadline, uint64_t now,
			 size_t *ret_index);

/* --- transport ---------------------------------------------------------------- */

#define RPC_ANSWER_MAX ((size_t)4 * 1024 * 1024)
#define TRANSPORT_SLOTS 16

struct transport;

/* How one HTTP exchange ended; body is valid during the call. */
struct exchange {
	enum rpc_class class; /* RPC_OK: a body came, whatever the status */
	const char *message;  /* why not, without the URL */
	long status;
	uint64_t retry_after_ms;
	const struct buffer *body;
};

typedef void exchange_done(const struct exchange *exchange, void *arg);

int transport_new(struct event_base *base, const char *ca_file, struct transport **ret) MUST_USE;
void transport_free(struct transport *t); /* what is under way is dropped without done() */
int transport_has_room(const struct transport *t);

/*
 * POST body (copied) to url (borrowed while under way). done is called later,
 * from the loop, when 0 was returned; ERR_FULL, ERR_MEM, ERR_IO.
 */
int transport_post(struct transport *t, const char *url, const struct buffer *body,
		   uint64_t timeout_ms, exchange_done *done, void *arg) MUST_USE;

#endif
