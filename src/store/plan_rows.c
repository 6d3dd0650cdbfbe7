/* From the rows of an op's statements to what its result is made of. A row is a claim. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "store/plan.h"
#include "store/rows.h"
#include "base/banned.h"

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
	    : op->kind == STORE_OPEN_STEPS         ? plan_page_limit(op)
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

	if (p->trades_len == plan_page_limit(p->op)) {
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
