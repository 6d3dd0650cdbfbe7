/* What becomes of a URL before anything is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/fetch.h"
#include "base/banned.h"

#define NONCE "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c"

static void
assert_url(const char *text, size_t nonce_len, const char *want)
{
	uint8_t nonce[64];
	const char *problem;
	char *url = NULL;

	memset(nonce, 0x5c, sizeof nonce);
	assert_int_equal(fetch_url(text, nonce, &nonce_len, &url, &problem), 0);
	assert_string_equal(url, want);
	assert_int_equal(nonce_len, 16);
	free(url);
}

static void
test_completed(void **state)
{
	(void)state;
	assert_url("http://127.0.0.1:8000", 16, "http://127.0.0.1:8000/attestation?nonce=" NONCE);
	assert_url("http://127.0.0.1:8000/", 16, "http://127.0.0.1:8000/attestation?nonce=" NONCE);
	assert_url("https://a.example/base//", 16,
		   "https://a.example/base/attestation?nonce=" NONCE);
	assert_url("https://a.example/attestation", 16,
		   "https://a.example/attestation?nonce=" NONCE);
	assert_url("https://a.example/?x=1", 16, "https://a.example/attestation?x=1&nonce=" NONCE);
	assert_url("http://localhost:1/attestation", 16,
		   "http://localhost:1/attestation?nonce=" NONCE);
	assert_url("http://[::1]:1", 16, "http://[::1]:1/attestation?nonce=" NONCE);
}

/* A nonce in the URL is the one that is expected. */
static void
test_own_nonce(void **state)
{
	(void)state;
	assert_url("https://a.example/attestation?nonce=" NONCE, 0,
		   "https://a.example/attestation?nonce=" NONCE);
	assert_url("https://a.example/attestation?y=2&nonce=0x" NONCE, 16,
		   "https://a.example/attestation?y=2&nonce=0x" NONCE);
}

static void
assert_refused(const char *text, size_t nonce_len, int err)
{
	uint8_t nonce[64];
	const char *problem = NULL;
	char *url = NULL;

	memset(nonce, 0x5c, sizeof nonce);
	assert_int_equal(fetch_url(text, nonce, &nonce_len, &url, &problem), err);
	assert_null(url);
	assert_true(problem != NULL && problem[0] != '\0');
}

static void
test_refused(void **state)
{
	(void)state;
	assert_refused("http://a.example", 16, ERR_RANGE);
	assert_refused("http://127.a.example", 16, ERR_RANGE);
	assert_refused("http://127.0.0.1.a.example", 16, ERR_RANGE);
	assert_refused("http://localhost.a.example", 16, ERR_RANGE);
	assert_refused("http://10.0.0.1", 16, ERR_RANGE);
	assert_refused("http://localhost@a.example", 16, ERR_RANGE);
	assert_refused("https://user:secret@a.example", 16, ERR_RANGE);
	assert_refused("ftp://127.0.0.1", 16, ERR_RANGE);
	assert_refused("file:///etc/passwd", 16, ERR_RANGE);
	assert_refused("http://", 16, ERR_PARSE);
	assert_refused("https://a.example/attestation?nonce=00", 16, ERR_CONFLICT);
	assert_refused("https://a.example/attestation?nonce=5c5", 0, ERR_PARSE);
	assert_refused("https://a.example/attestation?nonce=zz", 0, ERR_PARSE);
}

static void
test_is_url(void **state)
{
	(void)state;
	assert_true(fetch_is_url("http://x") && fetch_is_url("https://x"));
	assert_false(fetch_is_url("file.json") || fetch_is_url("-") || fetch_is_url("httpx://a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_completed),
	    cmocka_unit_test(test_own_nonce),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_is_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
