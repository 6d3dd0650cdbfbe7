/*
 * One TDX quote with its collateral: cold (nothing kept), warm (tdx/cache.h), and the bare
 * P-256 verifications of OpenSSL that either cannot do without.
 *
 *   bench_tdx QUOTE COLLATERAL UNIX
 *
 * Prints "name microseconds" lines, each the best of several runs.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

#include "base/parse.h"
#include "cli/input.h"
#include "tdx/cache.h"
#include "tdx/intel_root.h"
#include "base/banned.h"

#define RUNS 9
#define RUN_SECONDS 0.12

struct subject {
	struct bytes quote, bundle;
	struct collateral collateral;
	uint8_t *memory;
	int64_t at;
	struct tdx_cache *cache;
	EC_KEY *key;
	ECDSA_SIG *signature;
	uint8_t hash[32];
};

static struct tdx_result result;

static void
die(const char *what)
{
	fprintf(stderr, "bench_tdx: %s\n", what);
	exit(1);
}

static void
must_hold(void)
{
	if (!tdx_holds(&result))
		die(reason_code(result.reason));
}

static void
bare(struct subject *s)
{
	if (ECDSA_do_verify(s->hash, sizeof s->hash, s->signature, s->key) != 1)
		die("bare verify");
}

static void
cold(struct subject *s)
{
	tdx_verify(s->quote, &s->collateral, intel_root_der(), s->at, &result);
	must_hold();
}

static void
read_bundle(struct subject *s)
{
	const char *field;

	if (collateral_read(s->bundle, s->memory, &s->collateral, &field) != 0)
		die("collateral");
}

static void
cold_from_json(struct subject *s)
{
	read_bundle(s);
	cold(s);
}

static void
warm(struct subject *s)
{
	tdx_verify_cached(s->cache, s->quote, &s->collateral, intel_root_der(), s->at, &result);
	must_hold();
}

static void
parse(struct subject *s)
{
	struct tdx_quote q;

	if (quote_parse(s->quote, &q) != TDX_HOLDS)
		die("quote");
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Microseconds of one call in one run. */
static double
run(void (*one)(struct subject *), struct subject *s)
{
	double begin = now(), end;
	size_t count = 0;

	do {
		one(s);
		count++;
	} while ((end = now()) < begin + RUN_SECONDS);
	return (end - begin) * 1e6 / (double)count;
}

static void
prepare_bare(struct subject *s)
{
	memset(s->hash, 0x5a, sizeof s->hash);
	s->key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	if (s->key == NULL || EC_KEY_generate_key(s->key) != 1 ||
	    (s->signature = ECDSA_do_sign(s->hash, sizeof s->hash, s->key)) == NULL)
		die("key");
}

static void
prepare(struct subject *s, char **argv)
{
	static struct buffer quote, bundle;
	uint64_t at;

	if (input_read(argv[1], &quote) != 0 || input_read(argv[2], &bundle) != 0 ||
	    parse_u64(argv[3], strlen(argv[3]), 0, INT64_MAX, &at) != 0)
		die("usage: bench_tdx QUOTE COLLATERAL UNIX");
	s->quote = (struct bytes){quote.p, quote.len};
	s->bundle = (struct bytes){bundle.p, bundle.len};
	s->at = (int64_t)at;
	s->memory = malloc(bundle.len + 1);
	s->cache = tdx_cache_open(malloc(tdx_cache_size(4, 2)), 4, 2);
	if (s->memory == NULL || s->cache == NULL)
		die("memory");
	read_bundle(s);
	prepare_bare(s);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*one)(struct subject *);
	} subjects[] = {{"bare_verify", bare},
			{"cold", cold},
			{"cold_from_json", cold_from_json},
			{"warm", warm},
			{"parse", parse}};
	static struct subject s;
	double best[sizeof subjects / sizeof subjects[0]] = {0};

	if (argc != 4)
		die("usage: bench_tdx QUOTE COLLATERAL UNIX");
	prepare(&s, argv);
	/* in turn, so that a noisy machine is noisy for all of them */
	for (int i = 0; i < RUNS; i++)
		for (size_t k = 0; k < sizeof subjects / sizeof subjects[0]; k++) {
			double us = run(subjects[k].one, &s);

			if (best[k] == 0 || us < best[k])
				best[k] = us;
		}
	for (size_t k = 0; k < sizeof subjects / sizeof subjects[0]; k++)
		printf("%s %.2f\n", subjects[k].name, best[k]);
	tdx_cache_close(s.cache);
	return 0;
}
