#include "store/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "store/inputs.h"
#include "store/rows.h"
#include "store/text.h"
#include "base/banned.h"

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

uint32_t
plan_page_limit(const struct store_op *op)
{
	return op->limit == 0 || op->limit > STORE_PAGE_MAX ? STORE_PAGE_MAX : op->limit;
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
