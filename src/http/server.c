#include "http/server.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/err.h"
#include "base/secret.h"
#include "http/server_internal.h"
#include "base/banned.h"

#define ACCEPTS_A_TURN 32
#define ACCEPT_RETRY_MS 100 /* when descriptors have run out */

/* --- accepting ----------------------------------------------------------------------- */

static struct http_source
source_of(const struct sockaddr_storage *at)
{
	struct http_source s = {{0}};

	if (at->ss_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)at;

		memcpy(s.key, &six->sin6_addr, 16);
		if (!IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
			memset(s.key + 8, 0, 8);
		return s;
	}
	s.key[10] = 0xff;
	s.key[11] = 0xff;
	memcpy(s.key + 12, &((const struct sockaddr_in *)(const void *)at)->sin_addr, 4);
	return s;
}

static void
listener_resume(struct http_server *s)
{
	if (!s->draining && s->listener != NULL)
		(void)event_add(s->listener, NULL);
}

void
server_conn_gone(struct http_server *s)
{
	listener_resume(s);
}

static void
listener_pause(struct http_server *s)
{
	const struct timeval tv = {0, ACCEPT_RETRY_MS * 1000L};

	(void)event_del(s->listener);
	(void)evtimer_add(s->retry, &tv);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	listener_resume(arg);
}

/* Returns whether another accept may be tried. */
static int
accept_one(struct http_server *s)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;
	struct http_source source;
	int fd;

	fd = accept4(s->listen_fd, (struct sockaddr *)&at, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		/* out of descriptors or memory: the listener stays readable, so wait a little */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			listener_pause(s);
		return errno == ECONNABORTED || errno == EINTR;
	}
	source = source_of(&at);
	if (room_make(s, &source) != 0) {
		s->counts.turned_away++;
		(void)close(fd);
		return 1;
	}
	if (conn_open(s, fd, &source) != 0)
		(void)close(fd);
	return 1;
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN && accept_one(s); i++)
		continue;
}

/* --- the server ------------------------------------------------------------------------ */

static void
set_default(unsigned *ms, unsigned value)
{
	if (*ms == 0)
		*ms = value;
}

int
http_server_new(struct event_base *base, int listen_fd, const struct http_server_options *options,
    struct http_server **ret)
{
	struct http_server *s = calloc(1, sizeof *s);

	if (s == NULL) {
		(void)close(listen_fd);
		return ERR_MEM;
	}
	s->base = base;
	s->options = *options;
	set_default(&s->options.head_ms, 10000);
	set_default(&s->options.body_ms, 30000);
	set_default(&s->options.idle_ms, 60000);
	set_default(&s->options.write_ms, 30000);
	s->listen_fd = listen_fd;
	s->listener = event_new(base, listen_fd, EV_READ | EV_PERSIST, on_accept, s);
	s->retry = evtimer_new(base, on_retry, s);
	if (s->listener == NULL || s->retry == NULL || event_add(s->listener, NULL) != 0) {
		http_server_free(s);
		return ERR_MEM;
	}
	*ret = s;
	return 0;
}

void
http_server_drain(struct http_server *s)
{
	struct conn *next;

	s->draining = 1;
	(void)event_del(s->listener);
	(void)evtimer_del(s->retry);
	(void)close(s->listen_fd);
	s->listen_fd = -1;
	for (struct conn *c = s->conns; c != NULL; c = next) {
		next = c->next;
		if (c->state == CONN_HEAD && c->began_us == 0)
			conn_free(c);
	}
}

void
http_server_free(struct http_server *s)
{
	if (s == NULL)
		return;
	s->draining = 1;
	while (s->conns != NULL)
		conn_free(s->conns);
	while (s->exchanges != NULL) {
		struct http_exchange *x = s->exchanges;

		s->exchanges = x->next;
		x->server = NULL;
		x->prev = NULL;
		x->next = NULL;
	}
	if (s->listener != NULL)
		event_free(s->listener);
	if (s->retry != NULL)
		event_free(s->retry);
	if (s->listen_fd >= 0)
		(void)close(s->listen_fd);
	free(s);
}

void
http_server_counts(const struct http_server *s, struct http_counts *ret)
{
	*ret = s->counts;
}

/* --- wiping what libevent frees ----------------------------------------------------------- */

static void
free_wiped(void *p)
{
	if (p == NULL)
		return;
	wipe(p, malloc_usable_size(p));
	free(p);
}

static void *
realloc_wiped(void *p, size_t n)
{
	size_t had = p == NULL ? 0 : malloc_usable_size(p);
	void *q = malloc(n);

	if (q == NULL)
		return NULL;
	if (had > 0)
		memcpy(q, p, had < n ? had : n);
	free_wiped(p);
	return q;
}

void
http_wipe_memory(void)
{
	event_set_mem_functions(malloc, realloc_wiped, free_wiped);
}
