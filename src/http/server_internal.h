/*
 * What the server's files share.
 *
 *   listen.c      the listening socket
 *   server.c      accepting, and the life of the server
 *   connection.c  one connection: reading, answering, deadlines
 *   room.c        who goes when there are too many
 */
#ifndef SELFSAME_HTTP_SERVER_INTERNAL_H
#define SELFSAME_HTTP_SERVER_INTERNAL_H

#include <stdint.h>

#include "base/attr.h"
#include "http/server.h"

struct bufferevent;
struct event;

enum conn_state {
	CONN_HEAD, /* between requests, or within a head */
	CONN_BODY,
	CONN_BUSY, /* the handler works */
	CONN_WRITING, /* the answer is on its way */
	CONN_LINGER /* answered for the last time; input is thrown away */
};

/* All connections of one source. */
struct http_peer {
	struct http_source source;
	unsigned open;
};

struct conn {
	struct http_server *server;
	struct bufferevent *bev;
	struct event *timer;
	struct http_parser *parser; /* NULL while the exchange has it */
	struct http_exchange *exchange;
	struct http_peer *peer;
	enum conn_state state;
	int running; /* conn_run() is on the stack */
	int closing; /* after the answer that is on its way */
	uint64_t since_us; /* when it began to wait for its client */
	uint64_t began_us; /* the first byte of the request */
	uint64_t window_bytes;
	uint64_t body_deadline_us;
	struct conn *prev;
	struct conn *next;
};

struct http_exchange {
	struct http_server *server; /* NULL after http_server_free() */
	struct conn *conn; /* NULL when the client is gone */
	struct http_parser *parser;
	struct http_source source;
	uint64_t began_us;
	struct http_exchange *prev;
	struct http_exchange *next;
};

struct http_server {
	struct event_base *base;
	struct http_server_options options;
	int listen_fd;
	struct event *listener;
	struct event *retry;
	int draining;
	struct conn *conns;
	struct http_exchange *exchanges;
	struct http_counts counts;
};

uint64_t http_now_us(void); /* monotonic */

/* Owns: fd is the connection's on success only. ERR_MEM. */
int conn_open(struct http_server *s, int fd, const struct http_source *source) MUST_USE;

/* The connection is closed; a request that the handler has goes on. */
void conn_free(struct conn *c);

/* Count it with its source. ERR_MEM. peer_leave() is its end. */
int peer_join(struct conn *c, const struct http_source *source) MUST_USE;
void peer_leave(struct conn *c);

/* See to it that one more connection of this source has room. ERR_FULL, ERR_NOT_FOUND: none. */
int room_make(struct http_server *s, const struct http_source *source) MUST_USE;

/* Descriptors are free again. */
void server_conn_gone(struct http_server *s);

#endif
