/* What the store accepts as text: UTF-8 without NUL, since PostgreSQL refuses anything else. */
#ifndef SELFSAME_STORE_TEXT_H
#define SELFSAME_STORE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* ERR_RANGE (longer than max) or ERR_PARSE (not UTF-8, or a NUL within). */
int text_check(const uint8_t *p, size_t len, size_t max) MUST_USE;

/*
 * A copy for display: cut at max bytes (not within a character), with '?' for
 * what is not UTF-8 and for control characters. Untrusted text passes here.
 *
 * Owns: the caller's, free(). NULL: no memory
 */
char *text_clean(const char *s, size_t max);

#endif
