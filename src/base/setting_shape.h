/*
 * The shape of a setting's value: what can be told from the text alone.
 * Nothing is opened, resolved or asked.
 */
#ifndef SELFSAME_BASE_SETTING_SHAPE_H
#define SELFSAME_BASE_SETTING_SHAPE_H

#include <stddef.h>

#include "base/attr.h"
#include "base/settings.h"

/*
 * What is wrong with a value, as the end of the sentence "NAME: ..." that says
 * what to do; NULL when nothing is. Never quotes the value.
 */
const char *setting_problem(enum setting_id id, const char *value);

/* Whether a well-formed http(s) URL names this machine, as written. */
int url_is_loopback(const char *url, size_t len);

#endif
