/*
 * From a request to its plan: the wallet's turn, its nonces, the fees, and what
 * else must be asked of the chain.
 */
#include "trade/trade_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "chain/value.h"
#include "evm/revert.h"
#include "base/banned.h"

#define PARAMS_MAX ((size_t)64 * 1024)
#define LISTEN_MS 3000 /* how old the node's count of a wallet that trades may be */

static void ask_fees(struct live *l);

/* --- the wallet's turn -------------------------------------------------------- */

/* Whose wallet it is says the record, which is authenticated; the row only repeats it. */
static int
read_record(struct live *l, struct agent_record *ret)
{
	uint8_t mac[32];
	struct bytes record = live_record(l, mac);

	return record_read(record.p, record.len, ret);
}

/* A loop, since a turn may end before it returns, and the queue may be long. */
static void
give_turns(struct wallet *w)
{
	if (w->giving_turns)
		return;
	w->giving_turns = 1;
	while (w->first != NULL && !w->first->in_turn)
		walk_begin(w->first);
	w->giving_turns = 0;
}

void
walk_enqueue(struct live *l)
{
	struct agent_record rec;

	if (read_record(l, &rec) != 0) {
		live_fail(l, ERR_MAC, "", "the agent's row in the database is malformed");
		return;
	}
	if ((l->wallet = wallet_get(l->t, rec.address)) == NULL) {
		live_fail(l, ERR_MEM, "", "out of memory: try again");
		return;
	}
	l->next = NULL;
	if (l->wallet->first != NULL)
		l->wallet->last->next = l;
	else
		l->wallet->first = l;
	l->wallet->last = l;
	give_turns(l->wallet);
}

void
walk_leave(struct live *l)
{
	struct wallet *w = l->wallet;

	if (!l->in_turn)
		return;
	l->in_turn = 0;
	nonces_release(&w->nonces);
	w->used_at = trade_now_ms();
	/* whoever has the turn is the first */
	w->first = l->next;
	if (w->first == NULL)
		w->last = NULL;
	give_turns(w);
}

static int
refuse_stopped(struct live *l)
{
	if (!l->wallet->nonces.stopped)
		return 0;
	live_fail(l, ERR_WRONG_STATE, "", l->wallet->nonces.text);
	return 1;
}

/* The policy's ceilings; the signer checks them again. */
static int
read_policy(struct live *l)
{
	struct agent_record rec;
	struct policy policy;
	int r;

	if ((r = read_record(l, &rec)) != 0)
		return r;
	if ((r = policy_read(rec.policy.p, rec.policy.len, &policy)) != 0)
		return r;
	l->fee_ceiling = policy.max_fee_per_gas;
	l->gas_ceiling = policy.max_gas;
	l->actions = policy.actions;
	return 0;
}

/* --- nonces ------------------------------------------------------------------- */

void
walk_seeded(struct live *l)
{
	if (!refuse_stopped(l))
		ask_fees(l);
}

void
walk_begin(struct live *l)
{
	struct wallet *w = l->wallet;

	l->in_turn = 1;
	/* a gap may be closed by now, or the node that named it corrected */
	if (w->nonces.stopped != NONCES_STOPPED_BY_GAP && refuse_stopped(l))
		return;
	if (read_policy(l) != 0) {
		live_fail(l, ERR_MAC, "", "the agent's row in the database is malformed");
		return;
	}
	if (w->nonces.known && !w->nonces.stopped) {
		wallet_listen(w, LISTEN_MS);
		ask_fees(l);
	} else {
		w->nonces.known = 0;
		wallet_seed(w, l);
	}
}

/* --- fees and facts ----------------------------------------------------------- */

static void
build_and_sign(struct live *l)
{
	struct nonces *n = &l->wallet->nonces;
	enum nonces_stop before = n->stopped;
	uint64_t count = l->facts.needs_approval ? 2 : 1;
	int r;

	r = nonces_reserve(n, count, &l->facts.nonce);
	wallet_log_stop(l->wallet, before);
	if (refuse_stopped(l))
		return;
	if (r != 0) {
		live_fail(l, r, "", "the wallet's nonces are not known: try again");
		return;
	}
	l->facts.fees = l->fees;
	l->facts.gas_ceiling = l->gas_ceiling;
	plan_free(&l->plan);
	if ((r = plan_build(&l->t->options, &l->req, &l->facts, &l->plan)) != 0) {
		live_fail(l, r, "", err_text(r));
		return;
	}
	journal_sign(l);
}

static void
on_allowance(const struct rpc_answer *answer, void *arg)
{
	struct live *l = arg;
	struct u256 allowance;

	if (answer->class != RPC_OK) {
		live_fail_rpc(l, "the allowance could not be read", answer);
		return;
	}
	if (value_word(answer->result, &allowance) != 0) {
		live_fail(l, ERR_RPC, "",
			  "the collateral's allowance() did not answer a number: is it a token?");
		return;
	}
	l->facts.needs_approval = u256_compare(&allowance, &l->req.amount) < 0;
	build_and_sign(l);
}

static void
on_code(const struct rpc_answer *answer, void *arg)
{
	struct live *l = arg;
	const char *code = json_string_value(answer->result);

	if (answer->class != RPC_OK || code == NULL) {
		live_fail_rpc(l, "the recipient's code could not be read", answer);
		return;
	}
	l->facts.recipient_has_code = strcmp(code, "0x") != 0;
	build_and_sign(l);
}

static void
fail_estimate(struct live *l, const struct rpc_answer *answer)
{
	char reason[REVERT_TEXT_MAX], text[sizeof l->outcome.detail];
	uint8_t data[1024];
	size_t len = 0;

	if (answer->revert_data == NULL ||
	    hex_decode_0x_run(answer->revert_data, strlen(answer->revert_data), sizeof data, data,
			      &len) != 0)
		len = 0;
	revert_text((struct bytes){data, len}, reason);
	(void)snprintf(text, sizeof text, "the call would revert: %s",
		       len > 0 ? reason : answer->message);
	live_fail(l, ERR_RPC, "", text);
}

static void
on_estimate(const struct rpc_answer *answer, void *arg)
{
	struct live *l = arg;

	if (answer->class == RPC_REVERTED) {
		fail_estimate(l, answer);
		return;
	}
	if (answer->class != RPC_OK) {
		live_fail_rpc(l, "the call's gas could not be estimated; give gasLimit", answer);
		return;
	}
	if (value_u64(answer->result, &l->facts.gas_estimate) != 0) {
		live_fail(l, ERR_RPC, "", "the node's gas estimate is not a number");
		return;
	}
	build_and_sign(l);
}

static void
ask_node(struct live *l, const char *method, struct buffer *params, rpc_done *done)
{
	buffer_add(params, "", 1);
	if (params->err != 0)
		live_fail(l, ERR_MEM, "", "out of memory: try again");
	else
		rpc_call(l->t->rpc, method, (const char *)params->p, done, l);
	buffer_free(params);
}

static void
ask_facts(struct live *l)
{
	struct buffer params = buffer_of(PARAMS_MAX);

	l->facts = (struct plan_facts){.nonce = 0};
	switch (plan_question(&l->req, l->actions)) {
	case PLAN_ASK_NOTHING:
		build_and_sign(l);
		return;
	case PLAN_ASK_ALLOWANCE:
		/* a step under way may use the allowance up before this trade does */
		if (nonces_open(&l->wallet->nonces)) {
			l->facts.needs_approval = 1;
			build_and_sign(l);
			return;
		}
		plan_allowance_params(&l->t->options, l->wallet->address, &params);
		ask_node(l, "eth_call", &params, on_allowance);
		return;
	case PLAN_ASK_CODE:
		plan_code_params(&l->req, &params);
		ask_node(l, "eth_getCode", &params, on_code);
		return;
	case PLAN_ASK_GAS:
		plan_gas_params(&l->req, l->wallet->address, &params);
		ask_node(l, "eth_estimateGas", &params, on_estimate);
		return;
	}
}

static void
on_market(int err, const char *text, const struct fee_market *market, void *arg)
{
	struct live *l = arg;
	struct u256 floor = fee_tip_floor(l->t->options.chain_id);
	char words[sizeof l->outcome.detail];

	if (err != 0) {
		(void)snprintf(words, sizeof words, "the fees could not be read: %s", text);
		live_fail(l, err, "", words);
		return;
	}
	if (fees_choose(market, &floor, &l->fee_ceiling, &l->fees) != 0) {
		live_fail(
		    l, ERR_POLICY, "fee-ceiling",
		    "the base fee that the node names is above the policy's maxFeePerGas: wait, or "
		    "let the owner raise it");
		return;
	}
	ask_facts(l);
}

static void
ask_fees(struct live *l)
{
	market_ask(&l->t->market, &l->market, on_market, l);
}
