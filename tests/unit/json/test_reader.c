#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "json/reader.h"

static struct json_error error;
static struct json_in in;

static int
open_text(const char *body)
{
	return json_in_open(body, strlen(body), &in, &error);
}

/* The open reader ends with this error at this field. */
static void
assert_error(int err, const char *field)
{
	assert_int_equal(json_in_close(&in), err);
	assert_int_equal(error.err, err);
	assert_string_equal(error.field, field);
	if (err != 0)
		assert_true(error.text[0] != '\0');
	json_in_free(&in);
}

static void
test_all_kinds(void **state)
{
	uint8_t address[20], hash[32], run[4];
	struct bytes text = {NULL, 0};
	struct u256 amount;
	struct json_in inner;
	uint64_t n = 0;
	int flag = 0, here;
	json_t *value;
	size_t len = 0;

	(void)state;
	assert_int_equal(
	    open_text(
		"{\"t\":\"abc\",\"n\":42,\"b\":true,"
		"\"a\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\","
		"\"h\":\"0x1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51\","
		"\"d\":\"1.5\",\"x\":\"0x0102\",\"v\":[1],\"o\":{\"m\":7}}"),
	    0);
	json_in_text(&in, "t", JSON_REQUIRED, 1, 3, &text);
	assert_memory_equal(text.p, "abc", 3);
	json_in_u64(&in, "n", JSON_REQUIRED, 42, 42, &n);
	assert_int_equal(n, 42);
	json_in_bool(&in, "b", JSON_REQUIRED, &flag);
	assert_int_equal(flag, 1);
	json_in_address(&in, "a", JSON_REQUIRED, address, &here);
	assert_true(here && address[0] == 0x5a);
	json_in_hash32(&in, "h", JSON_REQUIRED, hash, &here);
	assert_true(here && hash[31] == 0x51);
	json_in_amount(&in, "d", JSON_REQUIRED, 6, &amount, &here);
	assert_true(here && amount.limb[0] == 1500000);
	json_in_hex(&in, "x", JSON_REQUIRED, sizeof run, run, &len);
	assert_true(len == 2 && run[1] == 2);
	json_in_value(&in, "v", JSON_REQUIRED, &value);
	assert_int_equal(json_array_size(value), 1);
	json_in_object(&in, "o", JSON_REQUIRED, &inner, &here);
	assert_true(here);
	json_in_u64(&inner, "m", JSON_REQUIRED, 0, 9, &n);
	assert_int_equal(n, 7);
	assert_int_equal(json_in_close(&inner), 0);
	assert_error(0, "");
}

static void
test_absent_optional_members_change_nothing(void **state)
{
	struct bytes text = {NULL, 5};
	struct json_in inner;
	uint8_t bytes[32];
	struct u256 amount;
	uint64_t n = 7;
	int flag = 7, here;
	json_t *value;
	size_t len = 7;

	(void)state;
	assert_int_equal(open_text("{}"), 0);
	json_in_text(&in, "t", JSON_OPTIONAL, 1, 3, &text);
	json_in_u64(&in, "n", JSON_OPTIONAL, 0, 9, &n);
	json_in_bool(&in, "b", JSON_OPTIONAL, &flag);
	json_in_hex(&in, "x", JSON_OPTIONAL, 32, bytes, &len);
	assert_true(text.len == 5 && n == 7 && flag == 7 && len == 7);
	json_in_address(&in, "a", JSON_OPTIONAL, bytes, &here);
	assert_false(here);
	json_in_hash32(&in, "h", JSON_OPTIONAL, bytes, &here);
	assert_false(here);
	json_in_amount(&in, "d", JSON_OPTIONAL, 6, &amount, &here);
	assert_false(here);
	json_in_value(&in, "v", JSON_OPTIONAL, &value);
	assert_null(value);
	json_in_object(&in, "o", JSON_OPTIONAL, &inner, &here);
	assert_false(here);
	json_in_u64(&inner, "m", JSON_REQUIRED, 0, 9, &n);
	assert_int_equal(json_in_close(&inner), 0);
	assert_error(0, "");
}

static void
test_bodies_that_are_no_object(void **state)
{
	static const char *const bad[] = {"", "[]", "1", "\"a\"", "null", "{", "{}x", "{} {}",
	    "{\"a\":01}", "{'a':1}", "{\"a\":1,}", "{\"a\":NaN}", "\xef\xbb\xbf{}", "/* */{}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(open_text(bad[i]), ERR_PARSE);
		assert_string_equal(error.field, "");
	}
	assert_int_equal(json_in_open(NULL, 0, &in, &error), ERR_PARSE);
	assert_int_equal(json_in_open("{\"a\":\"\xff\"}", 9, &in, &error), ERR_PARSE);
	assert_int_equal(open_text("{\"a\":\"\\u0000\"}"), ERR_PARSE);
	assert_int_equal(open_text("{\"a\":\"\\ud800\"}"), ERR_PARSE);
	assert_int_equal(open_text("{\"a\":18446744073709551616}"), ERR_RANGE);
	assert_int_equal(open_text("{\"a\":1e999}"), ERR_RANGE);
}

static void
test_duplicates_are_named(void **state)
{
	(void)state;
	assert_int_equal(open_text("{\"agentId\":1,\"b\":{},\"agentId\":2}"), ERR_DUPLICATE);
	assert_string_equal(error.field, "agentId");
	assert_int_equal(open_text("{\"o\":{\"x y\":1,\"x y\":2}}"), ERR_DUPLICATE);
	assert_string_equal(error.field, ""); /* no name to repeat to anybody */
	assert_int_equal(open_text("{\"\xc3\xa9\":0,\"k\":1,\"k\":2}"), ERR_DUPLICATE);
	assert_string_equal(error.field, "k");
}

static void
test_required_members(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(open_text("{}"), 0);
	json_in_u64(&in, "n", JSON_REQUIRED, 0, 9, &n);
	assert_error(ERR_PARSE, "n");
}

static void
test_the_first_failure_stands(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(open_text("{\"a\":\"x\",\"n\":1}"), 0);
	json_in_u64(&in, "a", JSON_REQUIRED, 0, 9, &n);
	json_in_u64(&in, "n", JSON_REQUIRED, 0, 9, &n);
	json_in_fail(&in, "n", ERR_RANGE, "later");
	assert_int_equal(n, 7);
	assert_error(ERR_PARSE, "a");
}

static void
test_unknown_members_are_named(void **state)
{
	struct json_in inner;
	uint64_t n;
	int here;

	(void)state;
	assert_int_equal(open_text("{\"n\":1,\"extra\":1}"), 0);
	json_in_u64(&in, "n", JSON_REQUIRED, 0, 9, &n);
	assert_error(ERR_UNKNOWN_FIELD, "extra");
	assert_int_equal(open_text("{\"o\":{\"n\":1,\"extra\":1}}"), 0);
	json_in_object(&in, "o", JSON_REQUIRED, &inner, &here);
	json_in_u64(&inner, "n", JSON_REQUIRED, 0, 9, &n);
	assert_int_equal(json_in_close(&inner), ERR_UNKNOWN_FIELD);
	assert_error(ERR_UNKNOWN_FIELD, "o.extra");
	assert_int_equal(open_text("{\"<script>\":1}"), 0);
	assert_error(ERR_UNKNOWN_FIELD, "");
}

static void
test_elements_of_arrays(void **state)
{
	struct json_in inner;
	json_t *value;
	uint64_t n;

	(void)state;
	assert_int_equal(open_text("{\"calls\":[{\"n\":10},7]}"), 0);
	json_in_value(&in, "calls", JSON_REQUIRED, &value);
	json_in_enter(&in, json_array_get(value, 0), "calls[0]", &inner);
	json_in_u64(&inner, "n", JSON_REQUIRED, 0, 9, &n);
	assert_error(ERR_RANGE, "calls[0].n");
	assert_int_equal(open_text("{\"calls\":[{\"n\":10},7]}"), 0);
	json_in_value(&in, "calls", JSON_REQUIRED, &value);
	json_in_enter(&in, json_array_get(value, 1), "calls[1]", &inner);
	assert_error(ERR_PARSE, "calls[1]");
}

enum kind { TEXT, NUMBER, BOOL, ADDRESS, HASH, AMOUNT, HEX, OBJECT };

/* What a value of this kind, "v", is refused with. */
static int
refusal(enum kind kind, const char *body)
{
	uint8_t bytes[32] = {7};
	struct bytes text;
	struct json_in inner;
	struct u256 amount;
	uint64_t n;
	size_t len;
	int here, r;

	assert_int_equal(open_text(body), 0);
	switch (kind) {
	case TEXT:
		json_in_text(&in, "v", JSON_REQUIRED, 2, 3, &text);
		break;
	case NUMBER:
		json_in_u64(&in, "v", JSON_REQUIRED, 2, 3, &n);
		break;
	case BOOL:
		json_in_bool(&in, "v", JSON_REQUIRED, &here);
		break;
	case ADDRESS:
		json_in_address(&in, "v", JSON_REQUIRED, bytes, &here);
		assert_false(here);
		assert_int_equal(bytes[0], 7);
		break;
	case HASH:
		json_in_hash32(&in, "v", JSON_REQUIRED, bytes, &here);
		assert_false(here);
		break;
	case AMOUNT:
		json_in_amount(&in, "v", JSON_REQUIRED, 6, &amount, &here);
		assert_false(here);
		break;
	case HEX:
		json_in_hex(&in, "v", JSON_REQUIRED, 2, bytes, &len);
		break;
	case OBJECT:
		json_in_object(&in, "v", JSON_REQUIRED, &inner, &here);
		assert_false(here);
		break;
	}
	r = json_in_close(&in);
	assert_string_equal(error.field, "v");
	json_in_free(&in);
	return r;
}

static void
test_values_of_another_type_or_range(void **state)
{
	static const struct {
		enum kind kind;
		const char *body;
		int err;
	} cases[] = {
	    {TEXT, "{\"v\":1}", ERR_PARSE},
	    {TEXT, "{\"v\":null}", ERR_PARSE},
	    {TEXT, "{\"v\":\"a\"}", ERR_RANGE},
	    {TEXT, "{\"v\":\"abcd\"}", ERR_RANGE},
	    {NUMBER, "{\"v\":\"2\"}", ERR_PARSE},
	    {NUMBER, "{\"v\":2.0}", ERR_PARSE},
	    {NUMBER, "{\"v\":1}", ERR_RANGE},
	    {NUMBER, "{\"v\":4}", ERR_RANGE},
	    {NUMBER, "{\"v\":-2}", ERR_RANGE},
	    {NUMBER, "{\"v\":true}", ERR_PARSE},
	    {BOOL, "{\"v\":1}", ERR_PARSE},
	    {BOOL, "{\"v\":\"true\"}", ERR_PARSE},
	    {ADDRESS, "{\"v\":\"0x5aaeb6\"}", ERR_PARSE},
	    {ADDRESS, "{\"v\":5}", ERR_PARSE},
	    {ADDRESS, "{\"v\":\"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"}", ERR_RANGE},
	    {HASH, "{\"v\":\"0x11\"}", ERR_PARSE},
	    {HASH, "{\"v\":0}", ERR_PARSE},
	    {HASH, "{\"v\":\"1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51\"}",
		ERR_PARSE},
	    {AMOUNT, "{\"v\":1.5}", ERR_PARSE},
	    {AMOUNT, "{\"v\":1}", ERR_PARSE},
	    {AMOUNT, "{\"v\":\"-1\"}", ERR_PARSE},
	    {AMOUNT, "{\"v\":\"1e3\"}", ERR_PARSE},
	    {AMOUNT, "{\"v\":\"0.0000001\"}", ERR_RANGE},
	    {AMOUNT,
		"{\"v\":\"1157920892373161954235709850086879078532699846656405640394575840079131"
		"29639936\"}",
		ERR_OVERFLOW},
	    {HEX, "{\"v\":\"0x1\"}", ERR_PARSE},
	    {HEX, "{\"v\":\"12\"}", ERR_PARSE},
	    {HEX, "{\"v\":\"0xzz\"}", ERR_PARSE},
	    {HEX, "{\"v\":\"0x010203\"}", ERR_RANGE},
	    {HEX, "{\"v\":1}", ERR_PARSE},
	    {OBJECT, "{\"v\":[]}", ERR_PARSE},
	    {OBJECT, "{\"v\":\"{}\"}", ERR_PARSE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(refusal(cases[i].kind, cases[i].body), cases[i].err);
}

static void
test_long_names_do_not_overflow(void **state)
{
	char name[200];

	(void)state;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(open_text("{}"), 0);
	json_in_fail(&in, name, ERR_RANGE, name);
	assert_error(ERR_RANGE, "");
	assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

static void
test_more_members_than_the_reader_knows(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(open_text("{}"), 0);
	for (unsigned i = 0; i < JSON_MEMBERS_MAX; i++)
		json_in_u64(&in, "m", JSON_OPTIONAL, 0, 9, &n);
	assert_int_equal(error.err, 0);
	json_in_u64(&in, "m", JSON_OPTIONAL, 0, 9, &n);
	assert_error(ERR_SPACE, "m");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_kinds),
	    cmocka_unit_test(test_absent_optional_members_change_nothing),
	    cmocka_unit_test(test_bodies_that_are_no_object),
	    cmocka_unit_test(test_duplicates_are_named),
	    cmocka_unit_test(test_required_members),
	    cmocka_unit_test(test_the_first_failure_stands),
	    cmocka_unit_test(test_unknown_members_are_named),
	    cmocka_unit_test(test_elements_of_arrays),
	    cmocka_unit_test(test_values_of_another_type_or_range),
	    cmocka_unit_test(test_long_names_do_not_overflow),
	    cmocka_unit_test(test_more_members_than_the_reader_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
