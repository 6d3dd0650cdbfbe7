#include "gateway/registration.h"

#include <time.h>

#include "base/err.h"
#include "base/banned.h"

#define RESERVE_MAX 256

static void reserve(struct gateway *gw);

uint64_t
gateway_seconds(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec;
}

static struct call *
queue_pop(struct index_queue *q)
{
	struct call *c = q->first;

	q->first = c->next_turn;
	if (q->first == NULL)
		q->last = NULL;
	c->next_turn = NULL;
	q->waiting--;
	return c;
}

/* Every number that was reserved goes to one that waits; there are at least as many. */
static void
on_reserved(struct store_op *op, void *arg)
{
	struct gateway *gw = arg;
	struct index_queue *q = &gw->indices;
	size_t asked = q->asked;
	uint64_t first = op->first_index;
	int r = op->err;

	q->busy = 0;
	if (r == 0 && (first > UINT32_MAX || asked > UINT32_MAX - first))
		r = ERR_RANGE;
	for (size_t i = 0; i < asked && q->first != NULL; i++) {
		struct call *c = queue_pop(q);
		struct registration *reg = c->state;

		if (r != 0) {
			call_err(c, r == ERR_RANGE ? ERR_CONFLICT : r,
			    "no index could be reserved");
			continue;
		}
		reg->index = (uint32_t)(first + i);
		registration_sign(c);
	}
	if (q->first != NULL && !q->busy)
		reserve(gw);
}

static void
reserve(struct gateway *gw)
{
	struct index_queue *q = &gw->indices;

	q->busy = 1;
	q->asked = q->waiting < RESERVE_MAX ? q->waiting : RESERVE_MAX;
	q->op = (struct store_op){.kind = STORE_RESERVE_INDICES, .count = q->asked,
	    .done = on_reserved, .arg = gw};
	store_submit(gw->store, &q->op);
}

void
registration_queue(struct call *c)
{
	struct index_queue *q = &c->gw->indices;

	c->next_turn = NULL;
	if (q->last != NULL)
		q->last->next_turn = c;
	else
		q->first = c;
	q->last = c;
	q->waiting++;
	if (!q->busy)
		reserve(c->gw);
}

static void
on_raised(struct call *c)
{
	if (c->op.err != 0) {
		call_err(c, c->op.err, NULL);
		return;
	}
	registration_queue(c);
}

static void
on_status(struct call *c, uint32_t type, struct bytes body)
{
	struct msg_status m;

	if (type != MSG_STATUS || msg_status_read(body, &m) != 0) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	c->op = (struct store_op){.kind = STORE_RAISE_INDEX, .first_index = m.next_index};
	call_store(c, on_raised);
}

void
registration_raise(struct call *c)
{
	struct msg_status_query m = {.version = 1};
	struct writer w = signer_client_begin(c->gw->signer);

	msg_status_query_write(&w, &m);
	c->refused = NULL;
	call_signer(c, MSG_STATUS_QUERY, &w, on_status);
}
