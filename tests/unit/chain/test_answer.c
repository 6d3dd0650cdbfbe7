#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "chain/answer.h"

static struct parsed_answer parsed;

static enum rpc_class
parse(const char *body)
{
	parsed_answer_free(&parsed);
	answer_parse(body, strlen(body), 7, &parsed);
	return parsed.answer.class;
}

static int
teardown(void **state)
{
	(void)state;
	parsed_answer_free(&parsed);
	return 0;
}

static void
test_results(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x1\"}"), RPC_OK);
	assert_string_equal(json_string_value(parsed.answer.result), "0x1");
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":null}"), RPC_OK);
	assert_true(json_is_null(parsed.answer.result));
	/* some nodes write an error that is null beside the result */
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":[],\"error\":null}"),
			 RPC_OK);
	assert_int_equal(parsed.has_error, 0);
}

static void
test_what_is_no_answer_is_refused(void **state)
{
	static const char *const bodies[] = {
	    "",
	    "[]",
	    "null",
	    "<html>busy</html>",
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x1\"",
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x1\"} x",
	    "{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":\"0x1\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"result\":\"0x1\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":-7,\"result\":\"0x1\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":\"0x1\"}",
	    "{\"jsonrpc\":\"2.0\",\"result\":\"0x1\"}",
	    "{\"jsonrpc\":\"1.0\",\"id\":7,\"result\":\"0x1\"}",
	    "{\"id\":7,\"result\":\"0x1\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":7}",
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x1\",\"result\":\"0x2\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x1\",\"error\":{\"code\":1,\"message\":"
	    "\"x\"}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":\"x\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":8,\"error\":{\"code\":3,\"message\":\"x\"}}",
	    "[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x1\"}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		if (parse(bodies[i]) != RPC_MALFORMED)
			fail_msg("taken: %s", bodies[i]);
		assert_null(parsed.answer.result);
		assert_true(parsed.message[0] != '\0');
	}
}

static void
test_errors_with_their_words(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32000,"
			       "\"message\":\"nonce too low\"}}"),
			 RPC_NONCE_TOO_LOW);
	assert_string_equal(parsed.answer.message, "nonce too low");
	assert_int_equal(parsed.has_error, 1);
	/* a gateway in front of a node, without version and id */
	assert_int_equal(parse("{\"error\":{\"code\":429,\"message\":\"x\"}}"), RPC_RATE_LIMITED);
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
			       "\"message\":\"parse error\"}}"),
			 RPC_OTHER);
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{}}"), RPC_OTHER);
	assert_string_equal(parsed.answer.message, "");
}

static void
test_revert_data_wherever_clients_put_it(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":3,\"message\":"
			       "\"execution reverted\",\"data\":\"0x08c379a0\"}}"),
			 RPC_REVERTED);
	assert_string_equal(parsed.answer.revert_data, "0x08c379a0");
	assert_int_equal(
	    parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32015,\"message\":"
		  "\"VM execution error.\",\"data\":\"Reverted 0x0102\"}}"),
	    RPC_REVERTED);
	assert_string_equal(parsed.answer.revert_data, "0x0102");
	assert_int_equal(
	    parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32603,\"message\":"
		  "\"VM Exception while processing transaction: reverted\",\"data\":"
		  "{\"message\":\"m\",\"data\":\"0x03\"}}}"),
	    RPC_REVERTED);
	assert_string_equal(parsed.answer.revert_data, "0x03");
	(void)parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":3,\"message\":\"m\","
		    "\"data\":\"0x0\"}}");
	assert_null(parsed.answer.revert_data);
	(void)parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":3,\"message\":\"m\","
		    "\"data\":\"0xzz\"}}");
	assert_null(parsed.answer.revert_data);
}

static void
test_messages_are_cut_and_printable(void **state)
{
	char body[1024] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1,\"message\":\"";
	size_t at = strlen(body);

	(void)state;
	memset(body + at, 'x', 600);
	memcpy(body + at + 600, "\"}}", 4);
	(void)parse(body);
	assert_int_equal(strlen(parsed.answer.message), ANSWER_MESSAGE_MAX);
	/* anvil: a custom error's raw bytes */
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":3,\"message\":"
			       "\"execution reverted: a\\u001bb\\u00e9\\u0000c\"}}"),
			 RPC_REVERTED);
	assert_string_equal(parsed.answer.message, "execution reverted: a?b??");
}

static void
test_an_answer_cannot_unpack_into_much_more(void **state)
{
	static char body[3 * ANSWER_PARTS_MAX + 64] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":[";
	const size_t start = strlen(body);
	/* seven parts are the frame's; each of these has two but for the last */
	size_t at = start, count = (ANSWER_PARTS_MAX - 7 + 1) / 2;

	(void)state;
	for (size_t i = 0; i < count; i++, at += 3)
		memcpy(body + at, "[],", 3);
	memcpy(body + at - 1, "]}", 3);
	assert_int_equal(parse(body), RPC_OK);
	assert_int_equal(json_array_size(parsed.answer.result), count);
	memcpy(body + at - 1, ",[],[]]}", 9);
	assert_int_equal(parse(body), RPC_MALFORMED);
	assert_string_equal(parsed.answer.message, "the answer has too many parts");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_results),
	    cmocka_unit_test(test_what_is_no_answer_is_refused),
	    cmocka_unit_test(test_errors_with_their_words),
	    cmocka_unit_test(test_revert_data_wherever_clients_put_it),
	    cmocka_unit_test(test_messages_are_cut_and_printable),
	    cmocka_unit_test(test_an_answer_cannot_unpack_into_much_more),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
