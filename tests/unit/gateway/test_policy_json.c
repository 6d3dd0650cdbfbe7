#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "crypto/keccak256.h"
#include "evm/address.h"
#include "gateway/policy_json.h"

static struct trade_options
options(void)
{
	struct trade_options o = {.chain_id = 137,
	    .token_count = 2,
	    .tokens = {{.symbol = "USDC", .decimals = 6}, {.symbol = "DAI", .decimals = 18}}};

	memset(o.tokens[0].address, 0x11, 20);
	memset(o.tokens[1].address, 0x22, 20);
	return o;
}

static struct policy
base_policy(void)
{
	struct policy p = {.actions = POLICY_SPLIT, .flags = POLICY_TO_OWNER, .chain_count = 1,
	    .chains = {137}, .max_gas = 7, .native_per_day = {{9, 0, 0, 0}}};

	return p;
}

static int
read_policy(const char *text, struct policy *p, struct json_error *error)
{
	struct trade_options o = options();
	struct json_in in;
	int r = json_in_open(text, strlen(text), &in, error);

	assert_int_equal(r, 0);
	r = policy_json_read(&in, &o, p);
	json_in_free(&in);
	return r;
}

static char *
write_policy(const struct policy *p)
{
	struct trade_options o = options();
	struct buffer out = buffer_of(65536);
	struct json_writer w = json_writer_of(&out);

	policy_json_write(&w, NULL, &o, p);
	buffer_add(&out, "", 1);
	assert_int_equal(out.err, 0);
	return (char *)out.p;
}

static void
canonical(const struct policy *p, uint8_t ret[POLICY_BYTES_MAX], size_t *ret_len)
{
	struct writer w = writer_of(ret, POLICY_BYTES_MAX);
	struct policy again;

	policy_write(&w, p);
	assert_int_equal(writer_end(&w, ret_len), 0);
	/* what JSON can say is canonical: sorted, nothing twice, nothing out of range */
	assert_int_equal(policy_read(ret, *ret_len, &again), 0);
}

#define FULL                                                                                  \
	"{\"chains\": [31337, 137], \"actions\": [\"transfer\", \"split\", \"merge\", "       \
	"\"redeem\", "                                                                        \
	"\"approve\", \"call\", \"sign-typed-data\", \"sign-message\"], "                     \
	"\"conditionalTokens\": \"0x4D97DCd97eC945f40cF65F87097ACe5EA0476045\", "             \
	"\"native\": {\"perTransaction\": \"0.5\", \"perDay\": \"2\"}, "                      \
	"\"fees\": {\"maxFeePerGas\": \"500000000000\", \"maxGas\": 1000000}, "               \
	"\"tokens\": [{\"token\": \"DAI\", \"perTransaction\": \"1.5\", \"perDay\": \"3\"}, " \
	"{\"token\": \"0x1111111111111111111111111111111111111111\", \"perTransaction\": "    \
	"\"0.000001\", "                                                                      \
	"\"perDay\": \"10\"}], "                                                              \
	"\"recipients\": [\"0x2222222222222222222222222222222222222222\", \"owner\", "        \
	"\"anyone\"], "                                                                       \
	"\"spenders\": [\"0x3333333333333333333333333333333333333333\"], "                    \
	"\"calls\": [{\"contract\": \"0x4444444444444444444444444444444444444444\", "         \
	"\"selector\": \"any\"}, "                                                            \
	"{\"contract\": \"0x4444444444444444444444444444444444444444\", "                     \
	"\"function\": \"transfer(address,uint256)\"}], "                                     \
	"\"typedData\": [{\"chainId\": 137, \"verifyingContract\": "                          \
	"\"0x5555555555555555555555555555555555555555\", \"type\": \"Mail(string text)\"}]}"

static void
test_everything_is_read(void **state)
{
	struct policy p = base_policy();
	struct json_error e;
	uint8_t hash[32];

	(void)state;
	assert_int_equal(read_policy(FULL, &p, &e), 0);
	assert_int_equal(p.actions, POLICY_ACTIONS);
	assert_int_equal(p.flags, POLICY_TO_OWNER | POLICY_TO_ANYONE);
	assert_int_equal(p.chain_count, 2);
	assert_int_equal(p.chains[0], 137);
	assert_int_equal(p.native_per_transaction.limb[0], 500000000000000000);
	assert_int_equal(p.max_fee_per_gas.limb[0], 500000000000);
	assert_int_equal(p.max_gas, 1000000);
	assert_int_equal(p.token_count, 2);
	assert_int_equal(p.tokens[0].token[0], 0x11);
	assert_int_equal(p.tokens[0].per_transaction.limb[0], 1);
	assert_int_equal(p.tokens[1].per_transaction.limb[0], 1500000000000000000);
	assert_int_equal(p.recipient_count, 1);
	assert_int_equal(p.spender_count, 1);
	assert_int_equal(p.call_count, 2);
	assert_int_equal(p.typed_count, 1);
	keccak256("Mail(string text)", 17, hash);
	assert_memory_equal(p.typed[0].type_hash, hash, 32);
}

static void
test_what_is_written_can_be_read_again(void **state)
{
	struct policy p = base_policy(), again = {.actions = 0};
	uint8_t a[POLICY_BYTES_MAX], b[POLICY_BYTES_MAX];
	size_t a_len, b_len;
	struct json_error e;
	char *text, *twice;

	(void)state;
	assert_int_equal(read_policy(FULL, &p, &e), 0);
	text = write_policy(&p);
	/* 0xa9059cbb is transfer(address,uint256) */
	assert_non_null(strstr(text, "\"selector\":\"0xa9059cbb\""));
	assert_non_null(strstr(text, "\"token\":\"USDC\""));
	assert_int_equal(read_policy(text, &again, &e), 0);
	canonical(&p, a, &a_len);
	canonical(&again, b, &b_len);
	assert_int_equal(a_len, b_len);
	assert_memory_equal(a, b, a_len);
	twice = write_policy(&again);
	assert_string_equal(text, twice);
	free(text);
	free(twice);
}

static void
test_members_left_out_keep_their_value(void **state)
{
	struct policy p = base_policy(), before = base_policy();
	struct json_error e;

	(void)state;
	assert_int_equal(read_policy("{}", &p, &e), 0);
	assert_memory_equal(&p, &before, sizeof p);
	assert_int_equal(read_policy("{\"native\": {\"perTransaction\": \"1\"}}", &p, &e), 0);
	assert_int_equal(p.native_per_day.limb[0], 9);
	assert_int_equal(p.max_gas, 7);
	assert_int_equal(p.actions, POLICY_SPLIT);
}

static void
test_an_empty_list_empties(void **state)
{
	struct policy p = base_policy();
	struct json_error e;

	(void)state;
	assert_int_equal(read_policy(FULL, &p, &e), 0);
	assert_int_equal(
	    read_policy("{\"recipients\": [], \"calls\": [], \"tokens\": [], \"chains\": [], "
			"\"actions\": [], \"spenders\": [], \"typedData\": []}",
			&p, &e),
	    0);
	assert_int_equal(p.recipient_count + p.call_count + p.token_count + p.chain_count +
	                     p.actions + p.spender_count + p.typed_count + p.flags, 0);
}

static void
test_every_refusal_names_its_member(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *field;
	} cases[] = {
	    {"{\"chain\": []}", ERR_UNKNOWN_FIELD, "chain"},
	    {"{\"chains\": 1}", ERR_PARSE, "chains"},
	    {"{\"chains\": null}", ERR_PARSE, "chains"},
	    {"{\"chains\": [0]}", ERR_RANGE, "chains[0]"},
	    {"{\"chains\": [-1]}", ERR_RANGE, "chains[0]"},
	    {"{\"chains\": [1.5]}", ERR_RANGE, "chains[0]"},
	    {"{\"chains\": [\"1\"]}", ERR_RANGE, "chains[0]"},
	    {"{\"chains\": [1, 2, 1]}", ERR_DUPLICATE, "chains[2]"},
	    {"{\"chains\": [1, 2, 3, 4, 5]}", ERR_RANGE, "chains"},
	    {"{\"actions\": [\"steal\"]}", ERR_RANGE, "actions[0]"},
	    {"{\"actions\": [\"split\", \"split\"]}", ERR_DUPLICATE, "actions[1]"},
	    {"{\"actions\": [1]}", ERR_PARSE, "actions[0]"},
	    {"{\"conditionalTokens\": \"0x4D97DCd97eC945f40cF65F87097ACe5EA047604\"}", ERR_PARSE,
	     "conditionalTokens"},
	    {"{\"conditionalTokens\": \"0x4d97DCd97eC945f40cF65F87097ACe5EA0476045\"}", ERR_RANGE,
	     "conditionalTokens"},
	    {"{\"native\": []}", ERR_PARSE, "native"},
	    {"{\"native\": {\"perDay\": 5}}", ERR_PARSE, "native.perDay"},
	    {"{\"native\": {\"perDay\": \"-5\"}}", ERR_PARSE, "native.perDay"},
	    {"{\"native\": {\"perDay\": \"1e3\"}}", ERR_PARSE, "native.perDay"},
	    {"{\"native\": {\"perDay\": \"0.1234567890123456789\"}}", ERR_RANGE, "native.perDay"},
	    {"{\"native\": {\"perWeek\": \"5\"}}", ERR_UNKNOWN_FIELD, "native.perWeek"},
	    {"{\"fees\": {\"maxFeePerGas\": \"1.5\"}}", ERR_RANGE, "fees.maxFeePerGas"},
	    {"{\"fees\": {\"maxGas\": \"1\"}}", ERR_PARSE, "fees.maxGas"},
	    {"{\"fees\": {\"maxGas\": 100000001}}", ERR_RANGE, "fees.maxGas"},
	    {"{\"tokens\": [{\"token\": \"USDT\", \"perTransaction\": \"1\", \"perDay\": \"1\"}]}",
	     ERR_RANGE, "tokens[0].token"},
	    {"{\"tokens\": [{\"token\": \"0x9999999999999999999999999999999999999999\", "
	     "\"perTransaction\": \"1\", \"perDay\": \"1\"}]}",
	     ERR_RANGE, "tokens[0].token"},
	    {"{\"tokens\": [{\"token\": \"USDC\", \"perDay\": \"1\"}]}", ERR_PARSE,
	     "tokens[0].perTransaction"},
	    {"{\"tokens\": [{\"token\": \"USDC\", \"perTransaction\": \"0.0000001\", \"perDay\": "
	     "\"1\"}]}",
	     ERR_RANGE, "tokens[0].perTransaction"},
	    {"{\"tokens\": [{\"token\": \"USDC\", \"perTransaction\": \"1\", \"perDay\": \"1\"}, "
	     "{\"token\": \"0x1111111111111111111111111111111111111111\", \"perTransaction\": "
	     "\"1\", "
	     "\"perDay\": \"1\"}]}",
	     ERR_DUPLICATE, "tokens[1].token"},
	    {"{\"tokens\": [5]}", ERR_PARSE, "tokens[0]"},
	    {"{\"recipients\": [\"me\"]}", ERR_PARSE, "recipients[0]"},
	    {"{\"recipients\": [\"owner\", \"owner\"]}", ERR_DUPLICATE, "recipients[1]"},
	    {"{\"recipients\": [\"0x2222222222222222222222222222222222222222\", "
	     "\"0x2222222222222222222222222222222222222222\"]}",
	     ERR_DUPLICATE, "recipients[1]"},
	    {"{\"spenders\": [\"anyone\"]}", ERR_PARSE, "spenders[0]"},
	    {"{\"calls\": [{\"selector\": \"any\"}]}", ERR_PARSE, "calls[0].contract"},
	    {"{\"calls\": [{\"contract\": \"0x4444444444444444444444444444444444444444\"}]}",
	     ERR_PARSE, "calls[0].selector"},
	    {"{\"calls\": [{\"contract\": \"0x4444444444444444444444444444444444444444\", "
	     "\"selector\": \"0x1234567\"}]}",
	     ERR_PARSE, "calls[0].selector"},
	    {"{\"calls\": [{\"contract\": \"0x4444444444444444444444444444444444444444\", "
	     "\"selector\": \"any\", \"function\": \"f()\"}]}",
	     ERR_PARSE, "calls[0].selector"},
	    {"{\"calls\": [{\"contract\": \"0x4444444444444444444444444444444444444444\", "
	     "\"function\": \"transfer(address to, uint256)\"}]}",
	     ERR_PARSE, "calls[0].function"},
	    {"{\"calls\": [{\"contract\": \"0x4444444444444444444444444444444444444444\", "
	     "\"function\": \"f(uint256))\"}]}",
	     ERR_PARSE, "calls[0].function"},
	    {"{\"calls\": [{\"contract\": \"0x4444444444444444444444444444444444444444\", "
	     "\"function\": \"(uint256)\"}]}",
	     ERR_PARSE, "calls[0].function"},
	    {"{\"calls\": [{\"contract\": \"0x4444444444444444444444444444444444444444\", "
	     "\"selector\": \"any\"}, {\"contract\": "
	     "\"0x4444444444444444444444444444444444444444\", "
	     "\"selector\": \"any\"}]}",
	     ERR_DUPLICATE, "calls[1].selector"},
	    {"{\"typedData\": [{\"chainId\": 0, \"verifyingContract\": "
	     "\"0x5555555555555555555555555555555555555555\", \"type\": \"M()\"}]}",
	     ERR_RANGE, "typedData[0].chainId"},
	    {"{\"typedData\": [{\"chainId\": 1, \"verifyingContract\": "
	     "\"0x5555555555555555555555555555555555555555\"}]}",
	     ERR_PARSE, "typedData[0].typeHash"},
	    {"{\"typedData\": [{\"chainId\": 1, \"verifyingContract\": "
	     "\"0x5555555555555555555555555555555555555555\", \"typeHash\": \"0x12\"}]}",
	     ERR_RANGE, "typedData[0].typeHash"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct policy p = base_policy(), before = base_policy();
		struct json_error e;
		int r = read_policy(cases[i].text, &p, &e);

		if (r == 0 || strcmp(e.field, cases[i].field) != 0)
			fail_msg("%s: %s at '%s' (%s)", cases[i].text, err_name(r), e.field,
				 e.text);
		/* parse and range shade into each other in the reader; the others are exact */
		if (cases[i].err != ERR_PARSE && cases[i].err != ERR_RANGE)
			assert_int_equal(r, cases[i].err);
		assert_memory_equal(&p, &before, sizeof p);
		assert_true(strlen(e.text) > 0);
	}
}

static void
test_lists_hold_what_a_policy_may_hold(void **state)
{
	struct buffer text = buffer_of(65536);
	struct policy p = base_policy();
	struct json_error e;

	(void)state;
	for (unsigned n = POLICY_RECIPIENTS_MAX; n <= POLICY_RECIPIENTS_MAX + 1; n++) {
		buffer_reset(&text);
		buffer_text(&text, "{\"recipients\": [\"owner\", \"anyone\"");
		for (unsigned i = 0; i < n; i++)
			buffer_format(&text, ", \"0x%040x\"", i + 1);
		buffer_text(&text, "]}");
		buffer_add(&text, "", 1);
		assert_int_equal(read_policy((const char *)text.p, &p, &e),
		    n == POLICY_RECIPIENTS_MAX ? 0 : ERR_RANGE);
	}
	assert_int_equal(p.recipient_count, POLICY_RECIPIENTS_MAX);
	buffer_free(&text);
}

static void
test_an_unknown_token_is_written_in_base_units(void **state)
{
	struct policy p = base_policy();
	char *text;

	(void)state;
	p.token_count = 1;
	memset(p.tokens[0].token, 0x99, 20);
	p.tokens[0].per_day = u256_of(1234567);
	text = write_policy(&p);
	assert_non_null(strstr(text, "\"unit\":\"base\""));
	assert_non_null(strstr(text, "\"perDay\":\"1234567\""));
	assert_non_null(strstr(text, "0x9999999999999999999999999999999999999999"));
	free(text);
}

static void
test_policy_change_is_what_wallets_take(void **state)
{
	struct policy_change c = {.chain_id = 137, .agent_id = "alice", .policy_version = 2};
	struct buffer out = buffer_of(8192);
	struct json_writer w = json_writer_of(&out);
	json_t *root, *types;

	(void)state;
	memset(c.root_id, 1, 32);
	memset(c.old_policy, 2, 32);
	memset(c.new_policy, 3, 32);
	policy_change_write(&w, NULL, &c);
	root = json_loadb((const char *)out.p, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "primaryType")),
			    "PolicyChange");
	types = json_object_get(json_object_get(root, "types"), "PolicyChange");
	assert_int_equal(json_array_size(types), 6);
	assert_string_equal(json_string_value(json_object_get(json_array_get(types, 5), "name")),
	    "policyVersion");
	assert_string_equal(json_string_value(json_object_get(json_array_get(types, 5), "type")),
	    "uint64");
	json_decref(root);
	buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_is_read),
		cmocka_unit_test(test_what_is_written_can_be_read_again),
		cmocka_unit_test(test_members_left_out_keep_their_value),
		cmocka_unit_test(test_an_empty_list_empties),
		cmocka_unit_test(test_every_refusal_names_its_member),
		cmocka_unit_test(test_lists_hold_what_a_policy_may_hold),
		cmocka_unit_test(test_an_unknown_token_is_written_in_base_units),
		cmocka_unit_test(test_policy_change_is_what_wallets_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
