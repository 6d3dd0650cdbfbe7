#include "store/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "store/inputs.h"
#include "store/rows.h"
#include "store/text.h"
#include "base/banned.h"

static const uint8_t zeros[32];

int
plan_writes(enum store_kind kind)
{
	switch (kind) {
	case STORE_RESERVE_INDICES:
	case STORE_RAISE_INDEX:
	case STORE_AGENT_INSERT:
	case STORE_AGENT_UPDATE:
	case STORE_TRADE_INSERT:
	case STORE_STEP_UPDATE:
	case STORE_STEP_BUMP:
	case STORE_WALLET_REOPEN:
		return 1;
	case STORE_AGENT_BY_ID:
	case STORE_AGENT_BY_KEY:
	case STORE_TRADE_BY_ID:
	case STORE_TRADE_BY_IDEMPOTENCY:
	case STORE_TRADES_PAGE:
	case STORE_OPEN_STEPS:
	case STORE_WALLET_NONCE:
	case STORE_WALLET_NEXT:
	case STORE_COUNTS:
		return 0;
	}
	return 1;
}

void
plan_begin(struct plan *p, struct store_op *op)
{
	*p = (struct plan){.op = op};
	if ((p->err = inputs_check(op)) != 0)
		return;
	if (op->kind == STORE_STEP_UPDATE && op->steps->error != NULL) {
		p->error_text = text_clean(op->steps->error, STORE_ERROR_MAX);
		p->err = p->error_text == NULL ? ERR_MEM : 0;
	}
}

/* --- write the calls ------------------------------------------------------- */

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

static uint32_t
page_limit(const struct store_op *op)
{
	return op->limit == 0 || op->limit > STORE_PAGE_MAX ? STORE_PAGE_MAX : op->limit;
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
		put_number(&calls[i], page_limit(op) + (i == 0));
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
		put_number(c, page_limit(op) + 1);
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
		put_number(c, page_limit(op));
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

/* --- take the rows --------------------------------------------------------- */

static void *
room(void *array, size_t len, size_t *cap, size_t size)
{
	size_t want = *cap == 0 ? 4 : *cap * 2;
	void *p;

	if (len < *cap)
		return array;
	if ((p = realloc(array, want * size)) == NULL)
		return NULL;
	*cap = want;
	return p;
}

static int
take_step(struct plan *p, const struct cell *cells)
{
	const struct store_op *op = p->op;
	size_t max = op->kind == STORE_TRADES_PAGE ? (size_t)STORE_PAGE_MAX * STORE_STEPS_MAX
	    : op->kind == STORE_OPEN_STEPS         ? page_limit(op)
						   : STORE_STEPS_MAX;
	struct store_step step;
	uint64_t sequence;
	void *grown;
	int r;

	if (op->kind == STORE_OPEN_STEPS && p->steps_len == max) {
		p->more = 1;
		return 0;
	}
	if (p->steps_len == max)
		return ERR_DATABASE;
	if ((grown = room(p->steps, p->steps_len, &p->steps_cap, sizeof *p->steps)) == NULL)
		return ERR_MEM;
	p->steps = grown;
	r = row_step(cells, &step, &sequence);
	/* the open steps are everybody's: one spoiled row must not hide the rest */
	if (r == ERR_DATABASE && op->kind == STORE_OPEN_STEPS)
		r = row_step_rest(cells, &step, &sequence);
	if (r != 0)
		return r;
	p->steps[p->steps_len++] = step;
	p->last_sequence = op->kind == STORE_OPEN_STEPS ? sequence : p->last_sequence;
	return 0;
}

static int
take_page_trade(struct plan *p, const struct cell *cells)
{
	struct store_trade trade;
	uint64_t step_count;
	void *grown;
	int r;

	if (p->trades_len == page_limit(p->op)) {
		p->more = 1;
		return 0;
	}
	if ((grown = room(p->trades, p->trades_len, &p->trades_cap, sizeof *p->trades)) == NULL)
		return ERR_MEM;
	p->trades = grown;
	if ((r = row_trade(cells, &trade, &step_count)) != 0)
		return r;
	p->trades[p->trades_len++] = trade;
	p->last_sequence = trade.sequence;
	p->step_count += step_count;
	return 0;
}

/* The row must be the one that was asked for, and the only one. */
static int
take_agent(struct plan *p, const struct cell *cells)
{
	const struct store_op *op = p->op;
	int r;

	if (p->has_agent)
		return ERR_DATABASE;
	if ((r = row_agent(cells, &p->agent)) != 0)
		return r;
	p->has_agent = 1;
	if (op->kind == STORE_AGENT_BY_KEY)
		return memcmp(p->agent.key_hash, op->hash32, 32) == 0 ? 0 : ERR_DATABASE;
	return strcmp(p->agent.id, op->id) == 0 ? 0 : ERR_DATABASE;
}

static int
take_trade(struct plan *p, const struct cell *cells)
{
	const struct store_op *op = p->op;
	int r;

	if (p->has_trade)
		return ERR_DATABASE;
	if ((r = row_trade(cells, &p->trade, &p->step_count)) != 0)
		return r;
	p->has_trade = 1;
	if (op->kind == STORE_TRADE_BY_ID)
		return strcmp(p->trade.id, op->id) == 0 ? 0 : ERR_DATABASE;
	return 0;
}

static int
take_reason(struct plan *p, const struct cell *cells)
{
	p->reason_found = 1;
	return row_number(cells, &p->reason_number);
}

static int
take_row(struct plan *p, enum statement_id statement, const struct cell *cells)
{
	switch (statement) {
	case SQL_TRADE_STEP:
		p->step_rows++;
		return 0;
	case SQL_AGENT_VERSION:
	case SQL_STEP_ATTEMPT:
		return take_reason(p, cells);
	case SQL_TRADE_STEPS:
	case SQL_IDEMPOTENCY_STEPS:
	case SQL_PAGE_STEPS:
	case SQL_OPEN_STEPS:
		return take_step(p, cells);
	case SQL_PAGE_TRADES:
		return take_page_trade(p, cells);
	case SQL_AGENT_BY_ID:
	case SQL_AGENT_BY_KEY:
		return take_agent(p, cells);
	case SQL_TRADE_CLASH:
	case SQL_TRADE_BY_ID:
	case SQL_TRADE_BY_IDEMPOTENCY:
		return take_trade(p, cells);
	case SQL_COUNT_TRADES:
	case SQL_WALLET_ABOVE:
		return row_number(cells, &p->number[1]);
	case SQL_COUNT_OPEN:
		return row_number(cells, &p->number[2]);
	case SQL_INDEX_RESERVE:
	case SQL_AGENT_INSERT:
	case SQL_AGENT_UPDATE:
	case SQL_TRADE_INSERT:
	case SQL_STEP_UPDATE:
	case SQL_STEP_BUMP:
	case SQL_WALLET_NONCE:
	case SQL_COUNT_AGENTS:
		p->main_rows++;
		return row_number(cells, &p->number[0]);
	case SQL_WALLET_REOPEN:
		p->number[0]++;
		return 0;
	case SQL_WALLET_NEXT:
		p->main_rows++;
		return row_address(cells, p->address);
	case SQL_INDEX_RAISE:
	case SQL_TRADE_AGENT:
	case SQL_STEP_AGENT:
	case STATEMENT_COUNT:
		return ERR_DATABASE;
	}
	return ERR_DATABASE;
}

void
plan_row(const struct call *call, const struct cell *cells)
{
	struct plan *p = call->plan;

	if (p->err != 0)
		return;
	p->err = take_row(p, call->statement, cells);
	if (p->err == ERR_DATABASE)
		log_event(LOG_ERROR, "store_row_malformed",
		    LOG_STR("statement", statements[call->statement].name));
}

/* --- judge ----------------------------------------------------------------- */

/* A trade was written with all its steps, so it is read with all of them. */
static void
judge_steps(struct plan *p)
{
	if (p->steps_len == p->step_count)
		return;
	log_event(LOG_ERROR, "store_trade_incomplete", LOG_STR("asked", p->op->id));
	p->err = ERR_DATABASE;
}

int
plan_judge(struct plan *p)
{
	if (p->err != 0)
		return 0;
	switch (p->op->kind) {
	case STORE_RESERVE_INDICES:
		p->err = p->main_rows == 1 ? 0 : ERR_RANGE;
		return 0;
	case STORE_AGENT_INSERT:
		p->err = p->main_rows == 1 ? 0 : ERR_EXISTS;
		return 0;
	case STORE_AGENT_BY_ID:
	case STORE_AGENT_BY_KEY:
		p->err = p->has_agent ? 0 : ERR_NOT_FOUND;
		return 0;
	case STORE_STEP_UPDATE:
	case STORE_WALLET_NONCE:
	case STORE_WALLET_NEXT:
		p->err = p->main_rows == 1 ? 0 : ERR_NOT_FOUND;
		return 0;
	case STORE_TRADE_BY_ID:
	case STORE_TRADE_BY_IDEMPOTENCY:
		if (!p->has_trade)
			p->err = ERR_NOT_FOUND;
		else
			judge_steps(p);
		return 0;
	case STORE_TRADES_PAGE:
		judge_steps(p);
		return 0;
	case STORE_TRADE_INSERT:
		p->unexplained = p->main_rows == 0;
		/* with a trade go all its steps; the statements' own guards say so too */
		return p->step_rows == (p->main_rows == 0 ? 0 : p->op->step_count)
			   ? 0
			   : ERR_WRONG_STATE;
	case STORE_AGENT_UPDATE:
	case STORE_STEP_BUMP:
		p->unexplained = p->main_rows == 0;
		return 0;
	case STORE_RAISE_INDEX:
	case STORE_OPEN_STEPS:
	case STORE_WALLET_REOPEN:
	case STORE_COUNTS:
		return 0;
	}
	return 0;
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

void
plan_judge_reasons(struct plan *p)
{
	const struct store_op *op = p->op;

	if (!p->unexplained || p->err != 0)
		return;
	if (p->has_trade)
		p->err = ERR_EXISTS;
	else if (!p->reason_found)
		p->err = ERR_NOT_FOUND;
	else if (op->kind == STORE_AGENT_UPDATE && p->reason_number < op->agent.record_version)
		p->err = ERR_EXISTS;
	else
		p->err = ERR_CONFLICT;
}

/* --- publish --------------------------------------------------------------- */

static void
publish_trade(struct plan *p)
{
	p->op->trade = p->trade;
	p->op->owned |= STORE_OWNS_TRADE;
	p->has_trade = 0;
	p->trade = (struct store_trade){.sequence = 0};
}

static void
publish_steps(struct plan *p)
{
	p->op->steps = p->steps;
	p->op->step_count = p->steps_len;
	p->op->owned |= STORE_OWNS_STEPS;
	p->steps = NULL;
	p->steps_len = 0;
}

static void
publish_trades(struct plan *p)
{
	p->op->trades = p->trades;
	p->op->trade_count = p->trades_len;
	p->op->owned |= STORE_OWNS_TRADES;
	p->trades = NULL;
	p->trades_len = 0;
}

static void
publish_result(struct plan *p)
{
	struct store_op *op = p->op;

	switch (op->kind) {
	case STORE_RESERVE_INDICES:
		op->first_index = p->number[0];
		return;
	case STORE_AGENT_BY_ID:
	case STORE_AGENT_BY_KEY:
		op->agent = p->agent;
		op->owned |= STORE_OWNS_AGENT;
		p->agent = (struct store_agent){.id = NULL};
		return;
	case STORE_TRADE_INSERT:
		op->trade.sequence = p->number[0];
		return;
	case STORE_TRADE_BY_ID:
	case STORE_TRADE_BY_IDEMPOTENCY:
		publish_trade(p);
		publish_steps(p);
		return;
	case STORE_TRADES_PAGE:
		publish_trades(p);
		publish_steps(p);
		op->next_cursor = p->more ? p->last_sequence : 0;
		return;
	case STORE_OPEN_STEPS:
		publish_steps(p);
		op->next_cursor = p->more ? p->last_sequence : 0;
		return;
	case STORE_WALLET_NONCE:
		op->nonce = p->number[0];
		op->count = p->number[1];
		return;
	case STORE_WALLET_REOPEN:
		op->count = p->number[0];
		return;
	case STORE_WALLET_NEXT:
		memcpy(op->address, p->address, sizeof op->address);
		return;
	case STORE_COUNTS:
		op->agents_total = p->number[0];
		op->trades_total = p->number[1];
		op->open_total = p->number[2];
		return;
	case STORE_RAISE_INDEX:
	case STORE_AGENT_INSERT:
	case STORE_AGENT_UPDATE:
	case STORE_STEP_UPDATE:
	case STORE_STEP_BUMP:
		return;
	}
}

void
plan_publish(struct plan *p)
{
	p->op->err = p->err;
	if (p->err == 0)
		publish_result(p);
	else if (p->op->kind == STORE_TRADE_INSERT && p->err == ERR_EXISTS)
		publish_trade(p);
}

void
plan_drop(struct plan *p)
{
	free(p->error_text);
	agent_free(&p->agent);
	trade_free(&p->trade);
	for (size_t i = 0; i < p->steps_len; i++)
		step_free(&p->steps[i]);
	free(p->steps);
	for (size_t i = 0; i < p->trades_len; i++)
		trade_free(&p->trades[i]);
	free(p->trades);
	*p = (struct plan){.op = p->op};
}
