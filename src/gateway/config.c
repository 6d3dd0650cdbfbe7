#include "gateway/config.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "evm/address.h"
#include "base/banned.h"

#define WAIT_SECONDS_MAX 60
#define TOKEN_UNITS_PER_TRANSACTION 100
#define TOKEN_UNITS_PER_DAY 1000
#define NATIVE_UNITS_PER_DAY 5

static int
bad(enum setting_id id, const char *problem, char *text, size_t cap)
{
	(void)snprintf(text, cap, "%s: %s", setting_name(id), problem);
	return ERR_SETTING;
}

static int
read_address(enum setting_id id, const char *s, size_t len, uint8_t ret[20], char *text, size_t cap)
{
	int r = address_parse(s, len, ret);

	if (r == ERR_RANGE)
		return bad(id, "wrong EIP-55 checksum: check it, or write it in lower case", text,
		    cap);
	if (r != 0)
		return bad(id, "not an address: 0x and 40 hex digits", text, cap);
	return 0;
}

/* SYMBOL:ADDRESS:DECIMALS, whose shape settings_load() has checked */
static int
read_token(const char *s, size_t len, struct known_token *ret, char *text, size_t cap)
{
	const char *one = memchr(s, ':', len);
	const char *two = one == NULL ? NULL : memchr(one + 1, ':', len - (size_t)(one + 1 - s));
	uint64_t decimals;
	size_t n;

	if (two == NULL)
		return bad(SET_SELFSAME_TOKENS, "write SYMBOL:ADDRESS:DECIMALS", text, cap);
	n = (size_t)(one - s);
	if (n == 0 || n >= sizeof ret->symbol)
		return bad(SET_SELFSAME_TOKENS, "a symbol has 1 to 15 characters", text, cap);
	memset(ret->symbol, 0, sizeof ret->symbol);
	memcpy(ret->symbol, s, n);
	if (parse_u64(two + 1, len - (size_t)(two + 1 - s), 0, 36, &decimals) != 0)
		return bad(SET_SELFSAME_TOKENS, "decimals are 0 to 36", text, cap);
	ret->decimals = (unsigned)decimals;
	return read_address(SET_SELFSAME_TOKENS, one + 1, (size_t)(two - one - 1), ret->address,
	    text, cap);
}

static int
is_duplicate(const struct trade_options *o, const struct known_token *t)
{
	return known_token_find(o, t->address) != NULL ||
	       known_token_named(o, (struct bytes){(const uint8_t *)t->symbol,
	                                strlen(t->symbol)}) != NULL;
}

static int
read_tokens(const char *s, struct trade_options *o, char *text, size_t cap)
{
	int r;

	while (*s != '\0') {
		size_t len = strcspn(s, ",");
		struct known_token t;

		if (o->token_count == ARRAY_LEN(o->tokens))
			return bad(SET_SELFSAME_TOKENS, "at most 8 tokens", text, cap);
		if ((r = read_token(s, len, &t, text, cap)) != 0)
			return r;
		if (is_duplicate(o, &t))
			return bad(SET_SELFSAME_TOKENS, "a symbol or address stands twice", text,
			    cap);
		o->tokens[o->token_count++] = t;
		s += len;
		s += *s == ',';
	}
	return o->token_count > 0 ? 0 : bad(SET_SELFSAME_TOKENS, "at least one token", text, cap);
}

/* n units of a token in base units; decimals at most 36, so it fits */
static int
units(uint64_t n, unsigned decimals, struct u256 *ret)
{
	struct u256 v = u256_of(n);
	int r;

	for (unsigned i = 0; i < decimals; i++) {
		if ((r = u256_mul_u64(&v, 10, &v)) != 0)
			return r;
	}
	*ret = v;
	return 0;
}

static int
make_default_policy(const struct config *c, uint64_t max_fee, uint64_t max_gas, struct policy *ret)
{
	struct policy p = {.actions = POLICY_SPLIT | POLICY_MERGE | POLICY_REDEEM | POLICY_APPROVE |
	                              POLICY_TRANSFER,
	    .flags = POLICY_TO_OWNER,
	    .chain_count = 1};
	int r;

	p.chains[0] = c->trade.chain_id;
	p.max_fee_per_gas = u256_of(max_fee);
	p.max_gas = max_gas;
	memcpy(p.conditional_tokens, c->trade.conditional_tokens, sizeof p.conditional_tokens);
	if ((r = units(NATIVE_UNITS_PER_DAY, NATIVE_DECIMALS, &p.native_per_day)) != 0)
		return r;
	p.native_per_transaction = p.native_per_day;
	for (size_t i = 0; i < c->trade.token_count; i++) {
		const struct known_token *t = &c->trade.tokens[i];
		struct policy_token *cap = &p.tokens[p.token_count++];

		memcpy(cap->token, t->address, sizeof cap->token);
		r = units(TOKEN_UNITS_PER_TRANSACTION, t->decimals, &cap->per_transaction);
		if (r == 0)
			r = units(TOKEN_UNITS_PER_DAY, t->decimals, &cap->per_day);
		if (r != 0)
			return r;
	}
	policy_sort(&p);
	*ret = p;
	return 0;
}

int
config_read(const struct settings *s, struct config *ret, char *text, size_t text_cap)
{
	const char *contract = s->value[SET_SELFSAME_CONDITIONAL_TOKENS];
	struct config c = {.database_url = s->value[SET_DATABASE_URL],
	    .node_urls = s->value[SET_CHAINSTACK_NODE],
	    .ca_file = s->value[SET_SELFSAME_CA_FILE],
	    .listen = s->value[SET_SELFSAME_LISTEN],
	    .registration_token = s->value[SET_SELFSAME_REGISTRATION_TOKEN]};
	int r;

	c.trade.chain_id = setting_u64(s, SET_SELFSAME_CHAIN_ID);
	if (c.trade.chain_id == 0)
		return bad(SET_SELFSAME_CHAIN_ID, "must be above 0", text, text_cap);
	c.trade.finality_depth = setting_u64(s, SET_SELFSAME_FINALITY_DEPTH);
	c.trade.bump_seconds = setting_u64(s, SET_SELFSAME_BUMP_SECONDS);
	c.trade.poll_ms = setting_u64(s, SET_SELFSAME_POLL_MILLISECONDS);
	c.tls = setting_u64(s, SET_SELFSAME_TLS) == 1;
	c.rpc_timeout_ms = setting_u64(s, SET_SELFSAME_RPC_TIMEOUT_MILLISECONDS);
	c.register_per_minute = setting_u64(s, SET_SELFSAME_REGISTER_PER_MINUTE);
	c.wait_seconds = setting_u64(s, SET_SELFSAME_WAIT_SECONDS);
	if (c.wait_seconds > WAIT_SECONDS_MAX)
		return bad(SET_SELFSAME_WAIT_SECONDS, "at most 60", text, text_cap);
	if (c.trade.poll_ms == 0)
		return bad(SET_SELFSAME_POLL_MILLISECONDS, "must be above 0", text, text_cap);
	if ((r = read_address(SET_SELFSAME_CONDITIONAL_TOKENS, contract, strlen(contract),
	         c.trade.conditional_tokens, text, text_cap)) != 0)
		return r;
	if ((r = read_tokens(s->value[SET_SELFSAME_TOKENS], &c.trade, text, text_cap)) != 0)
		return r;
	if (make_default_policy(&c, setting_u64(s, SET_SELFSAME_MAX_FEE_PER_GAS),
	        setting_u64(s, SET_SELFSAME_MAX_GAS), &c.default_policy) != 0)
		return bad(SET_SELFSAME_TOKENS, "too many decimals", text, text_cap);
	*ret = c;
	return 0;
}
