/*
 * The idempotency keys under which an agent's last trades were signed: one key,
 * one trade, whatever becomes of the journal that should answer a retry.
 *
 * A trade that was signed and not stored is signed again, but only in the place
 * of the first: with the same nonces, step by step. Of two transactions with
 * one nonce the chain takes one, so of each step only the dearest version is
 * charged. (Of each step: versions can be mixed, the first step of one sent
 * with the second of another.) What the gateway says of
 * its commit is not asked for: who holds the database has seen the signed bytes
 * and can send them himself.
 *
 * Refuses: a key that was signed with other nonces. The oldest key is forgotten
 * first; a key is kept as the head of its hash.
 */
#ifndef SELFSAME_SIGNER_RECENT_H
#define SELFSAME_SIGNER_RECENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "evm/transaction.h"
#include "signer/spend.h"

#define TRADE_STEPS_MAX 4
#define RECENT_TRADES 32

struct recent_trade {
	uint8_t key[16]; /* of the hash of agent id and key */
	uint8_t nonces[16]; /* of a hash over every step's nonce */
};

struct recent {
	struct recent_trade trades[RECENT_TRADES]; /* the last one first */
	uint8_t count;
	uint64_t policy_version; /* whose tokens `paid` counts in */
	struct charge paid[TRADE_STEPS_MAX]; /* for the last one, each step in its dearest form */
};

struct recent_trade recent_trade_of(const uint8_t key32[32], const struct tx *steps, size_t count);

/*
 * Whether the trade may be signed.
 *
 * Returns: 0 or ERR_USED
 * Out:     what was charged for each step before, under this policy
 */
int recent_check(const struct recent *r, const struct recent_trade *trade,
    uint64_t policy_version, struct charge ret_paid[TRADE_STEPS_MAX]) MUST_USE;

/* It was signed; paid: what is charged for each step by now. */
void recent_note(struct recent *r, const struct recent_trade *trade, uint64_t policy_version,
    const struct charge paid[TRADE_STEPS_MAX]);

#endif
