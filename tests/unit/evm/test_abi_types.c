#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "evm/abi.h"
#include "evm/abi_types.h"

static struct bytes
text_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parameter_lists),
	    cmocka_unit_test(test_parameter_lists_are_bound),
	    cmocka_unit_test(test_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
