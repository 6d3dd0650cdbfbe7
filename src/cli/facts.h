/*
 * What evidence says in short: names and texts, for a report and for comparing
 * two answers of one instance. Facts are what was said; whether they hold is
 * the verdict's.
 */
#ifndef SELFSAME_CLI_FACTS_H
#define SELFSAME_CLI_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define FACTS_MAX 128
#define FACT_NAME_MAX 64
#define FACT_TEXT_MAX 200

struct fact {
	char name[FACT_NAME_MAX]; /* as --expect and docs/verify.md have it */
	char text[FACT_TEXT_MAX]; /* printable ASCII; longer texts are cut */
};

struct facts {
	size_t count;
	struct fact fact[FACTS_MAX];
};

/* An empty text is no fact. What does not fit is left out. */
void facts_add(struct facts *f, const char *name, struct bytes text);
void facts_add_text(struct facts *f, const char *name, const char *text);
void facts_add_hex(struct facts *f, const char *name, const uint8_t *p, size_t len);

/* "prefix.name"; the name may be outside text. */
void facts_add_member(struct facts *f, const char *prefix, const char *name, struct bytes text);

/* The text of a fact, or NULL. */
const char *facts_find(const struct facts *f, const char *name);

#endif
