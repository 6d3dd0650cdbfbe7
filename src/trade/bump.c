/*
 * A step without a receipt for too long gets higher fees: same nonce, same
 * call. The signer demands the intent's MAC, so a changed row bumps nothing.
 * Journal first, then send; the earlier hashes stay watched.
 */
#include "trade/trade_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/banned.h"

#define ATTEMPTS_MAX 32

int
bump_is_due(const struct work *k)
{
	const struct wallet *w = k->wallet;
	uint64_t since = w->bumped_at > w->lowest_since ? w->bumped_at : w->lowest_since;
	uint64_t wait = k->t->options.bump_seconds * 1000;

	/* above the lowest open nonce higher fees would change nothing */
	if (wait == 0 || !k->is_lowest || w->nonces.stopped || k->step.attempt >= ATTEMPTS_MAX)
		return 0;
	if (w->underpriced)
		wait /= 3;
	return trade_now_ms() - since >= wait;
}

/* Not now; the next try is as far away as after a bump. */
static void
put_off(struct work *k, const char *why)
{
	k->wallet->bumped_at = trade_now_ms();
	work_note(k, k->step.state, why);
	work_save(k);
}

/* --- journal ------------------------------------------------------------------ */

static int
push_hash(struct store_step *step)
{
	uint8_t hashes[32 * (ATTEMPTS_MAX + 1)];
	size_t len = step->earlier_hashes.len;
	struct bytes copy;
	int r;

	if (len > sizeof hashes - 32)
		return ERR_SPACE;
	if (len > 0)
		memcpy(hashes, step->earlier_hashes.p, len);
	memcpy(hashes + len, step->tx_hash, 32);
	if ((r = bytes_copy((struct bytes){hashes, len + 32}, &copy)) != 0)
		return r;
	bytes_free(&step->earlier_hashes);
	step->earlier_hashes = copy;
	return 0;
}

static void
on_journalled(struct store_op *op, void *arg)
{
	struct work *k = arg;
	int err = op->err;

	store_op_free(op);
	records_unpin(k->t->records, k->step.agent_id);
	if (err != 0) {
		log_event(LOG_WARN, "fee bump not stored", LOG_STR("trade", k->step.trade_id),
			  LOG_CODE(err));
		work_save(k);
		return;
	}
	step_drop(&k->step);
	k->step = k->next_step;
	k->next_step = (struct store_step){.number = 0}; /* transferred */
	k->t->counts.bumped++;
	k->wallet->bumped_at = trade_now_ms();
	k->wallet->underpriced = 0;
	lives_step_moved(k->t, &k->step);
	work_send(k);
}

static int
set_agent(struct work *k, struct store_agent *ret)
{
	struct agent_record rec;
	int r;

	if ((r = record_read(k->record.p, k->record.len, &rec)) != 0)
		return r;
	ret->id = k->step.agent_id;
	ret->record = (struct bytes){k->record.p, k->record.len};
	ret->record_version = rec.record_version;
	memcpy(ret->mac, k->mac, sizeof ret->mac);
	memcpy(ret->key_hash, rec.key_hash, sizeof ret->key_hash);
	return 0;
}

static int
keep_record(struct work *k, struct bytes record, const uint8_t mac32[32])
{
	buffer_reset(&k->record);
	buffer_add(&k->record, record.p, record.len);
	memcpy(k->mac, mac32, sizeof k->mac);
	return k->record.err;
}

static void
journal(struct work *k, const struct msg_bumped *m)
{
	k->op = (struct store_op){.kind = STORE_STEP_BUMP,
				  .steps = &k->next_step,
				  .step_count = 1,
				  .done = on_journalled,
				  .arg = k};
	records_note(k->t->records, k->step.agent_id, m->record, m->mac);
	if (keep_record(k, m->record, m->mac) != 0 || set_agent(k, &k->op.agent) != 0) {
		k->op = (struct store_op){.err = 0};
		put_off(k, "the signer's answer to a fee bump is malformed");
		return;
	}
	records_pin(k->t->records, k->step.agent_id);
	store_submit(k->t->store, &k->op);
}

/* --- the signer's answer ------------------------------------------------------ */

static int
fill_next(struct work *k, const struct msg_bumped *m)
{
	struct store_step *next = &k->next_step;
	struct tx asked, answered;
	int r;

	if ((r = step_intent(&k->step, &asked)) != 0)
		return r;
	asked.max_fee_per_gas = k->fees.max_fee;
	asked.max_priority_fee = k->fees.tip;
	if ((r = step_check_signed(m->raw, &asked, m->hash)) != 0)
		return r;
	step_drop(next);
	if ((r = step_copy(&k->step, next)) != 0 || (r = push_hash(next)) != 0)
		return r;
	bytes_free(&next->raw);
	bytes_free(&next->intent);
	if ((r = bytes_copy(m->raw, &next->raw)) != 0 ||
	    (r = bytes_copy(m->intent, &next->intent)) != 0)
		return r;
	if ((r = step_intent(next, &answered)) != 0)
		return r;
	memcpy(next->tx_hash, m->hash, sizeof next->tx_hash);
	memcpy(next->intent_mac, m->intent_mac, sizeof next->intent_mac);
	next->attempt++;
	next->updated_at = trade_unix_seconds();
	return answered.nonce == asked.nonce ? 0 : ERR_PROTOCOL;
}

static void
refused(struct work *k, const struct msg_refused *m)
{
	char text[160];

	(void)snprintf(text, sizeof text, "the fees were not raised: %.*s",
		       (int)(m->rule.len > 0 ? m->rule.len : 6),
		       m->rule.len > 0 ? (const char *)m->rule.p : "signer");
	put_off(k, text);
}

static void
on_bumped(int err, uint32_t type, struct bytes body, void *arg)
{
	struct work *k = arg;
	struct msg_bumped m;
	struct msg_refused no;

	if (err == 0 && type == MSG_REFUSED && msg_refused_read(body, &no) == 0)
		refused(k, &no);
	else if (err != 0 || type != MSG_BUMPED || msg_bumped_read(body, &m) != 0)
		work_save(k);
	else if (fill_next(k, &m) != 0)
		put_off(k, "the signer's answer to a fee bump is not what was asked");
	else
		journal(k, &m);
}

/* --- the new fees ------------------------------------------------------------- */

static int
send_to_signer(struct work *k)
{
	struct writer w = signer_client_begin(k->t->signer);
	struct msg_bump m = {0};

	m.record = (struct bytes){k->record.p, k->record.len};
	m.intent = k->step.intent;
	memcpy(m.mac, k->mac, sizeof m.mac);
	memcpy(m.intent_mac, k->step.intent_mac, sizeof m.intent_mac);
	u256_to_be32(&k->fees.max_fee, m.max_fee_per_gas);
	u256_to_be32(&k->fees.tip, m.max_priority_fee);
	msg_bump_write(&w, &m);
	return signer_client_send(k->t->signer, MSG_BUMP, &w, on_bumped, k);
}

static int
read_ceiling(const struct work *k, struct u256 *ret)
{
	struct agent_record rec;
	struct policy policy;
	int r;

	if ((r = record_read(k->record.p, k->record.len, &rec)) != 0 ||
	    (r = policy_read(rec.policy.p, rec.policy.len, &policy)) != 0)
		return r;
	*ret = policy.max_fee_per_gas;
	return 0;
}

static void
on_market(int err, const char *text, const struct fee_market *market, void *arg)
{
	struct work *k = arg;
	struct u256 floor = fee_tip_floor(k->t->options.chain_id);
	struct u256 ceiling;
	struct fees old;
	struct tx tx;

	(void)text;
	if (err != 0) {
		work_save(k);
		return;
	}
	if (read_ceiling(k, &ceiling) != 0 || step_intent(&k->step, &tx) != 0) {
		put_off(k, "the journal's row is malformed: its fees cannot be raised");
		return;
	}
	old = (struct fees){tx.max_fee_per_gas, tx.max_priority_fee};
	if (fees_bump(&old, market, &floor, &ceiling, &k->fees) != 0)
		put_off(k, "the fees are at the policy's ceiling (fee-ceiling)");
	else if (send_to_signer(k) != 0)
		work_save(k);
}

static void
on_agent(struct store_op *op, void *arg)
{
	struct work *k = arg;
	int r = op->err;

	if (r == 0)
		r = keep_record(k, op->agent.record, op->agent.mac);
	store_op_free(op);
	if (r != 0)
		work_save(k);
	else
		market_ask(&k->t->market, &k->market, on_market, k);
}

void
bump_begin(struct work *k)
{
	struct bytes record;
	uint8_t mac[32];

	if (records_latest(k->t->records, k->step.agent_id, &record, mac) == 0 &&
	    keep_record(k, record, mac) == 0) {
		market_ask(&k->t->market, &k->market, on_market, k);
		return;
	}
	k->op = (struct store_op){
	    .kind = STORE_AGENT_BY_ID, .id = k->step.agent_id, .done = on_agent, .arg = k};
	store_submit(k->t->store, &k->op);
}
