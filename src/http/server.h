/*
 * The HTTP/1.1 server: a listener and its connections on one event loop, plain
 * or TLS. It knows nothing of routes: after the head of a request it asks
 * admit(), after the whole message it calls handle(), and somebody calls
 * http_respond() exactly once, at once or later.
 *
 * What it refuses to do: hold a connection for a client that trickles (a
 * deadline for head, body, answer and idleness, and a minimum rate), hold more
 * connections than it was told (in total and from one source; the one that has
 * waited longest makes room), run two requests of one connection at a time.
 */
#ifndef SELFSAME_HTTP_SERVER_H
#define SELFSAME_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "http/parser.h"

struct event_base;
struct ssl_ctx_st;
struct http_server;

/*
 * One request and its answer. It outlives its connection: when the client goes
 * away, the work goes on and the answer is dropped.
 */
struct http_exchange;

#define HTTP_SOURCE_MAX 48

/* A source: the 16 bytes of an IPv6 (or mapped IPv4) address; IPv6 is cut to its /64. */
struct http_source {
	uint8_t key[16];
};

struct http_extra {
	const char *name;
	const char *value; /* anything but printable ASCII: left out */
};

struct http_response {
	int status;
	const char *content_type;
	struct bytes body; /* copied */
	size_t extra_count;
	struct http_extra extra[4];
};

struct http_server_options {
	struct ssl_ctx_st *tls; /* NULL: plain */
	unsigned connections_max;
	unsigned per_source_max;
	unsigned loopback_more; /* beyond the maximum, for health checks from this machine */
	/* milliseconds; 0 takes the default (10 s, 30 s, 60 s, 30 s) */
	unsigned head_ms;
	unsigned body_ms;
	unsigned idle_ms;
	unsigned write_ms;

	/*
	 * The head is there. Either set the longest body that is taken, or
	 * answer with http_respond() (then the body is not read).
	 */
	void (*admit)(struct http_exchange *x, size_t *ret_body_max, void *arg);
	/* The whole request is there; http_respond() must follow, now or later. */
	void (*handle)(struct http_exchange *x, void *arg);
	/* The body of an answer to a request that never became one. */
	void (*refused)(int status, const char *reason, struct buffer *body, void *arg);
	const char *refused_type; /* its content type */
	void *arg;
};

struct http_counts {
	uint64_t accepted;
	uint64_t turned_away; /* there was no room, and nobody could go */
	uint64_t evicted; /* made room for another */
	uint64_t refused; /* malformed requests */
	uint64_t timed_out;
	unsigned open;
	unsigned in_flight;
};

/*
 * A listening socket for "IPv4:PORT" or "[IPv6]:PORT".
 *
 * Returns: 0, ERR_SETTING (malformed) or ERR_IO (errno is kept)
 */
int http_listen(const char *text, int *ret_fd, uint16_t *ret_port) MUST_USE;

/* Owns: listen_fd is the server's, also on failure. options is copied. */
int http_server_new(struct event_base *base, int listen_fd,
    const struct http_server_options *options, struct http_server **ret) MUST_USE;

/* No new connections and no new requests; idle connections are closed. */
void http_server_drain(struct http_server *s);

/* Closes everything. Exchanges in flight may still be answered. */
void http_server_free(struct http_server *s);

void http_server_counts(const struct http_server *s, struct http_counts *ret);

const struct http_request *http_exchange_request(const struct http_exchange *x);
struct http_source http_exchange_source(const struct http_exchange *x);

/* Microseconds since the first byte of the request was read. */
uint64_t http_exchange_age_us(const struct http_exchange *x);

/* Answers and frees the exchange; its request is gone afterwards. */
void http_respond(struct http_exchange *x, const struct http_response *response);

/* Makes libevent wipe what it frees, since API keys pass through it. First call of all. */
void http_wipe_memory(void);

#endif
