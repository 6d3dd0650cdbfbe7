#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "crypto/keccak256.h"
#include "trade/step.h"
#include "trade/trade.h"

static uint8_t data[4] = {1, 2, 3, 4};
static uint8_t raw_room[TX_RAW_MAX];
static struct tx tx;
static struct bytes raw;
static uint8_t hash[32];

static int
setup(void **state)
{
	const struct tx_signature signature = {.r = {[31] = 1}, .s = {[31] = 1}, .y_parity = 0};
	size_t len;

	(void)state;
	tx = (struct tx){.type = TX_DYNAMIC_FEE,
			 .chain_id = 137,
			 .nonce = 7,
			 .gas_limit = 50000,
			 .max_fee_per_gas = u256_of(100),
			 .max_priority_fee = u256_of(10),
			 .has_to = 1,
			 .to = {0xaa},
			 .value = u256_of(5),
			 .data = {data, sizeof data}};
	assert_int_equal(tx_encode_signed(&tx, &signature, raw_room, sizeof raw_room, &len), 0);
	raw = (struct bytes){raw_room, len};
	keccak256(raw.p, raw.len, hash);
	return 0;
}

static void
test_exactly_what_was_asked(void **state)
{
	(void)state;
	assert_int_equal(step_check_signed(raw, &tx, hash), 0);
}

static void
test_any_other_field_is_refused(void **state)
{
	static uint8_t other_data[4] = {1, 2, 3, 5};
	struct tx others[11];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		others[i] = tx;
	others[0].chain_id = 1;
	others[1].nonce = 8;
	others[2].gas_limit = 50001;
	others[3].max_fee_per_gas = u256_of(101);
	others[4].max_priority_fee = u256_of(11);
	others[5].to[19] = 1;
	others[6].value = u256_of(6);
	others[7].data = (struct bytes){other_data, 4};
	others[8].data.len = 3;
	others[9].has_to = 0;
	others[10].type = TX_LEGACY;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (step_check_signed(raw, &others[i], hash) != ERR_PROTOCOL)
			fail_msg("field %zu", i);
	}
}

static void
test_bytes_or_hash_of_another_are_refused(void **state)
{
	(void)state;
	hash[0] ^= 1;
	assert_int_equal(step_check_signed(raw, &tx, hash), ERR_PROTOCOL);
	hash[0] ^= 1;
	raw.len--;
	assert_int_equal(step_check_signed(raw, &tx, hash), ERR_PROTOCOL);
}

static void
write_intent(const struct tx *asked, uint8_t *room, size_t cap, struct bytes *ret)
{
	struct writer w = writer_of(room, cap);

	tx_write_fields(&w, asked);
	assert_int_equal(writer_end(&w, &ret->len), 0);
	ret->p = room;
}

/* Another agent's transaction of this chain and nonce, copied into the row with its hash. */
static void
test_bytes_that_the_intent_does_not_ask_for(void **state)
{
	uint8_t fields[1024];
	struct store_step step = {.chain_id = 137, .nonce = 7, .raw = raw};
	struct tx asked = tx;

	(void)state;
	memcpy(step.tx_hash, hash, 32);
	asked.to[19] ^= 1;
	write_intent(&asked, fields, sizeof fields, &step.intent);
	assert_int_equal(step_check_row(&step), ERR_PARSE);
	asked = tx;
	asked.value = u256_of(6);
	write_intent(&asked, fields, sizeof fields, &step.intent);
	assert_int_equal(step_check_row(&step), ERR_PARSE);
}

static void
test_rows_that_may_be_sent(void **state)
{
	uint8_t earlier[64] = {0};
	uint8_t fields[1024];
	struct store_step step = {.chain_id = 137, .nonce = 7, .raw = raw};

	(void)state;
	memcpy(step.tx_hash, hash, 32);
	assert_int_equal(step_check_row(&step), ERR_PARSE); /* nothing was asked for */
	write_intent(&tx, fields, sizeof fields, &step.intent);
	assert_int_equal(step_check_row(&step), 0);
	step.nonce = 8;
	assert_int_equal(step_check_row(&step), ERR_PARSE);
	step.nonce = 7;
	step.chain_id = 1;
	assert_int_equal(step_check_row(&step), ERR_PARSE);
	step.chain_id = 137;
	step.tx_hash[0] ^= 1;
	assert_int_equal(step_check_row(&step), ERR_PARSE);
	/* its hash changed places with an earlier one that was mined */
	memcpy(earlier + 32, hash, 32);
	step.earlier_hashes = (struct bytes){earlier, sizeof earlier};
	assert_int_equal(step_check_row(&step), 0);
	step.raw.len = 0;
	assert_int_equal(step_check_row(&step), ERR_PARSE);
}

static void
test_hashes_newest_first_and_swapped(void **state)
{
	uint8_t earlier[64];
	struct store_step step = {.number = 0};

	(void)state;
	memset(earlier, 1, 32);
	memset(earlier + 32, 2, 32);
	memset(step.tx_hash, 3, 32);
	assert_int_equal(bytes_copy((struct bytes){earlier, 64}, &step.earlier_hashes), 0);
	assert_int_equal(step_hash_count(&step), 3);
	assert_int_equal(step_hash(&step, 0)[0], 3);
	assert_int_equal(step_hash(&step, 1)[0], 2);
	assert_int_equal(step_hash(&step, 2)[0], 1);
	step_swap_hash(&step, 0);
	assert_int_equal(step.tx_hash[0], 3);
	step_swap_hash(&step, 2);
	assert_int_equal(step.tx_hash[0], 1);
	assert_int_equal(step_hash_count(&step), 3);
	assert_int_equal(step_hash(&step, 1)[0], 2);
	assert_int_equal(step_hash(&step, 2)[0], 3);
	step_drop(&step);
}

static void
test_intents(void **state)
{
	uint8_t fields[1024];
	struct writer w = writer_of(fields, sizeof fields);
	struct store_step step = {.number = 0};
	struct tx read;

	(void)state;
	tx_write_fields(&w, &tx);
	assert_int_equal(writer_end(&w, &step.intent.len), 0);
	step.intent.p = fields;
	assert_int_equal(step_intent(&step, &read), 0);
	assert_int_equal(read.nonce, 7);
	step.intent.len++;
	assert_int_equal(step_intent(&step, &read), ERR_PARSE);
	step.intent.len = 0;
	assert_int_equal(step_intent(&step, &read), ERR_PARSE);
}

static const char *
status(uint32_t a, uint32_t b)
{
	const struct store_step steps[2] = {{.state = a}, {.state = b}};

	return trade_status(steps, 2);
}

static void
test_the_status_of_all_steps(void **state)
{
	(void)state;
	assert_string_equal(status(STEP_SIGNED, STEP_SIGNED), "signed");
	assert_string_equal(status(STEP_SENT, STEP_SIGNED), "pending");
	assert_string_equal(status(STEP_SENT, STEP_SENT), "pending");
	assert_string_equal(status(STEP_MINED, STEP_SENT), "pending");
	assert_string_equal(status(STEP_FINAL, STEP_SIGNED), "pending");
	assert_string_equal(status(STEP_MINED, STEP_MINED), "mined");
	assert_string_equal(status(STEP_FINAL, STEP_MINED), "mined");
	assert_string_equal(status(STEP_FINAL, STEP_FINAL), "final");
	assert_string_equal(status(STEP_REVERTED, STEP_SENT), "reverted");
	assert_string_equal(status(STEP_REVERTED, STEP_STUCK), "reverted");
	assert_string_equal(status(STEP_MINED, STEP_REVERTED), "reverted");
	assert_string_equal(status(STEP_FINAL, STEP_REVERTED), "reverted");
	assert_string_equal(status(STEP_FAILED, STEP_MINED), "reverted");
	assert_string_equal(status(STEP_FINAL, STEP_FAILED), "failed");
	assert_string_equal(status(STEP_FAILED, STEP_FAILED), "failed");
	assert_string_equal(status(STEP_STUCK, STEP_SENT), "stuck");
	assert_string_equal(status(STEP_MINED, STEP_STUCK), "stuck");
	/* a state that no version of ours wrote */
	assert_string_equal(status(99, STEP_FINAL), "pending");
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_exactly_what_was_asked),
	    TEST(test_any_other_field_is_refused),
	    TEST(test_bytes_or_hash_of_another_are_refused),
	    TEST(test_bytes_that_the_intent_does_not_ask_for),
	    TEST(test_rows_that_may_be_sent),
	    TEST(test_hashes_newest_first_and_swapped),
	    TEST(test_intents),
	    TEST(test_the_status_of_all_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
