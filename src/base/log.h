/*
 * One line per event on standard error: an event name and typed fields, as
 * key=value or as JSON. There is no way to log a body, a token or a secret:
 * text fields are cut at 200 bytes and anything that is not printable ASCII is
 * escaped. Uses write(2) on a prepared buffer, so it works under every filter.
 */
#ifndef SELFSAME_BASE_LOG_H
#define SELFSAME_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_kind { LOG_END, LOG_TEXT, LOG_NUMBER, LOG_HEX, LOG_ERR };

struct log_field {
	enum log_kind kind;
	const char *name;
	const void *p;
	size_t len;
	int64_t number;
};

#define LOG_STR(n, s) ((struct log_field){LOG_TEXT, (n), (s), SIZE_MAX, 0})
#define LOG_STRN(n, s, l) ((struct log_field){LOG_TEXT, (n), (s), (l), 0})
#define LOG_INT(n, v) ((struct log_field){LOG_NUMBER, (n), NULL, 0, (int64_t)(v)})
#define LOG_BYTES(n, b, l) ((struct log_field){LOG_HEX, (n), (b), (l), 0})
#define LOG_CODE(e) ((struct log_field){LOG_ERR, "error", NULL, 0, (e)})

/* Set once at start: the process name on every line, JSON or key=value. */
void log_open(const char *process, int json, enum log_level least);

void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define log_event(level, event, ...) \
	log_write((level), (event), \
	    (const struct log_field[]){__VA_ARGS__, {LOG_END, NULL, NULL, 0, 0}})

/* An event without fields. */
#define log_note(level, event) \
	log_write((level), (event), (const struct log_field[]){{LOG_END, NULL, NULL, 0, 0}})

#endif
