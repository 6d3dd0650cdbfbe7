/*
 * One step's next move. A work holds a copy of the step; while it runs, nobody
 * else works on the step (wallet_is_busy()). It concludes only from what a node
 * said in this very work: when an answer is missing, nothing is changed.
 */
#include "trade/trade_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "chain/errors.h"
#include "chain/value.h"
#include "evm/revert.h"
#include "base/banned.h"

#define PARAMS_MAX ((size_t)64 * 1024)
#define DOUBTS_MAX 4   /* rounds of "nonce too low" without a receipt before the wallet stops */
#define RETRY_ROUNDS 4 /* a stuck step is tried again every so many rounds */
#define KNOWN_ROUNDS 8 /* a node is asked every so many rounds whether it still has it */

/* --- the end of a work -------------------------------------------------------- */

void
work_free(struct work *k)
{
	store_op_free(&k->op);
	step_drop(&k->step);
	step_drop(&k->next_step);
	buffer_free(&k->record);
	free(k);
}

static void
work_end(struct work *k)
{
	struct work **at = &k->wallet->works;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	k->wallet->used_at = trade_now_ms();
	if (k->done != NULL)
		k->done(k, k->arg);
	work_free(k);
}

static void
on_saved(struct store_op *op, void *arg)
{
	struct work *k = arg;

	if (op->err == 0)
		lives_step_moved(k->t, &k->step);
	else
		log_event(LOG_WARN, "step not stored", LOG_STR("trade", k->step.trade_id),
			  LOG_CODE(op->err)); /* the next round finds the same again */
	work_end(k);
}

void
work_save(struct work *k)
{
	if (!k->changed) {
		work_end(k);
		return;
	}
	k->step.updated_at = trade_unix_seconds();
	store_op_free(&k->op);
	/* the op borrows the copy, which stays until done() */
	k->op = (struct store_op){.kind = STORE_STEP_UPDATE,
				  .steps = &k->step,
				  .step_count = 1,
				  .done = on_saved,
				  .arg = k};
	store_submit(k->t->store, &k->op);
}

void
work_note(struct work *k, uint32_t state, const char *error)
{
	const char *before = k->step.error;
	int same_error =
	    error == NULL || before == NULL ? error == before : strcmp(error, before) == 0;

	if (k->step.state == state && same_error)
		return;
	k->step.state = state;
	step_set_error(&k->step, error);
	k->changed = 1;
}

/* The row is not what was journalled: nothing is sent, and the wallet says why. */
static void
spoiled(struct work *k)
{
	struct nonces *n = &k->wallet->nonces;
	enum nonces_stop before = n->stopped;

	nonces_spoiled(n, k->step.nonce, k->step.trade_id);
	wallet_log_stop(k->wallet, before);
	work_note(k, STEP_STUCK,
		  "the journal's transaction is not the one that was asked for: the database was "
		  "changed. Restore the newest");
	work_save(k);
}

/* --- sending ------------------------------------------------------------------ */

static void
note_doubt(struct work *k)
{
	struct wallet *w = k->wallet;

	/* a fresh step was not looked for yet: the watch will */
	if (k->kind != WORK_WATCH || w->nonces.stopped)
		return;
	if (w->doubts == 0 || w->doubted != k->step.nonce)
		w->doubts = 0;
	w->doubted = k->step.nonce;
	if (++w->doubts < DOUBTS_MAX)
		return;
	nonces_lost(&w->nonces, k->step.nonce);
	work_note(k, STEP_STUCK, w->nonces.text);
	wallet_log_stop(w, NONCES_GO_ON);
}

static void
note_refusal(struct work *k, const char *what, const struct rpc_answer *answer)
{
	char text[256];

	(void)snprintf(text, sizeof text, "%s: %s", what, answer->message);
	work_note(k, STEP_STUCK, text);
}

static void
take_send_answer(struct work *k, const struct rpc_answer *answer)
{
	switch (answer->class) {
	case RPC_OK:
	case RPC_ALREADY_KNOWN:
		k->wallet->doubts = 0;
		work_note(k, STEP_SENT, NULL);
		return;
	case RPC_NONCE_TOO_LOW:
		note_doubt(k);
		return;
	case RPC_UNDERPRICED:
	case RPC_FEE_BELOW_BASE:
		k->wallet->underpriced = 1;
		work_note(k, k->step.state, "the node wants higher fees; they are raised in turn");
		return;
	case RPC_INSUFFICIENT_FUNDS:
		note_refusal(k, "send native coin to the wallet; it is tried again", answer);
		return;
	case RPC_GAS_TOO_LOW:
	case RPC_REVERTED:
	case RPC_OTHER:
		note_refusal(k, "the node refused the transaction; it is tried again", answer);
		return;
	case RPC_RATE_LIMITED:
	case RPC_TIMEOUT:
	case RPC_UNREACHABLE:
	case RPC_WRONG_CHAIN:
	case RPC_MALFORMED:
		return; /* it may have arrived or not: the next round looks */
	}
}

static void
on_sent(const struct rpc_answer *answer, void *arg)
{
	struct work *k = arg;

	log_event(answer->class == RPC_OK ? LOG_DEBUG : LOG_INFO, "transaction sent",
		  LOG_STR("trade", k->step.trade_id), LOG_INT("nonce", k->step.nonce),
		  LOG_STR("answer", rpc_class_name(answer->class)),
		  LOG_STR("words", answer->message));
	take_send_answer(k, answer);
	work_save(k);
}

void
work_send(struct work *k)
{
	struct buffer params = buffer_of(PARAMS_MAX);
	char hex[2 * 256 + 3];

	buffer_text(&params, "[\"0x");
	for (size_t i = 0; i < k->step.raw.len; i += 256) {
		size_t n = k->step.raw.len - i < 256 ? k->step.raw.len - i : 256;

		hex_encode(k->step.raw.p + i, n, hex);
		buffer_text(&params, hex);
	}
	buffer_text(&params, "\"]");
	buffer_add(&params, "", 1);
	if (params.err == 0)
		rpc_call(k->t->rpc, "eth_sendRawTransaction", (const char *)params.p, on_sent, k);
	else
		work_save(k);
	buffer_free(&params);
}

static void
send_again(struct work *k)
{
	k->t->counts.rebroadcast++;
	work_send(k);
}

/* --- without a receipt -------------------------------------------------------- */

static void
ask_by_hash(struct work *k, const char *method, const uint8_t hash32[32], rpc_done *done)
{
	char params[80] = "[\"";

	hex_encode_0x(hash32, 32, params + 2);
	memcpy(params + 68, "\"]", sizeof "\"]");
	rpc_call(k->t->rpc, method, params, done, k);
}

static void
on_known(const struct rpc_answer *answer, void *arg)
{
	struct work *k = arg;

	if (answer->class == RPC_OK && json_is_null(answer->result))
		send_again(k);
	else
		work_save(k);
}

static int
is_round(const struct work *k, uint64_t every)
{
	/* the first round of a process sends everything again */
	return k->t->watch.round <= 1 || k->t->watch.round % every == 0;
}

static void
reorganised(struct work *k)
{
	k->t->counts.reorged++;
	nonces_reorged(&k->wallet->nonces, k->step.nonce);
	log_event(LOG_WARN, "transaction reorganised away", LOG_STR("trade", k->step.trade_id),
		  LOG_INT("block", k->step.block_number));
	k->step.block_number = 0;
	k->step.gas_used = 0;
	memset(k->step.block_hash, 0, sizeof k->step.block_hash);
	work_note(k, STEP_SENT, NULL);
	send_again(k);
}

static void
without_receipt(struct work *k)
{
	struct nonces *n = &k->wallet->nonces;

	nonces_repaired(n, k->step.nonce);
	if (k->kind != WORK_WATCH) {
		work_save(k);
	} else if (step_has_receipt(&k->step)) {
		reorganised(k);
	} else if (n->stopped && k->step.state != STEP_STUCK) {
		work_note(k, STEP_STUCK, n->text);
		work_save(k);
	} else if (k->step.state == STEP_STUCK) {
		if (is_round(k, RETRY_ROUNDS))
			send_again(k);
		else
			work_save(k);
	} else if (bump_is_due(k)) {
		bump_begin(k);
	} else if (k->step.state == STEP_SIGNED || k->t->watch.round <= 1) {
		send_again(k);
	} else if (is_round(k, KNOWN_ROUNDS)) {
		ask_by_hash(k, "eth_getTransactionByHash", k->step.tx_hash, on_known);
	} else {
		work_save(k);
	}
}

/* --- with a receipt ----------------------------------------------------------- */

static void
on_replayed(const struct rpc_answer *answer, void *arg)
{
	struct work *k = arg;
	char reason[REVERT_TEXT_MAX];
	uint8_t data[1024];
	size_t len = 0;

	if (answer->class == RPC_REVERTED && answer->revert_data != NULL &&
	    hex_decode_0x_run(answer->revert_data, strlen(answer->revert_data), sizeof data, data,
			      &len) == 0) {
		revert_text((struct bytes){data, len}, reason);
		work_note(k, k->step.state, reason);
	} else if (answer->class == RPC_REVERTED && answer->message[0] != '\0') {
		work_note(k, k->step.state, answer->message);
	} else {
		work_note(k, k->step.state, "reverted; the node does not say why");
	}
	work_save(k);
}

static void
ask_reason(struct work *k)
{
	struct buffer params = buffer_of(PARAMS_MAX);
	struct tx tx;

	if (step_intent(&k->step, &tx) != 0) {
		work_save(k);
		return;
	}
	if (k->step.gas_used >= tx.gas_limit) {
		work_note(k, k->step.state, "out of gas");
		work_save(k);
		return;
	}
	plan_replay_params(&tx, k->step.wallet, k->step.block_number, &params);
	buffer_add(&params, "", 1);
	if (params.err == 0)
		rpc_call(k->t->rpc, "eth_call", (const char *)params.p, on_replayed, k);
	else
		work_save(k);
	buffer_free(&params);
}

static uint32_t
state_of(const struct work *k, const struct chain_receipt *receipt)
{
	int is_final = k->has_head && k->head >= receipt->block_number &&
		       k->head - receipt->block_number >= k->t->options.finality_depth;

	if (receipt->success)
		return is_final ? STEP_FINAL : STEP_MINED;
	return is_final ? STEP_FAILED : STEP_REVERTED;
}

static void
with_receipt(struct work *k, const struct chain_receipt *receipt)
{
	struct store_step *step = &k->step;
	uint32_t state = state_of(k, receipt);
	int knew = step_has_receipt(step);
	int knew_reason = step->state == STEP_REVERTED || step->state == STEP_FAILED;
	int moved = memcmp(step->block_hash, receipt->block_hash, 32) != 0;

	/* another wallet's transaction, put into this row with its hash and all */
	if (memcmp(receipt->from, step->wallet, sizeof receipt->from) != 0) {
		spoiled(k);
		return;
	}
	nonces_repaired(&k->wallet->nonces, step->nonce);
	nonces_mined(&k->wallet->nonces, step->nonce);
	k->wallet->doubts = 0;
	if (k->hash > 0) {
		step_swap_hash(step, k->hash);
		k->changed = 1;
	}
	if (!knew)
		k->wallet->heard = NOT_HEARD;
	if (knew && !moved && step->state == state) {
		work_save(k);
		return;
	}
	if (knew && moved)
		k->t->counts.reorged++;
	step->block_number = receipt->block_number;
	step->gas_used = receipt->gas_used;
	memcpy(step->block_hash, receipt->block_hash, 32);
	k->changed = 1;
	if (receipt->success)
		work_note(k, state, NULL);
	else
		step->state = state;
	if (!receipt->success && (!knew_reason || moved))
		ask_reason(k);
	else
		work_save(k);
}

static void look(struct work *k);

static void
on_receipt(const struct rpc_answer *answer, void *arg)
{
	struct work *k = arg;
	struct chain_receipt receipt;
	int r;

	if (answer->class != RPC_OK) {
		work_save(k);
		return;
	}
	r = value_receipt(answer->result, step_hash(&k->step, k->hash), &receipt);
	if (r == 0) {
		with_receipt(k, &receipt);
	} else if (r == ERR_NOT_FOUND) {
		k->hash++;
		look(k);
	} else {
		log_event(LOG_WARN, "malformed receipt", LOG_STR("trade", k->step.trade_id));
		work_save(k);
	}
}

/* A transaction that was replaced may be the one that is mined: all its hashes count. */
static void
look(struct work *k)
{
	if (k->hash < step_hash_count(&k->step))
		ask_by_hash(k, "eth_getTransactionReceipt", step_hash(&k->step, k->hash),
			    on_receipt);
	else
		without_receipt(k);
}

int
work_start(struct trades *t, enum work_kind kind, const struct store_step *step,
	   const struct work *hints, work_done *done, void *arg)
{
	struct work *k = calloc(1, sizeof *k);
	struct wallet *w = wallet_get(t, step->wallet);

	if (k == NULL || w == NULL || step_copy(step, &k->step) != 0) {
		free(k);
		return ERR_MEM;
	}
	k->t = t;
	k->kind = kind;
	k->wallet = w;
	k->record = buffer_of(RECORD_BYTES_MAX);
	k->done = done;
	k->arg = arg;
	if (hints != NULL) {
		k->is_lowest = hints->is_lowest;
		k->has_head = hints->has_head;
		k->head = hints->head;
	}
	k->next = w->works;
	w->works = k;
	if (step_check_row(&k->step) != 0)
		spoiled(k);
	else if (kind == WORK_SEND)
		work_send(k);
	else
		look(k);
	return 0;
}
