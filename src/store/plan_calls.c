/* From an op to the statements that carry it out, with their parameters. */
#include <string.h>

#include "store/plan.h"
#include "base/banned.h"

static const uint8_t zeros[32];

static struct call *
call_begin(struct plan *p, struct call *c, enum statement_id statement)
{
	c->statement = statement;
	c->plan = p;
	c->param_count = 0;
	return c;
}

static void
put(struct call *c, struct cell cell)
{
	c->params[c->param_count++] = cell;
}

static void
put_null(struct call *c)
{
	put(c, (struct cell){.kind = CELL_NULL});
}

static void
put_number(struct call *c, uint64_t v)
{
	put(c, (struct cell){.kind = CELL_INTEGER, .integer = (int64_t)v});
}

static void
put_blob(struct call *c, const uint8_t *p, size_t len)
{
	put(c, (struct cell){.kind = CELL_BLOB, .run = {len > 0 ? p : zeros, len}});
}

static void
put_blob_if(struct call *c, int present, const uint8_t *p, size_t len)
{
	if (present)
		put_blob(c, p, len);
	else
		put_null(c);
}

static void
put_text(struct call *c, const char *s)
{
	if (s == NULL) {
		put_null(c);
		return;
	}
	put(c, (struct cell){.kind = CELL_TEXT, .run = {(const uint8_t *)s, strlen(s)}});
}

static void
put_wallet(struct call *c, const struct store_op *op)
{
	put_number(c, op->chain_id);
	put_blob(c, op->address, sizeof op->address);
}

static void
put_record(struct call *c, const struct store_agent *a)
{
	put_blob(c, a->record.p, a->record.len);
	put_blob(c, a->mac, sizeof a->mac);
	put_number(c, a->record_version);
	put_blob_if(c, memcmp(a->key_hash, zeros, 32) != 0, a->key_hash, 32);
	put_text(c, a->id);
}

static void
write_agent_insert(struct call *c, const struct store_agent *a)
{
	put_text(c, a->id);
	put_blob(c, a->record.p, a->record.len);
	put_blob(c, a->mac, sizeof a->mac);
	put_number(c, a->record_version);
	put_blob(c, a->key_hash, sizeof a->key_hash);
	put_blob(c, a->address, sizeof a->address);
	if (a->has_index)
		put_number(c, a->index);
	else
		put_null(c);
	put_blob_if(c, a->has_register_tag, a->register_tag, sizeof a->register_tag);
	put_number(c, a->created_at);
}

static void
write_trade(struct call *c, const struct store_op *op)
{
	const struct store_trade *t = &op->trade;

	put_text(c, t->id);
	put_text(c, t->agent_id);
	put_blob_if(c, t->has_idempotency, t->idempotency_hash, 32);
	put_blob(c, t->request_hash, sizeof t->request_hash);
	put_text(c, t->kind);
	put_text(c, t->request);
	put_text(c, t->receipt);
	put_number(c, t->created_at);
	put_number(c, op->step_count);
	put_number(c, op->steps->chain_id);
	put_blob(c, op->steps->wallet, sizeof op->steps->wallet);
	for (size_t i = 0; i < STORE_STEPS_MAX; i++) {
		if (i < op->step_count)
			put_number(c, op->steps[i].nonce);
		else
			put_null(c);
	}
}

static void
write_step(struct call *c, const struct store_step *s)
{
	put_text(c, s->trade_id);
	put_number(c, s->number);
	put_text(c, s->kind);
	put_blob(c, s->wallet, sizeof s->wallet);
	put_number(c, s->chain_id);
	put_number(c, s->nonce);
	put_blob(c, s->intent.p, s->intent.len);
	put_blob(c, s->intent_mac, sizeof s->intent_mac);
	put_blob(c, s->raw.p, s->raw.len);
	put_blob(c, s->tx_hash, sizeof s->tx_hash);
	put_number(c, s->attempt);
	put_blob(c, s->earlier_hashes.p, s->earlier_hashes.len);
	put_number(c, s->state);
	put_number(c, s->block_number);
	put_blob(c, s->block_hash, sizeof s->block_hash);
	put_number(c, s->gas_used);
	put_text(c, s->error);
	put_number(c, s->updated_at);
}

static size_t
write_trade_insert(struct plan *p, struct call *calls)
{
	const struct store_op *op = p->op;
	struct call *c = calls;

	write_trade(call_begin(p, c++, SQL_TRADE_INSERT), op);
	for (size_t i = 0; i < op->step_count; i++)
		write_step(call_begin(p, c++, SQL_TRADE_STEP), &op->steps[i]);
	put_record(call_begin(p, c, SQL_TRADE_AGENT), &op->agent);
	put_text(c++, op->trade.id);
	return (size_t)(c - calls);
}

static void
write_step_update(struct call *c, const struct plan *p)
{
	const struct store_step *s = p->op->steps;
	int exchange = s->attempt > 0 && s->earlier_hashes.len == 32 * (size_t)s->attempt;

	put_number(c, s->state);
	put_number(c, s->block_number);
	put_blob(c, s->block_hash, sizeof s->block_hash);
	put_number(c, s->gas_used);
	put_text(c, p->error_text);
	put_number(c, s->updated_at);
	put_number(c, s->attempt);
	put_blob_if(c, exchange, s->tx_hash, sizeof s->tx_hash);
	put_blob_if(c, exchange, s->earlier_hashes.p, s->earlier_hashes.len);
	put_text(c, s->trade_id);
	put_number(c, s->number);
}

static size_t
write_bump(struct plan *p, struct call *calls)
{
	const struct store_step *s = p->op->steps;
	struct call *c = call_begin(p, &calls[0], SQL_STEP_BUMP);

	put_blob(c, s->intent.p, s->intent.len);
	put_blob(c, s->intent_mac, sizeof s->intent_mac);
	put_blob(c, s->raw.p, s->raw.len);
	put_blob(c, s->tx_hash, sizeof s->tx_hash);
	put_number(c, s->attempt);
	put_number(c, s->state);
	put_number(c, s->updated_at);
	put_text(c, s->trade_id);
	put_number(c, s->number);

	c = call_begin(p, &calls[1], SQL_STEP_AGENT);
	put_record(c, &p->op->agent);
	put_text(c, s->trade_id);
	put_number(c, s->number);
	put_number(c, s->attempt);
	put_blob(c, s->tx_hash, sizeof s->tx_hash);
	return 2;
}

/* One row more than the page says whether there is another page. */
static size_t
write_page(struct plan *p, struct call *calls)
{
	const struct store_op *op = p->op;
	uint64_t before = op->cursor == 0 ? STORE_INTEGER_MAX : op->cursor;

	for (unsigned i = 0; i < 2; i++) {
		call_begin(p, &calls[i], i == 0 ? SQL_PAGE_TRADES : SQL_PAGE_STEPS);
		put_text(&calls[i], op->id);
		put_number(&calls[i], before);
		put_number(&calls[i], plan_page_limit(op) + (i == 0));
	}
	return 2;
}

static size_t
write_trade_read(struct plan *p, struct call *calls)
{
	const struct store_op *op = p->op;
	int by_id = op->kind == STORE_TRADE_BY_ID;

	call_begin(p, &calls[0], by_id ? SQL_TRADE_BY_ID : SQL_TRADE_BY_IDEMPOTENCY);
	call_begin(p, &calls[1], by_id ? SQL_TRADE_STEPS : SQL_IDEMPOTENCY_STEPS);
	for (unsigned i = 0; i < 2; i++) {
		if (!by_id)
			put_blob(&calls[i], op->hash32, sizeof op->hash32);
		put_text(&calls[i], op->id);
	}
	return 2;
}

static size_t
write_one(struct plan *p, struct call *c)
{
	const struct store_op *op = p->op;

	switch (op->kind) {
	case STORE_RESERVE_INDICES:
		call_begin(p, c, SQL_INDEX_RESERVE);
		put_number(c, op->count);
		put_number(c, STORE_INTEGER_MAX - op->count);
		return 1;
	case STORE_RAISE_INDEX:
		put_number(call_begin(p, c, SQL_INDEX_RAISE), op->first_index);
		return 1;
	case STORE_AGENT_INSERT:
		write_agent_insert(call_begin(p, c, SQL_AGENT_INSERT), &op->agent);
		return 1;
	case STORE_AGENT_UPDATE:
		put_record(call_begin(p, c, SQL_AGENT_UPDATE), &op->agent);
		return 1;
	case STORE_AGENT_BY_ID:
		put_text(call_begin(p, c, SQL_AGENT_BY_ID), op->id);
		return 1;
	case STORE_AGENT_BY_KEY:
		put_blob(call_begin(p, c, SQL_AGENT_BY_KEY), op->hash32, sizeof op->hash32);
		return 1;
	case STORE_STEP_UPDATE:
		write_step_update(call_begin(p, c, SQL_STEP_UPDATE), p);
		return 1;
	case STORE_OPEN_STEPS:
		put_number(call_begin(p, c, SQL_OPEN_STEPS), op->cursor);
		put_number(c, plan_page_limit(op) + 1);
		return 1;
	case STORE_WALLET_NONCE:
		put_wallet(call_begin(p, &c[0], SQL_WALLET_NONCE), op);
		put_wallet(call_begin(p, &c[1], SQL_WALLET_ABOVE), op);
		put_number(&c[1], op->nonce);
		return 2;
	case STORE_WALLET_REOPEN:
		put_blob(call_begin(p, c, SQL_WALLET_REOPEN), zeros, sizeof zeros);
		put_wallet(c, op);
		put_number(c, op->nonce);
		put_number(c, plan_page_limit(op));
		return 1;
	case STORE_WALLET_NEXT:
		put_wallet(call_begin(p, c, SQL_WALLET_NEXT), op);
		return 1;
	case STORE_COUNTS:
		call_begin(p, &c[0], SQL_COUNT_OPEN);
		if (p->totals_known)
			return 1;
		call_begin(p, &c[1], SQL_COUNT_AGENTS);
		call_begin(p, &c[2], SQL_COUNT_TRADES);
		return 3;
	case STORE_TRADE_INSERT:
		return write_trade_insert(p, c);
	case STORE_STEP_BUMP:
		return write_bump(p, c);
	case STORE_TRADES_PAGE:
		return write_page(p, c);
	case STORE_TRADE_BY_ID:
	case STORE_TRADE_BY_IDEMPOTENCY:
		return write_trade_read(p, c);
	}
	return 0;
}

size_t
plan_write(struct plan *p, struct call *calls)
{
	return p->err != 0 ? 0 : write_one(p, calls);
}

size_t
plan_write_reasons(struct plan *p, struct call *calls)
{
	const struct store_op *op = p->op;
	struct call *c = calls;

	if (!p->unexplained)
		return 0;
	if (op->kind == STORE_STEP_BUMP) {
		put_text(call_begin(p, c, SQL_STEP_ATTEMPT), op->steps->trade_id);
		put_number(c, op->steps->number);
		return 1;
	}
	put_text(call_begin(p, c++, SQL_AGENT_VERSION), op->agent.id);
	if (op->kind == STORE_AGENT_UPDATE)
		return 1;
	call_begin(p, c, SQL_TRADE_CLASH);
	put_blob_if(c, op->trade.has_idempotency, op->trade.idempotency_hash, 32);
	put_text(c, op->trade.agent_id);
	put_text(c, op->trade.id);
	return 2;
}
