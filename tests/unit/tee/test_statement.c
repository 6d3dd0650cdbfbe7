/* The statement's text, byte for byte, and its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "tee/statement.h"
#include "base/banned.h"

#define BYTES32 "1111111111111111111111111111111111111111111111111111111111111111"

static struct statement
statement_of(const uint8_t *nonce, size_t nonce_len)
{
	struct statement s = {
	    .binaries = {(const uint8_t *)"{\"a\":\"b\"}", 9},
	    .settings = {(const uint8_t *)"{}", 2},
	    .mode = "simulated",
	    .platform = "simulated",
	    .nonce = {nonce, nonce_len},
	    .time = 1770000000,
	};

	memset(s.instance_key, 0x11, 32);
	memset(s.root_id, 0x11, 32);
	return s;
}

static void
test_text(void **state)
{
	static const char want[] =
	    "{\"binaries\":{\"a\":\"b\"},\"development\":false,\"instanceKey\":\"0x" BYTES32
	    "\",\"mode\":\"simulated\",\"nonce\":\"0x00000000000000000000000000000000\","
	    "\"platform\":\"simulated\",\"rootId\":\"0x" BYTES32
	    "\",\"settings\":{},\"stateRoot\":null,"
	    "\"timeUnverified\":1770000000,\"tlsKeyHash\":null,\"version\":1}";
	static const uint8_t nonce[16], tls[32] = {0x22};
	struct statement s = statement_of(nonce, sizeof nonce);
	struct buffer b = buffer_of(STATEMENT_MAX);

	(void)state;
	assert_int_equal(statement_write(&s, &b), 0);
	assert_int_equal(b.len, strlen(want));
	assert_memory_equal(b.p, want, b.len);
	s.tls_key_hash = tls;
	s.development = 1;
	buffer_reset(&b);
	assert_int_equal(statement_write(&s, &b), 0);
	assert_non_null(memmem(b.p, b.len, "\"tlsKeyHash\":\"0x2200", 19));
	assert_non_null(memmem(b.p, b.len, "\"development\":true", 18));
	buffer_free(&b);
}

static void
test_bounds(void **state)
{
	static const uint8_t nonce[STATEMENT_NONCE_MAX + 1];
	struct buffer b = buffer_of(STATEMENT_MAX), small = buffer_of(64);
	struct statement s = statement_of(nonce, STATEMENT_NONCE_MIN - 1);

	(void)state;
	assert_int_equal(statement_write(&s, &b), ERR_RANGE);
	s.nonce.len = STATEMENT_NONCE_MAX + 1;
	assert_int_equal(statement_write(&s, &b), ERR_RANGE);
	assert_int_equal(b.len, 0);
	s.nonce.len = STATEMENT_NONCE_MAX;
	assert_int_equal(statement_write(&s, &b), 0);
	assert_int_equal(statement_write(&s, &small), ERR_SPACE);
	buffer_free(&b);
	buffer_free(&small);
}

static void
test_mode(void **state)
{
	(void)state;
	assert_string_equal(statement_mode("simulated", 1, 1), "simulated-dev");
	assert_string_equal(statement_mode("simulated", 1, 0), "simulated");
	assert_string_equal(statement_mode("tsm", 0, 0), "tsm");
	assert_string_equal(statement_mode("tsm", 0, 1), "tsm");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
