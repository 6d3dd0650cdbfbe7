#include "trade/trade_internal.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "base/log.h"
#include "base/banned.h"

#define IDLE_MS 600000

_Static_assert(sizeof((struct wallets *)0)->hash_key == crypto_shorthash_KEYBYTES, "hash key");

static struct wallet **
place_of(struct trades *t, const uint8_t address[20])
{
	uint8_t hash[crypto_shorthash_BYTES];
	struct wallet **at;

	(void)crypto_shorthash(hash, address, 20, t->wallets.hash_key);
	at = &t->wallets.buckets[load_be32(hash) % WALLET_BUCKETS];
	while (*at != NULL && memcmp((*at)->address, address, 20) != 0)
		at = &(*at)->next;
	return at;
}

struct wallet *
wallet_find(struct trades *t, const uint8_t address[20])
{
	return *place_of(t, address);
}

struct wallet *
wallet_get(struct trades *t, const uint8_t address[20])
{
	struct wallet **at = place_of(t, address);
	struct wallet *w = *at;

	if (w == NULL && (w = calloc(1, sizeof *w)) != NULL) {
		w->t = t;
		memcpy(w->address, address, sizeof w->address);
		*at = w;
		t->wallets.count++;
	}
	if (w != NULL)
		w->used_at = trade_now_ms();
	return w;
}

static int
is_idle(const struct wallet *w, uint64_t now)
{
	return w->first == NULL && w->sending == NULL && w->works == NULL && !w->hearing &&
	       !w->nonces.stopped && now - w->used_at > IDLE_MS;
}

void
wallets_sweep(struct trades *t)
{
	uint64_t now = trade_now_ms();

	for (size_t i = 0; i < WALLET_BUCKETS; i++) {
		struct wallet **at = &t->wallets.buckets[i];

		while (*at != NULL) {
			struct wallet *w = *at;

			if (!is_idle(w, now)) {
				at = &w->next;
				continue;
			}
			*at = w->next;
			t->wallets.count--;
			free(w);
		}
	}
}

void
wallets_free(struct trades *t)
{
	for (size_t i = 0; i < WALLET_BUCKETS; i++) {
		while (t->wallets.buckets[i] != NULL) {
			struct wallet *w = t->wallets.buckets[i];

			t->wallets.buckets[i] = w->next;
			while (w->works != NULL) {
				struct work *k = w->works;

				w->works = k->next;
				work_free(k);
			}
			free(w);
		}
	}
}

static int
has_nonce(const struct live *l, uint64_t nonce)
{
	for (size_t i = 0; i < l->step_count; i++) {
		if (l->steps[i].nonce == nonce)
			return 1;
	}
	return 0;
}

int
wallet_is_busy(const struct wallet *w, uint64_t nonce)
{
	for (const struct work *k = w->works; k != NULL; k = k->next) {
		if (k->step.nonce == nonce)
			return 1;
	}
	for (const struct live *l = w->sending; l != NULL; l = l->next) {
		if (has_nonce(l, nonce))
			return 1;
	}
	return 0;
}

void
wallet_log_stop(const struct wallet *w, enum nonces_stop before)
{
	if (before == NONCES_GO_ON && w->nonces.stopped != NONCES_GO_ON)
		log_event(LOG_ERROR, "wallet stopped", LOG_BYTES("wallet", w->address, 20),
			  LOG_STR("why", w->nonces.text));
}

void
wallet_row_unreadable(struct wallet *w, const char *trade_id)
{
	enum nonces_stop before = w->nonces.stopped;

	w->bad_round = w->t->watch.round;
	nonces_unreadable(&w->nonces, trade_id);
	wallet_log_stop(w, before);
}

void
wallets_end_round(struct trades *t)
{
	for (size_t i = 0; i < WALLET_BUCKETS; i++) {
		for (struct wallet *w = t->wallets.buckets[i]; w != NULL; w = w->next) {
			if (w->bad_round != t->watch.round)
				nonces_readable(&w->nonces);
		}
	}
}
