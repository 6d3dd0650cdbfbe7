/* The TDX quote inside of any evidence that has one, as the raw bytes that were signed. */
#ifndef SELFSAME_CLI_QUOTE_IN_H
#define SELFSAME_CLI_QUOTE_IN_H

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "cli/kind.h"

/*
 * Nothing is verified here.
 *
 * Returns: 0, ERR_PARSE (malformed), ERR_NOT_FOUND (this kind has none), ERR_MEM or ERR_SPACE
 * Owns:    ret is the caller's, buffer_free(), also on failure
 */
int quote_in(enum kind kind, struct bytes bytes, struct buffer *ret) MUST_USE;

#endif
