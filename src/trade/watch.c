/*
 * The round over all open steps, page by page from the journal: what this
 * process remembers is not needed for it, so a restart loses nothing.
 */
#include "trade/trade_internal.h"

#include <string.h>

#include <event2/event.h>
#include <sodium.h>

#include "base/err.h"
#include "base/log.h"
#include "chain/value.h"
#include "base/banned.h"

#define IN_FLIGHT_MAX 16
#define PAGE 100
#define MANY_OPEN 64 /* above it, steps that only wait for finality are looked at less often */
#define SELDOM_ROUNDS 8
#define SWEEP_ROUNDS 64
#define LISTEN_MS 15000 /* how old the node's count of a wallet that only waits may be */

static void page_load(struct trades *t, uint64_t cursor);
static void page_go_on(struct trades *t);

static void
schedule(struct trades *t, uint64_t ms)
{
	struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

	(void)event_add(t->watch.timer, &wait);
}

/* Every open step was seen. */
static void
conclude(struct trades *t)
{
	struct watch *w = &t->watch;

	if (w->bad_now != w->bad_before)
		log_event(w->bad_now > 0 ? LOG_ERROR : LOG_INFO,
			  "malformed rows among the open steps", LOG_INT("rows", w->bad_now));
	w->open_before = w->open_now;
	w->bad_before = w->bad_now;
	wallets_end_round(t);
}

static void
round_end(struct trades *t, int whole)
{
	struct watch *w = &t->watch;
	uint64_t took = trade_now_ms() - w->began;

	w->running = 0;
	if (whole)
		conclude(t);
	audit_go_on(t);
	if (w->round % SWEEP_ROUNDS == 0)
		wallets_sweep(t);
	/* a long journal must not keep the database and the node busy with itself */
	schedule(t, took > t->options.poll_ms ? took : t->options.poll_ms);
}

static void
on_work_done(struct work *k, void *arg)
{
	struct trades *t = arg;

	(void)k;
	t->watch.in_flight--;
	page_go_on(t);
}

static int
is_mined(const struct store_step *step)
{
	return step->state == STEP_MINED || step->state == STEP_REVERTED;
}

/* With many open steps, those that wait for finality only wait their turn. */
static int
may_skip(const struct watch *w, const struct trades *t, const struct store_step *step)
{
	if (!is_mined(step) || w->open_before <= MANY_OPEN || w->round % SELDOM_ROUNDS == 0)
		return 0;
	return !w->has_head || w->head < step->block_number ||
	       w->head - step->block_number < t->options.finality_depth;
}

/* Steps come oldest first, so a wallet's first open one has its lowest nonce. */
static int
is_lowest(struct trades *t, const struct store_step *step)
{
	struct wallet *w = wallet_get(t, step->wallet);

	if (w == NULL || is_mined(step))
		return 0;
	if (w->round != t->watch.round) {
		w->round = t->watch.round;
		if (w->lowest != step->nonce || w->lowest_since == 0)
			w->lowest_since = trade_now_ms();
		w->lowest = step->nonce;
	}
	return w->lowest == step->nonce;
}

/* It cannot be followed; its wallet stops, and everybody else goes on. */
static void
note_unreadable(struct trades *t, const struct store_step *step)
{
	struct wallet *w = NULL;

	t->watch.bad_now++;
	if (!sodium_is_zero(step->wallet, sizeof step->wallet))
		w = wallet_get(t, step->wallet);
	if (w != NULL)
		wallet_row_unreadable(w, step->trade_id);
}

static void
look_at(struct trades *t, const struct store_step *step)
{
	struct watch *w = &t->watch;
	const struct work hints = {
	    .is_lowest = is_lowest(t, step), .has_head = w->has_head, .head = w->head};
	struct wallet *wallet = wallet_find(t, step->wallet);

	w->open_now++;
	if (step->chain_id != t->options.chain_id || wallet == NULL ||
	    wallet_is_busy(wallet, step->nonce) || may_skip(w, t, step))
		return;
	wallet_listen(wallet, LISTEN_MS);
	w->in_flight++;
	if (work_start(t, WORK_WATCH, step, &hints, on_work_done, t) != 0)
		w->in_flight--;
}

static void
page_go_on(struct trades *t)
{
	struct watch *w = &t->watch;
	uint64_t next;

	/* a work that ends before it returns comes here again: the outer loop goes on */
	if (w->going_on)
		return;
	w->going_on = 1;
	while (w->at < w->op.step_count && w->in_flight < IN_FLIGHT_MAX) {
		const struct store_step *step = &w->op.steps[w->at++];

		if (step->state == STEP_UNREADABLE)
			note_unreadable(t, step);
		else
			look_at(t, step);
	}
	w->going_on = 0;
	if (w->at < w->op.step_count || w->in_flight > 0)
		return;
	next = w->op.next_cursor;
	store_op_free(&w->op);
	w->op.step_count = 0;
	if (next != 0)
		page_load(t, next);
	else
		round_end(t, 1);
}

static void
on_head(const struct rpc_answer *answer, void *arg)
{
	struct trades *t = arg;
	struct watch *w = &t->watch;

	w->has_head = answer->class == RPC_OK && value_u64(answer->result, &w->head) == 0;
	page_go_on(t);
}

static void
on_page(struct store_op *op, void *arg)
{
	struct trades *t = arg;
	struct watch *w = &t->watch;

	w->at = 0;
	if (op->err != 0) {
		log_event(LOG_WARN, "journal not read", LOG_CODE(op->err));
		store_op_free(op);
		round_end(t, 0);
	} else if (op->step_count > 0 && !w->asked_head) {
		w->asked_head = 1;
		rpc_call(t->rpc, "eth_blockNumber", "[]", on_head, t);
	} else {
		page_go_on(t);
	}
}

static void
page_load(struct trades *t, uint64_t cursor)
{
	t->watch.op = (struct store_op){
	    .kind = STORE_OPEN_STEPS, .cursor = cursor, .limit = PAGE, .done = on_page, .arg = t};
	store_submit(t->store, &t->watch.op);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct trades *t = arg;
	struct watch *w = &t->watch;

	(void)fd;
	(void)what;
	if (w->running)
		return;
	w->running = 1;
	w->round++;
	w->began = trade_now_ms();
	w->open_now = 0;
	w->bad_now = 0;
	w->has_head = 0;
	w->asked_head = 0;
	page_load(t, 0);
}

void
watch_start(struct trades *t)
{
	if (t->watch.timer != NULL)
		return;
	t->watch.timer = event_new(t->base, -1, 0, on_timer, t);
	if (t->watch.timer == NULL) {
		log_note(LOG_ERROR, "out of memory: the journal is not watched");
		return;
	}
	schedule(t, 0);
}

void
watch_stop(struct trades *t)
{
	if (t->watch.timer != NULL)
		event_free(t->watch.timer);
	t->watch.timer = NULL;
	store_op_free(&t->watch.op);
}
