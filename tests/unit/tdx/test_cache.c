/*
 * The cache: one signature check where there were nine, and never another verdict than
 * without it. Linked with --wrap=p256_check, to count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/scenario.h"
#include "tdx/cache.h"
#include "base/banned.h"

int __real_p256_check(struct p256 *p256, const uint8_t *key, const uint8_t *hash,
			    const uint8_t *sig);
int __wrap_p256_check(struct p256 *p256, const uint8_t *key, const uint8_t *hash,
			    const uint8_t *sig);

static unsigned checks;

int
__wrap_p256_check(struct p256 *p256, const uint8_t *key, const uint8_t *hash,
			const uint8_t *sig)
{
	checks++;
	return __real_p256_check(p256, key, hash, sig);
}

/* Evidence as a verifier holds it. */
struct held {
	struct scenario_evidence made;
	uint8_t *memory;
	struct collateral collateral;
	struct bytes quote;
	struct bytes root;
};

static struct scenario scenario;
static struct tdx_result cold, warm;

static void
hold(const struct scenario *s, struct held *ret)
{
	const char *field;

	assert_int_equal(scenario_make(s, &ret->made), 0);
	ret->memory = malloc(ret->made.bundle.len);
	assert_non_null(ret->memory);
	assert_int_equal(collateral_read((struct bytes){ret->made.bundle.p, ret->made.bundle.len},
					 ret->memory, &ret->collateral, &field),
			 0);
	ret->quote = (struct bytes){ret->made.quote, ret->made.quote_len};
	ret->root = (struct bytes){ret->made.root, ret->made.root_len};
}

static void
let_go(struct held *h)
{
	free(h->memory);
	scenario_free(&h->made);
}

static struct tdx_cache *
open_cache(size_t platforms, size_t bundles)
{
	void *memory = malloc(tdx_cache_size(platforms, bundles));
	struct tdx_cache *cache;

	assert_non_null(memory);
	/* whatever was there before */
	memset(memory, 0xa5, tdx_cache_size(platforms, bundles));
	cache = tdx_cache_open(memory, platforms, bundles);
	assert_ptr_equal(cache, memory);
	return cache;
}

static void
close_cache(struct tdx_cache *cache)
{
	tdx_cache_close(cache);
	free(cache);
}

static void
assert_same_evaluation(const struct tdx_evaluation *a, const struct tdx_evaluation *b)
{
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->date, b->date);
	assert_int_equal(a->advisory_count, b->advisory_count);
	for (size_t i = 0; i < a->advisory_count; i++)
		assert_true(bytes_equal(a->advisory[i], b->advisory[i]));
}

/* Verify with and without: the same in all that is said. Returns how many checks it took. */
static unsigned
verify(struct tdx_cache *cache, const struct held *h, struct bytes quote, int64_t at)
{
	unsigned made;

	tdx_verify(quote, &h->collateral, h->root, at, &cold);
	checks = 0;
	tdx_verify_cached(cache, quote, &h->collateral, h->root, at, &warm);
	made = checks;
	assert_int_equal(warm.reason, cold.reason);
	assert_int_equal(warm.step, cold.step);
	assert_memory_equal(warm.check, cold.check, sizeof cold.check);
	assert_int_equal(tdx_holds(&warm), tdx_holds(&cold));
	assert_memory_equal(warm.window, cold.window, sizeof cold.window);
	assert_int_equal(warm.valid_until, cold.valid_until);
	assert_int_equal(warm.has_tcb, cold.has_tcb);
	assert_int_equal(warm.status, cold.status);
	assert_same_evaluation(&warm.launch, &cold.launch);
	assert_same_evaluation(&warm.current, &cold.current);
	assert_int_equal(warm.evaluation_number, cold.evaluation_number);
	assert_int_equal(warm.shortfall_count, cold.shortfall_count);
	assert_int_equal(warm.has_platform, cold.has_platform);
	assert_memory_equal(warm.platform.ppid, cold.platform.ppid, 16);
	return made;
}

static void
test_counts(void **state)
{
	struct tdx_cache *cache = open_cache(2, 1);
	struct scenario s = scenario;
	struct held first, second;

	(void)state;
	hold(&s, &first);
	assert_int_equal(verify(cache, &first, first.quote, SCENARIO_NOW), 9);
	assert_true(tdx_holds(&warm));
	assert_int_equal(verify(cache, &first, first.quote, SCENARIO_NOW), 1);
	/* another quote of the same enclave */
	s.quote.body[TD_REPORT_DATA] ^= 1;
	hold(&s, &second);
	assert_int_equal(verify(cache, &second, second.quote, SCENARIO_NOW), 1);
	assert_true(tdx_holds(&warm));
	let_go(&second);
	/* the platform's key signed the enclave's report anew */
	s.malleated = MALLEATED_QE_REPORT;
	hold(&s, &second);
	assert_int_equal(verify(cache, &second, second.quote, SCENARIO_NOW), 2);
	assert_true(tdx_holds(&warm));
	assert_int_equal(verify(cache, &second, second.quote, SCENARIO_NOW), 1);
	let_go(&second);
	let_go(&first);
	close_cache(cache);
}

/* New collateral costs its own checks, and not the platform's, unless its list is new too. */
static void
test_new_collateral(void **state)
{
	struct tdx_cache *cache = open_cache(1, 1);
	struct scenario s = scenario;
	struct held first, second;

	(void)state;
	hold(&s, &first);
	assert_int_equal(verify(cache, &first, first.quote, SCENARIO_NOW), 9);
	s.tcb.evaluation++;
	hold(&s, &second);
	assert_int_equal(verify(cache, &second, second.quote, SCENARIO_NOW), 5);
	assert_int_equal(warm.tcb_info_number, s.tcb.evaluation);
	assert_int_equal(verify(cache, &second, second.quote, SCENARIO_NOW), 1);
	/* one bundle only is kept: the first one is new again */
	assert_int_equal(verify(cache, &first, first.quote, SCENARIO_NOW), 5);
	let_go(&second);
	let_go(&first);
	close_cache(cache);
}

/* Dates and revocation are looked at each time. */
static void
test_verdict_does_not_outlive(void **state)
{
	struct tdx_cache *cache = open_cache(1, 1);
	struct scenario s = scenario;
	struct held h, revoked;

	(void)state;
	hold(&s, &h);
	verify(cache, &h, h.quote, SCENARIO_NOW);
	assert_true(tdx_holds(&warm));
	assert_int_equal(verify(cache, &h, h.quote, warm.valid_until), 1);
	assert_true(tdx_holds(&warm));
	assert_int_equal(verify(cache, &h, h.quote, warm.valid_until + 1), 1);
	assert_int_equal(warm.reason, TDX_EXPIRED);
	assert_int_equal(verify(cache, &h, h.quote, cold.valid_from - 1), 1);
	assert_int_equal(warm.reason, TDX_NOT_YET_VALID);
	s.revoked[ITEM_PCK] = 1;
	hold(&s, &revoked);
	verify(cache, &revoked, revoked.quote, SCENARIO_NOW);
	assert_int_equal(warm.reason, TDX_PCK_REVOKED);
	/* also when that list is kept: being revoked is no failure of the list */
	verify(cache, &revoked, revoked.quote, SCENARIO_NOW);
	assert_int_equal(warm.reason, TDX_PCK_REVOKED);
	let_go(&revoked);
	let_go(&h);
	close_cache(cache);
}

/* The root is part of what a thing rests on. */
static void
test_root(void **state)
{
	struct tdx_cache *cache = open_cache(1, 1);
	struct held h;

	(void)state;
	hold(&scenario, &h);
	verify(cache, &h, h.quote, SCENARIO_NOW);
	assert_true(tdx_holds(&warm));
	h.root.len = 0;
	verify(cache, &h, h.quote, SCENARIO_NOW);
	assert_int_equal(warm.reason, TDX_ROOT_NOT_TRUSTED);
	h.root.len = h.made.root_len;
	assert_int_equal(verify(cache, &h, h.quote, SCENARIO_NOW), 1);
	assert_true(tdx_holds(&warm));
	/* no collateral: not even a cached verdict */
	tdx_verify_cached(cache, h.quote, NULL, h.root, SCENARIO_NOW, &warm);
	assert_int_equal(warm.reason, TDX_COLLATERAL_MISSING);
	let_go(&h);
	close_cache(cache);
}

/* What does not hold replaces nothing, and the platform not asked for longest goes first. */
static void
test_replacement(void **state)
{
	static struct held machine[3];
	struct tdx_cache *cache = open_cache(2, 2);
	struct scenario s = scenario;
	uint8_t changed[SCENARIO_QUOTE_MAX];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		s.platform.ppid[0] = (uint8_t)i;
		hold(&s, &machine[i]);
	}
	assert_true(verify(cache, &machine[0], machine[0].quote, SCENARIO_NOW) > 1);
	assert_true(verify(cache, &machine[1], machine[1].quote, SCENARIO_NOW) > 1);
	for (size_t i = 0; i < 20; i++) {
		memcpy(changed, machine[2].quote.p, machine[2].quote.len);
		/* base64 of the leaf, well inside */
		changed[machine[2].quote.len - 3000 + i] ^= 1;
		verify(cache, &machine[2], (struct bytes){changed, machine[2].quote.len},
		       SCENARIO_NOW);
		assert_false(tdx_holds(&warm));
	}
	assert_int_equal(verify(cache, &machine[1], machine[1].quote, SCENARIO_NOW), 1);
	assert_int_equal(verify(cache, &machine[0], machine[0].quote, SCENARIO_NOW), 1);
	/* a third one takes the place of the second */
	assert_true(verify(cache, &machine[2], machine[2].quote, SCENARIO_NOW) > 1);
	assert_int_equal(verify(cache, &machine[0], machine[0].quote, SCENARIO_NOW), 1);
	assert_int_equal(verify(cache, &machine[2], machine[2].quote, SCENARIO_NOW), 1);
	assert_true(verify(cache, &machine[1], machine[1].quote, SCENARIO_NOW) > 1);
	for (size_t i = 0; i < 3; i++)
		let_go(&machine[i]);
	close_cache(cache);
}

/* A full cache and every byte of the quote changed: the same verdicts as without a cache. */
static void
test_changed_quotes(void **state)
{
	struct tdx_cache *cache = open_cache(1, 1);
	uint8_t changed[SCENARIO_QUOTE_MAX];
	struct held h;

	(void)state;
	hold(&scenario, &h);
	verify(cache, &h, h.quote, SCENARIO_NOW);
	for (size_t i = 0; i < h.quote.len; i += 5) {
		memcpy(changed, h.quote.p, h.quote.len);
		changed[i] ^= 1;
		verify(cache, &h, (struct bytes){changed, h.quote.len}, SCENARIO_NOW);
		assert_false(tdx_holds(&warm));
	}
	assert_true(verify(cache, &h, h.quote, SCENARIO_NOW) <= 2);
	assert_true(tdx_holds(&warm));
	let_go(&h);
	close_cache(cache);
}

/* Any byte of what is signed in the collateral. */
static void
test_changed_collateral(void **state)
{
	struct tdx_cache *cache = open_cache(1, 1);
	struct held h;
	struct bytes *runs[] = {&h.collateral.root_ca_crl,
				&h.collateral.pck_crl,
				&h.collateral.tcb_info_issuer_chain,
				&h.collateral.tcb_info,
				&h.collateral.tcb_info_signature,
				&h.collateral.qe_identity_issuer_chain,
				&h.collateral.qe_identity,
				&h.collateral.qe_identity_signature};

	(void)state;
	hold(&scenario, &h);
	verify(cache, &h, h.quote, SCENARIO_NOW);
	for (size_t k = 0; k < ARRAY_LEN(runs); k++) {
		const struct bytes whole = *runs[k];

		for (size_t i = 0; i < whole.len; i += 1 + whole.len / 40) {
			h.memory[whole.p - h.memory + (ptrdiff_t)i] ^= 1;
			verify(cache, &h, h.quote, SCENARIO_NOW);
			assert_false(tdx_holds(&warm));
			h.memory[whole.p - h.memory + (ptrdiff_t)i] ^= 1;
		}
		/* and each of them cut away */
		runs[k]->len = 0;
		verify(cache, &h, h.quote, SCENARIO_NOW);
		assert_false(tdx_holds(&warm));
		*runs[k] = whole;
	}
	assert_int_equal(verify(cache, &h, h.quote, SCENARIO_NOW), 1);
	let_go(&h);
	close_cache(cache);
}

/* Longer than a slot: verified all the same, and not kept. */
static void
test_too_long_to_keep(void **state)
{
	struct tdx_cache *cache = open_cache(1, 1);
	struct scenario s = scenario;
	struct held h;
	uint8_t *longer;

	(void)state;
	hold(&s, &h);
	/* white space after a signed document is another document: refused, and not kept */
	longer = malloc(CACHE_COLLATERAL_MAX);
	assert_non_null(longer);
	memset(longer, ' ', CACHE_COLLATERAL_MAX);
	memcpy(longer, h.collateral.tcb_info.p, h.collateral.tcb_info.len);
	h.collateral.tcb_info = (struct bytes){longer, CACHE_COLLATERAL_MAX};
	verify(cache, &h, h.quote, SCENARIO_NOW);
	assert_int_equal(warm.reason, TDX_TCB_INFO_SIGNATURE);
	h.collateral.pck_crl = (struct bytes){longer, CACHE_PLATFORM_MAX};
	verify(cache, &h, h.quote, SCENARIO_NOW);
	assert_int_equal(warm.reason, TDX_PCK_CRL_PARSE);
	free(longer);
	let_go(&h);
	close_cache(cache);
}

static void
test_size(void **state)
{
	struct tdx_cache *cache = open_cache(1, 1);

	(void)state;
	assert_int_equal(tdx_cache_size(0, 1), 0);
	assert_int_equal(tdx_cache_size(1, 0), 0);
	assert_int_equal(tdx_cache_size(65537, 1), 0);
	assert_int_equal(tdx_cache_size(1, 65537), 0);
	assert_null(tdx_cache_open(cache, 0, 1));
	close_cache(cache);
}

static int
setup(void **state)
{
	(void)state;
	return scenario_begin(&scenario);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_new_collateral),
	    cmocka_unit_test(test_verdict_does_not_outlive),
	    cmocka_unit_test(test_root),
	    cmocka_unit_test(test_replacement),
	    cmocka_unit_test(test_changed_quotes),
	    cmocka_unit_test(test_changed_collateral),
	    cmocka_unit_test(test_too_long_to_keep),
	    cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
