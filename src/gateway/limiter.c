#include "gateway/limiter.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "base/err.h"
#include "base/banned.h"

#define SETS 1024
#define WAYS 4

/* level counts in sixty-thousandths of a token: a millisecond adds per_minute of them. */
#define TOKEN 60000U
#define PER_MINUTE_MAX 1000000000U

struct bucket {
	uint8_t source[16];
	uint64_t level;
	uint64_t at_ms; /* 0: never used */
};

struct limiter {
	uint64_t per_minute;
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct bucket buckets[SETS][WAYS];
};

uint64_t
limiter_clock(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + 1;
}

int
limiter_new(uint64_t per_minute, struct limiter **ret)
{
	struct limiter *l = calloc(1, sizeof *l);

	if (l == NULL)
		return ERR_MEM;
	l->per_minute = per_minute > PER_MINUTE_MAX ? PER_MINUTE_MAX : per_minute;
	crypto_shorthash_keygen(l->key);
	*ret = l;
	return 0;
}

void
limiter_free(struct limiter *l)
{
	free(l);
}

/* The source's bucket, or the place of the one that was not used for the longest time. */
static struct bucket *
find(struct limiter *l, const uint8_t source16[16])
{
	uint8_t hash[crypto_shorthash_BYTES];
	struct bucket *set;
	struct bucket *oldest;

	(void)crypto_shorthash(hash, source16, 16, l->key);
	set = l->buckets[(hash[0] | hash[1] << 8) % SETS];
	oldest = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].at_ms != 0 && memcmp(set[i].source, source16, 16) == 0)
			return &set[i];
		if (set[i].at_ms < oldest->at_ms)
			oldest = &set[i];
	}
	memcpy(oldest->source, source16, 16);
	oldest->level = l->per_minute * TOKEN;
	oldest->at_ms = 0;
	return oldest;
}

static void
refill(const struct limiter *l, struct bucket *b, uint64_t now_ms)
{
	uint64_t full = l->per_minute * TOKEN;

	if (b->at_ms != 0 && now_ms > b->at_ms) {
		uint64_t passed = now_ms - b->at_ms;

		/* a minute fills any bucket, so the product below cannot overflow */
		b->level = passed >= TOKEN ? full : b->level + passed * l->per_minute;
		if (b->level > full)
			b->level = full;
	}
	b->at_ms = now_ms;
}

static unsigned
seconds_until_token(const struct limiter *l, const struct bucket *b)
{
	if (b->level >= TOKEN)
		return 0;
	if (l->per_minute == 0)
		return 60;
	return (unsigned)((TOKEN - b->level) / l->per_minute / 1000 + 1);
}

unsigned
limiter_look(struct limiter *l, const uint8_t source16[16], uint64_t now_ms)
{
	struct bucket *b = find(l, source16);

	refill(l, b, now_ms);
	return seconds_until_token(l, b);
}

unsigned
limiter_take(struct limiter *l, const uint8_t source16[16], uint64_t now_ms)
{
	struct bucket *b = find(l, source16);
	unsigned wait;

	refill(l, b, now_ms);
	wait = seconds_until_token(l, b);
	if (wait == 0)
		b->level -= TOKEN;
	return wait;
}
