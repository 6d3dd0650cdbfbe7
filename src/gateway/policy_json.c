#include "gateway/policy_json.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "crypto/keccak256.h"
#include "evm/address.h"
#include "gateway/config.h"
#include "base/banned.h"

#define FUNCTION_MAX 256
#define TYPE_TEXT_MAX 2048
#define MAX_GAS_MAX 100000000
#define CHAIN_ID_MAX ((uint64_t)INT64_MAX)

static const struct {
	uint8_t bit;
	const char *name;
} actions[] = {
	{POLICY_SPLIT, "split"},
	{POLICY_MERGE, "merge"},
	{POLICY_REDEEM, "redeem"},
	{POLICY_APPROVE, "approve"},
	{POLICY_TRANSFER, "transfer"},
	{POLICY_CALL, "call"},
	{POLICY_TYPED_DATA, "sign-typed-data"},
	{POLICY_MESSAGE, "sign-message"},
};

/* --- reading --------------------------------------------------------------------- */

/* The list of a member: its length, or that it is absent (ret_list NULL). */
static size_t
open_list(struct json_in *in, const char *name, size_t max, json_t **ret_list)
{
	json_t *list = NULL;

	*ret_list = NULL;
	json_in_value(in, name, JSON_OPTIONAL, &list);
	if (list == NULL || in->error->err != 0)
		return 0;
	if (!json_is_array(list)) {
		json_in_fail(in, name, ERR_PARSE, "must be an array");
		return 0;
	}
	if (json_array_size(list) > max) {
		json_in_fail(in, name, ERR_RANGE, "has more entries than a policy may have");
		return 0;
	}
	*ret_list = list;
	return json_array_size(list);
}

static void
fail_at(struct json_in *in, const char *name, size_t i, int err, const char *text)
{
	char at[64];

	(void)snprintf(at, sizeof at, "%s[%zu]", name, i);
	json_in_fail(in, at, err, text);
}

static int
entry_text(struct json_in *in, const char *name, const json_t *list, size_t i, struct bytes *ret)
{
	const json_t *v = json_array_get(list, i);

	if (!json_is_string(v)) {
		fail_at(in, name, i, ERR_PARSE, "must be a string");
		return ERR_PARSE;
	}
	*ret = (struct bytes){(const uint8_t *)json_string_value(v), json_string_length(v)};
	return 0;
}

static int
is_text(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

static void
read_chains(struct json_in *in, struct policy *p)
{
	json_t *list;
	size_t n = open_list(in, "chains", POLICY_CHAINS_MAX, &list);

	if (list == NULL)
		return;
	p->chain_count = 0;
	for (size_t i = 0; i < n; i++) {
		json_int_t v = json_integer_value(json_array_get(list, i)); /* 0 for another type */

		if (v <= 0) {
			fail_at(in, "chains", i, ERR_RANGE, "must be a chain id above 0");
			return;
		}
		for (size_t k = 0; k < p->chain_count; k++) {
			if (p->chains[k] == (uint64_t)v)
				fail_at(in, "chains", i, ERR_DUPLICATE, "stands twice");
		}
		p->chains[p->chain_count++] = (uint64_t)v;
	}
}

static uint8_t
action_bit(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (is_text(name, actions[i].name))
			return actions[i].bit;
	}
	return 0;
}

static void
read_actions(struct json_in *in, struct policy *p)
{
	json_t *list;
	size_t n = open_list(in, "actions", ARRAY_LEN(actions), &list);

	if (list == NULL)
		return;
	p->actions = 0;
	for (size_t i = 0; i < n; i++) {
		struct bytes name;
		uint8_t bit;

		if (entry_text(in, "actions", list, i, &name) != 0)
			return;
		bit = action_bit(name);
		if (bit == 0)
			fail_at(in, "actions", i, ERR_RANGE,
			    "must be split, merge, redeem, approve, transfer, call, "
			    "sign-typed-data or sign-message");
		if (p->actions & bit)
			fail_at(in, "actions", i, ERR_DUPLICATE, "stands twice");
		p->actions = (uint8_t)(p->actions | bit);
	}
}

/* The first failure stays in in->error, where policy_json_read() finds it. */
static void
close_object(struct json_in *o)
{
	if (json_in_close(o) != 0)
		return;
}

static void
read_native(struct json_in *in, struct policy *p)
{
	struct json_in o;
	int present;

	json_in_object(in, "native", JSON_OPTIONAL, &o, &present);
	if (!present)
		return;
	json_in_amount(&o, "perTransaction", JSON_OPTIONAL, NATIVE_DECIMALS,
	    &p->native_per_transaction, &present);
	json_in_amount(&o, "perDay", JSON_OPTIONAL, NATIVE_DECIMALS, &p->native_per_day, &present);
	close_object(&o);
}

static void
read_fees(struct json_in *in, struct policy *p)
{
	struct json_in o;
	int present;

	json_in_object(in, "fees", JSON_OPTIONAL, &o, &present);
	if (!present)
		return;
	json_in_amount(&o, "maxFeePerGas", JSON_OPTIONAL, 0, &p->max_fee_per_gas, &present);
	json_in_u64(&o, "maxGas", JSON_OPTIONAL, 0, MAX_GAS_MAX, &p->max_gas);
	close_object(&o);
}

/* A known token by its symbol or address; its decimals come from the settings. */
static const struct known_token *
known(struct json_in *in, const struct trade_options *options, struct bytes text)
{
	const struct known_token *t = known_token_named(options, text);
	uint8_t address[20];

	if (t != NULL)
		return t;
	if (address_parse((const char *)text.p, text.len, address) == 0)
		t = known_token_find(options, address);
	if (t == NULL)
		json_in_fail(in, "token", ERR_RANGE,
		    "must be the symbol or address of a token of SELFSAME_TOKENS");
	return t;
}

static void
read_token(struct json_in *in, const struct trade_options *options, struct policy *p)
{
	struct policy_token *cap = &p->tokens[p->token_count];
	const struct known_token *t;
	struct bytes text = {NULL, 0};
	int present;

	json_in_text(in, "token", JSON_REQUIRED, 1, 64, &text);
	if (in->error->err != 0 || (t = known(in, options, text)) == NULL)
		return;
	for (size_t k = 0; k < p->token_count; k++) {
		if (memcmp(p->tokens[k].token, t->address, 20) == 0)
			json_in_fail(in, "token", ERR_DUPLICATE, "stands twice");
	}
	memcpy(cap->token, t->address, sizeof cap->token);
	json_in_amount(in, "perTransaction", JSON_REQUIRED, t->decimals, &cap->per_transaction,
	    &present);
	json_in_amount(in, "perDay", JSON_REQUIRED, t->decimals, &cap->per_day, &present);
	if (json_in_close(in) == 0)
		p->token_count++;
}

typedef void read_entry(struct json_in *in, const struct trade_options *options, struct policy *p);

/* A list of objects. */
static void
read_objects(struct json_in *in, const char *name, size_t max, const struct trade_options *options,
    struct policy *p, uint8_t *count, read_entry *read)
{
	json_t *list;
	size_t n = open_list(in, name, max, &list);

	if (list == NULL)
		return;
	*count = 0;
	for (size_t i = 0; i < n && in->error->err == 0; i++) {
		struct json_in o;
		char at[64];

		(void)snprintf(at, sizeof at, "%s[%zu]", name, i);
		json_in_enter(in, json_array_get(list, i), at, &o);
		read(&o, options, p);
	}
}

static void
add_address(struct json_in *in, const char *name, size_t i, struct bytes text, uint8_t (*list)[20],
    uint8_t *count)
{
	uint8_t address[20];
	int r = address_parse((const char *)text.p, text.len, address);

	if (r != 0) {
		fail_at(in, name, i, r,
		    r == ERR_RANGE ? "wrong EIP-55 checksum"
		                   : "must be an address: 0x and 40 hex digits");
		return;
	}
	for (size_t k = 0; k < *count; k++) {
		if (memcmp(list[k], address, sizeof address) == 0)
			fail_at(in, name, i, ERR_DUPLICATE, "stands twice");
	}
	memcpy(list[(*count)++], address, sizeof address);
}

static void
read_recipients(struct json_in *in, struct policy *p)
{
	json_t *list;
	/* two more than addresses: "owner" and "anyone" */
	size_t n = open_list(in, "recipients", POLICY_RECIPIENTS_MAX + 2, &list);

	if (list == NULL)
		return;
	p->recipient_count = 0;
	p->flags = (uint8_t)(p->flags & ~(POLICY_TO_OWNER | POLICY_TO_ANYONE));
	for (size_t i = 0; i < n && in->error->err == 0; i++) {
		struct bytes text;
		uint8_t flag;

		if (entry_text(in, "recipients", list, i, &text) != 0)
			return;
		flag = is_text(text, "owner") ? POLICY_TO_OWNER : 0;
		if (is_text(text, "anyone"))
			flag = POLICY_TO_ANYONE;
		if (p->flags & flag)
			fail_at(in, "recipients", i, ERR_DUPLICATE, "stands twice");
		else if (flag == 0 && p->recipient_count == POLICY_RECIPIENTS_MAX)
			fail_at(in, "recipients", i, ERR_RANGE,
			    "has more entries than a policy may have");
		else if (flag == 0)
			add_address(in, "recipients", i, text, p->recipients, &p->recipient_count);
		p->flags = (uint8_t)(p->flags | flag);
	}
}

static void
read_spenders(struct json_in *in, struct policy *p)
{
	json_t *list;
	size_t n = open_list(in, "spenders", POLICY_SPENDERS_MAX, &list);

	if (list == NULL)
		return;
	p->spender_count = 0;
	for (size_t i = 0; i < n && in->error->err == 0; i++) {
		struct bytes text;

		if (entry_text(in, "spenders", list, i, &text) != 0)
			return;
		add_address(in, "spenders", i, text, p->spenders, &p->spender_count);
	}
}

static int
is_name_char(uint8_t c, int first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
	       (!first && c >= '0' && c <= '9');
}

/*
 * "name(type,type)" as it is hashed: no spaces, no parameter names. A tuple is
 * written as its types in brackets.
 */
static int
is_function(struct bytes t)
{
	size_t i = 0;
	int depth = 0;

	while (i < t.len && is_name_char(t.p[i], i == 0))
		i++;
	if (i == 0 || i == t.len || t.p[i] != '(' || t.p[t.len - 1] != ')')
		return 0;
	for (; i < t.len; i++) {
		uint8_t c = t.p[i];

		depth += (c == '(') - (c == ')');
		if (depth < 0 || (depth == 0 && i + 1 < t.len))
			return 0;
		if (!is_name_char(c, 0) && c != '(' && c != ')' && c != ',' && c != '[' && c != ']')
			return 0;
	}
	return depth == 0;
}

static void
read_selector(struct json_in *in, struct policy_call *call)
{
	struct bytes selector = {NULL, 0}, function = {NULL, 0};
	uint8_t hash[32];

	json_in_text(in, "selector", JSON_OPTIONAL, 1, 16, &selector);
	json_in_text(in, "function", JSON_OPTIONAL, 1, FUNCTION_MAX, &function);
	if (in->error->err != 0)
		return;
	if ((selector.p == NULL) == (function.p == NULL)) {
		json_in_fail(in, "selector", ERR_PARSE, "give either selector or function");
	} else if (function.p != NULL && !is_function(function)) {
		json_in_fail(in, "function", ERR_PARSE,
		    "must be a signature such as transfer(address,uint256), without names");
	} else if (function.p != NULL) {
		keccak256(function.p, function.len, hash);
		memcpy(call->selector, hash, sizeof call->selector);
	} else if (is_text(selector, "any")) {
		call->any_selector = 1;
	} else if (hex_decode_0x((const char *)selector.p, selector.len, call->selector, 4) != 0) {
		json_in_fail(in, "selector", ERR_PARSE, "must be \"any\" or 0x and 8 hex digits");
	}
}

static void
read_call(struct json_in *in, const struct trade_options *options, struct policy *p)
{
	struct policy_call call = {.any_selector = 0};
	int present;

	(void)options;
	json_in_address(in, "contract", JSON_REQUIRED, call.contract, &present);
	read_selector(in, &call);
	for (size_t k = 0; k < p->call_count; k++) {
		if (memcmp(&p->calls[k], &call, sizeof call) == 0)
			json_in_fail(in, "selector", ERR_DUPLICATE, "stands twice");
	}
	if (json_in_close(in) == 0)
		p->calls[p->call_count++] = call;
}

static void
read_type_hash(struct json_in *in, uint8_t ret_hash32[32])
{
	struct bytes type = {NULL, 0};
	int present;

	json_in_hash32(in, "typeHash", JSON_OPTIONAL, ret_hash32, &present);
	json_in_text(in, "type", JSON_OPTIONAL, 1, TYPE_TEXT_MAX, &type);
	if (in->error->err != 0)
		return;
	if (present == (type.p != NULL))
		json_in_fail(in, "typeHash", ERR_PARSE, "give either typeHash or type");
	else if (!present)
		keccak256(type.p, type.len, ret_hash32);
}

static int
same_typed(const struct policy_typed *a, const struct policy_typed *b)
{
	return a->chain_id == b->chain_id && memcmp(a->contract, b->contract, 20) == 0 &&
	       memcmp(a->type_hash, b->type_hash, 32) == 0;
}

static void
read_typed(struct json_in *in, const struct trade_options *options, struct policy *p)
{
	struct policy_typed t = {.chain_id = 0};
	int present;

	(void)options;
	json_in_u64(in, "chainId", JSON_REQUIRED, 1, CHAIN_ID_MAX, &t.chain_id);
	json_in_address(in, "verifyingContract", JSON_REQUIRED, t.contract, &present);
	read_type_hash(in, t.type_hash);
	for (size_t k = 0; k < p->typed_count; k++) {
		if (same_typed(&p->typed[k], &t))
			json_in_fail(in, "typeHash", ERR_DUPLICATE, "stands twice");
	}
	if (json_in_close(in) == 0)
		p->typed[p->typed_count++] = t;
}

/* Counts of lists shrink as well as grow; what is behind the end is zero again. */
static void
clear_rest(struct policy *p)
{
	memset(p->chains + p->chain_count, 0,
	    sizeof p->chains - p->chain_count * sizeof p->chains[0]);
	memset(p->tokens + p->token_count, 0,
	    sizeof p->tokens - p->token_count * sizeof p->tokens[0]);
	memset(p->recipients + p->recipient_count, 0,
	    sizeof p->recipients - p->recipient_count * sizeof p->recipients[0]);
	memset(p->spenders + p->spender_count, 0,
	    sizeof p->spenders - p->spender_count * sizeof p->spenders[0]);
	memset(p->calls + p->call_count, 0, sizeof p->calls - p->call_count * sizeof p->calls[0]);
	memset(p->typed + p->typed_count, 0, sizeof p->typed - p->typed_count * sizeof p->typed[0]);
}

int
policy_json_read(struct json_in *in, const struct trade_options *options, struct policy *policy)
{
	struct policy p = *policy;
	int present;
	int r;

	read_chains(in, &p);
	read_actions(in, &p);
	json_in_address(in, "conditionalTokens", JSON_OPTIONAL, p.conditional_tokens, &present);
	read_native(in, &p);
	read_fees(in, &p);
	read_objects(in, "tokens", POLICY_TOKENS_MAX, options, &p, &p.token_count, read_token);
	read_recipients(in, &p);
	read_spenders(in, &p);
	read_objects(in, "calls", POLICY_CALLS_MAX, options, &p, &p.call_count, read_call);
	read_objects(in, "typedData", POLICY_TYPED_MAX, options, &p, &p.typed_count, read_typed);
	if ((r = json_in_close(in)) != 0)
		return r;
	clear_rest(&p);
	policy_sort(&p);
	*policy = p;
	return 0;
}

/* --- writing -------------------------------------------------------------------------- */

unsigned
policy_json_token(struct json_writer *w, const struct trade_options *options,
    const uint8_t token[20])
{
	const struct known_token *t = known_token_find(options, token);

	if (t != NULL) {
		json_text(w, "token", t->symbol);
		return t->decimals;
	}
	json_address(w, "token", token);
	json_text(w, "unit", "base");
	return 0;
}

static void
write_tokens(struct json_writer *w, const struct trade_options *options, const struct policy *p)
{
	json_array_begin(w, "tokens");
	for (size_t i = 0; i < p->token_count; i++) {
		const struct policy_token *cap = &p->tokens[i];
		unsigned decimals;

		json_object_begin(w, NULL);
		decimals = policy_json_token(w, options, cap->token);
		json_decimal(w, "perTransaction", &cap->per_transaction, decimals);
		json_decimal(w, "perDay", &cap->per_day, decimals);
		json_object_end(w);
	}
	json_array_end(w);
}

static void
write_recipients(struct json_writer *w, const struct policy *p)
{
	json_array_begin(w, "recipients");
	if (p->flags & POLICY_TO_OWNER)
		json_text(w, NULL, "owner");
	if (p->flags & POLICY_TO_ANYONE)
		json_text(w, NULL, "anyone");
	for (size_t i = 0; i < p->recipient_count; i++)
		json_address(w, NULL, p->recipients[i]);
	json_array_end(w);
}

static void
write_calls(struct json_writer *w, const struct policy *p)
{
	json_array_begin(w, "calls");
	for (size_t i = 0; i < p->call_count; i++) {
		json_object_begin(w, NULL);
		json_address(w, "contract", p->calls[i].contract);
		if (p->calls[i].any_selector)
			json_text(w, "selector", "any");
		else
			json_hex(w, "selector", p->calls[i].selector, 4);
		json_object_end(w);
	}
	json_array_end(w);
}

static void
write_typed(struct json_writer *w, const struct policy *p)
{
	json_array_begin(w, "typedData");
	for (size_t i = 0; i < p->typed_count; i++) {
		json_object_begin(w, NULL);
		json_u64(w, "chainId", p->typed[i].chain_id);
		json_address(w, "verifyingContract", p->typed[i].contract);
		json_hex(w, "typeHash", p->typed[i].type_hash, 32);
		json_object_end(w);
	}
	json_array_end(w);
}

static void
write_limits(struct json_writer *w, const struct policy *p)
{
	json_object_begin(w, "native");
	json_decimal(w, "perTransaction", &p->native_per_transaction, NATIVE_DECIMALS);
	json_decimal(w, "perDay", &p->native_per_day, NATIVE_DECIMALS);
	json_object_end(w);
	json_object_begin(w, "fees");
	json_decimal(w, "maxFeePerGas", &p->max_fee_per_gas, 0);
	json_u64(w, "maxGas", p->max_gas);
	json_object_end(w);
}

void
policy_json_write(struct json_writer *w, const char *name, const struct trade_options *options,
    const struct policy *policy)
{
	json_object_begin(w, name);
	json_array_begin(w, "chains");
	for (size_t i = 0; i < policy->chain_count; i++)
		json_u64(w, NULL, policy->chains[i]);
	json_array_end(w);
	json_array_begin(w, "actions");
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (policy->actions & actions[i].bit)
			json_text(w, NULL, actions[i].name);
	}
	json_array_end(w);
	json_address(w, "conditionalTokens", policy->conditional_tokens);
	write_limits(w, policy);
	write_tokens(w, options, policy);
	write_recipients(w, policy);
	json_array_begin(w, "spenders");
	for (size_t i = 0; i < policy->spender_count; i++)
		json_address(w, NULL, policy->spenders[i]);
	json_array_end(w);
	write_calls(w, policy);
	write_typed(w, policy);
	json_object_end(w);
}

/* --- what an owner signs ------------------------------------------------------------------ */

static void
write_member(struct json_writer *w, const char *name, const char *type)
{
	json_object_begin(w, NULL);
	json_text(w, "name", name);
	json_text(w, "type", type);
	json_object_end(w);
}

static void
write_change_types(struct json_writer *w)
{
	json_object_begin(w, "types");
	json_array_begin(w, "EIP712Domain");
	write_member(w, "name", "string");
	write_member(w, "version", "string");
	write_member(w, "chainId", "uint256");
	json_array_end(w);
	json_array_begin(w, "PolicyChange");
	write_member(w, "rootId", "bytes32");
	write_member(w, "agentId", "string");
	write_member(w, "wallet", "address");
	write_member(w, "oldPolicy", "bytes32");
	write_member(w, "newPolicy", "bytes32");
	write_member(w, "policyVersion", "uint64");
	json_array_end(w);
	json_object_end(w);
}

void
policy_change_write(struct json_writer *w, const char *name, const struct policy_change *change)
{
	json_object_begin(w, name);
	write_change_types(w);
	json_text(w, "primaryType", "PolicyChange");
	json_object_begin(w, "domain");
	json_text(w, "name", "Selfsame");
	json_text(w, "version", "1");
	json_u64(w, "chainId", change->chain_id);
	json_object_end(w);
	json_object_begin(w, "message");
	json_hex(w, "rootId", change->root_id, 32);
	json_text(w, "agentId", change->agent_id);
	json_address(w, "wallet", change->wallet);
	json_hex(w, "oldPolicy", change->old_policy, 32);
	json_hex(w, "newPolicy", change->new_policy, 32);
	json_u64(w, "policyVersion", change->policy_version);
	json_object_end(w);
	json_object_end(w);
}
