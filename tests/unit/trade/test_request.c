#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <stdlib.h>

#include "base/err.h"
#include "base/hex.h"
#include "trade/trade.h"

#define CONDITION "0x1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51"
#define USDC "0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174"
#define SOMEBODY "0x3535353535353535353535353535353535353535"

static struct trade_options options;
static struct trade_request req;
static struct json_error error;

static int
setup(void **state)
{
	(void)state;
	options = (struct trade_options){.chain_id = 137, .token_count = 2};
	memcpy(options.tokens[0].symbol, "USDC", 5);
	options.tokens[0].decimals = 6;
	memcpy(options.tokens[1].symbol, "DAI", 4);
	options.tokens[1].decimals = 18;
	memset(options.tokens[1].address, 0xda, 20);
	return hex_decode_0x(USDC, strlen(USDC), options.tokens[0].address, 20);
}

static int
teardown(void **state)
{
	(void)state;
	trade_request_free(&req);
	return 0;
}

static int
parse(const char *body)
{
	size_t len = strlen(body);
	char *exact = malloc(len == 0 ? 1 : len); /* reads beyond the end are seen */
	int r;

	assert_non_null(exact);
	memcpy(exact, body, len);
	trade_request_free(&req);
	memset(&error, 0, sizeof error);
	r = trade_request_parse(&options, exact, len, &req, &error);
	req.body = (struct bytes){NULL, 0};
	free(exact);
	return r;
}

static void
takes(const char *body)
{
	if (parse(body) != 0)
		fail_msg("%s: %s %s %s", body, err_name(error.err), error.field, error.text);
}

static void
refuses(const char *body, int err, const char *field)
{
	int r = parse(body);

	if (r != err || error.err != err || strcmp(error.field, field) != 0)
		fail_msg("%s: %s at \"%s\" (%s), not %s at \"%s\"", body, err_name(r), error.field,
			 error.text, err_name(err), field);
	assert_true(error.text[0] != '\0');
}

static uint64_t
amount(void)
{
	uint64_t v = 0;

	assert_int_equal(u256_to_u64(&req.amount, &v), 0);
	return v;
}

#define SPLIT(rest) "{\"type\":\"split\",\"conditionId\":\"" CONDITION "\"" rest "}"

static void
test_positions(void **state)
{
	(void)state;
	takes(SPLIT(",\"amount\":\"10\""));
	assert_int_equal(req.type, TRADE_SPLIT);
	assert_int_equal(req.condition_id[0], 0x11);
	assert_int_equal(amount(), 10000000);
	assert_int_equal(req.index_set_count, 2);
	assert_int_equal(req.index_sets[0].limb[0], 1);
	assert_int_equal(req.index_sets[1].limb[0], 2);
	takes("{\"type\":\"merge\",\"conditionId\":\"" CONDITION "\",\"amount\":\"0.000001\","
	      "\"indexSets\":[1,\"6\"]}");
	assert_int_equal(req.type, TRADE_MERGE);
	assert_int_equal(amount(), 1);
	assert_int_equal(req.index_sets[1].limb[0], 6);
	takes("{\"type\":\"redeem\",\"conditionId\":\"" CONDITION "\",\"indexSets\":[2]}");
	assert_int_equal(req.type, TRADE_REDEEM);
	assert_int_equal(req.index_set_count, 1);
}

static void
test_transfers(void **state)
{
	(void)state;
	takes("{\"type\":\"transfer\",\"to\":\"" SOMEBODY "\",\"amount\":\"0.5\"}");
	assert_int_equal(req.has_token, 0);
	assert_int_equal(amount(), 500000000000000000);
	takes("{\"type\":\"transfer\",\"token\":\"native\",\"to\":\"" SOMEBODY
	      "\",\"amount\":\"1\"}");
	assert_int_equal(req.has_token, 0);
	takes("{\"type\":\"transfer\",\"token\":\"USDC\",\"to\":\"" SOMEBODY
	      "\",\"amount\":\"2.5\"}");
	assert_int_equal(req.has_token, 1);
	assert_int_equal(amount(), 2500000);
	assert_memory_equal(req.token, options.tokens[0].address, 20);
	takes("{\"type\":\"transfer\",\"token\":\"" USDC "\",\"to\":\"" SOMEBODY
	      "\",\"amount\":\"1\"}");
	assert_memory_equal(req.token, options.tokens[0].address, 20);
	takes("{\"type\":\"transfer\",\"token\":\"DAI\",\"to\":\"" SOMEBODY "\",\"amount\":\"1\"}");
	assert_int_equal(amount(), 1000000000000000000);
}

static void
test_approvals(void **state)
{
	(void)state;
	takes("{\"type\":\"approve\",\"token\":\"USDC\",\"spender\":\"" SOMEBODY
	      "\",\"amount\":\"3\"}");
	assert_int_equal(amount(), 3000000);
	assert_int_equal(req.to[0], 0x35);
	/* zero takes an approval back */
	takes("{\"type\":\"approve\",\"token\":\"USDC\",\"spender\":\"" SOMEBODY
	      "\",\"amount\":\"0\"}");
}

static void
test_calls(void **state)
{
	(void)state;
	takes("{\"type\":\"call\",\"to\":\"" SOMEBODY "\"}");
	assert_int_equal(req.data.len, 0);
	takes("{\"type\":\"call\",\"to\":\"" SOMEBODY
	      "\",\"data\":\"0x01020304\",\"value\":\"0.1\","
	      "\"gasLimit\":90000}");
	assert_int_equal(req.data.len, 4);
	assert_int_equal(req.gas_limit, 90000);
	assert_int_equal(req.value.limb[0], 100000000000000000);
	takes("{\"type\":\"call\",\"to\":\"" SOMEBODY
	      "\",\"function\":\"transfer(address,uint256)\","
	      "\"args\":[\"" SOMEBODY "\",\"7\"]}");
	assert_int_equal(req.data.len, 68);
	assert_int_equal(req.data.p[0], 0xa9);
	assert_int_equal(req.data.p[67], 7);
}

static void
test_the_agent_may_be_named(void **state)
{
	(void)state;
	takes(SPLIT(",\"amount\":\"10\",\"agentId\":\"a-1\""));
	assert_string_equal(req.agent_id, "a-1");
	takes(SPLIT(",\"amount\":\"10\""));
	assert_string_equal(req.agent_id, "");
}

static void
test_the_request_hash_is_the_bodys(void **state)
{
	(void)state;
	takes(SPLIT(",\"amount\":\"10\""));
	/* sha256 of another body is another */
	{
		uint8_t first[32];

		memcpy(first, req.request_hash, sizeof first);
		takes(SPLIT(",\"amount\":\"11\""));
		assert_memory_not_equal(first, req.request_hash, 32);
	}
	assert_int_equal(req.has_idempotency, 0);
}

static void
test_bodies_that_are_refused(void **state)
{
	(void)state;
	refuses("", ERR_PARSE, "");
	refuses("[]", ERR_PARSE, "");
	refuses("{", ERR_PARSE, "");
	refuses("{}", ERR_PARSE, "type");
	refuses("{\"type\":7}", ERR_PARSE, "type");
	refuses("{\"type\":\"buy\"}", ERR_RANGE, "type");
	refuses("{\"type\":\"split\",\"type\":\"merge\"}", ERR_DUPLICATE, "type");
}

static void
test_amounts_that_are_refused(void **state)
{
	(void)state;
	refuses(SPLIT(""), ERR_PARSE, "amount");
	refuses(SPLIT(",\"amount\":10"), ERR_PARSE, "amount");
	refuses(SPLIT(",\"amount\":1.5"), ERR_PARSE, "amount");
	refuses(SPLIT(",\"amount\":\"\""), ERR_PARSE, "amount");
	refuses(SPLIT(",\"amount\":\"-1\""), ERR_PARSE, "amount");
	refuses(SPLIT(",\"amount\":\"1e3\""), ERR_PARSE, "amount");
	refuses(SPLIT(",\"amount\":\"01\""), ERR_PARSE, "amount");
	refuses(SPLIT(",\"amount\":\" 1\""), ERR_PARSE, "amount");
	refuses(SPLIT(",\"amount\":\"0x10\""), ERR_PARSE, "amount");
	refuses(SPLIT(",\"amount\":\"0.0000001\""), ERR_RANGE, "amount");
	refuses(SPLIT(",\"amount\":\"0\""), ERR_RANGE, "amount");
	refuses(SPLIT(",\"amount\":\"0.000000\""), ERR_RANGE, "amount");
	refuses("{\"type\":\"transfer\",\"to\":\"" SOMEBODY "\",\"amount\":\"0\"}", ERR_RANGE,
		"amount");
}

static void
test_index_sets_that_are_refused(void **state)
{
	(void)state;
	refuses(SPLIT(",\"amount\":\"1\",\"indexSets\":\"1,2\""), ERR_RANGE, "indexSets");
	refuses(SPLIT(",\"amount\":\"1\",\"indexSets\":[]"), ERR_RANGE, "indexSets");
	refuses(SPLIT(",\"amount\":\"1\",\"indexSets\":[1]"), ERR_RANGE, "indexSets");
	refuses(SPLIT(",\"amount\":\"1\",\"indexSets\":[1,1]"), ERR_RANGE, "indexSets");
	refuses(SPLIT(",\"amount\":\"1\",\"indexSets\":[1,3]"), ERR_RANGE, "indexSets");
	refuses(SPLIT(",\"amount\":\"1\",\"indexSets\":[0,1]"), ERR_PARSE, "indexSets");
	refuses(SPLIT(",\"amount\":\"1\",\"indexSets\":[1,-2]"), ERR_PARSE, "indexSets");
	refuses(SPLIT(",\"amount\":\"1\",\"indexSets\":[1,\"x\"]"), ERR_PARSE, "indexSets");
	refuses(SPLIT(",\"amount\":\"1\",\"indexSets\":[1,2.0]"), ERR_PARSE, "indexSets");
	refuses(
	    SPLIT(",\"amount\":\"1\",\"indexSets\":[1,2,4,8,16,32,64,128,256,512,1024,2048,4096,"
		  "8192,16384,32768,65536]"),
	    ERR_RANGE, "indexSets");
}

static void
test_members_of_another_type_are_refused(void **state)
{
	(void)state;
	refuses(SPLIT(",\"amount\":\"1\",\"to\":\"" SOMEBODY "\""), ERR_UNKNOWN_FIELD, "to");
	refuses(SPLIT(",\"amount\":\"1\",\"token\":\"USDC\""), ERR_UNKNOWN_FIELD, "token");
	refuses(SPLIT(",\"amount\":\"1\",\"gasLimit\":90000"), ERR_UNKNOWN_FIELD, "gasLimit");
	refuses("{\"type\":\"redeem\",\"conditionId\":\"" CONDITION "\",\"amount\":\"1\"}",
		ERR_UNKNOWN_FIELD, "amount");
	refuses("{\"type\":\"transfer\",\"to\":\"" SOMEBODY "\",\"amount\":\"1\",\"data\":\"0x\"}",
		ERR_UNKNOWN_FIELD, "data");
	refuses("{\"type\":\"approve\",\"token\":\"USDC\",\"to\":\"" SOMEBODY
		"\",\"amount\":\"1\"}",
		ERR_PARSE, "spender");
	refuses("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"amount\":\"1\"}", ERR_UNKNOWN_FIELD,
		"amount");
	refuses(SPLIT(",\"amount\":\"1\",\"nonce\":0"), ERR_UNKNOWN_FIELD, "nonce");
}

static void
test_what_names_a_thing_wrongly_is_refused(void **state)
{
	(void)state;
	refuses("{\"type\":\"split\",\"amount\":\"1\"}", ERR_PARSE, "conditionId");
	refuses("{\"type\":\"split\",\"conditionId\":\"0x11\",\"amount\":\"1\"}", ERR_PARSE,
		"conditionId");
	refuses("{\"type\":\"transfer\",\"amount\":\"1\"}", ERR_PARSE, "to");
	refuses("{\"type\":\"transfer\",\"to\":\"0x35\",\"amount\":\"1\"}", ERR_PARSE, "to");
	/* a wrong EIP-55 checksum */
	refuses("{\"type\":\"transfer\",\"to\":\"0x2791bca1f2de4661ED88A30C99A7a9449Aa84174\","
		"\"amount\":\"1\"}",
		ERR_RANGE, "to");
	refuses("{\"type\":\"transfer\",\"token\":\"EUR\",\"to\":\"" SOMEBODY
		"\",\"amount\":\"1\"}",
		ERR_RANGE, "token");
	refuses("{\"type\":\"transfer\",\"token\":\"usdc\",\"to\":\"" SOMEBODY
		"\",\"amount\":\"1\"}",
		ERR_RANGE, "token");
	refuses("{\"type\":\"transfer\",\"token\":\"" SOMEBODY "\",\"to\":\"" SOMEBODY
		"\",\"amount\":\"1\"}",
		ERR_RANGE, "token");
	refuses("{\"type\":\"approve\",\"spender\":\"" SOMEBODY "\",\"amount\":\"1\"}", ERR_PARSE,
		"token");
	refuses("{\"type\":\"approve\",\"token\":\"native\",\"spender\":\"" SOMEBODY
		"\",\"amount\":\"1\"}",
		ERR_RANGE, "token");
}

static void
test_calls_that_are_refused(void **state)
{
	(void)state;
	refuses("{\"type\":\"call\"}", ERR_PARSE, "to");
	refuses("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"data\":\"0x0\"}", ERR_PARSE, "data");
	refuses("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"data\":\"00\"}", ERR_PARSE, "data");
	refuses("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"data\":\"0x\",\"function\":\"f()\","
		"\"args\":[]}",
		ERR_RANGE, "data");
	refuses("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"args\":[]}", ERR_PARSE, "function");
	refuses("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"function\":\"f()\"}", ERR_PARSE,
		"args");
	refuses("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"gasLimit\":20999}", ERR_RANGE,
		"gasLimit");
	refuses("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"gasLimit\":\"90000\"}", ERR_PARSE,
		"gasLimit");
	refuses("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"value\":1}", ERR_PARSE, "value");
	assert_int_not_equal(parse("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"function\":"
				   "\"transfer(address,uint256)\",\"args\":[\"" SOMEBODY "\"]}"),
			     0);
	assert_int_equal(strncmp(error.field, "args", 4), 0);
	assert_int_not_equal(
	    parse("{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"function\":\"f(\",\"args\":[]}"),
	    0);
	assert_string_equal(error.field, "function");
}

static void
test_data_above_the_maximum_is_refused(void **state)
{
	size_t digits = 2 * (16384 + 1);
	char *body = calloc(1, digits + 200);
	int n;

	(void)state;
	assert_non_null(body);
	n = snprintf(body, digits + 200,
		     "{\"type\":\"call\",\"to\":\"" SOMEBODY "\",\"data\":\"0x");
	memset(body + n, '0', digits);
	memcpy(body + (size_t)n + digits, "\"}", 3);
	assert_int_not_equal(parse(body), 0);
	assert_string_equal(error.field, "data");
	free(body);
}

static void
test_the_key_is_wiped(void **state)
{
	(void)state;
	takes(SPLIT(",\"amount\":\"10\""));
	memset(req.api_key, 7, sizeof req.api_key);
	trade_request_free(&req);
	for (size_t i = 0; i < sizeof req.api_key; i++)
		assert_int_equal(req.api_key[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_positions),
	    cmocka_unit_test(test_transfers),
	    cmocka_unit_test(test_approvals),
	    cmocka_unit_test(test_calls),
	    cmocka_unit_test(test_the_agent_may_be_named),
	    cmocka_unit_test(test_the_request_hash_is_the_bodys),
	    cmocka_unit_test(test_bodies_that_are_refused),
	    cmocka_unit_test(test_amounts_that_are_refused),
	    cmocka_unit_test(test_index_sets_that_are_refused),
	    cmocka_unit_test(test_members_of_another_type_are_refused),
	    cmocka_unit_test(test_what_names_a_thing_wrongly_is_refused),
	    cmocka_unit_test(test_calls_that_are_refused),
	    cmocka_unit_test(test_data_above_the_maximum_is_refused),
	    cmocka_unit_test(test_the_key_is_wiped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
