#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "chain/value.h"

#define HASH_A "0x1111111111111111111111111111111111111111111111111111111111111111"
#define HASH_B "0x2222222222222222222222222222222222222222222222222222222222222222"

static int
u64_of(const char *text, uint64_t *ret)
{
	json_t *value = json_string(text);
	int r = value_u64(value, ret);

	json_decref(value);
	return r;
}

static int
u256_of_text(const char *text, struct u256 *ret)
{
	json_t *value = json_string(text);
	int r = value_u256(value, ret);

	json_decref(value);
	return r;
}

static void
test_quantities(void **state)
{
	json_t *number = json_integer(1);
	struct u256 big;
	uint64_t v = 5;

	(void)state;
	assert_int_equal(u64_of("0x0", &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(u64_of("0xffffffffffffffff", &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(u64_of("0x10000000000000000", &v), ERR_RANGE);
	assert_int_equal(u64_of("0x01", &v), ERR_PARSE);
	assert_int_equal(u64_of("0x", &v), ERR_PARSE);
	assert_int_equal(u64_of("1", &v), ERR_PARSE);
	assert_int_equal(u64_of("0x1 ", &v), ERR_PARSE);
	assert_int_equal(value_u64(number, &v), ERR_PARSE);
	assert_int_equal(value_u64(NULL, &v), ERR_PARSE);
	assert_true(v == UINT64_MAX);
	json_decref(number);
	assert_int_equal(u256_of_text(HASH_A, &big), 0);
	assert_true(big.limb[3] == 0x1111111111111111U);
	assert_int_equal(u256_of_text(HASH_A "1", &big), ERR_RANGE);
	assert_int_equal(u256_of_text("0x00", &big), ERR_PARSE);
	assert_int_equal(u256_of_text("0xg", &big), ERR_PARSE);
}

static void
test_words_are_exactly_32_bytes(void **state)
{
	json_t *good = json_string(HASH_A), *short_one = json_string("0x11"),
	       *empty = json_string("0x");
	struct u256 word;

	(void)state;
	assert_int_equal(value_word(good, &word), 0);
	assert_int_equal(value_word(short_one, &word), ERR_PARSE);
	assert_int_equal(value_word(empty, &word), ERR_PARSE);
	json_decref(good);
	json_decref(short_one);
	json_decref(empty);
}

static int
receipt_of(const char *text, struct chain_receipt *ret)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	uint8_t hash[32];
	int r;

	memset(hash, 0x11, sizeof hash);
	r = value_receipt(value, hash, ret);
	json_decref(value);
	return r;
}

#define FROM "0x3333333333333333333333333333333333333333"
#define RECEIPT(hash, status, number, block, gas)                                     \
	"{\"transactionHash\":" hash ",\"status\":" status ",\"blockNumber\":" number \
	",\"blockHash\":" block ",\"gasUsed\":" gas ",\"from\":\"" FROM "\",\"logs\":[]}"

static void
test_receipts(void **state)
{
	struct chain_receipt receipt;

	(void)state;
	assert_int_equal(receipt_of(RECEIPT("\"" HASH_A "\"", "\"0x1\"", "\"0x10\"",
					    "\"" HASH_B "\"", "\"0x5208\""),
				    &receipt),
			 0);
	assert_int_equal(receipt.success, 1);
	assert_int_equal(receipt.block_number, 16);
	assert_int_equal(receipt.gas_used, 21000);
	assert_int_equal(receipt.block_hash[31], 0x22);
	assert_int_equal(receipt.from[19], 0x33);
	assert_int_equal(receipt_of(RECEIPT("\"" HASH_A "\"", "\"0x0\"", "\"0x10\"",
					    "\"" HASH_B "\"", "\"0x5208\""),
				    &receipt),
			 0);
	assert_int_equal(receipt.success, 0);
	assert_int_equal(receipt_of("null", &receipt), ERR_NOT_FOUND);
	assert_int_equal(
	    receipt_of(RECEIPT("\"" HASH_A "\"", "null", "null", "null", "null"), &receipt),
	    ERR_NOT_FOUND);
}

static void
test_bad_receipts_are_refused(void **state)
{
	static const char *const bad[] = {
	    "{}",
	    "\"0x\"",
	    /* whose it is must be known */
	    "{\"transactionHash\":\"" HASH_A "\",\"status\":\"0x1\",\"blockNumber\":\"0x10\","
	    "\"blockHash\":\"" HASH_B "\",\"gasUsed\":\"0x5208\"}",
	    /* another transaction's */
	    RECEIPT("\"" HASH_B "\"", "\"0x1\"", "\"0x10\"", "\"" HASH_B "\"", "\"0x5208\""),
	    /* without a status it is not known how it ended */
	    RECEIPT("\"" HASH_A "\"", "null", "\"0x10\"", "\"" HASH_B "\"", "\"0x5208\""),
	    RECEIPT("\"" HASH_A "\"", "\"0x2\"", "\"0x10\"", "\"" HASH_B "\"", "\"0x5208\""),
	    RECEIPT("\"" HASH_A "\"", "\"0x1\"", "16", "\"" HASH_B "\"", "\"0x5208\""),
	    RECEIPT("\"" HASH_A "\"", "\"0x1\"", "\"0x10\"", "\"0x22\"", "\"0x5208\""),
	    RECEIPT("\"" HASH_A "\"", "\"0x1\"", "\"0x10\"", "\"" HASH_B "\"", "\"5208\""),
	};
	struct chain_receipt receipt = {.block_number = 99};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (receipt_of(bad[i], &receipt) != ERR_PARSE)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(receipt.block_number, 99);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_quantities),
	    cmocka_unit_test(test_words_are_exactly_32_bytes),
	    cmocka_unit_test(test_receipts),
	    cmocka_unit_test(test_bad_receipts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
