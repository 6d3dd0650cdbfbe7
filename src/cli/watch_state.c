#include "cli/watch_state.h"

#include <stdlib.h>
#include <string.h>

#include "cli/observation.h"
#include "tdx/utc.h"
#include "base/banned.h"

static const char *
text_of(const json_t *entry, const char *name)
{
	const char *text = json_string_value(json_object_get(entry, name));

	return text != NULL ? text : "";
}

struct watch_target *
watch_state_target(struct watch_state *s, const char *url)
{
	struct watch_target *t;

	for (size_t i = 0; i < s->target_count; i++)
		if (strcmp(s->target[i].url, url) == 0)
			return &s->target[i];
	if (s->target_count == WATCH_TARGETS_MAX)
		return NULL;
	t = &s->target[s->target_count];
	*t = (struct watch_target){.url = strdup(url), .warned = json_object()};
	if (t->url == NULL || t->warned == NULL) {
		free(t->url);
		json_decref(t->warned);
		return NULL;
	}
	s->target_count++;
	return t;
}

static int64_t
time_of(const json_t *entry)
{
	const char *text = text_of(entry, "time");
	int64_t t = 0;

	return utc_parse((struct bytes){(const uint8_t *)text, strlen(text)}, &t) == 0 ? t : 0;
}

static void
apply_observation(struct watch_state *s, struct watch_target *t, const json_t *entry)
{
	json_t *last = json_deep_copy(entry);
	json_t *base = last != NULL ? observation_base(t->base, last) : NULL;

	if (last == NULL || (base == NULL && t->base != NULL)) {
		s->failed = 1;
		json_decref(last);
		return;
	}
	json_decref(t->last);
	json_decref(t->base);
	t->last = last;
	t->base = base;
	t->recorded = time_of(entry);
}

static void
apply_alert(struct watch_state *s, struct watch_target *t, const json_t *entry)
{
	const char *alert = text_of(entry, "alert");

	if (strcmp(alert, "unreachable") == 0)
		t->unreachable = 1;
	if (strcmp(alert, "recovered") == 0)
		t->unreachable = 0;
	if (strcmp(alert, "expiry-near") == 0 &&
	    json_object_set_new(t->warned, text_of(entry, "item"),
				json_string(text_of(entry, "until"))) != 0)
		s->failed = 1;
}

static void
queue(struct watch_state *s, uint64_t seq, const char *line)
{
	size_t cap = s->pending_cap == 0 ? 16 : 2 * s->pending_cap;
	struct watch_pending *grown;
	char *copy;

	if (s->pending_count == s->pending_cap) {
		if ((grown = reallocarray(s->pending, cap, sizeof *grown)) == NULL) {
			s->failed = 1;
			return;
		}
		s->pending = grown;
		s->pending_cap = cap;
	}
	if ((copy = strdup(line)) == NULL) {
		s->failed = 1;
		return;
	}
	s->pending[s->pending_count++] = (struct watch_pending){seq, copy};
}

static void
take_delivered(struct watch_state *s, uint64_t seq)
{
	for (size_t i = 0; i < s->pending_count; i++) {
		if (s->pending[i].seq != seq)
			continue;
		free(s->pending[i].line);
		s->pending_count--;
		memmove(&s->pending[i], &s->pending[i + 1],
			(s->pending_count - i) * sizeof s->pending[0]);
		return;
	}
}

static uint64_t
number_of(const json_t *entry, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(entry, name));
}

void
watch_state_apply(void *state, const json_t *entry, const char *line)
{
	struct watch_state *s = state;
	const char *type = text_of(entry, "type");
	struct watch_target *t;

	if (strcmp(type, "delivered") == 0)
		take_delivered(s, number_of(entry, "alert"));
	if (strcmp(type, "observation") != 0 && strcmp(type, "alert") != 0)
		return;
	if ((t = watch_state_target(s, text_of(entry, "url"))) == NULL) {
		s->failed = 1;
		return;
	}
	if (strcmp(type, "observation") == 0) {
		apply_observation(s, t, entry);
		return;
	}
	apply_alert(s, t, entry);
	if (json_is_true(json_object_get(entry, "webhook")))
		queue(s, number_of(entry, "seq"), line);
}

void
watch_state_free(struct watch_state *s)
{
	for (size_t i = 0; i < s->target_count; i++) {
		free(s->target[i].url);
		json_decref(s->target[i].last);
		json_decref(s->target[i].base);
		json_decref(s->target[i].warned);
	}
	for (size_t i = 0; i < s->pending_count; i++)
		free(s->pending[i].line);
	free(s->pending);
	memset(s, 0, sizeof *s);
}
