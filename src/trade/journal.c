/*
 * From a plan to the journal and out: the signer, the one commit that holds
 * everything, and only then the node. The API key and the request are kept
 * until the commit is answered, so that a lost race can be run again.
 */
#include "trade/trade_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/banned.h"

#define TRIES_MAX 3
#define STEPS_BYTES_MAX 40960
#define RECEIPT_MAX ((size_t)4096)

/* --- sending ------------------------------------------------------------------ */

static void
run_again(struct live *l, int err, const char *text)
{
	nonces_forget(&l->wallet->nonces);
	if (++l->tries >= TRIES_MAX) {
		live_fail(l, err, "", text);
		return;
	}
	walk_begin(l);
}

static void
free_rows(struct live *l)
{
	trade_row_free(&l->trade);
	for (size_t i = 0; i < l->step_count; i++)
		step_drop(&l->steps[i]);
	free(l->steps);
	l->steps = NULL;
	l->step_count = 0;
}

/* The steps of a wallet's trades go out in the order of their nonces. */
static void send_next(struct wallet *w);

static void
on_step_sent(struct work *k, void *arg)
{
	struct wallet *w = arg;
	struct live *l = w->sending;

	/* a node that cannot be reached takes the next one no better: the watch goes on */
	l->sent = k->step.state == STEP_SIGNED ? l->step_count : l->sent + 1;
	send_next(w);
}

static void
send_next(struct wallet *w)
{
	while (w->sending != NULL) {
		struct live *l = w->sending;

		if (l->sent < l->step_count &&
		    work_start(l->t, WORK_SEND, &l->steps[l->sent], NULL, on_step_sent, w) == 0)
			return;
		w->sending = l->next;
		l->next = NULL;
		live_sent(l);
	}
	w->sending_last = NULL;
}

static void
committed(struct live *l)
{
	struct wallet *w = l->wallet;
	struct live *before = w->sending_last;

	records_unpin(l->t->records, l->agent.id);
	nonces_commit(&w->nonces);
	sodium_memzero(l->req.api_key, sizeof l->req.api_key);
	walk_leave(l);
	l->next = NULL;
	w->sending_last = l;
	if (before != NULL)
		before->next = l;
	else
		w->sending = l;
	live_journalled(l);
	if (before == NULL)
		send_next(w);
}

static void
on_settled(struct store_op *op, void *arg)
{
	struct live *l = arg;
	int err = op->err;

	store_op_free(op);
	if (err == 0) {
		committed(l);
		return;
	}
	records_unpin(l->t->records, l->agent.id);
	nonces_forget(&l->wallet->nonces);
	live_fail(l, ERR_DATABASE, "",
		  "the database failed: try again, with the same Idempotency-Key");
}

/* The commit failed, or its end is not known: does the journal have the trade? */
static void
settle_doubt(struct live *l)
{
	l->op = (struct store_op){
	    .kind = STORE_TRADE_BY_ID, .id = l->trade.id, .done = on_settled, .arg = l};
	store_submit(l->t->store, &l->op);
}

static void
taken_key(struct live *l, int same_trade)
{
	if (same_trade) {
		committed(l);
		return;
	}
	/* another process of ours was faster: its trade is the one */
	records_unpin(l->t->records, l->agent.id);
	walk_leave(l);
	free_rows(l);
	live_replay(l);
}

static void
on_inserted(struct store_op *op, void *arg)
{
	struct live *l = arg;
	int err = op->err;
	int same_trade = err == ERR_EXISTS && strcmp(op->trade.id, l->trade.id) == 0;

	if (err == 0)
		l->trade.sequence = op->trade.sequence;
	store_op_free(op);
	if (err == 0) {
		committed(l);
	} else if (err == ERR_EXISTS) {
		taken_key(l, same_trade);
	} else if (err == ERR_CONFLICT) {
		records_unpin(l->t->records, l->agent.id);
		free_rows(l);
		run_again(l, ERR_CONFLICT,
			  "the wallet's nonces were taken at the same time: try again");
	} else if (err == ERR_DATABASE) {
		settle_doubt(l);
	} else {
		records_unpin(l->t->records, l->agent.id);
		nonces_forget(&l->wallet->nonces);
		live_fail(l, err, "", err_text(err));
	}
}

static void
commit(struct live *l, struct bytes record, const uint8_t mac32[32])
{
	struct agent_record rec;

	records_note(l->t->records, l->agent.id, record, mac32);
	records_pin(l->t->records, l->agent.id);
	buffer_reset(&l->record);
	buffer_add(&l->record, record.p, record.len);
	memcpy(l->mac, mac32, sizeof l->mac);
	l->op = (struct store_op){.kind = STORE_TRADE_INSERT,
				  .trade = l->trade,
				  .steps = l->steps,
				  .step_count = l->step_count,
				  .agent = l->agent,
				  .done = on_inserted,
				  .arg = l};
	l->op.agent.record = (struct bytes){l->record.p, l->record.len};
	memcpy(l->op.agent.mac, mac32, 32);
	if (l->record.err != 0 || record_read(l->record.p, l->record.len, &rec) != 0) {
		l->op = (struct store_op){.err = 0};
		records_unpin(l->t->records, l->agent.id);
		live_fail(l, ERR_PROTOCOL, "", "the signer's record is malformed");
		return;
	}
	l->op.agent.record_version = rec.record_version;
	memcpy(l->op.agent.key_hash, rec.key_hash, sizeof rec.key_hash);
	store_submit(l->t->store, &l->op);
}

/* --- the signer's answer ------------------------------------------------------ */

static int
receipt_text(const struct msg_trade_signed *m, char **ret)
{
	struct buffer b = buffer_of(RECEIPT_MAX);
	char hex[131];

	if (m->receipt.len < 2 || m->receipt.p[m->receipt.len - 1] != '}')
		return ERR_PROTOCOL;
	hex_encode_0x(m->signature, sizeof m->signature, hex);
	buffer_add(&b, m->receipt.p, m->receipt.len - 1);
	buffer_text(&b, ",\"signature\":\"");
	buffer_text(&b, hex);
	buffer_text(&b, "\"}");
	*ret = b.err == 0 ? strndup((const char *)b.p, b.len) : NULL;
	buffer_free(&b);
	return *ret == NULL ? ERR_MEM : 0;
}

static void
trade_id(char ret[STORE_TRADE_ID_MAX])
{
	uint8_t random[16];

	randombytes_buf(random, sizeof random);
	memcpy(ret, "trd_", 4);
	hex_encode(random, sizeof random, ret + 4);
}

static int
fill_trade(struct live *l, const struct msg_trade_signed *m)
{
	struct store_trade *trade = &l->trade;
	int r;

	trade_id(trade->id);
	trade->has_idempotency = l->req.has_idempotency;
	memcpy(trade->idempotency_hash, l->req.idempotency_hash, 32);
	memcpy(trade->request_hash, l->req.request_hash, 32);
	(void)snprintf(trade->kind, sizeof trade->kind, "%s", trade_type_name(l->req.type));
	trade->created_at = trade_unix_seconds();
	if ((r = receipt_text(m, &trade->receipt)) != 0)
		return r;
	trade->agent_id = strdup(l->agent.id);
	trade->request = strdup(l->body);
	return trade->agent_id == NULL || trade->request == NULL ? ERR_MEM : 0;
}

static int
write_intent(const struct tx *tx, struct bytes *ret)
{
	uint8_t fields[TX_RAW_MAX];
	struct writer w = writer_of(fields, sizeof fields);
	size_t len;
	int r;

	tx_write_fields(&w, tx);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return bytes_copy((struct bytes){fields, len}, ret);
}

/* One step as the signer answered it: exactly what was asked, or nothing is kept. */
static int
fill_step(struct live *l, size_t number, struct reader *in)
{
	const struct plan_step *asked = &l->plan.steps[number];
	struct store_step *step = &l->steps[number];
	struct bytes raw;
	int r;

	if ((r = read_lp(in, TX_RAW_MAX, &raw)) != 0 ||
	    (r = read_copy(in, 32, step->tx_hash)) != 0 ||
	    (r = read_copy(in, 32, step->intent_mac)) != 0)
		return r;
	if ((r = step_check_signed(raw, &asked->tx, step->tx_hash)) != 0)
		return r;
	memcpy(step->trade_id, l->trade.id, sizeof step->trade_id);
	memcpy(step->kind, asked->kind, sizeof step->kind);
	memcpy(step->wallet, l->wallet->address, sizeof step->wallet);
	step->number = (uint32_t)number;
	step->chain_id = asked->tx.chain_id;
	step->nonce = asked->tx.nonce;
	step->state = STEP_SIGNED;
	step->updated_at = trade_unix_seconds();
	if ((step->agent_id = strdup(l->agent.id)) == NULL)
		return ERR_MEM;
	if ((r = bytes_copy(raw, &step->raw)) != 0)
		return r;
	return write_intent(&asked->tx, &step->intent);
}

static int
fill_rows(struct live *l, const struct msg_trade_signed *m)
{
	struct reader in = reader_of(m->signed_steps.p, m->signed_steps.len);
	int r;

	if ((r = fill_trade(l, m)) != 0)
		return r;
	if ((l->steps = calloc(l->plan.count, sizeof *l->steps)) == NULL)
		return ERR_MEM;
	l->step_count = l->plan.count;
	for (size_t i = 0; i < l->plan.count; i++) {
		if ((r = fill_step(l, i, &in)) != 0)
			return r;
	}
	return reader_end(&in);
}

static void
on_refused(struct live *l, const struct msg_refused *m)
{
	uint8_t mac[32];
	struct bytes now = live_record(l, mac);

	/* the key or the policy was changed while this trade was planned: once more with the new */
	if ((int32_t)m->code == ERR_STALE && memcmp(mac, l->mac, 32) != 0 && now.len > 0 &&
	    ++l->tries < TRIES_MAX) {
		nonces_release(&l->wallet->nonces);
		walk_begin(l);
		return;
	}
	live_fail_refused(l, m);
}

static void
on_signed(int err, uint32_t type, struct bytes body, void *arg)
{
	struct live *l = arg;
	struct msg_trade_signed m;
	struct msg_refused refused;
	int r;

	if (err == 0 && type == MSG_REFUSED && msg_refused_read(body, &refused) == 0) {
		on_refused(l, &refused);
		return;
	}
	if (err != 0 || type != MSG_TRADE_SIGNED || msg_trade_signed_read(body, &m) != 0) {
		live_fail(l, err == 0 ? ERR_PROTOCOL : err, "",
			  "the signer did not answer: try again");
		return;
	}
	if ((r = fill_rows(l, &m)) != 0) {
		free_rows(l);
		live_fail(l, r, "", "the signer's answer is not what was asked: nothing was sent");
		return;
	}
	commit(l, m.record, m.mac);
}

static int
write_steps(const struct plan *plan, uint8_t *buf, size_t cap, struct bytes *ret)
{
	struct writer w = writer_of(buf, cap);
	uint8_t fields[TX_RAW_MAX];
	size_t len;
	int r;

	for (size_t i = 0; i < plan->count; i++) {
		struct writer one = writer_of(fields, sizeof fields);

		tx_write_fields(&one, &plan->steps[i].tx);
		if ((r = writer_end(&one, &len)) != 0)
			return r;
		write_lp(&w, fields, len);
	}
	ret->p = buf;
	return writer_end(&w, &ret->len);
}

static int
send_to_signer(struct live *l, struct bytes steps)
{
	struct writer w = signer_client_begin(l->t->signer);
	struct msg_sign_trade m = {0};

	m.record = live_record(l, m.mac);
	memcpy(l->mac, m.mac, sizeof l->mac);
	memcpy(m.api_key, l->req.api_key, sizeof m.api_key);
	memcpy(m.request_hash, l->req.request_hash, sizeof m.request_hash);
	if (l->req.has_idempotency)
		m.idempotency_hash = (struct bytes){l->req.idempotency_hash, 32};
	m.steps = steps;
	msg_sign_trade_write(&w, &m);
	sodium_memzero(&m, sizeof m);
	return signer_client_send(l->t->signer, MSG_SIGN_TRADE, &w, on_signed, l);
}

void
journal_sign(struct live *l)
{
	uint8_t *buf = malloc(STEPS_BYTES_MAX);
	struct bytes steps;
	int r = ERR_MEM;

	if (buf != NULL && (r = write_steps(&l->plan, buf, STEPS_BYTES_MAX, &steps)) == 0)
		r = send_to_signer(l, steps);
	free(buf);
	if (r == ERR_FULL)
		live_fail(l, ERR_MEM, "", "the signer is busy: try again");
	else if (r != 0)
		live_fail(l, r, "", err_text(r));
}
