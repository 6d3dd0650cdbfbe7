#include "trade/nonce.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/banned.h"

/* What the journal's columns hold; a chain's own end is beyond it (EIP-2681). */
#define NONCE_MAX ((uint64_t)INT64_MAX)

static void
stop_by_count(struct nonces *n, uint64_t count)
{
	n->stopped = NONCES_STOPPED_BY_COUNT;
	(void)snprintf(
	    n->text, sizeof n->text,
	    "the chain has %" PRIu64 " transactions of this wallet, the journal knows the nonces "
	    "below %" PRIu64 ": another instance signs for it, or the database was rolled back. "
	    "Restore the newest database and start again",
	    count, n->next);
}

static void
stop_by_gap(struct nonces *n, uint64_t count, uint64_t highest)
{
	n->stopped = NONCES_STOPPED_BY_GAP;
	(void)snprintf(
	    n->text, sizeof n->text,
	    "the chain has %" PRIu64 " transactions of this wallet, the journal goes up to nonce "
	    "%" PRIu64 ", and steps between them are missing: rows were planted or deleted, or the "
	    "node lies. Restore the newest database",
	    count, highest);
}

static void
stop_by_end(struct nonces *n)
{
	n->stopped = NONCES_STOPPED_BY_GAP;
	(void)snprintf(n->text, sizeof n->text,
		       "the wallet's nonces are used up at %" PRIu64
		       ": no chain gets there, so the node lies or a row was planted. Restore the "
		       "newest database",
		       n->next);
}

static int
has_gap(const struct nonces_journal *j, uint64_t count)
{
	return j->has_steps && count <= j->highest && j->above != j->highest - count + 1;
}

int
nonces_seed(struct nonces *n, const struct nonces_journal *journal, uint64_t count)
{
	if (n->stopped == NONCES_STOPPED_BY_GAP)
		n->stopped = NONCES_GO_ON;
	if (n->stopped)
		return ERR_WRONG_STATE;
	if (count > NONCE_MAX || journal->highest > NONCE_MAX || has_gap(journal, count)) {
		stop_by_gap(n, count, journal->highest);
		return ERR_WRONG_STATE;
	}
	n->next = journal->has_steps ? journal->highest + 1 : count;
	n->mined = count < n->next ? count : n->next;
	n->known = 1;
	nonces_heard(n, count);
	return n->stopped ? ERR_WRONG_STATE : 0;
}

void
nonces_heard(struct nonces *n, uint64_t count)
{
	if (n->known && !n->stopped && count > n->next)
		stop_by_count(n, count);
}

int
nonces_reserve(struct nonces *n, uint64_t count, uint64_t *ret_first)
{
	if (!n->known || n->stopped)
		return ERR_WRONG_STATE;
	if (n->reserved)
		return ERR_CONFLICT;
	if (n->next > NONCE_MAX || count > NONCE_MAX - n->next + 1) {
		n->known = 0; /* the stop is looked at again with the next seed */
		stop_by_end(n);
		return ERR_WRONG_STATE;
	}
	n->reserved = 1;
	n->held = count;
	*ret_first = n->next;
	return 0;
}

void
nonces_commit(struct nonces *n)
{
	if (!n->reserved)
		return;
	n->next += n->held;
	n->reserved = 0;
}

void
nonces_release(struct nonces *n)
{
	n->reserved = 0;
}

void
nonces_forget(struct nonces *n)
{
	n->reserved = 0;
	n->known = 0;
}

void
nonces_mined(struct nonces *n, uint64_t nonce)
{
	if (nonce >= n->mined)
		n->mined = nonce + 1;
	if (n->stopped == NONCES_STOPPED_BY_STEP && n->stopped_at == nonce)
		n->stopped = NONCES_GO_ON;
}

void
nonces_reorged(struct nonces *n, uint64_t nonce)
{
	if (nonce < n->mined)
		n->mined = nonce;
}

void
nonces_lost(struct nonces *n, uint64_t nonce)
{
	if (n->stopped)
		return;
	n->stopped = NONCES_STOPPED_BY_STEP;
	n->stopped_at = nonce;
	(void)snprintf(
	    n->text, sizeof n->text,
	    "the node says that nonce %" PRIu64 " is used, but no transaction of the journal has "
	    "it and a receipt: another instance signs for this wallet, or the node lies. Look at "
	    "a block explorer, restore the newest database, start again",
	    nonce);
}

void
nonces_spoiled(struct nonces *n, uint64_t nonce, const char *trade_id)
{
	if (n->stopped)
		return;
	n->stopped = NONCES_STOPPED_BY_BYTES;
	n->stopped_at = nonce;
	(void)snprintf(n->text, sizeof n->text,
		       "the journal's transaction with nonce %" PRIu64 " (trade %s) is not the one "
		       "that was asked for: the database was changed, and nothing of it is sent. "
		       "Restore the newest database",
		       nonce, trade_id);
}

void
nonces_repaired(struct nonces *n, uint64_t nonce)
{
	if (n->stopped == NONCES_STOPPED_BY_BYTES && n->stopped_at == nonce)
		n->stopped = NONCES_GO_ON;
}

void
nonces_unreadable(struct nonces *n, const char *trade_id)
{
	if (n->stopped)
		return;
	n->stopped = NONCES_STOPPED_BY_ROW;
	(void)snprintf(n->text, sizeof n->text,
		       "a row of the wallet's journal (trade %s) is malformed: the database was "
		       "changed, and the step cannot be followed. Restore the newest database",
		       trade_id[0] == '\0' ? "unknown" : trade_id);
}

void
nonces_readable(struct nonces *n)
{
	if (n->stopped == NONCES_STOPPED_BY_ROW)
		n->stopped = NONCES_GO_ON;
}

int
nonces_open(const struct nonces *n)
{
	return n->mined < n->next;
}
