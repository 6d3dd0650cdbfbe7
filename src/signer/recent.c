#include "signer/recent.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/kdf.h"
#include "base/banned.h"

struct recent_trade
recent_trade_of(const uint8_t key32[32], const struct tx *steps, size_t count)
{
	uint8_t nonces[TRADE_STEPS_MAX][8], hash[32];
	struct bytes run = {nonces[0], 0};
	struct recent_trade ret;

	for (size_t i = 0; i < count && i < TRADE_STEPS_MAX; i++) {
		store_be64(nonces[i], steps[i].nonce);
		run.len += sizeof nonces[i];
	}
	hash_parts("selfsame/nonces/v1", &run, 1, hash);
	memcpy(ret.key, key32, sizeof ret.key);
	memcpy(ret.nonces, hash, sizeof ret.nonces);
	return ret;
}

/* Its place, or count. */
static size_t
place_of(const struct recent *r, const struct recent_trade *trade)
{
	size_t i = 0;

	while (i < r->count && memcmp(r->trades[i].key, trade->key, sizeof trade->key) != 0)
		i++;
	return i;
}

int
recent_check(const struct recent *r, const struct recent_trade *trade, uint64_t policy_version,
    struct charge ret_paid[TRADE_STEPS_MAX])
{
	size_t at = place_of(r, trade);

	if (at < r->count &&
	    memcmp(r->trades[at].nonces, trade->nonces, sizeof trade->nonces) != 0)
		return ERR_USED;
	memset(ret_paid, 0, sizeof r->paid);
	if (at == 0 && r->count > 0 && policy_version == r->policy_version)
		memcpy(ret_paid, r->paid, sizeof r->paid);
	return 0;
}

void
recent_note(struct recent *r, const struct recent_trade *trade, uint64_t policy_version,
    const struct charge paid[TRADE_STEPS_MAX])
{
	size_t at = place_of(r, trade);

	if (at == r->count && r->count < RECENT_TRADES)
		r->count++;
	if (at == RECENT_TRADES)
		at--;
	memmove(r->trades + 1, r->trades, at * sizeof r->trades[0]);
	r->trades[0] = *trade;
	r->policy_version = policy_version;
	memcpy(r->paid, paid, sizeof r->paid);
}
