#include "trade/trade_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <sodium.h>

#include "base/err.h"
#include "base/log.h"
#include "trade/refusal.h"
#include "base/banned.h"

#define LIVES_MAX 8192 /* requests between their start and their answer */
#define FIRST_PAUSE_MS 50
#define REQUEST_TEXT_MAX 131072

uint64_t
trade_now_ms(void)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t
trade_unix_seconds(void)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* --- the end of a request ----------------------------------------------------- */

static void
live_free(struct live *l)
{
	struct trades *t = l->t;

	if (l->timer != NULL)
		event_free(l->timer);
	*(l->all_prev != NULL ? &l->all_prev->all_next : &t->all) = l->all_next;
	if (l->all_next != NULL)
		l->all_next->all_prev = l->all_prev;
	t->live_count--;
	store_op_free(&l->op);
	trade_request_free(&l->req);
	plan_free(&l->plan);
	agent_row_free(&l->agent);
	buffer_free(&l->record);
	trade_row_free(&l->trade);
	for (size_t i = 0; i < l->step_count; i++)
		step_drop(&l->steps[i]);
	free(l->steps);
	free(l->body);
	free(l);
}

static void
tell_unborn(struct trades *t)
{
	const struct trade_outcome outcome = {.err = ERR_MEM,
					      .detail = "too many trades are under way: try again"};

	while (t->unborn_count > 0) {
		struct unborn u = t->unborn[--t->unborn_count];

		u.done(&outcome, u.arg);
	}
}

/* Told from the loop, so that a caller's done() never runs inside trades_run(). */
static void
on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct trades *t = arg;

	(void)fd;
	(void)what;
	tell_unborn(t);
	while (t->ended != NULL) {
		struct live *l = t->ended;

		t->ended = l->next;
		if (t->ended == NULL)
			t->ended_last = &t->ended;
		l->done(&l->outcome, l->arg);
		live_free(l);
	}
}

static void
live_end(struct live *l)
{
	struct trades *t = l->t;

	if (l->ended)
		return;
	l->ended = 1;
	l->following = 0;
	if (l->timer != NULL)
		(void)event_del(l->timer);
	l->next = NULL;
	*t->ended_last = l;
	t->ended_last = &l->next;
	event_active(t->ended_event, EV_TIMEOUT, 1);
}

static void look_up(struct live *l);

/* The key has its trade now, or its request failed: whoever waited goes on. */
static void
release_followers(struct live *l)
{
	struct live *f = l->followers;

	l->leads = 0;
	l->followers = NULL;
	while (f != NULL) {
		struct live *next = f->next_follower;

		if (l->outcome.err != 0) {
			f->outcome = l->outcome;
			live_end(f);
		} else {
			look_up(f);
		}
		f = next;
	}
}

void
live_fail(struct live *l, int err, const char *rule, const char *text)
{
	l->outcome.err = err;
	l->outcome.op = NULL;
	(void)snprintf(l->outcome.rule, sizeof l->outcome.rule, "%s", rule);
	(void)snprintf(l->outcome.detail, sizeof l->outcome.detail, "%s", text);
	l->t->counts.refused++;
	walk_leave(l);
	release_followers(l);
	live_end(l);
}

void
live_fail_rpc(struct live *l, const char *what, const struct rpc_answer *answer)
{
	char text[sizeof l->outcome.detail];

	(void)snprintf(text, sizeof text, "%s: %s (%s)", what, answer->message,
		       rpc_class_name(answer->class));
	live_fail(l, ERR_RPC, "", text);
}

void
live_fail_refused(struct live *l, const struct msg_refused *m)
{
	int err = (int32_t)m->code < 0 ? (int32_t)m->code : ERR_PROTOCOL;
	char rule[sizeof l->outcome.rule];
	char text[REFUSAL_TEXT_MAX];

	(void)snprintf(rule, sizeof rule, "%.*s", (int)m->rule.len, (const char *)m->rule.p);
	refusal_text(&l->t->options, m, text, sizeof text);
	live_fail(l, err, rule, text[0] == '\0' ? err_text(err) : text);
}

void
live_succeed(struct live *l)
{
	l->view.trade = l->trade;
	l->view.steps = l->steps;
	l->view.step_count = l->step_count;
	l->outcome.err = 0;
	l->outcome.op = &l->view;
	live_end(l);
}

/* --- waiting for receipts ----------------------------------------------------- */

static int
is_settled(const struct live *l)
{
	for (size_t i = 0; i < l->step_count; i++) {
		/* a stuck step needs somebody's help: waiting does not bring it */
		if (l->steps[i].state == STEP_STUCK)
			return 1;
		if (!step_has_receipt(&l->steps[i]))
			return 0;
	}
	return 1;
}

static void
pause(struct live *l)
{
	uint64_t now = trade_now_ms();
	uint64_t ms = l->pause_ms;
	struct timeval wait;

	if (now >= l->deadline) {
		live_succeed(l);
		return;
	}
	if (ms > l->deadline - now)
		ms = l->deadline - now;
	if (l->pause_ms < l->t->options.poll_ms)
		l->pause_ms += l->pause_ms / 2;
	wait = (struct timeval){(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
	if (event_add(l->timer, &wait) != 0)
		live_succeed(l);
}

/* Asks for the receipts that are missing; what comes is told by lives_step_moved(). */
static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct live *l = arg;
	struct wallet *w = wallet_find(l->t, l->steps[0].wallet);

	(void)fd;
	(void)what;
	for (size_t i = 0; i < l->step_count && l->following; i++) {
		const struct store_step *step = &l->steps[i];

		if (step_has_receipt(step) || (w != NULL && wallet_is_busy(w, step->nonce)))
			continue;
		if (work_start(l->t, WORK_LOOK, step, NULL, NULL, NULL) != 0)
			break;
	}
	if (l->following)
		pause(l);
}

static void
follow(struct live *l)
{
	uint64_t now = trade_now_ms();

	if (l->wait_ms == 0 || l->step_count == 0 || is_settled(l)) {
		live_succeed(l);
		return;
	}
	l->timer = event_new(l->t->base, -1, 0, on_pause_over, l);
	if (l->timer == NULL) {
		live_succeed(l);
		return;
	}
	l->following = 1;
	l->deadline = now + l->wait_ms;
	l->pause_ms = FIRST_PAUSE_MS;
	pause(l);
}

static void
take_step(struct live *l, const struct store_step *step)
{
	struct store_step copy;

	for (size_t i = 0; i < l->step_count; i++) {
		if (l->steps[i].number != step->number || step_copy(step, &copy) != 0)
			continue;
		step_drop(&l->steps[i]);
		l->steps[i] = copy;
	}
}

void
lives_step_moved(struct trades *t, const struct store_step *step)
{
	for (struct live *l = t->all; l != NULL; l = l->all_next) {
		if (l->step_count == 0 || l->ended || strcmp(l->trade.id, step->trade_id) != 0)
			continue;
		take_step(l, step);
		if (l->following && is_settled(l))
			live_succeed(l);
	}
}

void
live_journalled(struct live *l)
{
	l->t->counts.accepted++;
	release_followers(l);
}

void
live_sent(struct live *l)
{
	follow(l);
}

/* --- idempotency -------------------------------------------------------------- */

static int
same_key(const struct live *a, const struct live *b)
{
	return a->req.has_idempotency && b->req.has_idempotency &&
	       memcmp(a->req.idempotency_hash, b->req.idempotency_hash, 32) == 0 &&
	       strcmp(a->agent.id, b->agent.id) == 0;
}

static struct live *
leader_of(const struct live *l)
{
	for (struct live *other = l->t->all; other != NULL; other = other->all_next) {
		if (other != l && other->leads && same_key(other, l))
			return other;
	}
	return NULL;
}

static void
refuse_other_body(struct live *l)
{
	live_fail(
	    l, ERR_EXISTS, "",
	    "this Idempotency-Key was used for a trade with another body: use a new key for a new "
	    "trade");
}

static void
on_authenticated(int err, uint32_t type, struct bytes body, void *arg)
{
	struct live *l = arg;
	struct msg_refused refused;
	struct msg_record record;

	if (err == 0 && type == MSG_RECORD && msg_record_read(body, &record) == 0) {
		trades_note_record(l->t, l->agent.id, record.record, record.mac);
		l->outcome.replayed = 1;
		follow(l);
	} else if (err == 0 && type == MSG_REFUSED && msg_refused_read(body, &refused) == 0) {
		live_fail_refused(l, &refused);
	} else {
		live_fail(l, err == 0 ? ERR_PROTOCOL : err, "",
			  "the signer did not answer: try again");
	}
}

/* The earlier trade is shown to the holder of the agent's key only. */
static void
authenticate(struct live *l)
{
	struct writer w = signer_client_begin(l->t->signer);
	struct msg_authenticate m = {0};
	int r;

	m.record = live_record(l, m.mac);
	memcpy(m.api_key, l->req.api_key, sizeof m.api_key);
	msg_authenticate_write(&w, &m);
	sodium_memzero(&m, sizeof m);
	r = signer_client_send(l->t->signer, MSG_AUTHENTICATE, &w, on_authenticated, l);
	if (r != 0)
		live_fail(l, ERR_MEM, "", "the signer is busy: try again");
}

/* Takes the rows of the store's answer over. */
static void
adopt_rows(struct live *l)
{
	l->trade = l->op.trade;
	l->steps = l->op.steps;
	l->step_count = l->op.step_count;
	l->op.owned &= ~((unsigned)STORE_OWNS_TRADE | STORE_OWNS_STEPS);
	l->op.trade = (struct store_trade){0};
	l->op.steps = NULL;
	l->op.step_count = 0;
}

static void
on_looked_up(struct store_op *op, void *arg)
{
	struct live *l = arg;

	if (op->err == ERR_NOT_FOUND) {
		walk_enqueue(l);
		return;
	}
	if (op->err != 0) {
		live_fail(l, ERR_DATABASE, "",
			  "the database failed: try again, with the same Idempotency-Key");
		return;
	}
	if (memcmp(op->trade.request_hash, l->req.request_hash, 32) != 0) {
		refuse_other_body(l);
		return;
	}
	adopt_rows(l);
	release_followers(l);
	authenticate(l);
}

static void
look_up(struct live *l)
{
	struct live *leader = leader_of(l);

	if (leader != NULL && memcmp(leader->req.request_hash, l->req.request_hash, 32) != 0) {
		refuse_other_body(l);
		return;
	}
	if (leader != NULL) {
		l->next_follower = leader->followers;
		leader->followers = l;
		return;
	}
	l->leads = 1;
	l->op = (struct store_op){
	    .kind = STORE_TRADE_BY_IDEMPOTENCY, .id = l->agent.id, .done = on_looked_up, .arg = l};
	memcpy(l->op.hash32, l->req.idempotency_hash, 32);
	store_submit(l->t->store, &l->op);
}

void
live_replay(struct live *l)
{
	store_op_free(&l->op);
	look_up(l);
}

/* --- a request's way in ------------------------------------------------------- */

struct bytes
live_record(struct live *l, uint8_t ret_mac32[32])
{
	struct bytes record;

	if (records_latest(l->t->records, l->agent.id, &record, ret_mac32) == 0)
		return record;
	memcpy(ret_mac32, l->agent.mac, 32);
	return l->agent.record;
}

static struct live *
live_new(struct trades *t, const struct store_agent *agent, struct trade_request *req)
{
	struct live *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->t = t;
	l->record = buffer_of(RECORD_BYTES_MAX);
	l->all_next = t->all;
	if (t->all != NULL)
		t->all->all_prev = l;
	t->all = l;
	t->live_count++;
	l->req = *req;
	*req = (struct trade_request){.data = buffer_of(0)}; /* transferred */
	sodium_memzero(req->api_key, sizeof req->api_key);
	if (agent_row_copy(agent, &l->agent) != 0 || l->req.body.len > REQUEST_TEXT_MAX ||
	    (l->body = strndup((const char *)l->req.body.p, l->req.body.len)) == NULL) {
		live_free(l);
		return NULL;
	}
	l->req.body = (struct bytes){(const uint8_t *)l->body, strlen(l->body)};
	return l;
}

/* There was no room for it: only who is to be told is kept. */
static void
refuse_unborn(struct trades *t, struct trade_request *req, trade_done *done, void *arg)
{
	trade_request_free(req);
	if (t->unborn_count == UNBORN_MAX)
		tell_unborn(t);
	t->unborn[t->unborn_count++] = (struct unborn){done, arg};
	event_active(t->ended_event, EV_TIMEOUT, 1);
}

void
trades_run(struct trades *t, const struct store_agent *agent, struct trade_request *req,
	   uint64_t wait_ms, trade_done *done, void *arg)
{
	struct live *l = NULL;

	if (t->live_count < LIVES_MAX)
		l = live_new(t, agent, req);
	if (l == NULL) {
		refuse_unborn(t, req, done, arg);
		return;
	}
	l->done = done;
	l->arg = arg;
	l->wait_ms = wait_ms;
	if (l->req.has_idempotency)
		look_up(l);
	else
		walk_enqueue(l);
}

/* --- small questions ---------------------------------------------------------- */

int
trades_latest_record(struct trades *t, const char *agent_id, struct bytes *ret_record,
		     uint8_t ret_mac32[32])
{
	return records_latest(t->records, agent_id, ret_record, ret_mac32);
}

void
trades_note_record(struct trades *t, const char *agent_id, struct bytes record,
		   const uint8_t mac32[32])
{
	records_note(t->records, agent_id, record, mac32);
}

int
trades_wallet_busy(struct trades *t, const uint8_t wallet[20])
{
	const struct wallet *w = wallet_find(t, wallet);

	return w != NULL && w->first != NULL;
}

int
trades_wallet_stopped(struct trades *t, const uint8_t wallet[20], char *text, size_t cap)
{
	const struct wallet *w = wallet_find(t, wallet);

	if (w == NULL || !w->nonces.stopped)
		return 0;
	(void)snprintf(text, cap, "%s", w->nonces.text);
	return 1;
}

void
trades_counts(const struct trades *t, struct trades_counts *ret)
{
	*ret = t->counts;
	ret->open = t->watch.open_before;
	ret->unreadable = t->watch.bad_before;
	ret->stopped_wallets = 0;
	for (size_t i = 0; i < WALLET_BUCKETS; i++) {
		for (const struct wallet *w = t->wallets.buckets[i]; w != NULL; w = w->next)
			ret->stopped_wallets += w->nonces.stopped != 0;
	}
}

/* --- life --------------------------------------------------------------------- */

int
trades_new(struct event_base *base, const struct trade_options *options, struct store *store,
	   struct signer_client *signer, struct rpc *rpc, struct trades **ret)
{
	struct trades *t = calloc(1, sizeof *t);
	int r = ERR_MEM;

	if (t == NULL)
		return ERR_MEM;
	t->base = base;
	t->options = *options;
	t->store = store;
	t->signer = signer;
	t->rpc = rpc;
	t->market.rpc = rpc;
	t->ended_last = &t->ended;
	randombytes_buf(t->wallets.hash_key, sizeof t->wallets.hash_key);
	t->ended_event = event_new(base, -1, 0, on_ended, t);
	if (t->ended_event == NULL || records_new(RECORDS_MAX, &t->records) != 0)
		goto out;
	*ret = t;
	t = NULL; /* transferred */
	r = 0;
out:
	trades_free(t);
	return r;
}

void
trades_resume(struct trades *t)
{
	watch_start(t);
}

void
trades_free(struct trades *t)
{
	if (t == NULL)
		return;
	watch_stop(t);
	while (t->all != NULL)
		live_free(t->all);
	wallets_free(t);
	records_free(t->records);
	if (t->ended_event != NULL)
		event_free(t->ended_event);
	free(t);
}
