#include "trade/nonce.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/banned.h"

#define NO_STEP UINT64_MAX

static void
stop_by_count(struct nonces *n, uint64_t count)
{
	n->stopped = 1;
	n->stopped_at = NO_STEP;
	(void)snprintf(
	    n->text, sizeof n->text,
	    "the chain has %" PRIu64 " transactions of this wallet, the journal knows the nonces "
	    "below %" PRIu64 ": another instance signs for it, or the database was rolled back. "
	    "Restore the newest database and start again",
	    count, n->next);
}

int
nonces_seed(struct nonces *n, int has_journal, uint64_t highest, uint64_t count)
{
	if (n->stopped)
		return ERR_WRONG_STATE;
	n->next = has_journal ? highest + 1 : count;
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
	if (n->stopped && n->stopped_at == nonce)
		n->stopped = 0;
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
	n->stopped = 1;
	n->stopped_at = nonce;
	(void)snprintf(
	    n->text, sizeof n->text,
	    "the node says that nonce %" PRIu64 " is used, but no transaction of the journal has "
	    "it and a receipt: another instance signs for this wallet, or the node lies. Look at "
	    "a block explorer, restore the newest database, start again",
	    nonce);
}

int
nonces_open(const struct nonces *n)
{
	return n->mined < n->next;
}
