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
#include "evm/abi.h"

#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define W(last) "00000000000000000000000000000000000000000000000000000000000000" last

/* 10 USDC.e of the market 0x1171...ac51, as a client of the market makes it. */
static const char split[] =
    "72ce4275"
    "0000000000000000000000002791bca1f2de4661ed88a30c99a7a9449aa84174" ZERO
    "1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51" W(
	"a0") "0000000000000000000000000000000000000000000000000000000000989680" W("02") W("01")
	W("02");

static uint8_t room[8192], *exact;

/* The bytes of a text, in a block of exactly their size. */
static struct bytes
bytes_of(const char *hex)
{
	size_t n = strlen(hex) / 2;

	free(exact);
	exact = malloc(n + 1);
	assert_non_null(exact);
	assert_int_equal(hex_decode(hex, strlen(hex), exact + 1, n), 0);
	return (struct bytes){exact + 1, n};
}

static int
free_exact(void **state)
{
	(void)state;
	free(exact);
	exact = NULL;
	return 0;
}

static void
test_split_both_ways(void **state)
{
	struct bytes data = bytes_of(split);
	struct abi_call call;
	size_t len;

	(void)state;
	assert_int_equal(abi_call_decode(data, &call), 0);
	assert_int_equal(call.selector, ABI_SPLIT);
	assert_int_equal(call.amount.limb[0], 10000000);
	assert_int_equal(call.index_set_count, 2);
	assert_int_equal(call.index_sets[1].limb[0], 2);
	assert_int_equal(call.condition_id[0], 0x11);
	assert_int_equal(call.address[0], 0x27);
	assert_int_equal(abi_call_encode(&call, room, sizeof room, &len), 0);
	assert_int_equal(len, data.len);
	assert_memory_equal(room, data.p, len);
}

static void
test_every_call_both_ways(void **state)
{
	static const uint32_t selectors[] = {
	    ABI_APPROVE, ABI_TRANSFER, ABI_SPLIT, ABI_MERGE, ABI_REDEEM};
	size_t len, again;
	uint8_t copy[ABI_CALL_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(selectors); i++) {
		struct abi_call call = {.selector = selectors[i], .amount = U256_MAX}, back;

		memset(call.address, 0xab, 20);
		memset(call.condition_id, 0xcd, 32);
		call.index_set_count = ABI_INDEX_SETS_MAX;
		assert_int_equal(abi_call_encode(&call, copy, sizeof copy, &len), 0);
		assert_int_equal(abi_call_decode((struct bytes){copy, len}, &back), 0);
		assert_int_equal(back.selector, selectors[i]);
		assert_memory_equal(back.address, call.address, 20);
		assert_int_equal(abi_call_encode(&back, room, sizeof room, &again), 0);
		assert_int_equal(again, len);
		assert_memory_equal(room, copy, len);
		assert_int_equal(abi_call_encode(&call, copy, len - 1, &again), ERR_SPACE);
		for (size_t cut = 4; cut < len; cut++)
			assert_int_equal(
			    abi_call_decode((struct bytes){copy, cut}, &back), ERR_PARSE);
		assert_int_equal(abi_call_decode((struct bytes){room, len + 1}, &back), ERR_PARSE);
	}
}

static void
test_calls_that_are_not_ours(void **state)
{
	struct abi_call call = {.selector = 0x23b872dd};
	size_t len;

	(void)state;
	assert_int_equal(abi_call_encode(&call, room, sizeof room, &len), ERR_UNSUPPORTED);
	assert_int_equal(abi_call_decode(bytes_of("23b872dd"), &call), ERR_UNSUPPORTED);
	assert_int_equal(abi_call_decode(bytes_of("095ea7"), &call), ERR_UNSUPPORTED);
	call = (struct abi_call){.selector = ABI_SPLIT, .index_set_count = ABI_INDEX_SETS_MAX + 1};
	assert_int_equal(abi_call_encode(&call, room, sizeof room, &len), ERR_RANGE);
}

/* Change one byte of the split; a contract would read some of these, the policy does not. */
static int
split_with(size_t at, uint8_t byte)
{
	struct bytes data = bytes_of(split);
	struct abi_call call;

	exact[1 + at] = byte;
	return abi_call_decode(data, &call);
}

static void
test_layouts_that_are_not_canonical(void **state)
{
	(void)state;
	assert_int_equal(split_with(4, 1), ERR_PARSE);			/* above the address */
	assert_int_equal(split_with(4 + 3 * 32 + 31, 0xc0), ERR_PARSE); /* offset */
	assert_int_equal(split_with(4 + 3 * 32, 1), ERR_PARSE);
	assert_int_equal(split_with(4 + 5 * 32 + 31, 1), ERR_PARSE); /* count */
	assert_int_equal(split_with(4 + 5 * 32 + 31, 3), ERR_PARSE);
	assert_int_equal(split_with(4 + 5 * 32 + 31, ABI_INDEX_SETS_MAX + 1), ERR_RANGE);
	assert_int_equal(split_with(4 + 5 * 32, 1), ERR_PARSE);
	assert_int_equal(split_with(4 + 31, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_split_both_ways),
	    cmocka_unit_test(test_every_call_both_ways),
	    cmocka_unit_test(test_calls_that_are_not_ours),
	    cmocka_unit_test(test_layouts_that_are_not_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, free_exact);
}
