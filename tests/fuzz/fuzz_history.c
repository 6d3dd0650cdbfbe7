/* A line of a watch's history: only what the key signed, in its place, is taken. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "cli/history.h"
#include "cli/watch_state.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is signed may still say anything: it is taken into the state as it is. */
static void
apply(const uint8_t *data, size_t size)
{
	static struct watch_state state;
	json_error_t e;
	json_t *entry = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, &e);

	if (json_is_object(entry)) {
		watch_state_apply(&state, entry, "line");
		watch_state_apply(&state, entry, "line");
	}
	json_decref(entry);
	watch_state_free(&state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = {7};
	static uint8_t key[32], secret[64];
	uint8_t head[32] = {0};
	uint64_t next = 0;
	json_t *entry;
	const char *why;

	if (sodium_init() < 0 || crypto_sign_seed_keypair(key, secret, seed) != 0)
		abort();
	/* nobody here signs anything but the seed of the corpus */
	if (size > 0 &&
	    history_line((const char *)data, size, key, &next, head, &entry, &why) == 0) {
		if (next != 1)
			abort();
		json_decref(entry);
	}
	if (size > 0)
		apply(data, size);
	return 0;
}
