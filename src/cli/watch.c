/* selfsame watch: look at instances again and again, and tell what has changed. */
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <curl/curl.h>
#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/evaluate.h"
#include "cli/fetch.h"
#include "cli/file.h"
#include "cli/history.h"
#include "cli/observation.h"
#include "cli/question_options.h"
#include "cli/watch_state.h"
#include "base/banned.h"

#define NONCE_LEN 32
#define INTERVAL_DEFAULT 300
#define INTERVAL_MAX 604800
#define JITTER_DEFAULT 10 /* percent */
#define WARN_DAYS_DEFAULT 14
#define FAILURES_DEFAULT 3
#define HEARTBEAT_SECONDS 3600 /* so often is a look recorded that showed nothing new */
#define WEBHOOK_SECONDS 30L
#define WEBHOOK_ANSWER_MAX 65536
#define WEBHOOK_PAUSE_MAX INT64_C(300000) /* milliseconds */

struct watch {
	const struct command *self;
	struct question_options options;
	uint64_t interval, jitter, warn_days, failures;
	int once;
	const char *history_path;
	char history_default[PATH_MAX];
	const char *webhook, *webhook_ca;
	const char *check; /* --check-history */
	int has_key, has_head;
	uint8_t key[32], head[32];
	size_t url_count;
	char **urls;

	struct history history;
	struct watch_state state;
	int64_t due[WATCH_TARGETS_MAX]; /* monotonic milliseconds */
	int64_t delivery_due;
	unsigned delivery_attempt;
	sigset_t signals;
	int stopped;
	int told;    /* alerts in this run */
	int unhappy; /* instances that were not there, or did not hold, in this run */
};

/* Blocked, and taken where a watch waits: none is lost between a check and a sleep. */
static int
is_stopped(struct watch *w, int64_t wait_ms)
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
record(struct watch *w, json_t *entry, int show)
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
tell(struct watch *w, json_t *alert)
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
tell_all(struct watch *w, json_t *list)
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
not_reached(struct watch *w, struct watch_target *t, const char *problem)
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
reached(struct watch *w, struct watch_target *t, json_t *observation)
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
look(struct watch *w, struct watch_target *t, struct transfer_answer *answer)
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

static void
poll_target(struct watch *w, struct watch_target *t)
{
	struct question_options *o = &w->options;
	struct transfer_answer answer;
	const char *problem;
	char *url = NULL;

	randombytes_buf(o->nonce, NONCE_LEN);
	o->nonce_len = NONCE_LEN;
	if (fetch_url(t->url, o->nonce, &o->nonce_len, &url, &problem) != 0) {
		not_reached(w, t, problem);
		return;
	}
	if (fetch_get(url, &answer) == 0)
		look(w, t, &answer);
	else
		not_reached(w, t, answer.problem);
	transfer_free(&answer);
	free(url);
}

/* --- the webhook ------------------------------------------------------------------------------ */

/* Returns: 0, or an error when it has to be tried again */
static int
post(struct watch *w, const char *line, int persist, struct transfer_answer *answer)
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
delay_delivery(struct watch *w, const struct transfer_answer *answer)
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
deliver(struct watch *w)
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
next_due(const struct watch *w)
{
	int64_t pause = (int64_t)w->interval * 1000;
	int64_t spread = pause * (int64_t)w->jitter / 100;

	if (spread > 0)
		pause += (int64_t)randombytes_uniform((uint32_t)spread + 1) - spread / 2;
	return now_ms() + pause;
}

static void
sleep_until(struct watch *w, int64_t due)
{
	int64_t left = due - now_ms();

	(void)is_stopped(w, left > 0 ? left : 0);
}

static int64_t
earliest(const struct watch *w)
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
round_of(struct watch *w)
{
	for (size_t i = 0; i < w->url_count && !is_stopped(w, 0); i++) {
		struct watch_target *t;

		if (w->due[i] > now_ms())
			continue;
		if ((t = watch_state_target(&w->state, w->urls[i])) != NULL)
			poll_target(w, t);
		w->due[i] = next_due(w);
	}
	if (w->delivery_due <= now_ms())
		deliver(w);
}

static int
run(struct watch *w)
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
	if (w->state.failed)
		return cli_failed(w->self, "too many instances in the history, or no memory");
	return w->once && (w->told || w->unhappy) ? CLI_NO : CLI_YES;
}

/* --- the command
 * ----------------------------------------------------------------------------------- */

enum {
	OPTION_INTERVAL = OPTION_OWN,
	OPTION_JITTER,
	OPTION_ONCE,
	OPTION_WARN_DAYS,
	OPTION_FAILURES,
	OPTION_HISTORY,
	OPTION_WEBHOOK,
	OPTION_WEBHOOK_CA,
	OPTION_CHECK,
	OPTION_KEY,
	OPTION_HEAD
};

static int
take_number(struct watch *w, const char *option, const char *text, uint64_t min, uint64_t max,
	    uint64_t *ret)
{
	if (parse_u64(text, strlen(text), min, max, ret) == 0)
		return CLI_YES;
	return cli_usage(w->self, "%s takes a number between %" PRIu64 " and %" PRIu64, option, min,
			 max);
}

static int
take_hash(struct watch *w, const char *option, const char *text, uint8_t ret[32])
{
	if (hex_decode(text, strlen(text), ret, 32) == 0 ||
	    hex_decode_0x(text, strlen(text), ret, 32) == 0)
		return CLI_YES;
	return cli_usage(w->self, "%s takes 32 bytes in hex", option);
}

static int
take_webhook(struct watch *w, const char *url)
{
	const char *problem = transfer_url_problem(url);

	if (problem != NULL)
		return cli_usage(w->self, "--webhook: the URL %s", problem);
	w->webhook = url;
	return CLI_YES;
}

static int
take_option(struct watch *w, int option, const char *value)
{
	switch (option) {
	case OPTION_INTERVAL:
		return take_number(w, "--interval", value, 1, INTERVAL_MAX, &w->interval);
	case OPTION_JITTER:
		return take_number(w, "--jitter", value, 0, 100, &w->jitter);
	case OPTION_WARN_DAYS:
		return take_number(w, "--warn-days", value, 0, 36500, &w->warn_days);
	case OPTION_FAILURES:
		return take_number(w, "--failures", value, 1, 1000, &w->failures);
	case OPTION_ONCE:
		w->once = 1;
		return CLI_YES;
	case OPTION_HISTORY:
		w->history_path = value;
		return CLI_YES;
	case OPTION_WEBHOOK:
		return take_webhook(w, value);
	case OPTION_WEBHOOK_CA:
		w->webhook_ca = value;
		return CLI_YES;
	case OPTION_CHECK:
		w->check = value;
		return CLI_YES;
	case OPTION_KEY:
		w->has_key = 1;
		return take_hash(w, "--key", value, w->key);
	case OPTION_HEAD:
		w->has_head = 1;
		return take_hash(w, "--head", value, w->head);
	default:
		return question_option(&w->options, option, value);
	}
}

static int
check_urls(struct watch *w)
{
	if (w->check != NULL)
		return w->url_count == 0 ? CLI_YES
					 : cli_usage(w->self, "--check-history takes no URL");
	if (w->url_count == 0 || w->url_count > WATCH_TARGETS_MAX)
		return cli_usage(w->self, "takes one to %d URLs", WATCH_TARGETS_MAX);
	if (w->options.nonce_len > 0)
		return cli_usage(w->self, "--nonce: every look has a nonce of its own");
	for (size_t i = 0; i < w->url_count; i++) {
		const char *problem = transfer_url_problem(w->urls[i]);

		if (problem != NULL)
			return cli_usage(w->self, "%s: the URL %s", w->urls[i], problem);
		if (strstr(w->urls[i], "nonce=") != NULL)
			return cli_usage(w->self, "%s: every look has a nonce of its own",
					 w->urls[i]);
	}
	return CLI_YES;
}

static int
take_arguments(struct watch *w, int argc, char **argv)
{
	static const struct option own[] = {
	    {"interval", required_argument, NULL, OPTION_INTERVAL},
	    {"jitter", required_argument, NULL, OPTION_JITTER},
	    {"once", no_argument, NULL, OPTION_ONCE},
	    {"warn-days", required_argument, NULL, OPTION_WARN_DAYS},
	    {"failures", required_argument, NULL, OPTION_FAILURES},
	    {"history", required_argument, NULL, OPTION_HISTORY},
	    {"webhook", required_argument, NULL, OPTION_WEBHOOK},
	    {"webhook-ca", required_argument, NULL, OPTION_WEBHOOK_CA},
	    {"check-history", required_argument, NULL, OPTION_CHECK},
	    {"key", required_argument, NULL, OPTION_KEY},
	    {"head", required_argument, NULL, OPTION_HEAD},
	};
	struct option options[QUESTION_OPTIONS_COUNT];
	int option, status;

	question_options_rows(own, ARRAY_LEN(own), options);
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
		if ((status = take_option(w, option, optarg)) != CLI_YES)
			return status;
	w->urls = argv + optind;
	w->url_count = (size_t)(argc - optind);
	return check_urls(w);
}

static int
check_history(const struct watch *w)
{
	char key[65], head[65], problem[HISTORY_PROBLEM_MAX];
	struct history_summary s;

	if (history_check(w->check, w->has_key ? w->key : NULL, w->has_head ? w->head : NULL, &s,
			  problem) != 0)
		return cli_failed(w->self, "%s: %s", w->check, problem);
	hex_encode(s.key, sizeof s.key, key);
	hex_encode(s.head, sizeof s.head, head);
	printf("%" PRIu64 " lines, from %s to %s, each signed and in its place\n", s.count, s.first,
	       s.last);
	printf("key   %s%s\n", key,
	       w->has_key ? "" : "  (the one that it names itself: give yours with --key)");
	printf("head  %s  (keep it: --head tells whether lines were cut off later)\n", head);
	return CLI_YES;
}

/* $XDG_STATE_HOME/selfsame/watch.jsonl, or the same under ~/.local/state. */
static int
default_history(struct watch *w)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = w->history_default;
	int has_state = state != NULL && state[0] == '/';
	int n;

	if (!has_state && (home == NULL || home[0] != '/'))
		return ERR_NOT_FOUND;
	n = snprintf(path, PATH_MAX, "%s%s/selfsame", has_state ? state : home,
		     has_state ? "" : "/.local/state");
	if (n < 0 || n + 16 >= PATH_MAX || file_make_directory(path) != 0)
		return ERR_IO;
	(void)!snprintf(path + n, PATH_MAX - (size_t)n, "/watch.jsonl");
	w->history_path = path;
	return 0;
}

static int
watch(struct watch *w)
{
	char problem[HISTORY_PROBLEM_MAX], key[65];
	int status;

	if (w->history_path == NULL && default_history(w) != 0)
		return cli_usage(w->self, "there is no place for the history: give --history FILE");
	if (history_open(w->history_path, watch_state_apply, &w->state, &w->history, problem) != 0)
		return cli_failed(w->self, "%s: %s", w->history_path, problem);
	hex_encode(w->history.key, sizeof w->history.key, key);
	if (!w->once)
		fprintf(stderr, "selfsame watch: %zu instances, history %s, signed by %s\n",
			w->url_count, w->history_path, key);
	status = run(w);
	history_close(&w->history);
	return status;
}

int
watch_run(const struct command *self, int argc, char **argv)
{
	static struct watch w = {.interval = INTERVAL_DEFAULT,
				 .jitter = JITTER_DEFAULT,
				 .warn_days = WARN_DAYS_DEFAULT,
				 .failures = FAILURES_DEFAULT};
	int status;

	w.self = self;
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return cli_failed(self, "the libraries could not be initialised");
	if ((status = question_options_begin(self, &w.options)) == CLI_YES &&
	    (status = take_arguments(&w, argc, argv)) == CLI_YES)
		status = w.check != NULL ? check_history(&w) : watch(&w);
	watch_state_free(&w.state);
	question_options_end(&w.options);
	curl_global_cleanup();
	return status;
}
