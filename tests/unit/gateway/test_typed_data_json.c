#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "base/hex.h"
#include "evm/typed_data.h"
#include "gateway/typed_data_json.h"

/* The EIP's example, as eth_signTypedData_v4 gets it. */
static const char mail[] =
    "{\"types\":{\"EIP712Domain\":[{\"name\":\"name\",\"type\":\"string\"},"
    "{\"name\":\"version\",\"type\":\"string\"},{\"name\":\"chainId\",\"type\":\"uint256\"},"
    "{\"name\":\"verifyingContract\",\"type\":\"address\"}],"
    "\"Person\":[{\"name\":\"name\",\"type\":\"string\"},{\"name\":\"wallet\",\"type\":\"address\"}"
    "],"
    "\"Mail\":[{\"name\":\"from\",\"type\":\"Person\"},{\"name\":\"to\",\"type\":\"Person\"},"
    "{\"name\":\"contents\",\"type\":\"string\"}]},\"primaryType\":\"Mail\","
    "\"domain\":{\"name\":\"Ether Mail\",\"version\":\"1\",\"chainId\":1,"
    "\"verifyingContract\":\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"},"
    "\"message\":{\"from\":{\"name\":\"Cow\","
    "\"wallet\":\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"},"
    "\"to\":{\"name\":\"Bob\",\"wallet\":\"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB\"},"
    "\"contents\":\"Hello, Bob!\"}}";
#define MAIL_DIGEST "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"

static struct json_error error;
static struct buffer form;

/* The document with one place replaced: `from` occurs once. The caller's, json_decref(). */
static json_t *
edited(const char *document, const char *from, const char *to)
{
	struct buffer text = buffer_of(65536);
	const char *at = strstr(document, from);
	json_t *root;

	assert_non_null(at);
	assert_null(strstr(at + 1, from));
	buffer_add(&text, document, (size_t)(at - document));
	buffer_text(&text, to);
	buffer_text(&text, at + strlen(from));
	root = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	buffer_free(&text);
	return root;
}

/* Write the document's form and drop the document. */
static int
write_form(json_t *root)
{
	int r;

	buffer_free(&form);
	form = buffer_of(TYPED_DATA_BYTES_MAX);
	r = typed_data_json_write(root, "typedData", &form, &error);
	json_decref(root);
	assert_int_equal(error.err, r);
	if (r != 0)
		assert_int_equal(form.len, 0);
	return r;
}

static void
assert_digest(const char *wanted)
{
	struct typed_hashes hashes;
	struct typed_data td;
	char text[65];

	assert_int_equal(typed_data_read(form.p, form.len, &td), 0);
	assert_int_equal(typed_data_hash(&td, &hashes), 0);
	hex_encode(hashes.digest, 32, text);
	assert_string_equal(text, wanted);
}

static void
assert_accepted(json_t *root, const char *digest)
{
	assert_int_equal(write_form(root), 0);
	assert_digest(digest);
}

static void
assert_refused(const char *from, const char *to, int err, const char *field)
{
	assert_int_equal(write_form(edited(mail, from, to)), err);
	assert_string_equal(error.field, field);
	assert_true(error.text[0] != '\0');
}

static int
free_form(void **state)
{
	(void)state;
	buffer_free(&form);
	return 0;
}

static void
test_the_example_of_the_eip(void **state)
{
	json_t *text;

	(void)state;
	assert_accepted(edited(mail, "Hello", "Hello"), MAIL_DIGEST);
	text = json_string(mail);
	assert_accepted(text, MAIL_DIGEST);
}

static void
test_other_spellings_of_the_same_values(void **state)
{
	(void)state;
	assert_accepted(edited(mail, "\"chainId\":1,", "\"chainId\":\"1\","), MAIL_DIGEST);
	assert_accepted(edited(mail, "\"chainId\":1,", "\"chainId\":\"0x1\","), MAIL_DIGEST);
	assert_accepted(edited(mail, "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826",
			    "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826"),
	    MAIL_DIGEST);
}

static void
test_the_domain_type_is_derived(void **state)
{
	static const char given[] = "\"EIP712Domain\":[{\"name\":\"name\",\"type\":\"string\"},"
				    "{\"name\":\"version\",\"type\":\"string\"},{\"name\":"
				    "\"chainId\",\"type\":\"uint256\"},"
				    "{\"name\":\"verifyingContract\",\"type\":\"address\"}],";

	(void)state;
	assert_accepted(edited(mail, given, ""), MAIL_DIGEST);
}

static void
test_unused_types_are_left_out(void **state)
{
	(void)state;
	assert_accepted(edited(mail, "\"Person\":[",
			    "\"Unused\":[{\"name\":\"a\",\"type\":\"nope\"}],"
			    "\"Person\":["),
	    MAIL_DIGEST);
}

static void
test_the_shape_of_the_document(void **state)
{
	(void)state;
	assert_int_equal(write_form(json_integer(1)), ERR_PARSE);
	assert_string_equal(error.field, "typedData");
	assert_int_equal(write_form(json_string("{")), ERR_PARSE);
	assert_int_equal(write_form(json_string("{\"a\":1,\"a\":1}")), ERR_PARSE);
	assert_int_equal(write_form(json_array()), ERR_PARSE);
	assert_refused(
	    "\"types\":{\"EIP", "\"types\":7,\"x\":{\"EIP", ERR_PARSE, "typedData.types");
	assert_refused("\"domain\":{", "\"domian\":{", ERR_PARSE, "typedData.domain");
	assert_refused("\"message\":{", "\"massage\":{", ERR_PARSE, "typedData.message");
	assert_refused(
	    "\"primaryType\":\"Mail\"", "\"primaryType\":1", ERR_PARSE, "typedData.primaryType");
	assert_refused("\"primaryType\":\"Mail\",", "", ERR_PARSE, "typedData.primaryType");
	assert_refused("\"primaryType\":\"Mail\"", "\"primaryType\":\"Horse\"", ERR_PARSE,
	    "typedData.primaryType");
	assert_refused("\"primaryType\":\"Mail\"", "\"primaryType\":\"EIP712Domain\"", ERR_PARSE,
	    "typedData.primaryType");
	assert_refused(
	    "\"primaryType\"", "\"extra\":1,\"primaryType\"", ERR_UNKNOWN_FIELD, "typedData");
}

static void
test_domains_that_wallets_read_differently(void **state)
{
	(void)state;
	/* a value that EIP712Domain does not list */
	assert_refused("\"chainId\":1,",
	    "\"chainId\":1,\"salt\":\"0x1234567890123456789012345678901234"
	    "567890123456789012345678901234\",",
	    ERR_UNKNOWN_FIELD, "typedData.domain.salt");
	/* one that it lists, without a value */
	assert_refused("\"version\":\"1\",", "", ERR_PARSE, "typedData.domain.version");
	assert_refused(
	    "\"version\":\"1\",", "\"version\":null,", ERR_PARSE, "typedData.domain.version");
	assert_refused("{\"name\":\"version\",\"type\":\"string\"},", "", ERR_UNKNOWN_FIELD,
	    "typedData.domain.version");
}

static void
test_the_domain_type_is_a_part_of_the_five(void **state)
{
	(void)state;
	assert_refused("\"type\":\"uint256\"", "\"type\":\"uint64\"", ERR_PARSE, "typedData.types");
	assert_refused(
	    "{\"name\":\"version\",\"type\":\"string\"},{\"name\":\"chainId\",\"type\":\"uint2"
	    "56\"}",
	    "{\"name\":\"chainId\",\"type\":\"uint256\"},{\"name\":\"version\",\"type\":"
	    "\"string\"}",
	    ERR_PARSE, "typedData.types");
	assert_refused(
	    "{\"name\":\"version\",", "{\"name\":\"edition\",", ERR_PARSE, "typedData.types");
}

static void
test_chain_ids_above_64_bits(void **state)
{
	(void)state;
	assert_refused("\"chainId\":1,", "\"chainId\":\"18446744073709551616\",", ERR_RANGE,
	    "typedData.domain.chainId");
}

static void
test_members_that_do_not_fit_the_type(void **state)
{
	(void)state;
	assert_refused("{\"name\":\"Bob\",", "{", ERR_PARSE, "typedData.message.to.name");
	assert_refused("{\"name\":\"Bob\",", "{\"name\":\"Bob\",\"age\":3,", ERR_UNKNOWN_FIELD,
	    "typedData.message.to.age");
	assert_refused("\"contents\":\"Hello, Bob!\"", "\"contents\":12345", ERR_PARSE,
	    "typedData.message.contents");
	assert_refused("\"contents\":\"Hello, Bob!\"", "\"contents\":null", ERR_PARSE,
	    "typedData.message.contents");
	assert_refused(
	    "\"to\":{\"name\":\"Bob\",\"wallet\":\"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB\""
	    "}",
	    "\"to\":null", ERR_PARSE, "typedData.message.to");
	assert_refused("0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB",
	    "0xBbBbBBBbbBBBbbbBbbBbbbbBBbBbbbbBb"
	    "BbbBBbB",
	    ERR_RANGE, "typedData.message.to.wallet");
}

static void
test_types_that_are_none(void **state)
{
	(void)state;
	assert_refused("\"contents\",\"type\":\"string\"", "\"contents\",\"type\":\"uint25689\"",
	    ERR_PARSE, "typedData.types.Mail[2].type");
	assert_refused("\"contents\",\"type\":\"string\"", "\"contents\",\"type\":\"uint\"",
	    ERR_PARSE, "typedData.types.Mail[2].type");
	assert_refused("\"contents\",\"type\":\"string\"", "\"contents\",\"type\":\"string[\"",
	    ERR_PARSE, "typedData.types.Mail[2].type");
	assert_refused("\"contents\",\"type\":\"string\"", "\"contents\",\"type\":\"string[0]\"",
	    ERR_PARSE, "typedData.types.Mail[2].type");
	assert_refused("\"contents\",\"type\":\"string\"", "\"contents\",\"type\":7", ERR_PARSE,
	    "typedData.types.Mail[2].type");
	assert_refused("\"from\",\"type\":\"Person\"", "\"from\",\"type\":\"Hello Person\"",
	    ERR_PARSE, "typedData.types.Mail[0].type");
	assert_refused("{\"name\":\"from\"", "{\"name\":\"from us\"", ERR_PARSE,
	    "typedData.types.Mail[0].name");
	assert_refused("{\"name\":\"from\",", "{", ERR_PARSE, "typedData.types.Mail[0]");
	assert_refused("{\"name\":\"from\",", "{\"name\":\"from\",\"x\":1,", ERR_PARSE,
	    "typedData.types.Mail[0]");
	assert_refused(
	    "{\"name\":\"from\",\"type\":\"Person\"}", "7", ERR_PARSE, "typedData.types.Mail[0]");
	assert_refused("\"from\",\"type\":\"Person\"", "\"to\",\"type\":\"Person\"", ERR_DUPLICATE,
	    "typedData.types");
	assert_refused("\"from\",\"type\":\"Person\"", "\"from\",\"type\":\"Mail\"",
	    ERR_UNSUPPORTED, "typedData.types");
	assert_refused("\"from\",\"type\":\"Person\"", "\"from\",\"type\":\"EIP712Domain\"",
	    ERR_UNSUPPORTED, "typedData.types");
	assert_refused(
	    "\"Person\":[{", "\"Person\":7,\"P\":[{", ERR_PARSE, "typedData.types.Person");
	assert_refused(
	    "\"Person\":[{", "\"Person\":[],\"P\":[{", ERR_PARSE, "typedData.types.Person");
}

/* {"types": {NAME: [{"name": "m", "type": TYPE}]}, "domain": {}, "message": {"m": VALUE}} */
static int
one_member(const char *name, const char *type, json_t *value)
{
	return write_form(json_pack("{s:{s:[{s:s,s:s}]}, s:s, s:{}, s:{s:o}}", "types", name,
	    "name", "m", "type", type, "primaryType", name, "domain", "message", "m", value));
}

static void
test_names_of_structs(void **state)
{
	static const char *const bad[] = {"uint256", "bytes33", "address", "A B", "1A", "\xc3\xa9"};

	(void)state;
	assert_int_equal(one_member("A", "bool", json_true()), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(one_member(bad[i], "bool", json_true()), ERR_PARSE);
}

static void
test_arrays(void **state)
{
	(void)state;
	assert_int_equal(one_member("A", "uint8[]", json_array()), 0);
	assert_int_equal(one_member("A", "uint8[2]", json_pack("[i,i]", 1, 2)), 0);
	assert_int_equal(one_member("A", "uint8[3]", json_pack("[i,i]", 1, 2)), ERR_RANGE);
	assert_string_equal(error.field, "typedData.message.m");
	assert_int_equal(one_member("A", "uint8[]", json_integer(1)), ERR_PARSE);
	assert_int_equal(
	    one_member("A", "uint8[][]", json_pack("[[i],[i,i]]", 1, 2, 256)), ERR_RANGE);
	assert_string_equal(error.field, "typedData.message.m[1][1]");
}

static void
test_bounds(void **state)
{
	struct buffer text = buffer_of(TYPED_DATA_BYTES_MAX * 2);
	json_t *deep = json_true();
	char type[TYPED_TYPE_MAX] = "bool", name[TYPED_NAME_MAX + 2];

	(void)state;
	for (unsigned i = 0; i < TYPED_DEPTH_MAX; i++) {
		memcpy(type + strlen(type), "[]", 3);
		deep = json_pack("[o]", deep);
	}
	assert_int_equal(one_member("A", type, deep), ERR_RANGE);
	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_int_equal(one_member(name, "bool", json_true()), ERR_RANGE);
	assert_int_equal(one_member(name + 1, "bool", json_true()), 0);
	for (unsigned i = 0; i < TYPED_DATA_BYTES_MAX; i++)
		buffer_text(&text, "x");
	assert_int_equal(
	    one_member("A", "string", json_stringn((char *)text.p, text.len)), ERR_SPACE);
	assert_string_equal(error.field, "typedData");
	buffer_free(&text);
}

/* A chain of structs S0 {S1 m} S1 {S2 m} ...: one more than the form has room for. */
static void
test_the_number_of_structs_is_bound(void **state)
{
	json_t *types = json_object(), *root;
	char name[8] = "Sa", next[8] = "Sb";

	(void)state;
	for (unsigned i = 0; i < TYPED_STRUCTS_MAX; i++, name[1]++, next[1]++)
		assert_int_equal(json_object_set_new(types, name,
				     json_pack("[{s:s,s:s}]", "name", "m", "type",
					 i + 1 < TYPED_STRUCTS_MAX ? next : "bool")),
		    0);
	root = json_pack(
	    "{s:o, s:s, s:{}, s:{}}", "types", types, "primaryType", "Sa", "domain", "message");
	assert_int_equal(write_form(root), ERR_RANGE);
	assert_string_equal(error.field, "typedData.types.Sw[0].type");
}

static void
test_what_stands_in_the_buffer_stays(void **state)
{
	struct buffer out = buffer_of(TYPED_DATA_BYTES_MAX + 4);
	json_t *root = json_loads(mail, 0, NULL);

	(void)state;
	buffer_text(&out, "head");
	assert_int_equal(typed_data_json_write(root, "", &out, &error), 0);
	assert_memory_equal(out.p, "head\x01", 5);
	buffer_free(&out);
	out = buffer_of(16);
	assert_int_equal(typed_data_json_write(root, "", &out, &error), ERR_SPACE);
	buffer_free(&out);
	json_decref(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_example_of_the_eip),
	    cmocka_unit_test(test_other_spellings_of_the_same_values),
	    cmocka_unit_test(test_the_domain_type_is_derived),
	    cmocka_unit_test(test_unused_types_are_left_out),
	    cmocka_unit_test(test_the_shape_of_the_document),
	    cmocka_unit_test(test_domains_that_wallets_read_differently),
	    cmocka_unit_test(test_the_domain_type_is_a_part_of_the_five),
	    cmocka_unit_test(test_chain_ids_above_64_bits),
	    cmocka_unit_test(test_members_that_do_not_fit_the_type),
	    cmocka_unit_test(test_types_that_are_none),
	    cmocka_unit_test(test_names_of_structs),
	    cmocka_unit_test(test_arrays),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_the_number_of_structs_is_bound),
	    cmocka_unit_test(test_what_stands_in_the_buffer_stays),
	};

	return cmocka_run_group_tests(tests, NULL, free_form);
}
