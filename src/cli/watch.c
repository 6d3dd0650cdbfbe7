/* selfsame watch: what is asked of a watch, and of its history. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/file.h"
#include "cli/transfer.h"
#include "cli/watcher.h"
#include "base/banned.h"

#define INTERVAL_DEFAULT 300
#define INTERVAL_MAX 604800
#define JITTER_DEFAULT 10 /* percent */
#define WARN_DAYS_DEFAULT 14
#define FAILURES_DEFAULT 3

struct watch {
	const struct command *self;
	struct watcher watcher;
	const char *history_path;
	char history_default[PATH_MAX];
	const char *check; /* --check-history */
	int has_key, has_head;
	uint8_t key[32], head[32];
};

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
	w->watcher.webhook = url;
	return CLI_YES;
}

static int
take_option(struct watch *w, int option, const char *value)
{
	switch (option) {
	case OPTION_INTERVAL:
		return take_number(w, "--interval", value, 1, INTERVAL_MAX, &w->watcher.interval);
	case OPTION_JITTER:
		return take_number(w, "--jitter", value, 0, 100, &w->watcher.jitter);
	case OPTION_WARN_DAYS:
		return take_number(w, "--warn-days", value, 0, 36500, &w->watcher.warn_days);
	case OPTION_FAILURES:
		return take_number(w, "--failures", value, 1, 1000, &w->watcher.failures);
	case OPTION_ONCE:
		w->watcher.once = 1;
		return CLI_YES;
	case OPTION_HISTORY:
		w->history_path = value;
		return CLI_YES;
	case OPTION_WEBHOOK:
		return take_webhook(w, value);
	case OPTION_WEBHOOK_CA:
		w->watcher.webhook_ca = value;
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
		return question_option(&w->watcher.options, option, value);
	}
}

static int
check_urls(struct watch *w)
{
	if (w->check != NULL)
		return w->watcher.url_count == 0
			   ? CLI_YES
			   : cli_usage(w->self, "--check-history takes no URL");
	if (w->watcher.url_count == 0 || w->watcher.url_count > WATCH_TARGETS_MAX)
		return cli_usage(w->self, "takes one to %d URLs", WATCH_TARGETS_MAX);
	if (w->watcher.options.nonce_len > 0)
		return cli_usage(w->self, "--nonce: every look has a nonce of its own");
	for (size_t i = 0; i < w->watcher.url_count; i++) {
		const char *problem = transfer_url_problem(w->watcher.urls[i]);

		if (problem != NULL)
			return cli_usage(w->self, "%s: the URL %s", w->watcher.urls[i], problem);
		if (strstr(w->watcher.urls[i], "nonce=") != NULL)
			return cli_usage(w->self, "%s: every look has a nonce of its own",
					 w->watcher.urls[i]);
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
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return cli_bad_option(w->self, argv, option);
		if ((status = take_option(w, option, optarg)) != CLI_YES)
			return status;
	}
	w->watcher.urls = argv + optind;
	w->watcher.url_count = (size_t)(argc - optind);
	return check_urls(w);
}

static int
bad_history(const struct watch *w, const char *path, int r, const char *problem)
{
	return r == ERR_EVIDENCE ? cli_refused(w->self, "%s: %s", path, problem)
				 : cli_failed(w->self, "%s", problem);
}

static int
check_history(const struct watch *w)
{
	char key[65], head[65], problem[HISTORY_PROBLEM_MAX];
	struct history_summary s;
	int r = history_check(w->check, w->has_key ? w->key : NULL, w->has_head ? w->head : NULL,
			      &s, problem);

	if (r != 0)
		return bad_history(w, w->check, r, problem);
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
	int status = CLI_YES, r;

	if (w->history_path == NULL && default_history(w) != 0)
		return cli_usage(w->self, "there is no place for the history: give --history FILE");
	r = history_open(w->history_path, watch_state_apply, &w->watcher.state, &w->watcher.history,
			 problem);
	if (r != 0)
		return bad_history(w, w->history_path, r, problem);
	hex_encode(w->watcher.history.key, sizeof w->watcher.history.key, key);
	if (!w->watcher.once)
		fprintf(stderr, "selfsame watch: %zu instances, history %s, signed by %s\n",
			w->watcher.url_count, w->history_path, key);
	if (watcher_run(&w->watcher) != 0)
		status = cli_failed(w->self, "too many instances in the history, or no memory");
	else if (w->watcher.once && (w->watcher.told || w->watcher.unhappy))
		status = CLI_NO;
	history_close(&w->watcher.history);
	return status;
}

int
watch_run(const struct command *self, int argc, char **argv)
{
	static struct watch w = {.watcher = {.interval = INTERVAL_DEFAULT,
					     .jitter = JITTER_DEFAULT,
					     .warn_days = WARN_DAYS_DEFAULT,
					     .failures = FAILURES_DEFAULT}};
	int status;

	w.self = self;
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return cli_failed(self, "the libraries could not be initialised");
	if ((status = question_options_begin(self, &w.watcher.options)) == CLI_YES &&
	    (status = take_arguments(&w, argc, argv)) == CLI_YES)
		status = w.check != NULL ? check_history(&w) : watch(&w);
	watch_state_free(&w.watcher.state);
	question_options_end(&w.watcher.options);
	curl_global_cleanup();
	return status;
}
