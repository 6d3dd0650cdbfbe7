/* Numbers from text: the whole input or an error, no white space, no sign. */
#ifndef SELFSAME_BASE_PARSE_H
#define SELFSAME_BASE_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/*
 * Decimal digits without leading zeros, between min and max.
 *
 * Returns: 0, ERR_PARSE or ERR_RANGE.
 */
int parse_u64(const char *text, size_t len, uint64_t min, uint64_t max, uint64_t *ret) MUST_USE;

/* "0x" and hex digits without leading zeros (JSON-RPC quantities). */
int parse_quantity(const char *text, size_t len, uint64_t *ret) MUST_USE;

#endif
