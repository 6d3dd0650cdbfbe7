/* One connection: a parser in front, one exchange at a time, a deadline for each of its states. */
#include "http/server_internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>

#include "base/err.h"
#include "base/banned.h"

#define INPUT_HIGH_WATER 65536 /* what a pipelining client may queue up in our memory */
#define RATE_WINDOW_MS 5000
#define RATE_WINDOW_BYTES 1280 /* a body comes with at least 256 bytes a second */
#define LINGER_MS 2000 /* for the client to read the answer that ends a connection */

uint64_t
http_now_us(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
conn_timer(struct conn *c, uint64_t ms)
{
	struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

	(void)evtimer_add(c->timer, &tv);
}

/* --- exchanges ------------------------------------------------------------------ */

static void
exchange_free(struct http_exchange *x)
{
	if (x == NULL)
		return;
	if (x->server != NULL) {
		if (x->prev != NULL)
			x->prev->next = x->next;
		else
			x->server->exchanges = x->next;
		if (x->next != NULL)
			x->next->prev = x->prev;
		x->server->counts.in_flight--;
	}
	http_parser_free(x->parser);
	free(x);
}

/* The connection's parser moves into the exchange, so that the request outlives the connection. */
static int
exchange_new(struct conn *c, struct http_exchange **ret)
{
	struct http_exchange *x = calloc(1, sizeof *x);

	if (x == NULL)
		return ERR_MEM;
	x->server = c->server;
	x->conn = c;
	x->parser = c->parser;
	c->parser = NULL;
	x->source = c->peer->source;
	x->began_us = c->began_us;
	x->next = c->server->exchanges;
	if (x->next != NULL)
		x->next->prev = x;
	c->server->exchanges = x;
	c->server->counts.in_flight++;
	*ret = x;
	return 0;
}

const struct http_request *
http_exchange_request(const struct http_exchange *x)
{
	return http_parser_request(x->parser);
}

struct http_source
http_exchange_source(const struct http_exchange *x)
{
	return x->source;
}

uint64_t
http_exchange_age_us(const struct http_exchange *x)
{
	return http_now_us() - x->began_us;
}

/* --- the end of a connection ------------------------------------------------------- */

void
conn_free(struct conn *c)
{
	struct http_server *s = c->server;

	if (c->exchange != NULL) {
		c->exchange->conn = NULL;
		/* a request whose body never came whole is nobody's work yet */
		if (c->state == CONN_BODY)
			exchange_free(c->exchange);
	}
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->timer != NULL)
		event_free(c->timer);
	if (c->bev != NULL)
		bufferevent_free(c->bev);
	http_parser_free(c->parser);
	peer_leave(c);
	free(c);
	s->counts.open--;
	server_conn_gone(s);
}

/*
 * The last answer is in the kernel's hands. Closing with unread input would
 * reset the connection and could take the answer with it, so the input is
 * thrown away for a moment.
 */
static void
conn_linger(struct conn *c)
{
	struct ssl_st *ssl = bufferevent_openssl_get_ssl(c->bev);
	evutil_socket_t fd = bufferevent_getfd(c->bev);

	c->state = CONN_LINGER;
	c->since_us = http_now_us();
	(void)evbuffer_drain(bufferevent_get_input(c->bev), SIZE_MAX);
	if (ssl != NULL)
		(void)SSL_shutdown(ssl);
	if (fd >= 0)
		(void)shutdown(fd, SHUT_WR);
	conn_timer(c, LINGER_MS);
	(void)bufferevent_enable(c->bev, EV_READ);
}

/* --- answers ---------------------------------------------------------------------- */

/* A value with a line end in it would be lines of its own, or a body. */
static void
put_extra(struct evbuffer *out, const struct http_extra *x)
{
	for (const char *c = x->value; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			return;
	(void)evbuffer_add_printf(out, "%s: %s\r\n", x->name, x->value);
}

static void
put_head(struct evbuffer *out, const struct http_response *r, int closing)
{
	(void)evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", r->status,
	    http_status_text(r->status));
	(void)evbuffer_add_printf(out, "Content-Type: %s\r\n", r->content_type);
	(void)evbuffer_add_printf(out, "Content-Length: %zu\r\n", r->body.len);
	(void)evbuffer_add_printf(out, "Cache-Control: no-store\r\n");
	(void)evbuffer_add_printf(out, "X-Content-Type-Options: nosniff\r\n");
	for (size_t i = 0; i < r->extra_count; i++)
		put_extra(out, &r->extra[i]);
	(void)evbuffer_add_printf(out, "%s\r\n", closing ? "Connection: close\r\n" : "");
}

static void
conn_answer(struct conn *c, const struct http_response *r, int without_body)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);

	put_head(out, r, c->closing);
	if (!without_body && r->body.len > 0)
		(void)evbuffer_add(out, r->body.p, r->body.len);
	c->state = CONN_WRITING;
	c->since_us = http_now_us();
	conn_timer(c, c->server->options.write_ms);
}

void
http_respond(struct http_exchange *x, const struct http_response *response)
{
	const struct http_request *req = http_parser_request(x->parser);
	struct conn *c = x->conn;

	if (c != NULL) {
		/* answered before its body was read: what follows cannot be told from a request */
		int unread = c->state == CONN_BODY && req->has_body;

		c->exchange = NULL;
		c->closing = !req->keep_alive || unread || c->server->draining;
		conn_answer(c, response, req->method == METHOD_HEAD);
		http_parser_reset(x->parser);
		c->parser = x->parser;
		x->parser = NULL; /* transferred */
	}
	exchange_free(x);
}

/* A request that never became one: answer and end. */
static void
conn_refuse(struct conn *c, int status, const char *reason)
{
	struct buffer body = buffer_of(4096);

	c->server->counts.refused++;
	exchange_free(c->exchange);
	c->exchange = NULL;
	c->closing = 1;
	c->server->options.refused(status, reason, &body, c->server->options.arg);
	conn_answer(c, &(struct http_response){.status = status,
	    .content_type = c->server->options.refused_type, .body = {body.p, body.len}}, 0);
	buffer_free(&body);
}

/* --- input ------------------------------------------------------------------------- */

static struct http_parser *
conn_parser(const struct conn *c)
{
	return c->exchange != NULL ? c->exchange->parser : c->parser;
}

/* Feeds what is there, chunk by chunk; PARSED_MORE when all is taken. */
static enum http_parsed
conn_feed(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	enum http_parsed parsed = PARSED_MORE;
	struct evbuffer_iovec piece;

	if (c->state == CONN_BODY && evbuffer_get_length(in) == 0) {
		(void)http_parser_feed(conn_parser(c), (const uint8_t *)"", 0, &parsed);
		return parsed;
	}
	while (parsed == PARSED_MORE && evbuffer_peek(in, -1, NULL, &piece, 1) > 0 &&
	       piece.iov_len > 0) {
		size_t n = http_parser_feed(conn_parser(c), piece.iov_base, piece.iov_len, &parsed);

		c->window_bytes += n;
		(void)evbuffer_drain(in, n);
	}
	return parsed;
}

static void
conn_begin_body(struct conn *c)
{
	const struct http_server_options *o = &c->server->options;
	size_t body_max = HTTP_BODY_MAX;
	struct http_exchange *x;

	if (exchange_new(c, &x) != 0) {
		conn_refuse(c, 503, "out of memory");
		return;
	}
	c->exchange = x;
	c->state = CONN_BODY;
	o->admit(x, &body_max, o->arg);
	if (c->state != CONN_BODY)
		return; /* answered */
	http_parser_body_max(x->parser, body_max);
	c->window_bytes = 0;
	c->body_deadline_us = http_now_us() + (uint64_t)o->body_ms * 1000;
	conn_timer(c, RATE_WINDOW_MS < o->body_ms ? RATE_WINDOW_MS : o->body_ms);
}

/* The head is admitted and the body's length too, and nothing of it has come. */
static void
conn_continue(struct conn *c)
{
	if (c->state == CONN_BODY && c->window_bytes == 0 &&
	    http_parser_request(c->exchange->parser)->expects_continue)
		(void)bufferevent_write(c->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

static void
conn_step(struct conn *c)
{
	if (c->began_us == 0 && evbuffer_get_length(bufferevent_get_input(c->bev)) > 0) {
		c->began_us = c->since_us = http_now_us();
		conn_timer(c, c->server->options.head_ms);
	}
	switch (conn_feed(c)) {
	case PARSED_MORE:
		conn_continue(c);
		return;
	case PARSED_HEAD:
		conn_begin_body(c);
		return;
	case PARSED_COMPLETE:
		c->state = CONN_BUSY;
		(void)evtimer_del(c->timer);
		(void)bufferevent_disable(c->bev, EV_READ);
		c->server->options.handle(c->exchange, c->server->options.arg);
		return;
	case PARSED_REFUSED:
		conn_refuse(c, http_parser_status(conn_parser(c)),
		    http_parser_reason(conn_parser(c)));
		return;
	}
}

/* Goes on as far as the input allows; one request at a time. */
static void
conn_run(struct conn *c)
{
	enum conn_state before;

	if (c->running)
		return;
	c->running = 1;
	do {
		before = c->state;
		conn_step(c);
	} while (c->state == CONN_BODY && before == CONN_HEAD);
	c->running = 0;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (c->state == CONN_HEAD || c->state == CONN_BODY)
		conn_run(c);
	else if (c->state == CONN_LINGER)
		(void)evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
}

/* The output is empty: the answer is out. */
static void
on_written(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (c->state != CONN_WRITING || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	if (c->closing) {
		conn_linger(c);
		return;
	}
	if (c->server->draining) {
		conn_free(c);
		return;
	}
	c->state = CONN_HEAD;
	c->began_us = 0;
	c->since_us = http_now_us();
	conn_timer(c, c->server->options.idle_ms);
	(void)bufferevent_enable(bev, EV_READ);
	if (evbuffer_get_length(bufferevent_get_input(bev)) > 0)
		conn_run(c);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		conn_free(c);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->state == CONN_BODY && c->window_bytes >= RATE_WINDOW_BYTES &&
	    http_now_us() < c->body_deadline_us) {
		c->window_bytes = 0;
		conn_timer(c, RATE_WINDOW_MS);
		return;
	}
	if (c->state == CONN_BODY || (c->state == CONN_HEAD && c->began_us != 0)) {
		c->server->counts.timed_out++;
		conn_refuse(c, 408, "the request did not come in time");
		return;
	}
	conn_free(c);
}

/* --- the beginning of a connection ---------------------------------------------------- */

static struct bufferevent *
bufferevent_for(struct http_server *s, int fd)
{
	struct bufferevent *bev;
	SSL *ssl;

	if (s->options.tls == NULL)
		return bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if ((ssl = SSL_new(s->options.tls)) == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(s->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
	    BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		SSL_free(ssl);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

int
conn_open(struct http_server *s, int fd, const struct http_source *source)
{
	struct conn *c = calloc(1, sizeof *c);
	int one = 1;

	if (c == NULL)
		return ERR_MEM;
	c->server = s;
	c->since_us = http_now_us();
	if (peer_join(c, source) != 0) {
		free(c);
		return ERR_MEM;
	}
	if (http_parser_new(&c->parser) != 0 ||
	    (c->timer = evtimer_new(s->base, on_timer, c)) == NULL ||
	    (c->bev = bufferevent_for(s, fd)) == NULL) {
		if (c->timer != NULL)
			event_free(c->timer);
		http_parser_free(c->parser);
		peer_leave(c);
		free(c);
		return ERR_MEM;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->next = s->conns;
	if (c->next != NULL)
		c->next->prev = c;
	s->conns = c;
	s->counts.open++;
	s->counts.accepted++;
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_HIGH_WATER);
	/* the first byte is due as soon as a head is, so that a silent client costs little */
	conn_timer(c, s->options.head_ms);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	return 0;
}
