#include "trade/trade.h"

#include <string.h>

#include <sodium.h>

#include "agent/record.h"
#include "base/err.h"
#include "base/secret.h"
#include "evm/address.h"
#include "evm/transaction.h"
#include "gateway/abi_json.h"
#include "base/banned.h"

#define GAS_LIMIT_LEAST 21000
#define GAS_LIMIT_MOST 100000000

struct type_name {
	const char *name;
	enum trade_type type;
};

static const struct type_name type_names[] = {
    {"split", TRADE_SPLIT},	  {"merge", TRADE_MERGE},     {"redeem", TRADE_REDEEM},
    {"transfer", TRADE_TRANSFER}, {"approve", TRADE_APPROVE}, {"call", TRADE_CALL},
};

static int
text_is(struct bytes text, const char *s)
{
	return text.len == strlen(s) && memcmp(text.p, s, text.len) == 0;
}

static void
read_type(struct json_in *in, enum trade_type *ret)
{
	struct bytes text = {NULL, 0};

	json_in_text(in, "type", JSON_REQUIRED, 1, 16, &text);
	if (text.p == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
		if (text_is(text, type_names[i].name)) {
			*ret = type_names[i].type;
			return;
		}
	}
	json_in_fail(in, "type", ERR_RANGE,
		     "must be split, merge, redeem, transfer, approve or call");
}

/* --- tokens and amounts ------------------------------------------------------- */

const struct known_token *
known_token_find(const struct trade_options *options, const uint8_t address[20])
{
	for (size_t i = 0; i < options->token_count; i++) {
		if (memcmp(options->tokens[i].address, address, 20) == 0)
			return &options->tokens[i];
	}
	return NULL;
}

const struct known_token *
known_token_named(const struct trade_options *options, struct bytes symbol)
{
	for (size_t i = 0; i < options->token_count; i++) {
		if (text_is(symbol, options->tokens[i].symbol))
			return &options->tokens[i];
	}
	return NULL;
}

static const struct known_token *
token_named(const struct trade_options *options, struct bytes name)
{
	uint8_t address[20];

	if (address_parse((const char *)name.p, name.len, address) == 0)
		return known_token_find(options, address);
	return known_token_named(options, name);
}

static const struct known_token *
read_token(struct json_in *in, const struct trade_options *options, enum json_need need)
{
	const struct known_token *token;
	struct bytes name = {NULL, 0};

	json_in_text(in, "token", need, 1, 64, &name);
	if (name.p == NULL || (need == JSON_OPTIONAL && text_is(name, "native")))
		return NULL;
	token = token_named(options, name);
	if (token == NULL && need == JSON_OPTIONAL)
		json_in_fail(in, "token", ERR_RANGE,
			     "must be native, or a symbol or address of SELFSAME_TOKENS");
	else if (token == NULL)
		json_in_fail(in, "token", ERR_RANGE,
			     "must be a symbol or address of SELFSAME_TOKENS");
	return token;
}

static void
read_amount(struct json_in *in, unsigned decimals, int zero_allowed, struct u256 *ret)
{
	int present;

	json_in_amount(in, "amount", JSON_REQUIRED, decimals, ret, &present);
	if (present && !zero_allowed && u256_is_zero(ret))
		json_in_fail(in, "amount", ERR_RANGE, "must be above zero");
}

/* --- index sets --------------------------------------------------------------- */

static int
read_index_set(const json_t *value, struct u256 *ret)
{
	const char *text = json_string_value(value);

	if (json_is_integer(value) && json_integer_value(value) > 0)
		*ret = u256_of((uint64_t)json_integer_value(value));
	else if (text == NULL || u256_parse_decimal(text, json_string_length(value), 0, ret) != 0)
		return ERR_PARSE;
	return u256_is_zero(ret) ? ERR_RANGE : 0;
}

static int
overlap(const struct u256 *a, const struct u256 *b)
{
	return ((a->limb[0] & b->limb[0]) | (a->limb[1] & b->limb[1]) | (a->limb[2] & b->limb[2]) |
		(a->limb[3] & b->limb[3])) != 0;
}

/* The contract demands a partition of two or more disjoint sets for split and merge. */
static const char *
index_sets_complaint(const struct trade_request *req)
{
	if (req->type != TRADE_REDEEM && req->index_set_count < 2)
		return "must hold two or more sets";
	for (size_t i = 0; i < req->index_set_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (overlap(&req->index_sets[i], &req->index_sets[j]))
				return "must not name an outcome twice";
		}
	}
	return NULL;
}

static void
read_index_sets(struct json_in *in, struct trade_request *req)
{
	json_t *list = NULL;
	size_t count;
	const char *complaint;

	json_in_value(in, "indexSets", JSON_OPTIONAL, &list);
	if (list == NULL) {
		req->index_set_count = 2;
		req->index_sets[0] = u256_of(1);
		req->index_sets[1] = u256_of(2);
		return;
	}
	count = json_array_size(list);
	if (!json_is_array(list) || count == 0 || count > TRADE_INDEX_SETS_MAX) {
		json_in_fail(in, "indexSets", ERR_RANGE, "must be an array of 1 to 16 index sets");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (read_index_set(json_array_get(list, i), &req->index_sets[i]) != 0) {
			json_in_fail(in, "indexSets", ERR_PARSE,
				     "must hold integers above zero, or decimal strings of such");
			return;
		}
	}
	req->index_set_count = count;
	if ((complaint = index_sets_complaint(req)) != NULL)
		json_in_fail(in, "indexSets", ERR_RANGE, complaint);
}

/* --- the types ---------------------------------------------------------------- */

static void
read_position(struct json_in *in, const struct trade_options *options, struct trade_request *req)
{
	int present;

	json_in_hash32(in, "conditionId", JSON_REQUIRED, req->condition_id, &present);
	if (req->type != TRADE_REDEEM)
		read_amount(in, options->tokens[0].decimals, 0, &req->amount);
	read_index_sets(in, req);
}

static void
read_transfer(struct json_in *in, const struct trade_options *options, struct trade_request *req)
{
	const struct known_token *token = read_token(in, options, JSON_OPTIONAL);
	int present;

	json_in_address(in, "to", JSON_REQUIRED, req->to, &present);
	read_amount(in, token == NULL ? NATIVE_DECIMALS : token->decimals, 0, &req->amount);
	if (token == NULL)
		return;
	req->has_token = 1;
	memcpy(req->token, token->address, sizeof req->token);
}

static void
read_approve(struct json_in *in, const struct trade_options *options, struct trade_request *req)
{
	const struct known_token *token = read_token(in, options, JSON_REQUIRED);
	int present;

	json_in_address(in, "spender", JSON_REQUIRED, req->to, &present);
	/* zero takes an approval back */
	read_amount(in, token == NULL ? 0 : token->decimals, 1, &req->amount);
	if (token == NULL)
		return;
	req->has_token = 1;
	memcpy(req->token, token->address, sizeof req->token);
}

static void
read_function(struct json_in *in, struct bytes function, const json_t *args,
	      struct trade_request *req)
{
	struct json_error error = {0};
	int r = abi_json_call(function, args, &req->data, &error);

	if (r != 0)
		json_in_fail(in, error.field, r, error.text);
}

static void
read_hex_data(struct json_in *in, struct trade_request *req)
{
	uint8_t data[TX_DATA_MAX];
	size_t len = 0;

	json_in_hex(in, "data", JSON_OPTIONAL, sizeof data, data, &len);
	buffer_add(&req->data, data, len);
	if (req->data.err != 0)
		json_in_fail(in, "data", req->data.err, "there is no memory for it");
}

static void
read_call_data(struct json_in *in, struct trade_request *req)
{
	struct bytes function = {NULL, 0};
	json_t *hex = NULL, *args = NULL;

	json_in_value(in, "data", JSON_OPTIONAL, &hex);
	json_in_text(in, "function", JSON_OPTIONAL, 1, 1024, &function);
	json_in_value(in, "args", JSON_OPTIONAL, &args);
	req->data = buffer_of(TX_DATA_MAX);
	if (hex != NULL && (function.p != NULL || args != NULL))
		json_in_fail(in, "data", ERR_RANGE, "give either data, or function and args");
	else if (function.p == NULL && args != NULL)
		json_in_fail(in, "function", ERR_PARSE, "is missing: args are its arguments");
	else if (function.p != NULL && args == NULL)
		json_in_fail(in, "args", ERR_PARSE, "is missing: an array of the arguments");
	else if (function.p != NULL)
		read_function(in, function, args, req);
	else
		read_hex_data(in, req);
}

static void
read_call(struct json_in *in, struct trade_request *req)
{
	int present;

	json_in_address(in, "to", JSON_REQUIRED, req->to, &present);
	json_in_amount(in, "value", JSON_OPTIONAL, NATIVE_DECIMALS, &req->value, &present);
	json_in_u64(in, "gasLimit", JSON_OPTIONAL, GAS_LIMIT_LEAST, GAS_LIMIT_MOST,
		    &req->gas_limit);
	read_call_data(in, req);
}

static void
read_members(struct json_in *in, const struct trade_options *options, struct trade_request *req)
{
	switch (req->type) {
	case TRADE_SPLIT:
	case TRADE_MERGE:
	case TRADE_REDEEM:
		read_position(in, options, req);
		return;
	case TRADE_TRANSFER:
		read_transfer(in, options, req);
		return;
	case TRADE_APPROVE:
		read_approve(in, options, req);
		return;
	case TRADE_CALL:
		read_call(in, req);
		return;
	}
}

static void
read_agent_id(struct json_in *in, struct trade_request *req)
{
	struct bytes id = {NULL, 0};

	json_in_text(in, "agentId", JSON_OPTIONAL, 1, AGENT_ID_MAX, &id);
	if (id.p != NULL)
		memcpy(req->agent_id, id.p, id.len);
}

int
trade_request_parse(const struct trade_options *options, const void *body, size_t len,
		    struct trade_request *ret, struct json_error *error)
{
	struct trade_request req = {.type = TRADE_SPLIT};
	struct json_in in;
	int r;

	if ((r = json_in_open(body, len, &in, error)) != 0)
		return r;
	read_agent_id(&in, &req);
	read_type(&in, &req.type);
	/* members of a type that is not known would be blamed for it */
	if (in.error->err == 0)
		read_members(&in, options, &req);
	if ((r = json_in_close(&in)) != 0)
		goto out;
	req.body = (struct bytes){body, len};
	(void)crypto_hash_sha256(req.request_hash, body, len);
	*ret = req;
	req = (struct trade_request){0}; /* transferred */
out:
	trade_request_free(&req);
	json_in_free(&in);
	return r;
}

void
trade_request_free(struct trade_request *req)
{
	buffer_free(&req->data);
	wipe(req->api_key, sizeof req->api_key);
}
