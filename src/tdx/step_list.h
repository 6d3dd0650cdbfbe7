/*
 * What a verifier calls its steps. All verifiers have results of one form: a check per step, in
 * the order of the list, so that names, texts and the search for what went wrong are shared.
 */
#ifndef SELFSAME_TDX_STEP_LIST_H
#define SELFSAME_TDX_STEP_LIST_H

#include "tdx/check.h"

struct step_words {
	const char *name; /* part of the output */
	const char *text; /* what has been seen when the step passed */
};

struct step_list {
	unsigned count;
	const struct step_words *step;
};

/* For the lists of id, name and text: one element of an array of struct step_words. */
#define STEP_WORDS(id, name, text) [id] = {name, text},

/* "?" for what is no step of the list. */
const char *step_list_name(const struct step_list *list, unsigned step);
const char *step_list_text(const struct step_list *list, unsigned step);

/*
 * The first step at or after `from` that has not passed, or that failed; list->count if there is
 * none.
 *
 * In:      check  list->count results
 */
unsigned step_list_open(const struct step_list *list, const struct tdx_check *check,
    unsigned from);
unsigned step_list_failed(const struct step_list *list, const struct tdx_check *check,
    unsigned from);

#endif
