#include "trade/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "json/writer.h"
#include "trade/polymarket.h"
#include "base/banned.h"

/*
 * Gas limits of calls that we know: measured costs with room for storage that
 * is touched the first time. What is not used is not paid.
 */
#define GAS_APPROVE 80000
#define GAS_SPLIT 400000
#define GAS_MERGE 350000
#define GAS_REDEEM 350000
#define GAS_TOKEN_TRANSFER 120000
#define GAS_NATIVE_TRANSFER 21000
#define GAS_NATIVE_TO_CODE 100000 /* a contract's receive function, or EIP-7702 code */
#define GAS_CALL_UNASKED 200000	  /* a call that the policy refuses anyway */

const char *
trade_type_name(enum trade_type type)
{
	switch (type) {
	case TRADE_SPLIT:
		return "split";
	case TRADE_MERGE:
		return "merge";
	case TRADE_REDEEM:
		return "redeem";
	case TRADE_TRANSFER:
		return "transfer";
	case TRADE_APPROVE:
		return "approve";
	case TRADE_CALL:
		return "call";
	}
	return "?";
}

enum plan_question
plan_question(const struct trade_request *req, uint8_t actions)
{
	if (req->type == TRADE_SPLIT)
		return PLAN_ASK_ALLOWANCE;
	if (req->type == TRADE_TRANSFER && !req->has_token)
		return PLAN_ASK_CODE;
	if (req->type == TRADE_CALL && req->gas_limit == 0 && (actions & POLICY_CALL) != 0)
		return PLAN_ASK_GAS;
	return PLAN_ASK_NOTHING;
}

static uint64_t
gas_of_call(const struct trade_request *req, const struct plan_facts *facts)
{
	uint64_t gas;

	if (req->gas_limit != 0)
		return req->gas_limit;
	if (facts->gas_estimate == 0)
		return GAS_CALL_UNASKED;
	/* what was estimated on one block may cost more on the next */
	if (__builtin_add_overflow(facts->gas_estimate, facts->gas_estimate / 4, &gas))
		return UINT64_MAX;
	return gas;
}

static uint64_t
gas_of(const struct trade_request *req, const struct plan_facts *facts)
{
	switch (req->type) {
	case TRADE_SPLIT:
		return GAS_SPLIT;
	case TRADE_MERGE:
		return GAS_MERGE;
	case TRADE_REDEEM:
		return GAS_REDEEM;
	case TRADE_TRANSFER:
		if (req->has_token)
			return GAS_TOKEN_TRANSFER;
		return facts->recipient_has_code ? GAS_NATIVE_TO_CODE : GAS_NATIVE_TRANSFER;
	case TRADE_APPROVE:
		return GAS_APPROVE;
	case TRADE_CALL:
		return gas_of_call(req, facts);
	}
	return 0;
}

/* The next step, with everything but value and data. */
static struct plan_step *
step_add(struct plan *plan, const struct trade_options *options, const struct plan_facts *facts,
	 const char *kind, const uint8_t to[20], uint64_t gas)
{
	struct plan_step *step = &plan->steps[plan->count];

	(void)snprintf(step->kind, sizeof step->kind, "%s", kind);
	step->data = buffer_of(TX_DATA_MAX);
	step->tx = (struct tx){
	    .type = TX_DYNAMIC_FEE,
	    .chain_id = options->chain_id,
	    .nonce = facts->nonce + plan->count,
	    .gas_limit = gas < facts->gas_ceiling ? gas : facts->gas_ceiling,
	    .max_fee_per_gas = facts->fees.max_fee,
	    .max_priority_fee = facts->fees.tip,
	    .has_to = 1,
	};
	memcpy(step->tx.to, to, sizeof step->tx.to);
	plan->count++;
	return step;
}

static int
add_approval(struct plan *plan, const struct trade_options *options,
	     const struct trade_request *req, const struct plan_facts *facts)
{
	struct plan_step *step =
	    step_add(plan, options, facts, "approve", options->tokens[0].address, GAS_APPROVE);

	return polymarket_approve_data(options->conditional_tokens, &req->amount, &step->data);
}

static int
fill_main(struct plan_step *step, const struct trade_options *options,
	  const struct trade_request *req)
{
	switch (req->type) {
	case TRADE_SPLIT:
	case TRADE_MERGE:
	case TRADE_REDEEM:
		return polymarket_position_data(options, req, &step->data);
	case TRADE_TRANSFER:
		if (req->has_token)
			return polymarket_transfer_data(req->to, &req->amount, &step->data);
		step->tx.value = req->amount;
		return 0;
	case TRADE_APPROVE:
		return polymarket_approve_data(req->to, &req->amount, &step->data);
	case TRADE_CALL:
		step->tx.value = req->value;
		buffer_add(&step->data, req->data.p, req->data.len);
		return step->data.err;
	}
	return ERR_RANGE;
}

static const uint8_t *
main_target(const struct trade_options *options, const struct trade_request *req)
{
	switch (req->type) {
	case TRADE_SPLIT:
	case TRADE_MERGE:
	case TRADE_REDEEM:
		return options->conditional_tokens;
	case TRADE_TRANSFER:
	case TRADE_APPROVE:
		return req->has_token ? req->token : req->to;
	case TRADE_CALL:
		break;
	}
	return req->to;
}

int
plan_build(const struct trade_options *options, const struct trade_request *req,
	   const struct plan_facts *facts, struct plan *ret)
{
	struct plan_step *step;
	int r = 0;

	*ret = (struct plan){.count = 0};
	if (facts->nonce > UINT64_MAX - 1 - PLAN_STEPS_MAX)
		return ERR_RANGE;
	if (req->type == TRADE_SPLIT && facts->needs_approval)
		r = add_approval(ret, options, req, facts);
	if (r == 0) {
		step = step_add(ret, options, facts, trade_type_name(req->type),
				main_target(options, req), gas_of(req, facts));
		r = fill_main(step, options, req);
	}
	for (size_t i = 0; i < ret->count; i++) {
		step = &ret->steps[i];
		step->tx.data = (struct bytes){step->data.p, step->data.len};
	}
	if (r != 0)
		plan_free(ret);
	return r;
}

void
plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		buffer_free(&plan->steps[i].data);
	plan->count = 0;
}

/* --- params ------------------------------------------------------------------- */

static void
member_u256(struct json_writer *w, const char *name, const struct u256 *v)
{
	char text[67];

	(void)u256_format_hex(v, text);
	json_text(w, name, text);
}

static void
member_address(struct json_writer *w, const char *name, const uint8_t address[20])
{
	json_hex(w, name, address, 20);
}

void
plan_allowance_params(const struct trade_options *options, const uint8_t wallet[20],
		      struct buffer *out)
{
	struct json_writer w = json_writer_of(out);
	struct buffer data = buffer_of(128);

	if (polymarket_allowance_data(wallet, options->conditional_tokens, &data) != 0)
		out->err = ERR_MEM;
	json_array_begin(&w, NULL);
	json_object_begin(&w, NULL);
	member_address(&w, "to", options->tokens[0].address);
	json_hex(&w, "data", data.p, data.len);
	json_object_end(&w);
	json_text(&w, NULL, "latest");
	json_array_end(&w);
	buffer_free(&data);
}

void
plan_code_params(const struct trade_request *req, struct buffer *out)
{
	struct json_writer w = json_writer_of(out);

	json_array_begin(&w, NULL);
	member_address(&w, NULL, req->to);
	json_text(&w, NULL, "latest");
	json_array_end(&w);
}

void
plan_gas_params(const struct trade_request *req, const uint8_t wallet[20], struct buffer *out)
{
	struct json_writer w = json_writer_of(out);

	json_array_begin(&w, NULL);
	json_object_begin(&w, NULL);
	member_address(&w, "from", wallet);
	member_address(&w, "to", req->to);
	member_u256(&w, "value", &req->value);
	json_hex(&w, "data", req->data.p, req->data.len);
	json_object_end(&w);
	json_array_end(&w);
}

void
plan_replay_params(const struct tx *tx, const uint8_t wallet[20], uint64_t block,
		   struct buffer *out)
{
	struct json_writer w = json_writer_of(out);
	struct u256 gas = u256_of(tx->gas_limit);
	struct u256 number = u256_of(block);

	json_array_begin(&w, NULL);
	json_object_begin(&w, NULL);
	member_address(&w, "from", wallet);
	member_address(&w, "to", tx->to);
	member_u256(&w, "gas", &gas);
	member_u256(&w, "value", &tx->value);
	json_hex(&w, "data", tx->data.p, tx->data.len);
	json_object_end(&w);
	member_u256(&w, NULL, &number);
	json_array_end(&w);
}
