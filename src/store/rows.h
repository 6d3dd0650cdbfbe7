/*
 * Rows into heap structs. The database is the adversary's: every kind, length
 * and range is checked before a byte is copied.
 */
#ifndef SELFSAME_STORE_ROWS_H
#define SELFSAME_STORE_ROWS_H

#include "base/attr.h"
#include "store/engine.h"
#include "store/store.h"

/* All: 0, ERR_DATABASE (the row is malformed) or ERR_MEM; *ret is the caller's. */
int row_agent(const struct cell *cells, struct store_agent *ret) MUST_USE;
int row_trade(const struct cell *cells, struct store_trade *ret, uint64_t *ret_step_count) MUST_USE;
int row_step(const struct cell *cells, struct store_step *ret, uint64_t *ret_sequence) MUST_USE;
/* A 20-byte address. */
int row_address(const struct cell *cell, uint8_t ret[20]) MUST_USE;
int row_number(const struct cell *cell, uint64_t *ret) MUST_USE;

/*
 * What is legible of a step's malformed row, as STEP_UNREADABLE; owns nothing.
 * ERR_DATABASE: not even its sequence.
 */
int row_step_rest(const struct cell *cells, struct store_step *ret,
    uint64_t *ret_sequence) MUST_USE;

/* Free what a row owns; accept what was never filled in (all zero). */
void agent_free(struct store_agent *a);
void trade_free(struct store_trade *t);
void step_free(struct store_step *s);

#endif
