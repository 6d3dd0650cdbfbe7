#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "evidence/dstack_key.h"
#include "base/banned.h"

#define HASH "1111111111111111111111111111111111111111111111111111111111111111"
#define MR HASH "11111111111111111111111111111111"
#define ROOT "0334c76e0c3f52ec64cbf9bbf5c910c272330166fd656c0a86bb330963e46910e1"

static struct dstack_key_text key;
static struct json_error error;

#define LINK "0x" HASH HASH "01"

static int
read_key(const char *scheme, const char *public_key, const char *links)
{
	static char json[2048];
	struct json_in in;
	int r;

	(void)snprintf(json, sizeof json,
		       "{\"scheme\":\"%s\",\"path\":\"the/path\",\"purpose\":\"wallet\","
		       "\"publicKey\":\"%s\",\"signatureChain\":%s}",
		       scheme, public_key, links);
	assert_int_equal(json_in_open(json, strlen(json), &in, &error), 0);
	dstack_key_read(&in, &key);
	r = json_in_close(&in);
	json_in_free(&in);
	return r;
}

static void
test_key(void **state)
{
	const struct dstack_claim *claim = &key.key.claim;

	(void)state;
	assert_int_equal(read_key("dstack-v0", "0x" ROOT, "[\"" LINK "\",\"" LINK "\"]"), 0);
	assert_int_equal(claim->scheme, DSTACK_SCHEME_V0);
	assert_int_equal(claim->algorithm, DSTACK_SECP256K1);
	assert_int_equal(claim->purpose.len, 6);
	assert_memory_equal(claim->purpose.p, "wallet", 6);
	assert_int_equal(claim->public_key.len, 33);
	assert_int_equal(key.key.chain.link[1][64], 1);
	assert_int_equal(read_key("dstack-v1", "0x" HASH, "[\"" LINK "\",\"" LINK "\"]"), 0);
	assert_int_equal(claim->scheme, DSTACK_SCHEME_V1);
	assert_int_equal(claim->algorithm, DSTACK_ED25519);
	assert_int_equal(claim->purpose.len, 8);
	assert_memory_equal(claim->purpose.p, "the/path", 8);
}

/* A machine with keys of its own has no chain to show. */
static void
test_without_chain(void **state)
{
	(void)state;
	assert_int_equal(read_key("dstack-v0", "0x" ROOT, "[]"), 0);
	assert_false(key.has_chain);
	assert_int_equal(read_key("dstack-v0", "0x" ROOT, "[\"" LINK "\",\"" LINK "\"]"), 0);
	assert_true(key.has_chain);
}

static void
test_key_refuses(void **state)
{
	static const struct {
		const char *scheme;
		const char *public_key;
		const char *links;
		const char *field;
	} cases[] = {
	    {"dstack-v2", "0x" ROOT, "[\"" LINK "\",\"" LINK "\"]", "scheme"},
	    {"dstack-v0", ROOT, "[\"" LINK "\",\"" LINK "\"]", "publicKey"},
	    {"dstack-v0", "0x" MR MR, "[\"" LINK "\",\"" LINK "\"]", "publicKey"},
	    {"dstack-v0", "0x" ROOT, "[\"" LINK "\"]", "signatureChain"},
	    {"dstack-v0", "0x" ROOT, "[\"" LINK "\",\"" LINK "\",\"" LINK "\"]", "signatureChain"},
	    {"dstack-v0", "0x" ROOT, "[\"" LINK "\",\"0x" HASH "\"]", "signatureChain"},
	    {"dstack-v0", "0x" ROOT, "[\"" LINK "\",7]", "signatureChain"},
	    {"dstack-v0", "0x" ROOT, "{}", "signatureChain"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_not_equal(read_key(cases[i].scheme, cases[i].public_key, cases[i].links),
				     0);
		assert_string_equal(error.field, cases[i].field);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_key),
	    cmocka_unit_test(test_without_chain),
	    cmocka_unit_test(test_key_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
