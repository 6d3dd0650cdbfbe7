#include "store/inputs.h"

#include <string.h>

#include "base/err.h"
#include "store/text.h"
#include "base/banned.h"

static int
check_text(const char *s, size_t min, size_t max)
{
	size_t len;

	if (s == NULL)
		return ERR_RANGE;
	len = strnlen(s, max + 1);
	if (len < min)
		return ERR_RANGE;
	return text_check((const uint8_t *)s, len, max);
}

static int
check_numbers(const uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i] > STORE_INTEGER_MAX)
			return ERR_RANGE;
	}
	return 0;
}

static int
check_run(struct bytes b, size_t max)
{
	return b.len > max || (b.len > 0 && b.p == NULL) ? ERR_RANGE : 0;
}

/* What an update of a record needs. */
static int
check_record(const struct store_agent *a)
{
	int r = check_text(a->id, 1, STORE_AGENT_ID_MAX);

	if (r != 0)
		return r;
	if ((r = check_run(a->record, STORE_RECORD_MAX)) != 0)
		return r;
	return check_numbers(&a->record_version, 1);
}

static int
check_agent(const struct store_agent *a)
{
	const uint64_t numbers[] = {a->has_index ? a->index : 0, a->created_at};
	int r = check_record(a);

	return r != 0 ? r : check_numbers(numbers, ARRAY_LEN(numbers));
}

static int
check_step_name(const struct store_step *s)
{
	if (s->number >= STORE_STEPS_MAX)
		return ERR_RANGE;
	return check_text(s->trade_id, 1, STORE_TRADE_ID_MAX - 1);
}

static int
check_step_progress(const struct store_step *s)
{
	const uint64_t numbers[] = {s->block_number, s->gas_used, s->updated_at};

	if (s->state < STEP_SIGNED || s->state > STEP_STUCK || s->attempt > STORE_ATTEMPTS_MAX)
		return ERR_RANGE;
	return check_numbers(numbers, ARRAY_LEN(numbers));
}

static int
check_step(const struct store_step *s)
{
	const uint64_t numbers[] = {s->chain_id, s->nonce};
	int r;

	if ((r = check_step_name(s)) != 0 || (r = check_step_progress(s)) != 0)
		return r;
	if ((r = check_text(s->kind, 1, STORE_KIND_MAX)) != 0)
		return r;
	if ((r = check_run(s->intent, STORE_INTENT_MAX)) != 0 ||
	    (r = check_run(s->raw, STORE_RAW_MAX)) != 0)
		return r;
	if (s->earlier_hashes.len != 32 * (size_t)s->attempt)
		return ERR_RANGE;
	if (s->error != NULL && (r = check_text(s->error, 0, STORE_ERROR_MAX)) != 0)
		return r;
	return check_numbers(numbers, ARRAY_LEN(numbers));
}

/* Step number i of a new trade: in its place, of one wallet and chain, with a nonce of its own. */
static int
check_new_step(const struct store_op *op, size_t i)
{
	const struct store_step *s = &op->steps[i];
	const struct store_step *first = &op->steps[0];
	int r = check_step(s);

	if (r != 0)
		return r;
	if (s->number != i || strcmp(s->trade_id, op->trade.id) != 0)
		return ERR_RANGE;
	if (s->chain_id != first->chain_id || memcmp(s->wallet, first->wallet, 20) != 0)
		return ERR_RANGE;
	for (size_t k = 0; k < i; k++) {
		if (op->steps[k].nonce == s->nonce)
			return ERR_RANGE;
	}
	return 0;
}

static int
check_trade_insert(const struct store_op *op)
{
	const struct store_trade *t = &op->trade;
	int r;

	if (op->step_count < 1 || op->step_count > STORE_STEPS_MAX || op->steps == NULL)
		return ERR_RANGE;
	if ((r = check_text(t->id, 1, STORE_TRADE_ID_MAX - 1)) != 0 ||
	    (r = check_text(t->agent_id, 1, STORE_AGENT_ID_MAX)) != 0 ||
	    (r = check_text(t->kind, 1, STORE_KIND_MAX)) != 0 ||
	    (r = check_text(t->request, 0, STORE_TEXT_MAX)) != 0 ||
	    (r = check_text(t->receipt, 0, STORE_TEXT_MAX)) != 0)
		return r;
	if ((r = check_numbers(&t->created_at, 1)) != 0 || (r = check_record(&op->agent)) != 0)
		return r;
	if (strcmp(op->agent.id, t->agent_id) != 0)
		return ERR_RANGE;
	for (size_t i = 0; i < op->step_count; i++) {
		if ((r = check_new_step(op, i)) != 0)
			return r;
	}
	return 0;
}

static int
check_bump(const struct store_op *op)
{
	const struct store_step *s = op->steps;
	int r;

	if (op->step_count != 1 || s == NULL || s->attempt == 0)
		return ERR_RANGE;
	if ((r = check_step_name(s)) != 0 || (r = check_step_progress(s)) != 0)
		return r;
	if ((r = check_run(s->intent, STORE_INTENT_MAX)) != 0 ||
	    (r = check_run(s->raw, STORE_RAW_MAX)) != 0)
		return r;
	return check_record(&op->agent);
}

static int
check_step_update(const struct store_op *op)
{
	int r;

	if (op->step_count != 1 || op->steps == NULL)
		return ERR_RANGE;
	if ((r = check_step_name(op->steps)) != 0)
		return r;
	return check_step_progress(op->steps);
}

static int
check_wallet(const struct store_op *op)
{
	const uint64_t numbers[] = {op->chain_id, op->nonce};

	return check_numbers(numbers, ARRAY_LEN(numbers));
}

int
inputs_check(const struct store_op *op)
{
	switch (op->kind) {
	case STORE_RESERVE_INDICES:
		return op->count == 0 ? ERR_RANGE : check_numbers(&op->count, 1);
	case STORE_RAISE_INDEX:
		return check_numbers(&op->first_index, 1);
	case STORE_AGENT_INSERT:
		return check_agent(&op->agent);
	case STORE_AGENT_UPDATE:
		return check_record(&op->agent);
	case STORE_AGENT_BY_ID:
	case STORE_TRADE_BY_IDEMPOTENCY:
	case STORE_TRADE_BY_ID:
		return check_text(op->id, 1, STORE_AGENT_ID_MAX);
	case STORE_TRADES_PAGE: {
		int r = check_text(op->id, 1, STORE_AGENT_ID_MAX);

		return r != 0 ? r : check_numbers(&op->cursor, 1);
	}
	case STORE_TRADE_INSERT:
		return check_trade_insert(op);
	case STORE_STEP_UPDATE:
		return check_step_update(op);
	case STORE_STEP_BUMP:
		return check_bump(op);
	case STORE_OPEN_STEPS:
		return check_numbers(&op->cursor, 1);
	case STORE_WALLET_NONCE:
	case STORE_WALLET_REOPEN:
		return check_wallet(op);
	case STORE_WALLET_NEXT:
		return check_numbers(&op->chain_id, 1);
	case STORE_AGENT_BY_KEY:
	case STORE_COUNTS:
		return 0;
	}
	return ERR_UNSUPPORTED;
}
