#include "trade/trade_internal.h"

#include "base/err.h"
#include "base/banned.h"

#define FRESH_MS 2000 /* about one block */

static void
answer_all(struct market *m, int err, const char *text)
{
	struct market_waiter *w = m->waiters;

	m->waiters = NULL;
	while (w != NULL) {
		struct market_waiter *next = w->next;

		w->done(err, text, &m->now, w->arg);
		w = next;
	}
}

static void
on_history(const struct rpc_answer *answer, void *arg)
{
	struct market *m = arg;

	m->asking = 0;
	if (answer->class != RPC_OK) {
		answer_all(m, ERR_RPC, answer->message);
		return;
	}
	if (fee_market_parse(answer->result, &m->now) != 0) {
		answer_all(m, ERR_RPC,
			   "the node's eth_feeHistory is not what the specification says");
		return;
	}
	m->known = 1;
	m->asked_at = trade_now_ms();
	answer_all(m, 0, "");
}

void
market_ask(struct market *m, struct market_waiter *w, market_done *done, void *arg)
{
	*w = (struct market_waiter){m->waiters, done, arg};
	if (!m->asking && m->known && trade_now_ms() - m->asked_at < FRESH_MS) {
		done(0, "", &m->now, arg);
		return;
	}
	m->waiters = w;
	if (m->asking)
		return;
	m->asking = 1;
	rpc_call(m->rpc, "eth_feeHistory", FEE_HISTORY_PARAMS, on_history, m);
}
