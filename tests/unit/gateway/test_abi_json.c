#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "base/hex.h"
#include "evm/abi.h"
#include "gateway/abi_json.h"

static struct json_error error;
static struct buffer out;

static int
call(const char *signature, const char *args)
{
	json_t *values = json_loads(args, JSON_DECODE_ANY, NULL);
	int r;

	assert_non_null(values);
	buffer_free(&out);
	out = buffer_of(16384);
	r = abi_json_call(
	    (struct bytes){(const uint8_t *)signature, strlen(signature)}, values, &out, &error);
	json_decref(values);
	assert_int_equal(error.err, r);
	return r;
}

static void
assert_refused(const char *signature, const char *args, int err, const char *field)
{
	assert_int_equal(call(signature, args), err);
	assert_string_equal(error.field, field);
}

static int
free_out(void **state)
{
	(void)state;
	buffer_free(&out);
	return 0;
}

/* What a caller writes by name is what the policy's decoder reads. */
static void
test_calls_that_the_signer_knows(void **state)
{
	struct abi_call got;

	(void)state;
	assert_int_equal(call("transfer(address,uint256)",
			     "[\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\",\"1000000\"]"),
	    0);
	assert_int_equal(abi_call_decode((struct bytes){out.p, out.len}, &got), 0);
	assert_int_equal(got.selector, ABI_TRANSFER);
	assert_int_equal(got.address[0], 0x5a);
	assert_int_equal(got.amount.limb[0], 1000000);
	assert_int_equal(
	    call("splitPosition(address,bytes32,bytes32,uint256[],uint256)",
		"[\"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\","
		"\"0x0000000000000000000000000000000000000000000000000000000000000000\","
		"\"0x1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51\",[1,2],7]"),
	    0);
	assert_int_equal(abi_call_decode((struct bytes){out.p, out.len}, &got), 0);
	assert_int_equal(got.selector, ABI_SPLIT);
	assert_int_equal(got.index_set_count, 2);
	assert_int_equal(got.amount.limb[0], 7);
}

static void
test_no_arguments(void **state)
{
	(void)state;
	assert_int_equal(call("decimals()", "[]"), 0);
	assert_int_equal(out.len, 4);
	assert_refused("decimals()", "[1]", ERR_RANGE, "args");
}

static void
test_refusals_name_the_place(void **state)
{
	(void)state;
	assert_refused("transfer", "[]", ERR_PARSE, "function");
	assert_refused("f(nope)", "[1]", ERR_PARSE, "function");
	assert_refused("f(uint8)", "{}", ERR_PARSE, "args");
	assert_refused("f(uint8)", "[]", ERR_RANGE, "args");
	assert_refused("f(uint8)", "[1,2]", ERR_RANGE, "args");
	assert_refused("f(uint8)", "[256]", ERR_RANGE, "args[0]");
	assert_refused("f(bool,uint8[2])", "[true,[1,2,3]]", ERR_RANGE, "args[1]");
	assert_refused(
	    "f((bool,(uint8,string))[])", "[[[true,[1,2]]]]", ERR_PARSE, "args[0][0][1][1]");
	assert_refused("f((bool,bool))", "[[true]]", ERR_RANGE, "args[0]");
}

static void
test_what_does_not_fit(void **state)
{
	struct buffer args = buffer_of(65536);

	(void)state;
	buffer_text(&args, "[\"0x");
	for (unsigned i = 0; i < 16384; i++)
		buffer_text(&args, "00");
	buffer_add(&args, "\"]", 3);
	assert_refused("f(bytes)", (const char *)args.p, ERR_SPACE, "args");
	buffer_free(&args);
}

/* Fixed arrays have counts in the form and none in the encoding. */
static void
test_deep_fixed_arrays_fit(void **state)
{
	struct buffer args = buffer_of(65536);

	(void)state;
	buffer_text(&args, "[[");
	for (unsigned i = 0; i < 500; i++)
		buffer_text(&args, i == 0 ? "[[[[[[1]]]]]]" : ",[[[[[[1]]]]]]");
	buffer_add(&args, "]]", 3);
	assert_int_equal(call("f(bool[1][1][1][1][1][1][])", "[[]]"), 0);
	assert_int_equal(call("f(uint8[1][1][1][1][1][1][])", (const char *)args.p), 0);
	assert_int_equal(out.len, 4 + 32 + 32 + 500 * 32);
	buffer_free(&args);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_calls_that_the_signer_knows),
	    cmocka_unit_test(test_no_arguments),
	    cmocka_unit_test(test_refusals_name_the_place),
	    cmocka_unit_test(test_what_does_not_fit),
	    cmocka_unit_test(test_deep_fixed_arrays_fit),
	};

	return cmocka_run_group_tests(tests, NULL, free_out);
}
