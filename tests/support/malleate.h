/* (r, s) into (r, n - s): another valid signature by nobody. */
#ifndef SELFSAME_TESTS_MALLEATE_H
#define SELFSAME_TESTS_MALLEATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* Returns: 0 or ERR_CRYPTO */
int malleate(uint8_t sig64[64]) MUST_USE;

/* The quote's own signature. Returns: 0, ERR_PARSE or ERR_CRYPTO */
int malleate_quote(uint8_t *quote, size_t len) MUST_USE;

#endif
