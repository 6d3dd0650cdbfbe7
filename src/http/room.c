/*
 * Room for one more connection. When there is none, the connection that has
 * waited longest for its client goes, of the source that holds the most: a
 * crowd of silent ones makes room for itself, and whoever has something to say
 * is never the oldest. A request that the handler has is never given up.
 */
#include "http/server_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/banned.h"

#define STALLED_US 2000000 /* an answer that the client has not taken by then may go too */

static struct http_peer *
peer_find(const struct http_server *s, const struct http_source *source)
{
	for (const struct conn *c = s->conns; c != NULL; c = c->next) {
		if (memcmp(c->peer->source.key, source->key, sizeof source->key) == 0)
			return c->peer;
	}
	return NULL;
}

int
peer_join(struct conn *c, const struct http_source *source)
{
	struct http_peer *p = peer_find(c->server, source);

	if (p == NULL && (p = calloc(1, sizeof *p)) == NULL)
		return ERR_MEM;
	p->source = *source;
	p->open++;
	c->peer = p;
	return 0;
}

void
peer_leave(struct conn *c)
{
	if (--c->peer->open == 0)
		free(c->peer);
	c->peer = NULL;
}

/* 127.0.0.0/8 and ::1; source_of() has cut the latter to its /64, which has no other address. */
static int
is_loopback(const struct http_source *source)
{
	static const uint8_t mapped[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
	static const uint8_t none[16];

	return memcmp(source->key, mapped, sizeof mapped) == 0 ||
	       memcmp(source->key, none, sizeof none) == 0;
}

static int
may_go(const struct conn *c, uint64_t now)
{
	switch (c->state) {
	case CONN_HEAD:
	case CONN_BODY:
	case CONN_LINGER:
		return 1;
	case CONN_WRITING:
		return now - c->since_us > STALLED_US;
	case CONN_BUSY:
		return 0;
	}
	return 0;
}

static int
goes_before(const struct conn *a, const struct conn *b)
{
	if (b == NULL)
		return 1;
	if (a->peer->open != b->peer->open)
		return a->peer->open > b->peer->open;
	return a->since_us < b->since_us;
}

/* Of this peer, or of all: ERR_NOT_FOUND when none may go. */
static int
evict(struct http_server *s, const struct http_peer *of, unsigned at_least)
{
	uint64_t now = http_now_us();
	struct conn *first = NULL;

	for (struct conn *c = s->conns; c != NULL; c = c->next) {
		if ((of == NULL || c->peer == of) && may_go(c, now) && goes_before(c, first))
			first = c;
	}
	if (first == NULL || first->peer->open < at_least)
		return ERR_NOT_FOUND;
	s->counts.evicted++;
	conn_free(first);
	return 0;
}

int
room_make(struct http_server *s, const struct http_source *source)
{
	const struct http_server_options *o = &s->options;
	const struct http_peer *peer = peer_find(s, source);
	unsigned open = peer == NULL ? 0 : peer->open;

	if (open >= o->per_source_max)
		return evict(s, peer, 0);
	if (s->counts.open < o->connections_max)
		return 0;
	/* who has many does not push out who has few */
	if (evict(s, NULL, open) == 0)
		return 0;
	if (is_loopback(source) && s->counts.open < o->connections_max + o->loopback_more)
		return 0;
	return ERR_FULL;
}
