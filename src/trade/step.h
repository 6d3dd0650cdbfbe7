/*
 * Rows of the journal in memory: deep copies, and the checks that a row or a
 * signer's answer must pass before it is used.
 */
#ifndef SELFSAME_TRADE_STEP_H
#define SELFSAME_TRADE_STEP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evm/transaction.h"
#include "store/store.h"

/* Deep copies. ERR_MEM. Owns: *ret, the matching free function. */
int step_copy(const struct store_step *from, struct store_step *ret) MUST_USE;
void step_drop(struct store_step *step);
int agent_row_copy(const struct store_agent *from, struct store_agent *ret) MUST_USE;
void agent_row_free(struct store_agent *agent);
void trade_row_free(struct store_trade *trade);

/* A heap copy of bytes; an empty run for an empty run. ERR_MEM. */
int bytes_copy(struct bytes from, struct bytes *ret) MUST_USE;
void bytes_free(struct bytes *b);

/* Replace the error text; NULL clears it. Keeps what was there when memory is short. */
void step_set_error(struct store_step *step, const char *text);

/* Whether a receipt is known. */
int step_has_receipt(const struct store_step *step);

/* The transaction that was asked for, from the row's intent (borrowed). ERR_PARSE. */
int step_intent(const struct store_step *step, struct tx *ret) MUST_USE;

/*
 * Whether raw is exactly `asked`, signed, with the hash hash32. Who signed is
 * not looked at: a signature of another key spends nothing of this wallet.
 *
 * Returns: 0 or ERR_PROTOCOL
 */
int step_check_signed(struct bytes raw, const struct tx *asked, const uint8_t hash32[32]) MUST_USE;

/*
 * Whether a row's raw bytes are its own: a signed transaction of exactly what
 * the row's intent asks for, with its chain and nonce, whose hash is one of the
 * row's. Otherwise it is not sent, and a receipt for it says nothing. ERR_PARSE.
 */
int step_check_row(const struct store_step *step) MUST_USE;

/* The row's hashes: number 0 is tx_hash, then the earlier ones, newest first. */
size_t step_hash_count(const struct store_step *step);
const uint8_t *step_hash(const struct store_step *step, size_t number);

/* Let an earlier hash (number above 0) change places with tx_hash: it is the one that was mined. */
void step_swap_hash(struct store_step *step, size_t number);

#endif
