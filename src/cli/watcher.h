/*
 * The watch itself: look at every instance when its time has come, tell what has
 * changed, deliver what was told. All of it goes through the history, which is
 * the only state that outlives a run.
 */
#ifndef SELFSAME_CLI_WATCHER_H
#define SELFSAME_CLI_WATCHER_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "cli/history.h"
#include "cli/question_options.h"
#include "cli/watch_state.h"

struct watcher {
	/* what is asked; set by the caller */
	struct question_options options;
	uint64_t interval; /* seconds */
	uint64_t jitter; /* percent of it */
	uint64_t warn_days;
	uint64_t failures; /* so many before an instance counts as unreachable */
	int once;
	const char *webhook, *webhook_ca; /* NULL: none */
	size_t url_count; /* at most WATCH_TARGETS_MAX */
	char **urls;
	struct history history; /* open */
	struct watch_state state; /* as the history gave it */

	/* the watcher's own */
	int64_t due[WATCH_TARGETS_MAX]; /* monotonic milliseconds */
	int64_t delivery_due;
	unsigned delivery_attempt;
	sigset_t signals;
	int stopped;
	int told; /* something was, in this run */
	int unhappy; /* something was not reached, did not hold or could not be written */
};

/*
 * Until SIGTERM or SIGINT, or once.
 *
 * Returns: 0; ERR_MEM (or too many URLs in the history)
 */
int watcher_run(struct watcher *w) MUST_USE;

#endif
