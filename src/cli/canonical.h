/*
 * RFC 8785 (JCS) form of parsed JSON, within what our documents use: member
 * names of printable ASCII, integers below 2^53, nothing deeper than eight.
 * Anything else has no canonical form here and is refused.
 */
#ifndef SELFSAME_CLI_CANONICAL_H
#define SELFSAME_CLI_CANONICAL_H

#include <jansson.h>

#include "base/attr.h"
#include "base/buffer.h"

#define CANONICAL_MEMBERS_MAX 128

/* Returns: 0, ERR_RANGE (no canonical form), ERR_SPACE or ERR_MEM */
int canonical_write(json_t *value, struct buffer *ret) MUST_USE;

#endif
