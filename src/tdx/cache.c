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

/* What every slot begins with. */
struct slot {
	uint64_t used; /* when, by cache->now; 0: empty, else what it was made of holds */
	struct key key;
};

/* One slot is always empty, so that what does not hold replaces nothing. */
struct slots {
	uint8_t *first;
	size_t size; /* bytes of one */
	size_t last; /* the index, which is the number that was asked for */
};

struct platform_slot {
	struct slot slot; /* the chain holds; its key has the enclave's runs if that holds too */
	struct platform_state state;
	struct p256 p256; /* the attestation key */
	uint8_t memory[CACHE_PLATFORM_MAX];
};

struct bundle_slot {
	struct slot slot;
	struct collateral_state state;
	uint8_t memory[CACHE_COLLATERAL_MAX];
};

struct tdx_cache {
	uint64_t now; /* counts uses */
	struct slots platforms;
	struct slots bundles;
};

static struct slot *
slot_at(const struct slots *slots, size_t i)
{
	return (struct slot *)(void *)(slots->first + i * slots->size);
}

static struct platform_slot *
platform_at(const struct tdx_cache *cache, size_t i)
{
	return (struct platform_slot *)slot_at(&cache->platforms, i);
}

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
	cache->now = 0;
	cache->platforms = (struct slots){at, sizeof(struct platform_slot), platforms};
	at += round_up((platforms + 1) * sizeof(struct platform_slot));
	cache->bundles = (struct slots){at, sizeof(struct bundle_slot), bundles};
	for (size_t i = 0; i <= platforms; i++) {
		slot_at(&cache->platforms, i)->used = 0;
		platform_at(cache, i)->p256 = (struct p256){.key = NULL};
	}
	for (size_t i = 0; i <= bundles; i++)
		slot_at(&cache->bundles, i)->used = 0;
	return cache;
}

void
tdx_cache_close(struct tdx_cache *cache)
{
	for (size_t i = 0; i <= cache->platforms.last; i++)
		p256_close(&platform_at(cache, i)->p256);
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

/* The slot that was made of these runs, else an empty one. */
static struct slot *
find_slot(const struct slots *slots, const struct bytes *run, size_t count)
{
	struct slot *empty = NULL;

	for (size_t i = 0; i <= slots->last; i++) {
		struct slot *s = slot_at(slots, i);

		if (s->used == 0)
			empty = s;
		else if (runs_equal(s->key.run, run, count))
			return s;
	}
	return empty;
}

/* Unless another is empty already. */
static void
empty_oldest(const struct slots *slots)
{
	struct slot *oldest = slot_at(slots, 0);

	for (size_t i = 0; i <= slots->last; i++) {
		struct slot *s = slot_at(slots, i);

		if (s->used == 0)
			return;
		if (s->used < oldest->used)
			oldest = s;
	}
	oldest->used = 0;
}

/* --- platforms --- */

static void
load_chain(struct tdx_cache *cache, struct platform_slot *s, const struct bytes chain[CHAIN_RUNS])
{
	struct p256 p256 = {.key = NULL};
	const struct bytes *run = chain;
	int kept;

	s->slot.key.count = 0;
	if ((kept = keep_runs(&s->slot.key, s->memory, sizeof s->memory, chain, CHAIN_RUNS)))
		run = s->slot.key.run;
	platform_state_chain(&s->state, run[1], &run[2], run[0], &p256);
	p256_close(&p256);
	if (!kept || !platform_state_has_chain(&s->state))
		return;
	s->slot.used = ++cache->now;
	empty_oldest(&cache->platforms);
}

/* A quoting enclave may sign its report anew: then that alone is checked. */
static void
load_enclave(struct platform_slot *s, const struct tdx_quote *q,
	     const struct bytes enclave[ENCLAVE_RUNS])
{
	struct p256 p256 = {.key = NULL};

	s->slot.key.count = s->slot.used != 0 ? CHAIN_RUNS : 0;
	p256_close(&s->p256);
	platform_state_enclave(&s->state, q, &p256);
	p256_close(&p256);
	if (s->slot.used != 0 && platform_state_holds(&s->state))
		(void)keep_runs(&s->slot.key, s->memory, sizeof s->memory, enclave, ENCLAVE_RUNS);
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
	struct platform_slot *s =
	    (struct platform_slot *)find_slot(&cache->platforms, chain, CHAIN_RUNS);

	if (s->slot.used == 0)
		load_chain(cache, s, chain);
	else
		s->slot.used = ++cache->now;
	if (s->slot.key.count != CHAIN_RUNS + ENCLAVE_RUNS ||
	    !runs_equal(s->slot.key.run + CHAIN_RUNS, enclave, ENCLAVE_RUNS))
		load_enclave(s, q, enclave);
	return s;
}

/* --- bundles --- */

static void
load_bundle(struct tdx_cache *cache, struct bundle_slot *s, const struct bytes run[BUNDLE_RUNS])
{
	struct p256 p256 = {.key = NULL};
	struct collateral copy;
	int kept;

	s->slot.key.count = 0;
	kept = keep_runs(&s->slot.key, s->memory, sizeof s->memory, run, BUNDLE_RUNS);
	if (kept)
		run = s->slot.key.run;
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
	s->slot.used = ++cache->now;
	empty_oldest(&cache->bundles);
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
	struct bundle_slot *s =
	    (struct bundle_slot *)find_slot(&cache->bundles, run, BUNDLE_RUNS);

	if (s->slot.used == 0)
		load_bundle(cache, s, run);
	else
		s->slot.used = ++cache->now;
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
