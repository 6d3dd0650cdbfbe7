/*
 * One wallet of the journal after the other is asked about, whether or not
 * anything of it is open: a lie that made a trade final is found when a node
 * tells the truth again. Slowly, since there may be a million of them.
 */
#include "trade/trade_internal.h"

#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "base/banned.h"

#define EVERY_MS 10000

static void
on_next(struct store_op *op, void *arg)
{
	struct trades *t = arg;
	struct wallet *w;

	if (op->err == ERR_NOT_FOUND && !sodium_is_zero(op->address, sizeof op->address)) {
		memset(op->address, 0, sizeof op->address); /* from the start again */
		store_submit(t->store, op);
		return;
	}
	t->audit.running = 0;
	if (op->err != 0 || (w = wallet_get(t, op->address)) == NULL)
		return;
	if (w->nonces.known)
		wallet_listen(w, EVERY_MS);
	else
		wallet_seed(w, NULL);
}

void
audit_go_on(struct trades *t)
{
	struct audit *a = &t->audit;
	uint64_t now = trade_now_ms();

	if (a->running || (a->began != 0 && now - a->began < EVERY_MS))
		return;
	a->running = 1;
	a->began = now;
	a->op.kind = STORE_WALLET_NEXT;
	a->op.chain_id = t->options.chain_id;
	a->op.done = on_next;
	a->op.arg = t;
	store_submit(t->store, &a->op);
}
