/*
 * The nonces of one wallet. The journal is their source; a node supplies the
 * first one of a wallet that the journal does not know, and after that nothing
 * a node says moves them: a lower count is ignored, a higher one stops the
 * wallet, because then somebody else signs for it or the journal was rolled
 * back, and each further signature could replace a transaction unseen.
 */
#ifndef SELFSAME_TRADE_NONCE_H
#define SELFSAME_TRADE_NONCE_H

#include <stdint.h>

#include "base/attr.h"

#define NONCE_TEXT_MAX 256

struct nonces {
	int known;
	int reserved; /* a trade between planning and commit holds [next, next + held) */
	uint64_t held;
	uint64_t next;	/* the first that no journalled step has */
	uint64_t mined; /* every nonce below it has a receipt, as far as seen */
	int stopped;
	uint64_t stopped_at; /* the nonce of the step that stopped it; UINT64_MAX: a count did */
	char text[NONCE_TEXT_MAX]; /* what was seen, and the remedy */
};

/*
 * Begin: what the journal holds (has_journal, highest) and the account's count
 * of mined transactions as a node says it ("latest": what is only in a pool
 * was not signed by this journal, or is in it).
 *
 * Returns: 0, or ERR_WRONG_STATE when the node knows more than the journal.
 */
int nonces_seed(struct nonces *n, int has_journal, uint64_t highest, uint64_t count) MUST_USE;

/* A later count of a node. Lower is ignored; higher than next stops the wallet. */
void nonces_heard(struct nonces *n, uint64_t count);

/* Take `count` nonces; ERR_WRONG_STATE (stopped or unknown), ERR_CONFLICT (taken already). */
int nonces_reserve(struct nonces *n, uint64_t count, uint64_t *ret_first) MUST_USE;
void nonces_commit(struct nonces *n);
void nonces_release(struct nonces *n);

/* After a commit whose end is not known: the journal must be asked again. */
void nonces_forget(struct nonces *n);

/* A step has a receipt: it and all below are mined. Lifts a stop that the step caused. */
void nonces_mined(struct nonces *n, uint64_t nonce);

/* A step's receipt is gone. */
void nonces_reorged(struct nonces *n, uint64_t nonce);

/* "nonce too low" for a step that has no receipt, after it was looked for again. */
void nonces_lost(struct nonces *n, uint64_t nonce);

/* Whether a journalled step may not be mined yet. */
int nonces_open(const struct nonces *n);

#endif
