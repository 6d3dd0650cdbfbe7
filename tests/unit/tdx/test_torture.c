/*
 * Verification while memory runs out: every allocation of the cryptographic library
 * fails once. No such run may accept what it did not check, call good evidence bad for
 * another reason than "the verifier failed", or leave anything behind. (Nothing of ours
 * is on the heap.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "support/scenario.h"
#include "tdx/cache.h"
#include "base/banned.h"

static size_t allocations, fail_at; /* fail_at 0: none */

static void *
failing_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return ++allocations == fail_at ? NULL : malloc(n);
}

static void *
failing_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return ++allocations == fail_at ? NULL : realloc(p, n);
}

static void
plain_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static struct scenario_evidence made;
static uint8_t *memory;
static struct collateral collateral;
static struct tdx_result result;

static void
verify(struct tdx_cache *cache)
{
	const struct bytes quote = {made.quote, made.quote_len};
	const struct bytes root = {made.root, made.root_len};

	allocations = 0;
	if (cache == NULL)
		tdx_verify(quote, &collateral, root, SCENARIO_NOW, &result);
	else
		tdx_verify_cached(cache, quote, &collateral, root, SCENARIO_NOW, &result);
}

/* A verdict of a run in which something failed. */
static void
assert_honest(void)
{
	if (tdx_holds(&result))
		return; /* what failed was not needed: all was checked */
	assert_int_equal(result.reason, TDX_INTERNAL);
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		if (result.check[i].outcome == TDX_FAILED)
			assert_int_equal(result.check[i].reason, TDX_INTERNAL);
}

static void
test_verify(void **state)
{
	size_t failures = 0;

	(void)state;
	verify(NULL);
	assert_true(tdx_holds(&result));
	for (fail_at = 1;; fail_at++) {
		verify(NULL);
		if (allocations < fail_at)
			break;
		assert_honest();
		failures += !tdx_holds(&result);
	}
	assert_true(tdx_holds(&result));
	/* nine checks do not come without memory */
	assert_true(failures > 50);
	fail_at = 0;
}

/* A cache that has seen failures still answers what it would without a cache. */
static void
test_verify_cached(void **state)
{
	void *block = malloc(tdx_cache_size(2, 1));
	struct tdx_cache *cache;
	size_t failures = 0;

	(void)state;
	assert_non_null(block);
	for (size_t n = 1;; n++) {
		assert_non_null(cache = tdx_cache_open(block, 2, 1));
		fail_at = n;
		verify(cache);
		fail_at = 0;
		if (allocations < n) {
			tdx_cache_close(cache);
			break;
		}
		assert_honest();
		failures += !tdx_holds(&result);
		verify(cache);
		assert_true(tdx_holds(&result));
		/* and warm */
		fail_at = 1 + n % 8;
		verify(cache);
		fail_at = 0;
		assert_honest();
		verify(cache);
		assert_true(tdx_holds(&result));
		tdx_cache_close(cache);
	}
	assert_true(failures > 50);
	free(block);
}

static int
setup(void **state)
{
	static struct scenario scenario;
	const char *field;

	(void)state;
	if (scenario_begin(&scenario) != 0 || scenario_make(&scenario, &made) != 0 ||
	    (memory = malloc(made.bundle.len)) == NULL)
		return -1;
	return collateral_read((struct bytes){made.bundle.p, made.bundle.len}, memory, &collateral,
			       &field);
}

static int
teardown(void **state)
{
	(void)state;
	free(memory);
	scenario_free(&made);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verify),
	    cmocka_unit_test(test_verify_cached),
	};

	if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
