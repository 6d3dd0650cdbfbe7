#include "cli/watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "base/err.h"
#include "cli/evaluate.h"
#include "cli/fetch.h"
#include "cli/observation.h"
#include "base/banned.h"

#define NONCE_LEN 32
#define HEARTBEAT_SECONDS 3600 /* so often is a look recorded that showed nothing new */
#define WEBHOOK_SECONDS 30L
#define WEBHOOK_ANSWER_MAX 65536
#define WEBHOOK_PAUSE_MAX INT64_C(300000) /* milliseconds */

/* Blocked, and taken where a watch waits: none is lost between a check and a sleep. */
static int
is_stopped(struct watcher *w, int64_t wait_ms)
{
	const struct timespec t = {(time_t)(wait_ms / 1000), (long)(wait_ms % 1000) * 1000000};

	if (!w->stopped && sigtimedwait(&w->signals, NULL, &t) > 0)
		w->stopped = 1;
	return w->stopped;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- history ------------------------------------------------------------------------------ */

/* Write a line and take it into the state; entry is taken over. */
static void
record(struct watcher *w, json_t *entry, int show)
{
	char *line = NULL;
	json_t *whole = NULL;
	json_error_t e;
	int r = entry != NULL ? history_append(&w->history, entry, &line) : ERR_MEM;

	if (r == 0) {
		whole = json_loads(line, 0, &e);
		watch_state_apply(&w->state, whole, line);
	} else {
		/* what cannot be recorded is told all the same, and told again next time */
		fprintf(stderr, "selfsame watch: the history cannot be written: %s\n", err_text(r));
		w->unhappy = 1;
	}
	if (show && entry != NULL) {
		char *text = r == 0 ? line : json_dumps(entry, JSON_COMPACT);

		printf("%s\n", text != NULL ? text : "{\"type\":\"alert\"}");
		fflush(stdout);
		if (text != line)
			free(text);
	}
	free(line);
	json_decref(whole);
	json_decref(entry);
}

static void
tell(struct watcher *w, json_t *alert)
{
	w->told = 1;
	if (alert != NULL && w->webhook != NULL &&
	    json_object_set_new(alert, "webhook", json_true()) != 0) {
		json_decref(alert);
		alert = NULL;
	}
	record(w, alert, 1);
}

/* A list of alerts, which is let go. */
static void
tell_all(struct watcher *w, json_t *list)
{
	if (list == NULL) {
		fprintf(stderr, "selfsame watch: %s\n", err_text(ERR_MEM));
		w->unhappy = 1;
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		tell(w, json_incref(json_array_get(list, i)));
	json_decref(list);
}

/* --- one look -------------------------------------------------------------------------------- */

static void
not_reached(struct watcher *w, struct watch_target *t, const char *problem)
{
	json_t *alert;

	w->unhappy = 1;
	t->failures++;
	if (w->once)
		fprintf(stderr, "selfsame watch: %s: %s\n", t->url, problem);
	if (t->unreachable || (!w->once && t->failures < w->failures))
		return;
	alert = alert_new(t->url, "unreachable", "the instance does not answer");
	if (alert != NULL &&
	    (json_object_set_new(alert, "failures", json_integer(t->failures)) != 0 ||
	     json_object_set_new(alert, "problem", json_string(problem)) != 0)) {
		json_decref(alert);
		alert = NULL;
	}
	tell(w, alert);
}

static void
reached(struct watcher *w, struct watch_target *t, json_t *observation)
{
	const int64_t now = (int64_t)time(NULL);
	int is_news;

	if (t->unreachable)
		tell(w, alert_new(t->url, "recovered", "the instance answers again"));
	t->failures = 0;
	/* alerts first: a crash in between tells them twice, never not at all */
	tell_all(w, observation_compare(t->last, t->base, observation));
	tell_all(w, observation_expiring(observation, t->warned, now, (uint32_t)w->warn_days));
	is_news = t->last == NULL || !observation_equals(t->last, observation) ||
		  now - t->recorded >= HEARTBEAT_SECONDS || now < t->recorded;
	if (is_news)
		record(w, json_incref(observation), 0);
}

static void
look(struct watcher *w, struct watch_target *t, struct transfer_answer *answer)
{
	static struct evaluation e;
	struct question_options *o = &w->options;
	struct question *q = &o->question;
	struct buffer room;
	struct bytes bytes;
	enum kind kind;
	json_t *observation;

	kind = kind_detect((struct bytes){answer->body.p, answer->body.len}, &room, &bytes);
	if (!o->at_given)
		q->at = (int64_t)time(NULL);
	q->has_nonce = 1;
	q->nonce = (struct bytes){o->nonce, o->nonce_len};
	q->channel = answer->has_peer_key ? CHANNEL_TLS : CHANNEL_PLAIN;
	memcpy(q->peer_key_hash, answer->peer_key_hash, sizeof q->peer_key_hash);
	question_collateral(o, kind, bytes, 1);
	evaluate(kind, bytes, q, &e);
	w->unhappy |= !verdict_accepts(&e.verdict);
	observation = observation_of(t->url, &e);
	if (observation != NULL)
		reached(w, t, observation);
	json_decref(observation);
	evaluation_close(&e);
	buffer_free(&room);
}

/* Looks whose time has come. They are asked at once: one that is slow keeps none waiting long. */
struct round {
	size_t count;
	struct watch_target *target[WATCH_TARGETS_MAX];
	uint8_t nonce[WATCH_TARGETS_MAX][NONCE_LEN];
	char *url[WATCH_TARGETS_MAX];
	struct transfer_request request[WATCH_TARGETS_MAX];
	struct transfer_answer answer[WATCH_TARGETS_MAX];
	int err[WATCH_TARGETS_MAX];
};

static void
round_add(struct round *round, struct watcher *w, struct watch_target *t)
{
	const size_t i = round->count;
	uint8_t nonce[64];
	size_t nonce_len = NONCE_LEN;
	const char *problem;

	randombytes_buf(nonce, NONCE_LEN);
	if (fetch_url(t->url, nonce, &nonce_len, &round->url[i], &problem) != 0) {
		not_reached(w, t, problem);
		return;
	}
	memcpy(round->nonce[i], nonce, NONCE_LEN);
	round->request[i] = fetch_request(round->url[i]);
	round->target[i] = t;
	round->count++;
}

static void
round_take(struct round *round, struct watcher *w, size_t i)
{
	struct transfer_answer *answer = &round->answer[i];

	memcpy(w->options.nonce, round->nonce[i], NONCE_LEN);
	w->options.nonce_len = NONCE_LEN;
	if (fetch_result(round->err[i], answer) == 0)
		look(w, round->target[i], answer);
	else
		not_reached(w, round->target[i], answer->problem);
	transfer_free(answer);
}

static void
round_run(struct round *round, struct watcher *w)
{
	int r = transfer_run_all(round->request, round->count, round->answer, round->err);

	for (size_t i = 0; i < round->count; i++) {
		if (r == 0)
			round_take(round, w, i);
		else
			not_reached(w, round->target[i], err_text(r));
		free(round->url[i]);
	}
}

/* --- the webhook ------------------------------------------------------------------------------ */

/* Returns: 0, or an error when it has to be tried again */
static int
post(struct watcher *w, const char *line, int persist, struct transfer_answer *answer)
{
	const struct transfer_request q = {
	    .url = w->webhook,
	    .trust = TRANSFER_CA,
	    .ca_file = w->webhook_ca,
	    .post = {(const uint8_t *)line, strlen(line)},
	    .max = WEBHOOK_ANSWER_MAX,
	    .seconds = WEBHOOK_SECONDS,
	};
	int r = persist ? transfer_persist(&q, answer) : transfer_run(&q, answer);

	return r == 0 && (answer->status < 200 || answer->status > 299) ? ERR_RPC : r;
}

static void
delay_delivery(struct watcher *w, const struct transfer_answer *answer)
{
	int64_t pause = INT64_C(1000) << (w->delivery_attempt < 9 ? w->delivery_attempt : 9);

	if (answer->retry_after < (uint64_t)WEBHOOK_PAUSE_MAX / 1000 &&
	    (int64_t)answer->retry_after * 1000 > pause)
		pause = (int64_t)answer->retry_after * 1000;
	if (pause > WEBHOOK_PAUSE_MAX)
		pause = WEBHOOK_PAUSE_MAX;
	pause += randombytes_uniform((uint32_t)(pause / 4) + 1);
	w->delivery_due = now_ms() + pause;
	w->delivery_attempt++;
	fprintf(stderr, "selfsame watch: the webhook did not take an alert: %s\n", answer->problem);
}

/* In order; one that cannot be delivered holds back the others. */
static void
deliver(struct watcher *w)
{
	struct transfer_answer answer;
	uint64_t seq;
	int r;

	while (w->webhook != NULL && w->state.pending_count > 0 && !is_stopped(w, 0)) {
		seq = w->state.pending[0].seq;
		r = post(w, w->state.pending[0].line, w->once, &answer);
		if (r != 0)
			delay_delivery(w, &answer);
		transfer_free(&answer);
		if (r != 0) {
			w->unhappy = 1;
			return;
		}
		w->delivery_attempt = 0;
		record(w, json_pack("{s:s, s:I}", "type", "delivered", "alert", (json_int_t)seq),
		       0);
		/* a history that cannot be written would have it delivered for ever */
		if (w->state.pending_count > 0 && w->state.pending[0].seq == seq) {
			w->delivery_due = now_ms() + WEBHOOK_PAUSE_MAX;
			return;
		}
	}
}

/* --- the loop ------------------------------------------------------------------------------------
 */

static int64_t
next_due(const struct watcher *w)
{
	int64_t pause = (int64_t)w->interval * 1000;
	int64_t spread = pause * (int64_t)w->jitter / 100;

	if (spread > 0)
		pause += (int64_t)randombytes_uniform((uint32_t)spread + 1) - spread / 2;
	return now_ms() + pause;
}

static void
sleep_until(struct watcher *w, int64_t due)
{
	int64_t left = due - now_ms();

	(void)is_stopped(w, left > 0 ? left : 0);
}

static int64_t
earliest(const struct watcher *w)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < w->url_count; i++)
		if (w->due[i] < due)
			due = w->due[i];
	if (w->webhook != NULL && w->state.pending_count > 0 && w->delivery_due < due)
		due = w->delivery_due;
	return due;
}

static void
round_of(struct watcher *w)
{
	static struct round round;
	struct watch_target *t;

	round.count = 0;
	for (size_t i = 0; i < w->url_count; i++) {
		if (w->due[i] > now_ms())
			continue;
		if ((t = watch_state_target(&w->state, w->urls[i])) != NULL)
			round_add(&round, w, t);
		w->due[i] = next_due(w);
	}
	if (round.count > 0)
		round_run(&round, w);
	if (w->delivery_due <= now_ms())
		deliver(w);
}

int
watcher_run(struct watcher *w)
{
	sigemptyset(&w->signals);
	sigaddset(&w->signals, SIGTERM);
	sigaddset(&w->signals, SIGINT);
	sigprocmask(SIG_BLOCK, &w->signals, NULL);
	do {
		round_of(w);
		if (!w->once)
			sleep_until(w, earliest(w));
	} while (!w->once && !w->stopped && !w->state.failed);
	return w->state.failed ? ERR_MEM : 0;
}
