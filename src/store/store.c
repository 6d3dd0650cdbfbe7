#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "store/connection.h"
#include "store/engine.h"
#include "store/plan.h"
#include "store/rows.h"
#include "store/schema.h"
#include "base/banned.h"

/* What one commit may hold; more waits for the next. */
#define BATCH_MAX 256

struct queue {
	struct store_op *first;
	struct store_op *last;
};

struct store {
	struct engine *engine;
	pthread_mutex_t engine_lock; /* held while a batch runs */
	/* how many there are, known after the first STORE_COUNTS; no count scans a table twice */
	int totals_known;
	uint64_t agents_total;
	uint64_t trades_total;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t waiting_more;
	struct queue waiting;
	struct queue done;
	int closing;

	int started;
	int wake_fd;
	pthread_t thread;
};

/* --- a batch --------------------------------------------------------------- */

struct batch {
	struct store *s;
	struct plan *plans;
	size_t count;
	struct call *calls;
};

static int
batch_run_calls(struct batch *b, size_t (*write)(struct plan *, struct call *))
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		n += write(&b->plans[i], b->calls + n);
	if (n == 0)
		return 0;
	return b->s->engine->table->run(b->s->engine, b->calls, n, plan_row);
}

/* Everything between begin and commit. */
static int
batch_body(struct batch *b)
{
	int r;

	if ((r = batch_run_calls(b, plan_write)) != 0)
		return r;
	for (size_t i = 0; i < b->count; i++) {
		if ((r = plan_judge(&b->plans[i])) != 0)
			return r;
	}
	if ((r = batch_run_calls(b, plan_write_reasons)) != 0)
		return r;
	for (size_t i = 0; i < b->count; i++)
		plan_judge_reasons(&b->plans[i]);
	return 0;
}

static int
batch_transaction(struct batch *b)
{
	const struct engine_table *t = b->s->engine->table;
	int works = 0, writes = 0, r;

	for (size_t i = 0; i < b->count; i++) {
		works |= b->plans[i].err == 0;
		writes |= b->plans[i].err == 0 && plan_writes(b->plans[i].op->kind);
	}
	if (!works)
		return 0;
	if ((r = t->begin(b->s->engine, writes)) == 0 && (r = batch_body(b)) == 0)
		r = t->commit(b->s->engine);
	if (r != 0)
		t->rollback(b->s->engine);
	return r;
}

/* After the commit: keep the totals and give every op its result. */
static void
batch_publish(struct batch *b)
{
	struct store *s = b->s;

	for (size_t i = 0; i < b->count; i++) {
		struct plan *p = &b->plans[i];

		if (p->err == 0 && p->op->kind == STORE_AGENT_INSERT)
			s->agents_total++;
		if (p->err == 0 && p->op->kind == STORE_TRADE_INSERT)
			s->trades_total++;
		if (p->err == 0 && p->op->kind == STORE_COUNTS) {
			if (!p->totals_known) {
				s->agents_total = p->number[0];
				s->trades_total = p->number[1];
				s->totals_known = 1;
			}
			p->number[0] = s->agents_total;
			p->number[1] = s->trades_total;
		}
		plan_publish(p);
	}
}

static int
batch_once(struct store *s, struct store_op **ops, size_t count)
{
	struct batch b = {s, NULL, count, NULL};
	int r = ERR_DATABASE;

	b.plans = calloc(count, sizeof *b.plans);
	b.calls = calloc(count, PLAN_CALLS_MAX * sizeof *b.calls);
	if (b.plans == NULL || b.calls == NULL)
		goto out;
	for (size_t i = 0; i < count; i++) {
		plan_begin(&b.plans[i], ops[i]);
		b.plans[i].totals_known = s->totals_known;
	}
	if ((r = batch_transaction(&b)) == 0)
		batch_publish(&b);
out:
	for (size_t i = 0; b.plans != NULL && i < count; i++)
		plan_drop(&b.plans[i]);
	free(b.plans);
	free(b.calls);
	return r;
}

/* A lost connection is worth one more try: engines say so only when nothing was applied. */
static int
batch_retry(struct store *s, struct store_op **ops, size_t count)
{
	int r = batch_once(s, ops, count);

	if (r == ERR_CLOSED)
		r = batch_once(s, ops, count);
	if (r != 0) {
		s->totals_known = 0;
		log_event(LOG_ERROR, "store_batch_failed",
		    LOG_STR("engine", s->engine->table->name), LOG_INT("ops", count), LOG_CODE(r));
	}
	return r;
}

static int
fail_all(struct store_op **ops, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ops[i]->err = ERR_DATABASE;
	return ERR_DATABASE;
}

/* The database refused one of them, and not as it was planned: each for itself. */
static int
run_singly(struct store *s, struct store_op **ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (batch_retry(s, &ops[i], 1) != 0)
			ops[i]->err = ERR_DATABASE;
	}
	return 0;
}

static int
run_locked(struct store *s, struct store_op **ops, size_t count)
{
	int r = batch_retry(s, ops, count);

	if (r == 0)
		return 0;
	if (r == ERR_WRONG_STATE && count > 1)
		return run_singly(s, ops, count);
	return fail_all(ops, count);
}

int
store_run(struct store *s, struct store_op **ops, size_t count)
{
	int r;

	if (count == 0)
		return 0;
	pthread_mutex_lock(&s->engine_lock);
	r = run_locked(s, ops, count);
	pthread_mutex_unlock(&s->engine_lock);
	return r;
}

/* --- the queues ------------------------------------------------------------ */

static void
queue_add(struct queue *q, struct store_op *op)
{
	op->next = NULL;
	if (q->last == NULL)
		q->first = op;
	else
		q->last->next = op;
	q->last = op;
}

static size_t
queue_take(struct queue *q, struct store_op **ops, size_t max)
{
	size_t n = 0;

	while (q->first != NULL && n < max) {
		ops[n++] = q->first;
		q->first = q->first->next;
	}
	if (q->first == NULL)
		q->last = NULL;
	return n;
}

static void
wake_loop(struct store *s)
{
	const uint64_t one = 1;

	if (s->wake_fd < 0)
		return;
	/* it can only fail when the counter is full, and then the loop is awake anyway */
	if (write(s->wake_fd, &one, sizeof one) != (ssize_t)sizeof one && errno != EAGAIN)
		log_note(LOG_ERROR, "store_wake_failed");
}

static void
hand_back(struct store *s, struct store_op **ops, size_t count)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < count; i++)
		queue_add(&s->done, ops[i]);
	pthread_mutex_unlock(&s->lock);
	wake_loop(s);
}

/* Waits for work; 0 when the store closes and nothing is left. */
static size_t
next_batch(struct store *s, struct store_op **ops)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	while (s->waiting.first == NULL && !s->closing)
		pthread_cond_wait(&s->waiting_more, &s->lock);
	n = queue_take(&s->waiting, ops, BATCH_MAX);
	pthread_mutex_unlock(&s->lock);
	return n;
}

static void *
thread_main(void *arg)
{
	struct store *s = arg;
	struct store_op *ops[BATCH_MAX];
	size_t n;
	int r;

	while ((n = next_batch(s, ops)) > 0) {
		r = store_run(s, ops, n);
		(void)r; /* it stands in every op */
		hand_back(s, ops, n);
	}
	return NULL;
}

int
store_start(struct store *s, int *ret_wake_fd)
{
	sigset_t all, before;
	int r;

	if ((s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
		return ERR_IO;
	/* signals are the main thread's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&s->thread, NULL, thread_main, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0)
		return ERR_IO;
	s->started = 1;
	*ret_wake_fd = s->wake_fd;
	return 0;
}

void
store_submit(struct store *s, struct store_op *op)
{
	int closing;

	pthread_mutex_lock(&s->lock);
	closing = s->closing;
	if (closing) {
		op->err = ERR_CLOSED;
		queue_add(&s->done, op);
	} else {
		queue_add(&s->waiting, op);
		pthread_cond_signal(&s->waiting_more);
	}
	pthread_mutex_unlock(&s->lock);
	if (closing)
		wake_loop(s);
}

void
store_finish(struct store *s)
{
	struct store_op *op, *next;
	uint64_t count;

	/* read first: what is done after this makes the fd readable again */
	if (s->wake_fd >= 0 && read(s->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
		log_note(LOG_ERROR, "store_wake_failed");
	pthread_mutex_lock(&s->lock);
	op = s->done.first;
	s->done = (struct queue){NULL, NULL};
	pthread_mutex_unlock(&s->lock);
	for (; op != NULL; op = next) {
		next = op->next;
		op->next = NULL;
		if (op->done != NULL)
			op->done(op, op->arg);
	}
}

void
store_op_free(struct store_op *op)
{
	if (op->owned & STORE_OWNS_AGENT)
		agent_free(&op->agent);
	if (op->owned & STORE_OWNS_TRADE)
		trade_free(&op->trade);
	if (op->owned & STORE_OWNS_STEPS) {
		for (size_t i = 0; i < op->step_count; i++)
			step_free(&op->steps[i]);
		free(op->steps);
		op->steps = NULL;
		op->step_count = 0;
	}
	if (op->owned & STORE_OWNS_TRADES) {
		for (size_t i = 0; i < op->trade_count; i++)
			trade_free(&op->trades[i]);
		free(op->trades);
		op->trades = NULL;
		op->trade_count = 0;
	}
	op->owned = 0;
}

/* --- open and close -------------------------------------------------------- */

static int
starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int
is_postgres(const char *url)
{
	return starts_with(url, "postgres://") || starts_with(url, "postgresql://");
}

int
store_is_unix(const char *url)
{
	return is_postgres(url) && connection_is_unix(url);
}

static int
open_engine(const char *url, struct engine **ret, char *text, size_t text_cap)
{
	if (starts_with(url, "sqlite:"))
		return sqlite_open(url + strlen("sqlite:"), ret, text, text_cap);
	if (is_postgres(url))
		return postgres_open(url, ret, text, text_cap);
	(void)snprintf(text, text_cap, "DATABASE_URL is neither sqlite:PATH nor postgres://...");
	return ERR_SETTING;
}

static void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	if (s->engine != NULL)
		s->engine->table->close(s->engine);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	pthread_cond_destroy(&s->waiting_more);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->engine_lock);
	free(s);
}

int
store_open(const char *url, struct store **ret, char *text, size_t text_cap)
{
	struct store *s = calloc(1, sizeof *s);
	int r;

	if (s == NULL) {
		(void)snprintf(text, text_cap, "out of memory");
		return ERR_MEM;
	}
	s->wake_fd = -1;
	pthread_mutex_init(&s->engine_lock, NULL);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->waiting_more, NULL);
	if ((r = open_engine(url, &s->engine, text, text_cap)) != 0)
		goto out;
	if ((r = schema_migrate(s->engine, schema_newest(), text, text_cap)) != 0)
		goto out;
	*ret = s;
	s = NULL; /* transferred */
out:
	store_free(s);
	return r;
}

void
store_close(struct store *s)
{
	int left = 1;

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = 1;
	pthread_cond_signal(&s->waiting_more);
	pthread_mutex_unlock(&s->lock);
	if (s->started)
		pthread_join(s->thread, NULL);
	else
		(void)thread_main(s); /* what was submitted and never had a thread */
	/* a done() may submit again; that is refused, so this comes to an end */
	while (left) {
		store_finish(s);
		pthread_mutex_lock(&s->lock);
		left = s->done.first != NULL;
		pthread_mutex_unlock(&s->lock);
	}
	store_free(s);
}
