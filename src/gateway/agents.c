#include "gateway/agents.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/err.h"
#include "base/log.h"
#include "trade/trade.h"
#include "base/banned.h"

#define TRIES_MAX 4
#define TURN_POLL_MS 5
/* a trade that plans for longer waits for its RPC node, and has signed nothing yet */
#define TURN_WAIT_MS 3000

/* --- loading --------------------------------------------------------------------- */

static int
same_id(const struct call *c)
{
	return c->agent.id_len == strlen(c->agent_id) &&
	       memcmp(c->agent.id, c->agent_id, c->agent.id_len) == 0;
}

static int
set_record(struct call *c, struct bytes record, const uint8_t mac32[32])
{
	struct agent_record parsed;
	struct buffer copy = buffer_of(RECORD_BYTES_MAX);

	buffer_add(&copy, record.p, record.len);
	if (copy.err != 0 || record_read(copy.p, copy.len, &parsed) != 0) {
		buffer_free(&copy);
		return ERR_MAC;
	}
	buffer_free(&c->record);
	c->record = copy; /* parsed borrows from it */
	c->agent = parsed;
	memcpy(c->mac, mac32, sizeof c->mac);
	return 0;
}

/* The newer one of the database's record and the one that this process made last. */
static int
choose_record(struct call *c)
{
	struct bytes known;
	uint8_t mac[32];
	struct agent_record parsed;
	int r;

	if ((r = set_record(c, c->op.agent.record, c->op.agent.mac)) != 0)
		return r;
	/* commits compare the column: what it says must be what the record says */
	if (c->agent.record_version != c->op.agent.record_version)
		return ERR_MAC;
	if (trades_latest_record(c->gw->trades, c->agent_id, &known, mac) != 0)
		return 0;
	if (record_read(known.p, known.len, &parsed) != 0 ||
	    parsed.record_version <= c->agent.record_version)
		return 0;
	return set_record(c, known, mac);
}

static void
take_row(struct call *c)
{
	const struct store_agent *a = &c->op.agent;

	c->row = (struct store_agent){.record_version = a->record_version,
	    .has_index = a->has_index,
	    .index = a->index,
	    .has_register_tag = a->has_register_tag,
	    .created_at = a->created_at};
	memcpy(c->row.register_tag, a->register_tag, sizeof c->row.register_tag);
}

static void
on_turn_timer(evutil_socket_t fd, short what, void *arg)
{
	struct call *c = arg;

	(void)fd;
	(void)what;
	agent_load(c, c->loaded);
}

/*
 * A trade is being signed on the record that is about to be changed. Its commit
 * comes first; the trades after it wait behind this call's turn.
 */
static int
look_again(struct call *c)
{
	struct timeval soon = {0, TURN_POLL_MS * 1000};

	if (c->turn_timer == NULL)
		c->turn_timer = evtimer_new(c->gw->base, on_turn_timer, c);
	return c->turn_timer != NULL && evtimer_add(c->turn_timer, &soon) == 0 ? 0 : ERR_MEM;
}

static void
on_loaded(struct call *c)
{
	int r = c->op.err;

	if (r == ERR_NOT_FOUND && c->op.kind == STORE_AGENT_BY_KEY) {
		(void)limiter_take(c->gw->auth_limit, http_exchange_source(c->x).key,
		    limiter_clock());
		call_fail(c, PROBLEM_WRONG_KEY, "no agent has this API key");
		return;
	}
	if (r == ERR_NOT_FOUND) {
		call_fail(c, PROBLEM_AGENT_NOT_FOUND, "register it with POST /register");
		return;
	}
	if (r == 0 && (c->op.agent.id == NULL || strlen(c->op.agent.id) > AGENT_ID_MAX))
		r = ERR_MAC;
	if (r != 0) {
		call_err(c, r, NULL);
		return;
	}
	memcpy(c->agent_id, c->op.agent.id, strlen(c->op.agent.id) + 1);
	take_row(c);
	r = choose_record(c);
	store_op_free(&c->op);
	/* a record of another agent in this row would be authentic and still wrong */
	if (r == 0 && !same_id(c))
		r = ERR_MAC;
	if (r != 0) {
		call_err(c, r, NULL);
		return;
	}
	if (c->turn_until_ms > limiter_clock() &&
	    trades_wallet_busy(c->gw->trades, c->agent.address) && look_again(c) == 0)
		return;
	c->turn_until_ms = 0;
	c->loaded(c);
}

void
agent_load(struct call *c, call_step *next)
{
	c->loaded = next;
	c->op = (struct store_op){.kind = STORE_AGENT_BY_ID, .id = c->agent_id};
	call_store(c, on_loaded);
}

void
agent_load_by_key(struct call *c, call_step *next)
{
	c->loaded = next;
	c->op = (struct store_op){.kind = STORE_AGENT_BY_KEY};
	memcpy(c->op.hash32, c->key_hash, sizeof c->op.hash32);
	call_store(c, on_loaded);
}

void
agent_reload(struct call *c)
{
	if (++c->tries >= TRIES_MAX) {
		call_err(c, ERR_CONFLICT, NULL);
		return;
	}
	agent_load(c, c->loaded);
}

/* --- turns ---------------------------------------------------------------------------- */

static void
turn_begin(struct call *c)
{
	if (c->turn_exclusive)
		c->turn_until_ms = limiter_clock() + TURN_WAIT_MS;
	agent_load(c, c->loaded);
}

static struct agent_turn *
turn_find(const struct call *c)
{
	struct agent_turn *t = c->gw->turns;

	while (t != NULL && strcmp(t->id, c->agent_id) != 0)
		t = t->next;
	return t;
}

static void
turn_queue(struct agent_turn *t, struct call *c)
{
	c->turn = t;
	t->last->next_turn = c;
	t->last = c;
}

void
agent_wait_turn(struct call *c, call_step *next)
{
	struct agent_turn *t = turn_find(c);

	if (t == NULL) {
		next(c);
		return;
	}
	c->loaded = next;
	turn_queue(t, c);
}

void
agent_take_turn(struct call *c, call_step *next)
{
	struct agent_turn *t = turn_find(c);

	c->loaded = next;
	c->turn_exclusive = 1;
	if (t != NULL) {
		turn_queue(t, c);
		return;
	}
	if ((t = calloc(1, sizeof *t)) == NULL) {
		call_err(c, ERR_MEM, NULL);
		return;
	}
	memcpy(t->id, c->agent_id, sizeof t->id);
	t->first = c;
	t->last = c;
	t->next = c->gw->turns;
	c->gw->turns = t;
	c->turn = t;
	turn_begin(c);
}

static void
turn_free(struct gateway *gw, struct agent_turn *t)
{
	struct agent_turn **at = &gw->turns;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	free(t);
}

void
agent_turn_end(struct call *c)
{
	struct agent_turn *t = c->turn;

	/* those who wait are never freed: only a holder ends */
	if (t == NULL || t->first != c)
		return;
	c->turn = NULL;
	t->first = c->next_turn;
	if (t->first == NULL)
		turn_free(c->gw, t);
	else
		turn_begin(t->first);
}

/* --- the signer's word -------------------------------------------------------------------- */

static void
on_other_agent(struct call *c)
{
	int other = c->op.err == 0;

	store_op_free(&c->op);
	if (other)
		call_fail(c, PROBLEM_NOT_YOURS,
		    "use the API key that this agent was registered with");
	else
		call_fail(c, PROBLEM_WRONG_KEY,
		    "use the API key that this agent was registered with, or "
		    "the one of its last rotation");
}

static void
wrong_key(struct call *c)
{
	(void)limiter_take(c->gw->auth_limit, http_exchange_source(c->x).key, limiter_clock());
	c->op = (struct store_op){.kind = STORE_AGENT_BY_KEY};
	memcpy(c->op.hash32, c->key_hash, sizeof c->op.hash32);
	call_store(c, on_other_agent);
}

int
agent_refused(struct call *c, const struct msg_refused *m)
{
	int err = refused_err(m);

	if (err == ERR_AUTH) {
		wrong_key(c);
		return 1;
	}
	if (err == ERR_STALE) {
		agent_reload(c);
		return 1;
	}
	return 0;
}

static void
on_authenticated_commit(struct call *c)
{
	/* a conflict means that a later record is there, which has what this one has */
	c->after_commit(c);
}

static void
on_authenticated(struct call *c, uint32_t type, struct bytes body)
{
	struct msg_record m;
	int r;

	if (type != MSG_RECORD || msg_record_read(body, &m) != 0) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	if (!m.changed) {
		c->after_commit(c);
		return;
	}
	if ((r = agent_take_record(c, m.record, m.mac)) != 0) {
		call_err(c, r, NULL);
		return;
	}
	agent_commit(c, on_authenticated_commit);
}

static void
authenticate(struct call *c)
{
	struct msg_authenticate m = {.record = {c->record.p, c->record.len}};
	struct writer w = signer_client_begin(c->gw->signer);

	memcpy(m.mac, c->mac, sizeof m.mac);
	memcpy(m.api_key, c->api_key, sizeof m.api_key);
	msg_authenticate_write(&w, &m);
	explicit_bzero(&m, sizeof m);
	c->refused = agent_refused;
	call_signer(c, MSG_AUTHENTICATE, &w, on_authenticated);
}

void
agent_authenticate(struct call *c, call_step *next)
{
	c->after_commit = next;
	agent_load(c, authenticate);
}

void
agent_authenticate_in_turn(struct call *c, call_step *next)
{
	c->after_commit = next;
	agent_take_turn(c, authenticate);
}

/* --- new records ------------------------------------------------------------------------------ */

int
agent_take_record(struct call *c, struct bytes record, const uint8_t mac32[32])
{
	if (set_record(c, record, mac32) != 0 || !same_id(c))
		return ERR_PROTOCOL;
	return 0;
}

void
agent_row(struct call *c, struct store_agent *ret)
{
	*ret = (struct store_agent){.id = c->agent_id,
	    .record = {c->record.p, c->record.len},
	    .record_version = c->agent.record_version,
	    .has_index = c->agent.scheme == SCHEME_INDEXED,
	    .index = c->agent.index};
	memcpy(ret->mac, c->mac, sizeof ret->mac);
	memcpy(ret->key_hash, c->agent.key_hash, sizeof ret->key_hash);
	memcpy(ret->address, c->agent.address, sizeof ret->address);
}

/* c->next is call_store()'s, so the caller's step waits in the op. */
static void
on_committed(struct store_op *op, void *arg)
{
	struct call *c = arg;

	if (op->err == 0)
		trades_note_record(c->gw->trades, c->agent_id,
		    (struct bytes){c->record.p, c->record.len}, c->mac);
	if (op->err != 0 && op->err != ERR_CONFLICT) {
		call_err(c, op->err, NULL);
		return;
	}
	c->next(c);
}

void
agent_commit(struct call *c, call_step *next)
{
	c->op = (struct store_op){.kind = STORE_AGENT_UPDATE, .done = on_committed, .arg = c};
	agent_row(c, &c->op.agent);
	c->next = next;
	store_submit(c->gw->store, &c->op);
}

static void
on_adopted(struct call *c, uint32_t type, struct bytes body)
{
	(void)body;
	if (type != MSG_DONE && type != MSG_RECORD) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	c->after_commit(c);
}

void
agent_adopt(struct call *c, call_step *next)
{
	struct msg_adopt m = {.record = {c->record.p, c->record.len}};
	struct writer w = signer_client_begin(c->gw->signer);

	memcpy(m.mac, c->mac, sizeof m.mac);
	msg_adopt_write(&w, &m);
	c->after_commit = next;
	c->refused = NULL;
	call_signer(c, MSG_ADOPT, &w, on_adopted);
}
