/*
 * Token buckets per source address, in a table of fixed size: a source that
 * falls out of it starts anew, so that a flood of sources costs memory to
 * nobody. Refilled by the monotonic clock that the caller reads.
 */
#ifndef SELFSAME_GATEWAY_LIMITER_H
#define SELFSAME_GATEWAY_LIMITER_H

#include <stdint.h>

#include "base/attr.h"

struct limiter;

/* per_minute 0 refuses everybody; burst: as many as a minute gives. */
int limiter_new(uint64_t per_minute, struct limiter **ret) MUST_USE;
void limiter_free(struct limiter *l);

/*
 * Take one token.
 *
 * Returns: 0, or the seconds until there is one again (at least 1)
 */
unsigned limiter_take(struct limiter *l, const uint8_t source16[16], uint64_t now_ms);

/* The same without taking. */
unsigned limiter_look(struct limiter *l, const uint8_t source16[16], uint64_t now_ms);

/* Milliseconds of the monotonic clock. */
uint64_t limiter_clock(void);

#endif
