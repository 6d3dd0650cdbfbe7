/*
 * A node's count of a wallet's mined transactions, held against the journal:
 * with it the wallet's nonces begin; it stops a wallet whose journal knows
 * less; and it opens steps again that the journal calls final and the chain
 * does not have, because a node invented their receipts or somebody wrote
 * "final" into the database. Opened again, such a step is looked for and sent
 * as after a start: if it was final after all, it soon is so again.
 */
#include "trade/trade_internal.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "chain/value.h"
#include "base/banned.h"

static void ask_count(struct wallet *w);

static void
hear_end(struct wallet *w)
{
	struct live *l = w->waiting;

	/* a commit failed meanwhile: what was heard was asked for before it */
	if (l != NULL && !w->nonces.known && !w->nonces.stopped) {
		ask_count(w);
		return;
	}
	w->hearing = 0;
	w->waiting = NULL;
	w->used_at = trade_now_ms();
	if (l != NULL)
		walk_seeded(l);
}

static void
hear_fail(struct wallet *w, int err, const char *text)
{
	struct live *l = w->waiting;

	w->waiting = NULL;
	hear_end(w);
	if (l != NULL)
		live_fail(l, err, "", text);
}

/* --- final in the journal, and not on chain ------------------------------------ */

static void
on_reopened(struct store_op *op, void *arg)
{
	struct wallet *w = arg;

	if (op->err == 0 && op->count > 0) {
		w->t->counts.reopened += op->count;
		nonces_reorged(&w->nonces, w->count);
		log_event(LOG_ERROR, "final steps are not on chain and were opened again",
			  LOG_BYTES("wallet", w->address, 20), LOG_INT("steps", op->count),
			  LOG_INT("chain_count", w->count));
	}
	hear_end(w);
}

static void
reopen(struct wallet *w)
{
	w->op = (struct store_op){.kind = STORE_WALLET_REOPEN,
				  .chain_id = w->t->options.chain_id,
				  .nonce = w->count,
				  .done = on_reopened,
				  .arg = w};
	memcpy(w->op.address, w->address, sizeof w->op.address);
	store_submit(w->t->store, &w->op);
}

/* --- a wallet that is known ----------------------------------------------------- */

static void
heard(struct wallet *w)
{
	enum nonces_stop before = w->nonces.stopped;
	uint64_t earlier = w->heard;

	w->heard = w->count;
	nonces_heard(&w->nonces, w->count);
	wallet_log_stop(w, before);
	/* a count that moves is a wallet at work, and one word may be that of a node which lags */
	if (w->nonces.known && !w->nonces.stopped && w->count < w->nonces.next &&
	    w->count == earlier)
		reopen(w);
	else
		hear_end(w);
}

/* --- a wallet that is not ------------------------------------------------------- */

static void
on_journal(struct store_op *op, void *arg)
{
	struct wallet *w = arg;
	enum nonces_stop before = w->nonces.stopped;
	struct nonces_journal journal = {.has_steps = 0};

	if (op->err != 0 && op->err != ERR_NOT_FOUND) {
		hear_fail(w, ERR_DATABASE, "the journal could not be read: try again");
		return;
	}
	if (op->err == 0)
		journal = (struct nonces_journal){1, op->nonce, op->count};
	w->heard = w->count;
	if (nonces_seed(&w->nonces, &journal, w->count) != 0) {
		wallet_log_stop(w, before);
		hear_end(w);
	} else if (w->count < w->nonces.next) {
		reopen(w);
	} else {
		hear_end(w);
	}
}

static void
ask_journal(struct wallet *w)
{
	w->op = (struct store_op){.kind = STORE_WALLET_NONCE,
				  .chain_id = w->t->options.chain_id,
				  .nonce = w->count,
				  .done = on_journal,
				  .arg = w};
	memcpy(w->op.address, w->address, sizeof w->op.address);
	store_submit(w->t->store, &w->op);
}

/* --- the node ------------------------------------------------------------------- */

static void
on_count(const struct rpc_answer *answer, void *arg)
{
	struct wallet *w = arg;
	struct live *l = w->waiting;

	if (answer->class != RPC_OK) {
		w->waiting = NULL;
		hear_end(w);
		if (l != NULL)
			live_fail_rpc(l, "the wallet's transaction count could not be read",
				      answer);
	} else if (value_u64(answer->result, &w->count) != 0 || w->count > STORE_INTEGER_MAX) {
		hear_fail(w, ERR_RPC, "the node's transaction count is not a number");
	} else if (w->nonces.known) {
		heard(w);
	} else {
		ask_journal(w);
	}
}

static void
ask_count(struct wallet *w)
{
	char params[64] = "[\"";

	w->heard_at = trade_now_ms();
	w->hearing = 1;
	hex_encode_0x(w->address, 20, params + 2);
	memcpy(params + 44, "\",\"latest\"]", sizeof "\",\"latest\"]");
	rpc_call(w->t->rpc, "eth_getTransactionCount", params, on_count, w);
}

void
wallet_listen(struct wallet *w, uint64_t age_ms)
{
	if (w->hearing || w->nonces.stopped || !w->nonces.known ||
	    trade_now_ms() - w->heard_at < age_ms)
		return;
	ask_count(w);
}

void
wallet_seed(struct wallet *w, struct live *l)
{
	if (l != NULL)
		w->waiting = l; /* one trade of a wallet is in its turn */
	if (!w->hearing)
		ask_count(w);
}
