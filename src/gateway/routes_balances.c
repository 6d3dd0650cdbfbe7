/* GET /agents/{id}/balances: what a node says now; a failure is an error, never 0. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "chain/rpc.h"
#include "evm/address.h"
#include "gateway/agents.h"
#include "gateway/routes.h"
#include "json/writer.h"
#include "base/banned.h"

#define BALANCES_ANSWER_MAX 16384
#define QUERIES_MAX (1 + POLICY_TOKENS_MAX)

struct query {
	struct call *call;
	struct u256 value;
};

struct balances {
	size_t waiting;
	enum rpc_class failure; /* the first; RPC_OK */
	struct query queries[QUERIES_MAX]; /* the native one, then the known tokens */
};

static void
write_token(struct json_writer *w, const struct known_token *t, const struct u256 *value)
{
	json_object_begin(w, NULL);
	json_text(w, "symbol", t->symbol);
	json_address(w, "token", t->address);
	json_decimal(w, "amount", value, t->decimals);
	json_decimal(w, "raw", value, 0);
	json_object_end(w);
}

static void
balances_answer(struct call *c)
{
	const struct balances *b = c->state;
	const struct trade_options *o = &c->gw->config->trade;
	struct buffer body = buffer_of(BALANCES_ANSWER_MAX);
	struct json_writer w = json_writer_of(&body);

	json_object_begin(&w, NULL);
	json_address(&w, "address", c->agent.address);
	json_u64(&w, "chainId", o->chain_id);
	json_object_begin(&w, "native");
	json_decimal(&w, "amount", &b->queries[0].value, NATIVE_DECIMALS);
	json_decimal(&w, "wei", &b->queries[0].value, 0);
	json_object_end(&w);
	json_array_begin(&w, "tokens");
	for (size_t i = 0; i < o->token_count; i++)
		write_token(&w, &o->tokens[i], &b->queries[1 + i].value);
	json_array_end(&w);
	json_object_end(&w);
	call_answer(c, 200, &body);
}

static enum problem_id
problem_of_class(enum rpc_class class)
{
	switch (class) {
	case RPC_TIMEOUT:
	case RPC_UNREACHABLE:
	case RPC_RATE_LIMITED:
	case RPC_WRONG_CHAIN:
		return PROBLEM_CHAIN_UNAVAILABLE;
	case RPC_OK:
	case RPC_NONCE_TOO_LOW:
	case RPC_ALREADY_KNOWN:
	case RPC_UNDERPRICED:
	case RPC_INSUFFICIENT_FUNDS:
	case RPC_FEE_BELOW_BASE:
	case RPC_GAS_TOO_LOW:
	case RPC_REVERTED:
	case RPC_MALFORMED:
	case RPC_OTHER:
		break;
	}
	return PROBLEM_CHAIN_ERROR;
}

static void
on_balance(const struct rpc_answer *answer, void *arg)
{
	struct query *q = arg;
	struct call *c = q->call;
	struct balances *b = c->state;
	enum rpc_class class = answer->class;
	const char *text = json_string_value(answer->result);

	/* an account that is no contract answers "0x", which is no number */
	if (class == RPC_OK &&
	    (text == NULL || strlen(text) < 3 ||
		u256_parse_hex(text, strlen(text), &q->value) != 0))
		class = RPC_MALFORMED;
	if (class != RPC_OK && b->failure == RPC_OK)
		b->failure = class;
	if (--b->waiting > 0)
		return;
	if (b->failure == RPC_OK) {
		balances_answer(c);
		return;
	}
	log_event(LOG_WARN, "balances failed", LOG_STR("class", rpc_class_name(b->failure)));
	call_fail(c, problem_of_class(b->failure), "no node gave the balances: try again");
}

static void
ask_native(struct call *c, const char *address, struct query *q)
{
	struct buffer params = buffer_of(128);

	buffer_format(&params, "[\"%s\",\"latest\"]", address);
	buffer_add(&params, "", 1);
	rpc_call(c->gw->rpc, "eth_getBalance", (const char *)params.p, on_balance, q);
	buffer_free(&params);
}

/* balanceOf(address) */
static void
ask_token(struct call *c, const char *address, const struct known_token *t, struct query *q)
{
	struct buffer params = buffer_of(512);
	char token[ADDRESS_TEXT_MAX];

	address_format(t->address, token);
	buffer_format(&params, "[{\"to\":\"%s\",\"data\":\"0x70a08231%024d%s\"},\"latest\"]", token,
	    0, address + 2);
	buffer_add(&params, "", 1);
	rpc_call(c->gw->rpc, "eth_call", (const char *)params.p, on_balance, q);
	buffer_free(&params);
}

static void
balances_ask(struct call *c)
{
	const struct trade_options *o = &c->gw->config->trade;
	struct balances *b = call_state(c, sizeof *b, free);
	char address[43];

	if (b == NULL)
		return;
	hex_encode_0x(c->agent.address, 20, address);
	b->failure = RPC_OK;
	b->waiting = 1 + o->token_count;
	for (size_t i = 0; i < b->waiting; i++)
		b->queries[i].call = c;
	ask_native(c, address, &b->queries[0]);
	for (size_t i = 0; i < o->token_count; i++)
		ask_token(c, address, &o->tokens[i], &b->queries[1 + i]);
}

void
route_balances(struct call *c)
{
	memcpy(c->agent_id, c->id, sizeof c->agent_id);
	agent_authenticate(c, balances_ask);
}
