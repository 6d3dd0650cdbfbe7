/*
 * Every byte of a quote that holds, and of its collateral, changed one at a
 * time: each change is refused, or lies where no signature reaches. Those
 * places are printed. On simulated evidence, and on recorded evidence where
 * ../shared/fixtures is present. MUTATIONS=all flips three bits of each byte.
 *
 * Built from the release's objects, since it verifies some ten thousand times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/scenario.h"
#include "tdx/cache.h"
#include "tdx/collateral.h"
#include "tdx/intel_root.h"
#include "tdx/verify.h"
#include "base/banned.h"

#define RECORDED "../shared/fixtures/tdx/phala-v4-uptodate/"
#define RECORDED_AT INT64_C(1752919234)
#define BUNDLE_MAX 131072
#define QUOTE_MAX 20480

/* Letter case of hex, the sign bit, and the least change. */
static const uint8_t masks[] = {0x01, 0x20, 0x80};

struct subject {
	const char *name;
	uint8_t quote[QUOTE_MAX];
	size_t quote_len;
	uint8_t bundle[BUNDLE_MAX];
	size_t bundle_len;
	struct bytes root;
	int64_t at;
};

static struct subject subject;
static struct scenario scenario;
static struct scenario_evidence made;
static struct tdx_result result;
static uint8_t memory[BUNDLE_MAX];
static struct tdx_cache *cache; /* for one machine, so that it is never crowded out by another */

/*
 * What a verifier with a cache, which knows the unchanged evidence, says of the
 * changed one: the same. It would accept what lies outside of its keys.
 */
static int
cold_and_warm(const struct collateral *c)
{
	const struct bytes quote = {subject.quote, subject.quote_len};
	int cold;

	tdx_verify_cached(cache, quote, c, subject.root, subject.at, &result);
	cold = tdx_holds(&result);
	tdx_verify(quote, c, subject.root, subject.at, &result);
	if (tdx_holds(&result) != cold)
		fail_msg("%s: the cache changes the verdict", subject.name);
	return cold;
}

static int
holds(void)
{
	struct collateral c;
	const char *field;

	if (collateral_read((struct bytes){subject.bundle, subject.bundle_len}, memory, &c,
			    &field) != 0)
		return 0;
	return cold_and_warm(&c);
}

/* The bits of byte i that are flipped in this run. */
static int
flips(size_t i, size_t mask)
{
	static int all = -1;

	if (all < 0)
		all = getenv("MUTATIONS") != NULL;
	return all || mask == i % ARRAY_LEN(masks);
}

/* Changes that make no difference, gathered into ranges as they come. */
struct ranges {
	const char *what;
	size_t first;
	size_t last;
	size_t count;
};

static void
ranges_add(struct ranges *r, size_t i)
{
	if (r->count > 0 && i > r->last + 3) {
		print_message("# %s: %s bytes %zu to %zu\n", subject.name, r->what, r->first,
			      r->last);
		r->count = 0;
	}
	if (r->count++ == 0)
		r->first = i;
	r->last = i;
}

static void
ranges_end(struct ranges *r)
{
	if (r->count > 0)
		print_message("# %s: %s bytes %zu to %zu\n", subject.name, r->what, r->first,
			      r->last);
}

static void
mutate_quote(void)
{
	struct ranges free_bytes = {.what = "quote, behind the auth data:"};
	size_t end;

	assert_true(holds());
	end = subject.quote_len - result.quote.trailing;
	for (size_t i = 0; i < subject.quote_len; i++)
		for (size_t m = 0; m < ARRAY_LEN(masks); m++) {
			if (!flips(i, m))
				continue;
			subject.quote[i] ^= masks[m];
			if (holds() != (i >= end))
				fail_msg("%s: quote byte %zu, mask %02x", subject.name, i,
					 masks[m]);
			subject.quote[i] ^= masks[m];
			if (i >= end)
				ranges_add(&free_bytes, i);
		}
	ranges_end(&free_bytes);
}

static int
is_hex_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f';
}

/* Where a member begins, at its name, and where its value ends. */
static void
member(const char *name, size_t *ret_first, size_t *ret_end)
{
	const uint8_t *const p = subject.bundle;
	const uint8_t *at = memmem(p, subject.bundle_len, name, strlen(name));
	const uint8_t *value;

	*ret_first = *ret_end = subject.bundle_len;
	if (at == NULL)
		return;
	value = memchr(at, ':', subject.bundle_len - (size_t)(at - p));
	assert_non_null(value);
	value = memchr(value, '"', subject.bundle_len - (size_t)(value - p));
	assert_non_null(value);
	value = memchr(value + 1, '"', subject.bundle_len - (size_t)(value + 1 - p));
	assert_non_null(value);
	*ret_first = (size_t)(at - p);
	*ret_end = (size_t)(value - p);
}

/* A hex member's letters: their case is nobody's signature. */
static int
is_hex_case(size_t i, size_t m)
{
	static const char *const names[] = {"\"root_ca_crl\"", "\"pck_crl\"",
					    "\"tcb_info_signature\"", "\"qe_identity_signature\""};
	size_t first, end;

	if (masks[m] != 0x20 || !is_hex_letter(subject.bundle[i]))
		return 0;
	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		member(names[k], &first, &end);
		if (i > first + strlen(names[k]) && i < end)
			return 1;
	}
	return 0;
}

/* The quote carries its own chain; the bundle's copies of it say nothing. */
static int
is_informative(size_t i)
{
	static const char *const names[] = {"pck_crl_issuer_chain", "pck_certificate_chain"};
	size_t first, end;

	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		member(names[k], &first, &end);
		if (i >= first && i < end)
			return 1;
	}
	return 0;
}

static void
mutate_bundle(void)
{
	struct ranges informative = {.what = "collateral, a chain that the quote carries too:"};
	size_t hex_case = 0;

	for (size_t i = 0; i < subject.bundle_len; i++)
		for (size_t m = 0; m < ARRAY_LEN(masks); m++) {
			const int letter = is_hex_case(i, m), idle = is_informative(i);
			int held;

			if (!flips(i, m))
				continue;
			subject.bundle[i] ^= masks[m];
			held = holds();
			subject.bundle[i] ^= masks[m];
			if (letter ? !held : held && !idle)
				fail_msg("%s: collateral byte %zu, mask %02x", subject.name, i,
					 masks[m]);
			hex_case += letter != 0;
			if (held && idle)
				ranges_add(&informative, i);
		}
	ranges_end(&informative);
	print_message("# %s: collateral, letter case of hex: %zu letters\n", subject.name,
		      hex_case);
	assert_true(holds());
}

static int
open_cache(void **state)
{
	void *room = malloc(tdx_cache_size(1, 1));

	(void)state;
	cache = room != NULL ? tdx_cache_open(room, 1, 1) : NULL;
	return cache != NULL ? 0 : -1;
}

static void
test_simulated(void **state)
{
	(void)state;
	assert_int_equal(scenario_begin(&scenario), 0);
	scenario.trailing = 70;
	assert_int_equal(scenario_make(&scenario, &made), 0);
	subject.name = "simulated";
	subject.quote_len = made.quote_len;
	memcpy(subject.quote, made.quote, made.quote_len);
	subject.bundle_len = made.bundle.len;
	memcpy(subject.bundle, made.bundle.p, made.bundle.len);
	subject.root = (struct bytes){made.root, made.root_len};
	subject.at = SCENARIO_NOW;
	scenario_free(&made);
	mutate_quote();
	mutate_bundle();
}

static size_t
load(const char *path, uint8_t *ret, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return 0;
	n = fread(ret, 1, cap, f);
	fclose(f);
	assert_true(n < cap);
	return n;
}

static void
test_recorded(void **state)
{
	(void)state;
	subject.name = "recorded";
	subject.quote_len = load(RECORDED "quote.bin", subject.quote, sizeof subject.quote);
	subject.bundle_len =
	    load(RECORDED "collateral.json", subject.bundle, sizeof subject.bundle);
	if (subject.quote_len == 0 || subject.bundle_len == 0)
		skip();
	subject.root = intel_root_der();
	subject.at = RECORDED_AT;
	mutate_quote();
	mutate_bundle();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_simulated),
	    cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, open_cache, NULL);
}
