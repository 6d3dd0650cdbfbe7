#include "tdx/cache.h"

#include <string.h>

#include "tdx/conclusion.h"
#include "base/banned.h"

#define SLOTS_MAX 65536
#define CHAIN_RUNS 3 /* root, PCK chain, revocation list */
#define ENCLAVE_RUNS 4 /* QE report, its signature, attestation key, auth data */
#define BUNDLE_RUNS 8 /* root, root's list, and two documents with chain and signature */

/* Copies of what a slot was made of. */
struct key {
	size_t count;
	struct bytes run[BUNDLE_RUNS];
};

_Static_assert(CHAIN_RUNS + ENCLAVE_RUNS <= BUNDLE_RUNS, "a key has room for either");

struct platform_slot {
	uint64_t used; /* when, by cache->now; 0: empty, else the chain holds */
	struct key key; /* with the enclave's runs if that holds too */
	struct platform_state state;
	struct p256 p256; /* the attestation key */
	uint8_t memory[CACHE_PLATFORM_MAX];
};

struct bundle_slot {
	uint64_t used;
	struct key key;
	struct collateral_state state;
	uint8_t memory[CACHE_COLLATERAL_MAX];
};

struct tdx_cache {
	uint64_t now; /* counts uses */
	size_t platforms;
	size_t bundles;
	struct platform_slot *platform; /* one more than asked for */
	struct bundle_slot *bundle;
};

static size_t
round_up(size_t n)
{
	const size_t align = _Alignof(max_align_t);

	return (n + align - 1) / align * align;
}

size_t
tdx_cache_size(size_t platforms, size_t bundles)
{
	if (platforms == 0 || bundles == 0 || platforms > SLOTS_MAX || bundles > SLOTS_MAX)
		return 0;
	return round_up(sizeof(struct tdx_cache)) +
	       round_up((platforms + 1) * sizeof(struct platform_slot)) +
	       round_up((bundles + 1) * sizeof(struct bundle_slot));
}

struct tdx_cache *
tdx_cache_open(void *memory, size_t platforms, size_t bundles)
{
	struct tdx_cache *cache = memory;
	uint8_t *at = memory;

	if (tdx_cache_size(platforms, bundles) == 0)
		return NULL;
	at += round_up(sizeof *cache);
	*cache = (struct tdx_cache){.platforms = platforms, .bundles = bundles};
	cache->platform = (struct platform_slot *)(void *)at;
	at += round_up((platforms + 1) * sizeof(struct platform_slot));
	cache->bundle = (struct bundle_slot *)(void *)at;
	for (size_t i = 0; i <= platforms; i++) {
		cache->platform[i].used = 0;
		cache->platform[i].p256 = (struct p256){.key = NULL};
	}
	for (size_t i = 0; i <= bundles; i++)
		cache->bundle[i].used = 0;
	return cache;
}

void
tdx_cache_close(struct tdx_cache *cache)
{
	for (size_t i = 0; i <= cache->platforms; i++)
		p256_close(&cache->platform[i].p256);
}

static int
runs_equal(const struct bytes *a, const struct bytes *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!bytes_equal(a[i], b[i]))
			return 0;
	return 1;
}

/* Append copies of runs to a key, or of none. Returns whether they fit. */
static int
keep_runs(struct key *key, uint8_t *memory, size_t cap, const struct bytes *run, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < key->count; i++)
		used += key->run[i].len;
	for (size_t i = 0; i < count; i++) {
		if (run[i].len > cap - used)
			return 0;
		if (run[i].len > 0)
			memcpy(memory + used, run[i].p, run[i].len);
		key->run[key->count + i] = (struct bytes){memory + used, run[i].len};
		used += run[i].len;
	}
	key->count += count;
	return 1;
}

/* --- platforms: one slot is always empty, so that what does not hold replaces nothing --- */

static struct platform_slot *
find_platform(struct tdx_cache *cache, const struct bytes chain[CHAIN_RUNS])
{
	struct platform_slot *empty = NULL;

	for (size_t i = 0; i <= cache->platforms; i++) {
		struct platform_slot *s = &cache->platform[i];

		if (s->used == 0)
			empty = s;
		else if (runs_equal(s->key.run, chain, CHAIN_RUNS))
			return s;
	}
	return empty;
}

static void
empty_oldest_platform(struct tdx_cache *cache)
{
	struct platform_slot *oldest = &cache->platform[0];

	for (size_t i = 0; i <= cache->platforms; i++) {
		struct platform_slot *s = &cache->platform[i];

		if (s->used == 0)
			return;
		if (s->used < oldest->used)
			oldest = s;
	}
	oldest->used = 0;
}

static void
load_chain(struct tdx_cache *cache, struct platform_slot *s, const struct bytes chain[CHAIN_RUNS])
{
	struct p256 p256 = {.key = NULL};
	const struct bytes *run = chain;
	int kept;

	s->key.count = 0;
	if ((kept = keep_runs(&s->key, s->memory, sizeof s->memory, chain, CHAIN_RUNS)))
		run = s->key.run;
	platform_state_chain(&s->state, run[1], &run[2], run[0], &p256);
	p256_close(&p256);
	if (!kept || !platform_state_has_chain(&s->state))
		return;
	s->used = ++cache->now;
	empty_oldest_platform(cache);
}

/* A quoting enclave may sign its report anew: then that alone is checked. */
static void
load_enclave(struct platform_slot *s, const struct tdx_quote *q,
	     const struct bytes enclave[ENCLAVE_RUNS])
{
	struct p256 p256 = {.key = NULL};

	s->key.count = s->used != 0 ? CHAIN_RUNS : 0;
	p256_close(&s->p256);
	platform_state_enclave(&s->state, q, &p256);
	p256_close(&p256);
	if (s->used != 0 && platform_state_holds(&s->state))
		(void)keep_runs(&s->key, s->memory, sizeof s->memory, enclave, ENCLAVE_RUNS);
}

static struct platform_slot *
get_platform(struct tdx_cache *cache, const struct tdx_quote *q, struct bytes crl,
	     struct bytes root_der)
{
	const struct bytes chain[CHAIN_RUNS] = {root_der, q->pck_chain, crl};
	const struct bytes enclave[ENCLAVE_RUNS] = {{q->qe_report, QE_REPORT_LEN},
						    {q->qe_signature, 64},
						    {q->key, 64},
						    q->qe_auth};
	struct platform_slot *s = find_platform(cache, chain);

	if (s->used == 0)
		load_chain(cache, s, chain);
	else
		s->used = ++cache->now;
	if (s->key.count != CHAIN_RUNS + ENCLAVE_RUNS ||
	    !runs_equal(s->key.run + CHAIN_RUNS, enclave, ENCLAVE_RUNS))
		load_enclave(s, q, enclave);
	return s;
}

/* --- bundles: likewise --- */

static struct bundle_slot *
find_bundle(struct tdx_cache *cache, const struct bytes run[BUNDLE_RUNS])
{
	struct bundle_slot *empty = NULL;

	for (size_t i = 0; i <= cache->bundles; i++) {
		struct bundle_slot *s = &cache->bundle[i];

		if (s->used == 0)
			empty = s;
		else if (runs_equal(s->key.run, run, BUNDLE_RUNS))
			return s;
	}
	return empty;
}

static void
empty_oldest_bundle(struct tdx_cache *cache)
{
	struct bundle_slot *oldest = &cache->bundle[0];

	for (size_t i = 0; i <= cache->bundles; i++) {
		struct bundle_slot *s = &cache->bundle[i];

		if (s->used == 0)
			return;
		if (s->used < oldest->used)
			oldest = s;
	}
	oldest->used = 0;
}

static void
load_bundle(struct tdx_cache *cache, struct bundle_slot *s, const struct bytes run[BUNDLE_RUNS])
{
	struct p256 p256 = {.key = NULL};
	struct collateral copy;
	int kept;

	s->key.count = 0;
	kept = keep_runs(&s->key, s->memory, sizeof s->memory, run, BUNDLE_RUNS);
	if (kept)
		run = s->key.run;
	copy = (struct collateral){.root_ca_crl = run[1],
				   .tcb_info_issuer_chain = run[2],
				   .tcb_info = run[3],
				   .tcb_info_signature = run[4],
				   .qe_identity_issuer_chain = run[5],
				   .qe_identity = run[6],
				   .qe_identity_signature = run[7]};
	collateral_state_make(&s->state, &copy, run[0], &p256);
	p256_close(&p256);
	if (!kept || !collateral_state_holds(&s->state))
		return;
	s->used = ++cache->now;
	empty_oldest_bundle(cache);
}

static struct bundle_slot *
get_bundle(struct tdx_cache *cache, const struct collateral *c, struct bytes root_der)
{
	/* without the PCK CRL, which is kept with the platform, and the chain that nobody reads */
	const struct bytes run[BUNDLE_RUNS] = {root_der,
					       c->root_ca_crl,
					       c->tcb_info_issuer_chain,
					       c->tcb_info,
					       c->tcb_info_signature,
					       c->qe_identity_issuer_chain,
					       c->qe_identity,
					       c->qe_identity_signature};
	struct bundle_slot *s = find_bundle(cache, run);

	if (s->used == 0)
		load_bundle(cache, s, run);
	else
		s->used = ++cache->now;
	return s;
}

void
tdx_verify_cached(struct tdx_cache *cache, struct bytes quote,
		  const struct collateral *collateral, struct bytes root_der, int64_t at,
		  struct tdx_result *ret)
{
	struct platform_slot *platform;

	/* without collateral there is nothing that would be worth keeping */
	if (collateral == NULL) {
		tdx_verify(quote, NULL, root_der, at, ret);
		return;
	}
	if (conclusion_begin(ret, quote) != 0)
		return;
	platform = get_platform(cache, &ret->quote, collateral->pck_crl, root_der);
	conclusion_make(ret, &(struct conclusion_input){
				 .platform = &platform->state,
				 .state = &get_bundle(cache, collateral, root_der)->state,
				 .collateral = collateral,
				 .p256 = &platform->p256,
				 .at = at});
}
