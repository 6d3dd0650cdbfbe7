#include "chain/rpc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "base/err.h"
#include "base/log.h"
#include "chain/answer.h"
#include "chain/errors.h"
#include "chain/rpc_internal.h"
#include "chain/value.h"
#include "base/banned.h"

#define REQUEST_MAX ((size_t)256 * 1024)
#define WAITING_MAX 4096
#define TICK_MS 50     /* how often waiting calls are looked at again */
#define UPKEEP_MS 1000 /* how often idle endpoints are looked after */
#define NO_ENDPOINT SIZE_MAX

struct call {
	struct call *next;
	struct rpc *rpc;
	struct buffer request;
	uint64_t id;
	size_t endpoint; /* while under way */
	size_t checks;	 /* the endpoint whose chain id this call asks, or NO_ENDPOINT */
	unsigned tried;	 /* bit mask of endpoints */
	uint64_t deadline;
	rpc_done *done;
	void *arg;
	enum rpc_class last; /* how the last try failed */
	char message[ANSWER_MESSAGE_MAX + 1];
};

struct queue {
	struct call *first;
	struct call **last;
	size_t count;
};

struct rpc {
	struct event_base *base;
	struct transport *transport;
	struct rpc_urls urls;
	struct endpoints endpoints;
	uint64_t chain_id;
	uint64_t timeout_ms;
	uint64_t next_id;
	struct queue urgent; /* chain id questions */
	struct queue waiting;
	struct call *under_way; /* for rpc_free() only */
	struct event *kick;
	struct event *tick;
	struct event *upkeep;
	uint64_t calls;
	uint64_t failures;
};

static uint64_t
now_ms(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- queues ------------------------------------------------------------------- */

static void
queue_init(struct queue *q)
{
	*q = (struct queue){.last = &q->first};
}

static void
queue_add(struct queue *q, struct call *c)
{
	c->next = NULL;
	*q->last = c;
	q->last = &c->next;
	q->count++;
}

static void
queue_add_first(struct queue *q, struct call *c)
{
	c->next = q->first;
	q->first = c;
	if (c->next == NULL)
		q->last = &c->next;
	q->count++;
}

/* Unlinks the call at *at. */
static struct call *
queue_take(struct queue *q, struct call **at)
{
	struct call *c = *at;

	*at = c->next;
	if (c->next == NULL)
		q->last = at;
	c->next = NULL;
	q->count--;
	return c;
}

static void
call_free(struct call *c)
{
	buffer_free(&c->request);
	free(c);
}

static void
queue_free(struct queue *q)
{
	while (q->first != NULL)
		call_free(queue_take(q, &q->first));
}

/* --- answers ------------------------------------------------------------------ */

static void
remember(struct call *c, enum rpc_class class, const char *message)
{
	c->last = class;
	printable_copy(message, c->message, sizeof c->message);
}

static void
deliver(struct call *c, const struct rpc_answer *answer)
{
	if (answer->class != RPC_OK && rpc_class_is_node_trouble(answer->class))
		c->rpc->failures++;
	if (c->done != NULL)
		c->done(answer, c->arg);
	call_free(c);
}

static void
deliver_failure(struct call *c)
{
	const struct rpc_answer answer = {.class = c->last, .message = c->message};

	deliver(c, &answer);
}

static void
checked(struct rpc *rpc, size_t index, const struct rpc_answer *answer)
{
	struct endpoint *e = &rpc->endpoints.at[index];
	enum endpoint_state before = e->state;
	uint64_t said = 0;

	if (value_u64(answer->result, &said) != 0) {
		endpoint_failed(e, now_ms());
		return;
	}
	endpoint_checked(e, said == rpc->chain_id, now_ms());
	if (e->state == before)
		return;
	if (e->state == ENDPOINT_USABLE)
		log_event(LOG_INFO, "rpc node usable", LOG_INT("url", index + 1));
	else
		log_event(LOG_ERROR, "rpc node is on another chain", LOG_INT("url", index + 1),
			  LOG_INT("expected", rpc->chain_id), LOG_INT("answered", said));
}

/* What a failure says about the endpoint; said_so: the node answered, in JSON-RPC. */
static void
note_trouble(struct rpc *rpc, size_t index, enum rpc_class class, int said_so,
	     uint64_t retry_after_ms)
{
	struct endpoint *e = &rpc->endpoints.at[index];
	enum endpoint_state before = e->state;

	if (class == RPC_RATE_LIMITED)
		endpoint_limited(e, retry_after_ms, now_ms());
	else if (class == RPC_WRONG_CHAIN)
		endpoint_doubted(e);
	else if (!said_so)
		endpoint_failed(e, now_ms());
	/* else a caller's slow or odd request failed, not the node */
	if (e->state != before)
		log_event(LOG_WARN, "rpc node failed", LOG_INT("url", index + 1),
			  LOG_STR("class", rpc_class_name(class)));
}

static void
next_try(struct call *c, enum rpc_class class, const char *message, int said_so,
	 uint64_t retry_after_ms)
{
	struct rpc *rpc = c->rpc;
	size_t index = c->endpoint;

	note_trouble(rpc, index, class, said_so, retry_after_ms);
	if (c->checks != NO_ENDPOINT) {
		rpc->endpoints.at[index].verifying = 0;
		if (said_so && class != RPC_RATE_LIMITED)
			endpoint_failed(&rpc->endpoints.at[index], now_ms());
		call_free(c);
		return;
	}
	remember(c, class, message);
	/* a limited endpoint may be tried again once its time has come */
	if (class != RPC_RATE_LIMITED)
		c->tried |= 1U << index;
	queue_add_first(&rpc->waiting, c);
}

static void
take_answer(struct call *c, const struct rpc_answer *answer)
{
	struct rpc *rpc = c->rpc;

	endpoint_worked(&rpc->endpoints.at[c->endpoint]);
	if (c->checks != NO_ENDPOINT) {
		checked(rpc, c->checks, answer);
		call_free(c);
		return;
	}
	deliver(c, answer);
}

static void
unlink_under_way(struct call *c)
{
	struct call **at = &c->rpc->under_way;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->next = NULL;
}

static void
on_exchange(const struct exchange *x, void *arg)
{
	struct call *c = arg;
	struct rpc *rpc = c->rpc;
	struct parsed_answer parsed;
	char status[32];

	unlink_under_way(c);
	event_active(rpc->kick, EV_TIMEOUT, 1); /* a slot is free again */
	if (x->class != RPC_OK) {
		next_try(c, x->class, x->message, 0, 0);
		return;
	}
	answer_parse(x->body->p == NULL ? "" : (const char *)x->body->p, x->body->len, c->id,
		     &parsed);
	if (!parsed.has_error && x->status != 200) {
		(void)snprintf(status, sizeof status, "HTTP status %ld", x->status);
		next_try(c, rpc_http_class(x->status), status, 0, x->retry_after_ms);
	} else if (rpc_class_is_node_trouble(parsed.answer.class)) {
		next_try(c, parsed.answer.class, parsed.message, parsed.has_error,
			 x->retry_after_ms);
	} else {
		take_answer(c, &parsed.answer);
	}
	parsed_answer_free(&parsed);
}

/* --- dispatch ----------------------------------------------------------------- */

/* A node that hangs must leave time for the next one. */
static uint64_t
share_of_time(const struct rpc *rpc, const struct call *c)
{
	uint64_t now = now_ms();
	uint64_t left = c->deadline > now ? c->deadline - now : 1;
	unsigned untried = 0;

	for (size_t i = 0; i < rpc->endpoints.count; i++)
		untried += (c->tried & 1U << i) == 0;
	if (c->checks != NO_ENDPOINT || untried < 2)
		return left;
	return left / untried > 0 ? left / untried : 1;
}

static void
start(struct rpc *rpc, struct call *c, size_t index)
{
	uint64_t time = share_of_time(rpc, c);

	c->endpoint = index;
	c->next = rpc->under_way;
	rpc->under_way = c;
	if (transport_post(rpc->transport, rpc->urls.url[index], &c->request, time, on_exchange,
			   c) == 0)
		return;
	unlink_under_way(c);
	next_try(c, RPC_UNREACHABLE, "the request could not be started", 0, 0);
}

static struct call *
call_new(struct rpc *rpc, const char *method, const char *params)
{
	struct call *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->rpc = rpc;
	c->id = rpc->next_id++;
	c->checks = NO_ENDPOINT;
	c->deadline = now_ms() + rpc->timeout_ms;
	c->request = buffer_of(REQUEST_MAX);
	buffer_format(&c->request, "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64 ",\"method\":\"", c->id);
	buffer_text(&c->request, method);
	buffer_text(&c->request, "\",\"params\":");
	buffer_text(&c->request, params);
	buffer_text(&c->request, "}");
	if (c->request.err != 0) {
		call_free(c);
		return NULL;
	}
	return c;
}

static void
ask_chain_ids(struct rpc *rpc)
{
	uint64_t now = now_ms();

	for (size_t i = 0; i < rpc->endpoints.count; i++) {
		struct endpoint *e = &rpc->endpoints.at[i];
		struct call *c;

		if (!endpoint_wants_check(e, now) ||
		    (c = call_new(rpc, "eth_chainId", "[]")) == NULL)
			continue;
		c->checks = i;
		e->verifying = 1;
		queue_add(&rpc->urgent, c);
	}
}

/* Why no endpoint can be used, for a call that was sent to none. */
static void
explain(const struct rpc *rpc, struct call *c)
{
	size_t wrong = 0;

	if (c->last != RPC_OK)
		return;
	for (size_t i = 0; i < rpc->endpoints.count; i++)
		wrong += rpc->endpoints.at[i].state == ENDPOINT_WRONG_CHAIN;
	if (wrong == rpc->endpoints.count)
		remember(c, RPC_WRONG_CHAIN,
			 "the RPC node is on another chain than SELFSAME_CHAIN_ID");
	else
		remember(c, RPC_UNREACHABLE, "no RPC node can be reached");
}

/* Moves what waits as far as it goes; gives up what cannot go on. */
static void
look_at_waiting(struct rpc *rpc, struct queue *ret_failed)
{
	struct call **at = &rpc->waiting.first;
	uint64_t now = now_ms();

	while (*at != NULL && transport_has_room(rpc->transport)) {
		struct call *c = *at;
		enum pick pick = PICK_NONE;
		size_t index = 0;

		if (now < c->deadline)
			pick = endpoints_pick(&rpc->endpoints, c->tried, c->deadline, now, &index);
		else if (c->last == RPC_OK)
			remember(c, RPC_TIMEOUT, "no RPC node was free in time");
		switch (pick) {
		case PICK_ONE:
			start(rpc, queue_take(&rpc->waiting, at), index);
			/* start() may have put it back in front */
			at = &rpc->waiting.first;
			break;
		case PICK_WAIT:
			at = &c->next;
			break;
		case PICK_NONE:
			explain(rpc, c);
			queue_add(ret_failed, queue_take(&rpc->waiting, at));
			break;
		}
	}
}

/* With all slots taken, what is too late is still given up. */
static void
expire(struct rpc *rpc, struct queue *ret_failed)
{
	struct call **at = &rpc->waiting.first;
	uint64_t now = now_ms();

	while (*at != NULL) {
		if (now < (*at)->deadline) {
			at = &(*at)->next;
			continue;
		}
		if ((*at)->last == RPC_OK)
			remember(*at, RPC_TIMEOUT, "no RPC node was free in time");
		queue_add(ret_failed, queue_take(&rpc->waiting, at));
	}
}

static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct rpc *rpc = arg;
	struct queue failed;
	struct timeval wait = {0, TICK_MS * 1000};

	(void)fd;
	(void)what;
	queue_init(&failed);
	ask_chain_ids(rpc);
	while (rpc->urgent.first != NULL && transport_has_room(rpc->transport)) {
		struct call *c = queue_take(&rpc->urgent, &rpc->urgent.first);

		start(rpc, c, c->checks);
	}
	look_at_waiting(rpc, &failed);
	expire(rpc, &failed);
	if (rpc->waiting.first != NULL)
		(void)event_add(rpc->tick, &wait);
	while (failed.first != NULL)
		deliver_failure(queue_take(&failed, &failed.first));
}

void
rpc_call(struct rpc *rpc, const char *method, const char *params, rpc_done *done, void *arg)
{
	static const struct rpc_answer no_memory = {
	    .class = RPC_OTHER, .message = "the request is too long, or out of memory"};
	struct call *c = call_new(rpc, method, params);

	rpc->calls++;
	if (c == NULL) {
		done(&no_memory, arg);
		return;
	}
	c->done = done;
	c->arg = arg;
	if (rpc->waiting.count >= WAITING_MAX) {
		remember(c, RPC_RATE_LIMITED, "too many requests wait for the RPC node");
		c->tried = UINT32_MAX;
		c->deadline = 0;
	}
	queue_add(&rpc->waiting, c);
	event_active(rpc->kick, EV_TIMEOUT, 1);
}

/* --- life --------------------------------------------------------------------- */

static int
start_events(struct rpc *rpc)
{
	struct timeval every = {UPKEEP_MS / 1000, 0};

	rpc->kick = event_new(rpc->base, -1, 0, on_kick, rpc);
	rpc->tick = event_new(rpc->base, -1, 0, on_kick, rpc);
	rpc->upkeep = event_new(rpc->base, -1, EV_PERSIST, on_kick, rpc);
	if (rpc->kick == NULL || rpc->tick == NULL || rpc->upkeep == NULL ||
	    event_add(rpc->upkeep, &every) != 0)
		return ERR_MEM;
	event_active(rpc->kick, EV_TIMEOUT, 1); /* health is known before the first call */
	return 0;
}

int
rpc_new(struct event_base *base, const struct rpc_options *options, struct rpc **ret, char *text,
	size_t text_cap)
{
	struct rpc *rpc = NULL;
	int r = ERR_MEM;

	(void)snprintf(text, text_cap, "the RPC client could not be set up");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ERR_IO;
	if ((rpc = calloc(1, sizeof *rpc)) == NULL)
		goto out;
	rpc->base = base;
	rpc->chain_id = options->chain_id;
	rpc->timeout_ms = options->timeout_ms;
	rpc->next_id = 1;
	queue_init(&rpc->urgent);
	queue_init(&rpc->waiting);
	if ((r = rpc_urls_parse(options->urls, &rpc->urls, text, text_cap)) != 0)
		goto out;
	if (options->ca_file != NULL && access(options->ca_file, R_OK) != 0) {
		(void)snprintf(text, text_cap, "SELFSAME_CA_FILE: the file cannot be read");
		r = ERR_SETTING;
		goto out;
	}
	rpc->endpoints.count = rpc->urls.count;
	if ((r = transport_new(base, options->ca_file, &rpc->transport)) != 0)
		goto out;
	if ((r = start_events(rpc)) != 0)
		goto out;
	*ret = rpc;
	return 0;
out:
	rpc_free(rpc);
	if (rpc == NULL)
		curl_global_cleanup();
	return r;
}

void
rpc_free(struct rpc *rpc)
{
	if (rpc == NULL)
		return;
	transport_free(rpc->transport);
	while (rpc->under_way != NULL) {
		struct call *c = rpc->under_way;

		rpc->under_way = c->next;
		call_free(c);
	}
	queue_free(&rpc->urgent);
	queue_free(&rpc->waiting);
	rpc_urls_free(&rpc->urls);
	if (rpc->kick != NULL)
		event_free(rpc->kick);
	if (rpc->tick != NULL)
		event_free(rpc->tick);
	if (rpc->upkeep != NULL)
		event_free(rpc->upkeep);
	free(rpc);
	curl_global_cleanup();
}

void
rpc_health(const struct rpc *rpc, struct rpc_health *ret)
{
	struct rpc_health health = {
	    .urls = rpc->endpoints.count, .calls = rpc->calls, .failures = rpc->failures};

	for (size_t i = 0; i < rpc->endpoints.count; i++) {
		health.urls_usable += rpc->endpoints.at[i].state == ENDPOINT_USABLE;
		health.wrong_chain |= rpc->endpoints.at[i].state == ENDPOINT_WRONG_CHAIN;
	}
	health.usable = health.urls_usable > 0;
	*ret = health;
}
