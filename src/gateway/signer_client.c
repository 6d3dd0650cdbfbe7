#include "gateway/signer_client.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <event2/util.h>
#include <sodium.h>

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/banned.h"

#define SLOT_BITS 10
#define SLOTS (1U << SLOT_BITS)
#define FRAMES_A_TURN 64
#define SWEEP_SECONDS 5
#define REPLY_SECONDS 60 /* after that the peer was restarted under us: no answer will come */

/* A request id is a running number and, in its low bits, the slot that waits for the answer. */
struct slot {
	uint64_t id; /* 0: free */
	time_t since;
	signer_reply *reply;
	void *arg;
};

/* A frame that the full socket did not take yet. */
struct waiting {
	struct waiting *next;
	uint32_t type;
	uint64_t id;
	size_t body_len;
	uint8_t frame[];
};

struct signer_client {
	struct event_base *base;
	struct channel channel;
	struct event *readable;
	struct event *writable;
	struct event *sweep;
	int failed;
	size_t in_flight;
	uint64_t sequence;
	unsigned next_slot;
	struct waiting *first;
	struct waiting **last;
	struct slot slots[SLOTS];
	uint8_t out[FRAME_MAX];
	uint8_t in[FRAME_MAX];
};

static time_t
seconds_now(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void
slot_answer(struct signer_client *c, struct slot *s, int err, uint32_t type, struct bytes body)
{
	struct slot done = *s;

	s->id = 0;
	c->in_flight--;
	done.reply(err, type, body, done.arg);
}

/* Answers everything, then leaves the loop; called from the loop only. */
static void
fail(struct signer_client *c, int err)
{
	if (c->failed != 0)
		return;
	c->failed = err;
	log_event(LOG_ERROR, "peer lost", LOG_STR("peer",
	    c->channel.peer == ROLE_SIGNER ? "signer" : "attester"), LOG_CODE(err));
	(void)event_del(c->readable);
	(void)event_del(c->writable);
	for (size_t i = 0; i < SLOTS; i++) {
		if (c->slots[i].id != 0)
			slot_answer(c, &c->slots[i], ERR_CLOSED, 0, (struct bytes){NULL, 0});
	}
	(void)event_base_loopbreak(c->base);
}

/* --- receiving ------------------------------------------------------------------ */

static void
deliver(struct signer_client *c, const struct frame *f)
{
	struct slot *s = &c->slots[f->id & (SLOTS - 1)];

	/* an earlier gateway's request, or one that was given up */
	if (s->id != f->id || f->id == 0)
		return;
	slot_answer(c, s, 0, f->type, f->body);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct signer_client *c = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < FRAMES_A_TURN && c->failed == 0; i++) {
		struct frame f;
		int r = channel_receive(&c->channel, c->in, sizeof c->in, &f);

		if (r == ERR_AGAIN)
			return;
		if (r != 0) {
			fail(c, r);
			return;
		}
		deliver(c, &f);
		wipe(c->in, FRAME_HEADER + f.body.len); /* it may have brought an API key */
	}
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct signer_client *c = arg;
	time_t now = seconds_now();

	(void)fd;
	(void)what;
	for (size_t i = 0; i < SLOTS; i++) {
		if (c->slots[i].id != 0 && now - c->slots[i].since > REPLY_SECONDS)
			slot_answer(c, &c->slots[i], ERR_TIMEOUT, 0, (struct bytes){NULL, 0});
	}
}

/* --- sending -------------------------------------------------------------------- */

static void
waiting_free(struct waiting *w)
{
	wipe(w->frame, FRAME_HEADER + w->body_len);
	free(w);
}

static int
waiting_add(struct signer_client *c, uint32_t type, uint64_t id, size_t body_len)
{
	struct waiting *w = malloc(sizeof *w + FRAME_HEADER + body_len);

	if (w == NULL)
		return ERR_FULL;
	w->next = NULL;
	w->type = type;
	w->id = id;
	w->body_len = body_len;
	memcpy(w->frame, c->out, FRAME_HEADER + body_len);
	*c->last = w;
	c->last = &w->next;
	return event_add(c->writable, NULL) == 0 ? 0 : ERR_FULL;
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct signer_client *c = arg;

	(void)fd;
	(void)what;
	while (c->first != NULL) {
		struct waiting *w = c->first;
		int r = channel_send(&c->channel, w->type, w->id, w->frame, w->body_len);

		if (r == ERR_AGAIN)
			return;
		if (r != 0) {
			fail(c, r);
			return;
		}
		c->first = w->next;
		if (c->first == NULL)
			c->last = &c->first;
		waiting_free(w);
	}
	(void)event_del(c->writable);
}

struct writer
signer_client_begin(struct signer_client *c)
{
	return channel_body(c->out, sizeof c->out);
}

static struct slot *
free_slot(struct signer_client *c)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		unsigned at = (c->next_slot + i) & (SLOTS - 1);

		if (c->slots[at].id == 0) {
			c->next_slot = at + 1;
			return &c->slots[at];
		}
	}
	return NULL;
}

/* In order: what waits goes first. */
static int
send_or_wait(struct signer_client *c, uint32_t type, uint64_t id, size_t body_len)
{
	int r = ERR_AGAIN;

	if (c->first == NULL)
		r = channel_send(&c->channel, type, id, c->out, body_len);
	if (r == ERR_AGAIN)
		return waiting_add(c, type, id, body_len);
	if (r == ERR_CLOSED || r == ERR_IO) {
		/* the reader sees the same and answers from the loop */
		event_active(c->readable, EV_READ, 1);
		return 0;
	}
	return r;
}

int
signer_client_send(struct signer_client *c, uint32_t type, const struct writer *body,
    signer_reply *reply, void *arg)
{
	struct slot *s;
	size_t len;
	int r;

	if ((r = writer_end(body, &len)) != 0) {
		wipe(c->out, sizeof c->out);
		return r;
	}
	s = c->failed != 0 ? NULL : free_slot(c);
	if (s == NULL) {
		wipe(c->out, FRAME_HEADER + len);
		return ERR_FULL;
	}
	if (++c->sequence == 0)
		c->sequence = 1;
	*s = (struct slot){
	    c->sequence << SLOT_BITS | (uint64_t)(s - c->slots), seconds_now(), reply, arg};
	c->in_flight++;
	r = send_or_wait(c, type, s->id, len);
	wipe(c->out, FRAME_HEADER + len);
	if (r != 0) {
		s->id = 0;
		c->in_flight--;
	}
	return r;
}

/* --- life --------------------------------------------------------------------------- */

static int
start_events(struct signer_client *c, int fd)
{
	struct timeval every = {SWEEP_SECONDS, 0};

	c->readable = event_new(c->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(c->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	c->sweep = event_new(c->base, -1, EV_PERSIST, on_sweep, c);
	if (c->readable == NULL || c->writable == NULL || c->sweep == NULL)
		return ERR_MEM;
	if (event_add(c->readable, NULL) != 0 || event_add(c->sweep, &every) != 0)
		return ERR_MEM;
	return 0;
}

int
signer_client_new(struct event_base *base, int fd, enum ipc_role peer, struct signer_client **ret)
{
	struct signer_client *c = calloc(1, sizeof *c);
	int r = ERR_MEM;

	if (c == NULL)
		return ERR_MEM;
	c->base = base;
	c->last = &c->first;
	channel_open(&c->channel, fd, ROLE_GATEWAY, peer);
	randombytes_buf(&c->sequence, sizeof c->sequence);
	c->sequence >>= SLOT_BITS;
	if (evutil_make_socket_nonblocking(fd) != 0) {
		r = ERR_IO;
		goto out;
	}
	if ((r = start_events(c, fd)) != 0)
		goto out;
	*ret = c;
	c = NULL; /* transferred */
out:
	signer_client_free(c);
	return r;
}

void
signer_client_free(struct signer_client *c)
{
	if (c == NULL)
		return;
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	if (c->sweep != NULL)
		event_free(c->sweep);
	while (c->first != NULL) {
		struct waiting *w = c->first;

		c->first = w->next;
		waiting_free(w);
	}
	wipe(c, sizeof *c);
	free(c);
}

size_t
signer_client_in_flight(const struct signer_client *c)
{
	return c->in_flight;
}

int
signer_client_failed(const struct signer_client *c)
{
	return c->failed;
}
