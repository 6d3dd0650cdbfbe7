#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "agent/receipt.h"
#include "base/err.h"

static const uint8_t policy[] = {1, 2, 3};
static uint8_t key[32], request[32], named[32];

static struct agent_record
record(void)
{
	struct agent_record rec;

	memset(&rec, 0, sizeof rec);
	rec.id_len = 5;
	memcpy(rec.id, "alice", 5);
	rec.scheme = SCHEME_INDEXED;
	rec.index = 7;
	memset(rec.address, 0xab, 20);
	rec.record_version = 12;
	rec.key_version = 2;
	rec.policy_version = 3;
	rec.policy = (struct bytes){policy, sizeof policy};
	return rec;
}

static void
test_text(void **state)
{
	static const char want[] =
	    "{\"action\":\"trade\",\"address\":\"0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB\","
	    "\"agentId\":\"alice\",\"chainId\":137,\"hashes\":["
	    "\"0x0101010101010101010101010101010101010101010101010101010101010101\","
	    "\"0x0202020202020202020202020202020202020202020202020202020202020202\"],"
	    "\"idempotencyHash\":"
	    "\"0x3333333333333333333333333333333333333333333333333333333333333333\","
	    "\"instanceKey\":"
	    "\"0x1111111111111111111111111111111111111111111111111111111111111111\","
	    "\"keyVersion\":2,\"mode\":\"simulated-dev\",\"path\":\"m/44'/60'/0'/0/7\","
	    "\"policyHash\":\"0x350facabb69e2f7307bbb893442cd4c6e9e5bd933ed6da126ddcd58a91123670\","
	    "\"policyVersion\":3,\"recordVersion\":12,"
	    "\"requestHash\":"
	    "\"0x2222222222222222222222222222222222222222222222222222222222222222\","
	    "\"scheme\":\"indexed\",\"version\":1}";
	const struct agent_record rec = record();
	struct receipt receipt = {"trade", &rec, key, "simulated-dev", 137, request, named,
	    2, {{0}}};
	uint8_t text[RECEIPT_TEXT_MAX];
	size_t len;

	(void)state;
	memset(key, 0x11, 32);
	memset(request, 0x22, 32);
	memset(named, 0x33, 32);
	memset(receipt.hashes[0], 1, 32);
	memset(receipt.hashes[1], 2, 32);
	assert_int_equal(receipt_write(&receipt, text, sizeof text, &len), 0);
	assert_int_equal(len, sizeof want - 1);
	assert_memory_equal(text, want, len);
	assert_int_equal(receipt_write(&receipt, text, len - 1, &len), ERR_SPACE);
}

static void
test_left_out(void **state)
{
	const struct agent_record rec = record();
	const struct receipt receipt = {"register", &rec, key, "tdx", 1, NULL, NULL, 0, {{0}}};
	char text[RECEIPT_TEXT_MAX + 1];
	size_t len;

	(void)state;
	assert_int_equal(receipt_write(&receipt, (uint8_t *)text, RECEIPT_TEXT_MAX, &len), 0);
	text[len] = '\0';
	assert_non_null(strstr(text, "\"hashes\":[],"));
	assert_null(strstr(text, "requestHash"));
}

/* What JSON cannot hold exactly is not written. */
static void
test_limits(void **state)
{
	struct agent_record rec = record();
	struct receipt receipt = {"register", &rec, key, "tdx", 1, NULL, NULL, 0, {{0}}};
	uint8_t text[RECEIPT_TEXT_MAX];
	size_t len;

	(void)state;
	receipt.chain_id = ((uint64_t)1 << 53) - 1;
	assert_int_equal(receipt_write(&receipt, text, sizeof text, &len), 0);
	receipt.chain_id++;
	assert_int_equal(receipt_write(&receipt, text, sizeof text, &len), ERR_RANGE);
	receipt.chain_id = 1;
	rec.record_version = UINT64_MAX;
	assert_int_equal(receipt_write(&receipt, text, sizeof text, &len), ERR_RANGE);
	rec.record_version = 1;
	receipt.hash_count = RECEIPT_HASHES_MAX + 1;
	assert_int_equal(receipt_write(&receipt, text, sizeof text, &len), ERR_RANGE);
}

/* The longest that can be asked for. */
static void
test_largest_fits(void **state)
{
	struct agent_record rec = record();
	struct receipt receipt = {"rotate-key", &rec, key, "aaaaaaaabbbbbbbbccccccccdddddddd-dev",
	    ((uint64_t)1 << 53) - 1, request, request, RECEIPT_HASHES_MAX, {{0}}};
	uint8_t text[RECEIPT_TEXT_MAX];
	size_t len;

	(void)state;
	rec.id_len = AGENT_ID_MAX;
	memset(rec.id, 'a', AGENT_ID_MAX);
	rec.scheme = SCHEME_BOUND;
	rec.path[0] = rec.path[1] = rec.path[2] = 0x7fffffff;
	rec.record_version = rec.key_version = rec.policy_version = ((uint64_t)1 << 53) - 1;
	assert_int_equal(receipt_write(&receipt, text, sizeof text, &len), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_largest_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
