/*
 * The nonces of one wallet. The journal is their source; a node supplies the
 * first one of a wallet that the journal does not know, and after that nothing
 * a node says moves them: a lower count is ignored, a higher one stops the
 * wallet, because then somebody else signs for it or the journal was rolled
 * back, and each further signature could replace a transaction unseen. What is
 * wrong with the journal itself stops it too.
 */
#ifndef SELFSAME_TRADE_NONCE_H
#define SELFSAME_TRADE_NONCE_H

#include <stdint.h>

#include "base/attr.h"

#define NONCE_TEXT_MAX 256

enum nonces_stop {
	NONCES_GO_ON = 0,
	NONCES_STOPPED_BY_COUNT, /* until the next start */
	NONCES_STOPPED_BY_STEP,	 /* "nonce too low": until the step has a receipt */
	NONCES_STOPPED_BY_GAP,	 /* rows are missing, or none can follow: until the next seed */
	NONCES_STOPPED_BY_BYTES, /* a step's bytes are not its own: until they are */
	NONCES_STOPPED_BY_ROW	 /* a row cannot be read: until a round finds none */
};

struct nonces {
	int known;
	int reserved; /* a trade between planning and commit holds [next, next + held) */
	uint64_t held;
	uint64_t next;	/* the first that no journalled step has */
	uint64_t mined; /* every nonce below it has a receipt, as far as seen */
	enum nonces_stop stopped;
	uint64_t stopped_at; /* the nonce of the step that stopped it */
	char text[NONCE_TEXT_MAX]; /* what was seen, and the remedy */
};

/* What the journal holds of a wallet. */
struct nonces_journal {
	int has_steps;
	uint64_t highest; /* nonce */
	uint64_t above;	  /* steps whose nonce is the node's count or higher */
};

/*
 * Begin: the journal, and the account's count of mined transactions as a node
 * says it ("latest": what is only in a pool was not signed by this journal, or
 * is in it). Every nonce from the count to the highest must have its step:
 * what is not on chain and not in the journal would be waited for for ever.
 *
 * Returns: 0, or ERR_WRONG_STATE: the wallet is stopped.
 */
int nonces_seed(struct nonces *n, const struct nonces_journal *journal, uint64_t count) MUST_USE;

/* A later count of a node. Lower is ignored; higher than next stops the wallet. */
void nonces_heard(struct nonces *n, uint64_t count);

/* Take `count` nonces; ERR_WRONG_STATE (stopped, unknown, used up), ERR_CONFLICT (taken). */
int nonces_reserve(struct nonces *n, uint64_t count, uint64_t *ret_first) MUST_USE;
void nonces_commit(struct nonces *n);
void nonces_release(struct nonces *n);

/* After a commit whose end is not known: the journal must be asked again. */
void nonces_forget(struct nonces *n);

/* A step has a receipt: it and all below are mined. Lifts a stop that the step caused. */
void nonces_mined(struct nonces *n, uint64_t nonce);

/* A step's receipt is gone. */
void nonces_reorged(struct nonces *n, uint64_t nonce);

/*
 * A step's signed bytes are not what its row asks for; or a row of the wallet
 * cannot be read. trade_id names it ("" when unknown).
 */
void nonces_spoiled(struct nonces *n, uint64_t nonce, const char *trade_id);
void nonces_unreadable(struct nonces *n, const char *trade_id);

/* The step's bytes are its own again; every row can be read again. */
void nonces_repaired(struct nonces *n, uint64_t nonce);
void nonces_readable(struct nonces *n);

/* "nonce too low" for a step that has no receipt, after it was looked for again. */
void nonces_lost(struct nonces *n, uint64_t nonce);

/* Whether a journalled step may not be mined yet. */
int nonces_open(const struct nonces *n);

#endif
