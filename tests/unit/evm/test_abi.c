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
#include "evm/type.h"

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

static struct bytes
text_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static int
free_exact(void **state)
{
	(void)state;
	free(exact);
	exact = NULL;
	return 0;
}

/* --- the calls ------------------------------------------------------------------ */

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

/* --- what comes back -------------------------------------------------------------- */

static void
test_words(void **state)
{
	struct u256 v = u256_of(7);
	uint8_t address[20];
	int flag = 7;

	(void)state;
	assert_int_equal(abi_word_u256(bytes_of(W("2a")), &v), 0);
	assert_int_equal(v.limb[0], 42);
	assert_int_equal(abi_word_u256(bytes_of(""), &v), ERR_PARSE);
	assert_int_equal(abi_word_u256(bytes_of(W("2a") "00"), &v), ERR_PARSE);
	assert_int_equal(abi_word_address(bytes_of("01" W("2a")), address), ERR_PARSE);
	assert_int_equal(
	    abi_word_address(
		bytes_of("0000000000000000000000002791bca1f2de4661ed88a30c99a7a9449aa84174"),
		address),
	    0);
	assert_int_equal(address[0], 0x27);
	assert_int_equal(
	    abi_word_address(
		bytes_of("0000000000000000000000012791bca1f2de4661ed88a30c99a7a9449aa84174"),
		address),
	    ERR_RANGE);
	assert_int_equal(abi_word_bool(bytes_of(W("01")), &flag), 0);
	assert_int_equal(flag, 1);
	assert_int_equal(abi_word_bool(bytes_of(W("02")), &flag), ERR_RANGE);
	assert_int_equal(flag, 1);
}

static void
assert_revert(const char *hex, const char *wanted)
{
	char text[ABI_REVERT_TEXT_MAX];

	abi_revert_text(bytes_of(hex), text);
	assert_string_equal(text, wanted);
}

static void
test_revert_texts(void **state)
{
	(void)state;
	assert_revert("", "reverted without a reason");
	assert_revert("08c379", "reverted with data that is no error");
	assert_revert("08c379a0" W("20") W(
			  "03") "6e6f0a0000000000000000000000000000000000000000000000000000000000",
	    "no?");
	assert_revert("08c379a0" W("20") W("00"), "reverted with an empty reason");
	assert_revert("4e487b71" W("11"), "arithmetic overflow or underflow (Panic 0x11)");
	assert_revert("4e487b71" W("77"), "(Panic 0x77)");
	assert_revert("fb8f41b2" W("00"), "custom error 0xfb8f41b2");
	/* malformed errors are not read beyond their end */
	assert_revert("08c379a0" W("20") W("03"), "custom error 0x08c379a0");
	assert_revert("08c379a0" W("40") W("00"), "custom error 0x08c379a0");
	assert_revert("08c379a0ff" W("20"), "custom error 0x08c379a0");
	assert_revert("4e487b71", "custom error 0x4e487b71");
}

static void
test_long_reasons_are_cut(void **state)
{
	char text[ABI_REVERT_TEXT_MAX];
	struct writer w = writer_of(room, sizeof room);
	struct u256 word = u256_of(32), len = u256_of(1000);

	(void)state;
	write_be32(&w, 0x08c379a0);
	write_u256(&w, &word);
	write_u256(&w, &len);
	memset(room + w.len, 'x', 1000);
	abi_revert_text((struct bytes){room, w.len + 1000}, text);
	assert_int_equal(strlen(text), ABI_REVERT_TEXT_MAX - 1);
}

/* --- types -------------------------------------------------------------------------- */

static void
test_parameter_lists(void **state)
{
	static const char *const good[] = {
	    "()", "(uint)", "(uint256,(address,bytes)[],string)", "(bool[2][][3])", "((((int))))"};
	static const char *const bad[] = {"", "(", ")", "uint256", "(uint256", "uint256)", "(,)",
	    "(a)", "(uint256,)", "(,uint256)", "(uint256 a)", "( uint256)", "(())", "((),bool)",
	    "(bool)(bool)", "(bool))", "((bool)", "(bool[)", "(bool])", "(bool[0])", "(function)",
	    "(uint7)", "((bool)x)", "(tuple(bool))"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(abi_types_check(text_of(good[i])), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(abi_types_check(text_of(bad[i])), ERR_PARSE);
}

static void
test_parameter_lists_are_bound(void **state)
{
	char deep[64] = "(bool", wide[ABI_SIGNATURE_MAX + 2];

	(void)state;
	for (unsigned i = 0; i < ABI_DEPTH_MAX; i++)
		memcpy(deep + strlen(deep), "[]", 3);
	memcpy(deep + strlen(deep), ")", 2);
	assert_int_equal(abi_types_check(text_of(deep)), 0);
	memcpy(deep + strlen(deep) - 1, "[])", 4);
	assert_int_equal(abi_types_check(text_of(deep)), ERR_RANGE);
	assert_int_equal(abi_types_check(text_of("(bool[32768])")), 0);
	assert_int_equal(abi_types_check(text_of("(bool[32769])")), ERR_RANGE);
	assert_int_equal(abi_types_check(text_of("(bool[65536][65536][65536][65536])")), ERR_RANGE);
	memset(wide, 'x', sizeof wide);
	assert_int_equal(abi_types_check((struct bytes){(uint8_t *)wide, sizeof wide}), ERR_RANGE);
}

static void
test_signatures(void **state)
{
	static const struct {
		const char *signature;
		uint32_t selector;
	} known[] = {
	    {"approve(address,uint256)", ABI_APPROVE},
	    {"transfer(address,uint256)", ABI_TRANSFER},
	    {"splitPosition(address,bytes32,bytes32,uint256[],uint256)", ABI_SPLIT},
	    {"mergePositions(address,bytes32,bytes32,uint256[],uint256)", ABI_MERGE},
	    {"redeemPositions(address,bytes32,bytes32,uint256[])", ABI_REDEEM},
	    {"allowance(address,address)", ABI_ALLOWANCE},
	    {"balanceOf(address)", ABI_BALANCE_OF},
	    {"balanceOf(address,uint256)", ABI_POSITION_BALANCE_OF},
	    {"decimals()", ABI_DECIMALS},
	    {"payoutDenominator(bytes32)", ABI_PAYOUT_DENOMINATOR},
	    {"transfer(address,uint)", ABI_TRANSFER},
	    {"f(uint,int[],(uint,bytes)[2])", 0xa583c5c5},
	    {"f(uint256,int256[],(uint256,bytes)[2])", 0xa583c5c5},
	};
	struct bytes types;
	uint8_t selector[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		assert_int_equal(abi_signature(text_of(known[i].signature), selector, &types), 0);
		assert_int_equal(load_be32(selector), known[i].selector);
	}
	assert_true(bytes_are(types, "(uint256,int256[],(uint256,bytes)[2])"));
	assert_int_equal(abi_signature(text_of(""), selector, &types), ERR_PARSE);
	assert_int_equal(abi_signature(text_of("(bool)"), selector, &types), ERR_PARSE);
	assert_int_equal(abi_signature(text_of("transfer"), selector, &types), ERR_PARSE);
	assert_int_equal(abi_signature(text_of("transfer (bool)"), selector, &types), ERR_PARSE);
	assert_int_equal(
	    abi_signature(text_of("transfer(bool) returns (bool)"), selector, &types), ERR_PARSE);
	assert_int_equal(abi_signature(text_of("1f(bool)"), selector, &types), ERR_PARSE);
	assert_int_equal(abi_signature(text_of("f(bool a)"), selector, &types), ERR_PARSE);
}

/* --- any parameter list ------------------------------------------------------------- */

static void
lp(struct writer *w, const char *text)
{
	write_lp(w, text, strlen(text));
}

static void
word(struct writer *w, uint64_t v)
{
	struct u256 big = u256_of(v);

	write_u256(w, &big);
}

/* The example of Solidity's ABI specification: f(uint256,uint32[],bytes10,bytes) */
static void
test_the_example_of_the_specification(void **state)
{
	static const char types[] = "(uint256,uint32[],bytes10,bytes)";
	struct bytes wanted = bytes_of(
	    "0000000000000000000000000000000000000000000000000000000000000123" W(
		"80") "3132333435363738393000000000000000000000000000000000000000000000" W("e0")
		W("02") "0000000000000000000000000000000000000000000000000000000000000456"
			"0000000000000000000000000000000000000000000000000000000000000789" W(
			    "0d") "48656c6c6f2c20776f726c64210000000000000000000000000000000000000"
				  "0");
	uint8_t form[512], back[512];
	struct writer w = writer_of(form, sizeof form);
	size_t len, form_len;

	(void)state;
	word(&w, 0x123);
	write_be32(&w, 2);
	word(&w, 0x456);
	word(&w, 0x789);
	write_bytes(&w, "1234567890\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
	lp(&w, "Hello, world!");
	assert_int_equal(
	    abi_encode(text_of(types), (struct bytes){form, w.len}, room, sizeof room, &len), 0);
	assert_int_equal(len, wanted.len);
	assert_memory_equal(room, wanted.p, len);
	assert_int_equal(abi_decode(text_of(types), wanted, back, sizeof back, &form_len), 0);
	assert_int_equal(form_len, w.len);
	assert_memory_equal(back, form, form_len);
	for (size_t cut = 0; cut < w.len; cut++)
		assert_int_not_equal(
		    abi_encode(text_of(types), (struct bytes){form, cut}, room, sizeof room, &len),
		    0);
	for (size_t cut = 0; cut < wanted.len; cut++)
		assert_int_equal(abi_decode(text_of(types), (struct bytes){wanted.p, cut}, back,
				     sizeof back, &len),
		    ERR_PARSE);
	for (size_t cap = 0; cap < wanted.len; cap++)
		assert_int_equal(
		    abi_encode(text_of(types), (struct bytes){form, w.len}, room, cap, &len),
		    ERR_SPACE);
	for (size_t cap = 0; cap < w.len; cap++)
		assert_int_equal(abi_decode(text_of(types), wanted, back, cap, &len), ERR_SPACE);
}

static int
encode_words(const char *types, uint32_t count, size_t words)
{
	uint8_t form[512];
	struct writer w = writer_of(form, sizeof form);
	size_t len;

	if (count != UINT32_MAX)
		write_be32(&w, count);
	for (size_t i = 0; i < words; i++)
		word(&w, 256);
	return abi_encode(text_of(types), (struct bytes){form, w.len}, room, sizeof room, &len);
}

static void
test_forms_that_do_not_fit_the_types(void **state)
{
	(void)state;
	assert_int_equal(encode_words("(uint16)", UINT32_MAX, 1), 0);
	assert_int_equal(encode_words("(uint8)", UINT32_MAX, 1), ERR_RANGE);
	assert_int_equal(encode_words("(uint16)", UINT32_MAX, 2), ERR_TRAILING);
	assert_int_equal(encode_words("(uint16", UINT32_MAX, 1), ERR_PARSE);
	assert_int_equal(encode_words("(uint16[2])", 2, 2), 0);
	assert_int_equal(encode_words("(uint16[3])", 2, 2), ERR_RANGE);
	assert_int_equal(encode_words("(uint16[])", 3, 2), ERR_PARSE);
	assert_int_equal(encode_words("(uint16[])", 0xfffffffe, 2), ERR_PARSE);
}

static int
decode(const char *types, const char *hex)
{
	size_t len;

	return abi_decode(text_of(types), bytes_of(hex), room, sizeof room, &len);
}

static void
test_encodings_that_are_not_canonical(void **state)
{
	(void)state;
	assert_int_equal(
	    decode("(bytes)",
		W("20") W("01") "ff"
				"00000000000000000000000000000000000000000000000000000000000000"),
	    0);
	assert_int_equal(
	    decode("(bytes)",
		W("20") W("01") "ff"
				"00000000000000000000000000000000000000000000000000000000000001"),
	    ERR_PARSE);
	assert_int_equal(decode("(bytes)", W("20") W("00") W("00")), ERR_TRAILING);
	assert_int_equal(decode("(bytes)", W("40") W("00") W("00")), ERR_PARSE);
	assert_int_equal(
	    decode("(bytes)",
		W("20") "01"
			"00000000000000000000000000000000000000000000000000000000000000"),
	    ERR_PARSE);
	/* two offsets to one place */
	assert_int_equal(decode("(bytes,bytes)", W("40") W("60") W("00") W("00")), 0);
	assert_int_equal(decode("(bytes,bytes)", W("40") W("40") W("00")), ERR_PARSE);
	/* the second before the first */
	assert_int_equal(decode("(bytes,bytes)", W("60") W("40") W("00") W("00")), ERR_PARSE);
	assert_int_equal(decode("(bool)", W("02")), ERR_RANGE);
	assert_int_equal(
	    decode("(bool[])",
		W("20") "ff"
			"000000000000000000000000000000000000000000000000000000000000ff"),
	    ERR_PARSE);
	assert_int_equal(decode("(bool[])", W("20") W("02") W("01")), ERR_PARSE);
	assert_int_equal(decode("()", ""), 0);
	assert_int_equal(decode("()", "00"), ERR_TRAILING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_split_both_ways),
	    cmocka_unit_test(test_every_call_both_ways),
	    cmocka_unit_test(test_calls_that_are_not_ours),
	    cmocka_unit_test(test_layouts_that_are_not_canonical),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_revert_texts),
	    cmocka_unit_test(test_long_reasons_are_cut),
	    cmocka_unit_test(test_parameter_lists),
	    cmocka_unit_test(test_parameter_lists_are_bound),
	    cmocka_unit_test(test_signatures),
	    cmocka_unit_test(test_the_example_of_the_specification),
	    cmocka_unit_test(test_forms_that_do_not_fit_the_types),
	    cmocka_unit_test(test_encodings_that_are_not_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, free_exact);
}
