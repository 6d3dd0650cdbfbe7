/*
 * What a watch knows of each instance and which alerts nobody has taken yet,
 * rebuilt from its history: applying the history's lines in order gives the
 * state in which the watch stopped.
 *
 *   observation   cli/observation.h
 *   alert         the same; "webhook":true: to be delivered
 *   delivered     {"type":"delivered","alert":SEQ}
 */
#ifndef SELFSAME_CLI_WATCH_STATE_H
#define SELFSAME_CLI_WATCH_STATE_H

#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"

#define WATCH_TARGETS_MAX 64

struct watch_target {
	char *url;
	json_t *last; /* the last observation, or NULL */
	json_t *base; /* what the next is compared with, or NULL */
	json_t *warned; /* item to until: what was told of dates */
	int64_t recorded; /* when `last` went into the history, Unix seconds */
	int unreachable; /* told so, and not recovered since */
	uint32_t failures; /* one after the other, since this start */
};

/* An alert that is still to be delivered; in the order of the history. */
struct watch_pending {
	uint64_t seq;
	char *line; /* the history's own line, signature and all */
};

struct watch_state {
	size_t target_count;
	struct watch_target target[WATCH_TARGETS_MAX];
	size_t pending_count, pending_cap;
	struct watch_pending *pending;
	int failed; /* memory ran out, or there were more URLs than room */
};

/* The target of a URL, new if it is not known; NULL when there is no room. */
struct watch_target *watch_state_target(struct watch_state *s, const char *url);

/* A line of the history has been written, or read again: history_visit of cli/history.h. */
void watch_state_apply(void *state, const json_t *entry, const char *line);

void watch_state_free(struct watch_state *s);

#endif
