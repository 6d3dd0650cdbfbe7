#include "chain/rpc_internal.h"

#include "base/banned.h"

#define CHECK_AGAIN_MS 30000 /* a node may be replaced by another chain's behind the same URL */
#define WRONG_CHAIN_MS 10000
#define BACK_OFF_FIRST_MS 250
#define BACK_OFF_MOST_MS 30000
#define LIMIT_FIRST_MS 500
#define LIMIT_MOST_MS 60000

int
endpoint_wants_check(const struct endpoint *e, uint64_t now)
{
	if (e->verifying || now < e->not_before)
		return 0;
	return e->state != ENDPOINT_USABLE || now - e->verified_at >= CHECK_AGAIN_MS;
}

void
endpoint_checked(struct endpoint *e, int same_chain, uint64_t now)
{
	e->verifying = 0;
	e->failures = 0;
	e->limited = 0;
	e->verified_at = now;
	e->state = same_chain ? ENDPOINT_USABLE : ENDPOINT_WRONG_CHAIN;
	e->not_before = same_chain ? now : now + WRONG_CHAIN_MS;
}

static uint64_t
doubled(uint64_t first, uint64_t most, unsigned failures)
{
	uint64_t wait = first;

	for (unsigned i = 1; i < failures && wait < most; i++)
		wait *= 2;
	return wait < most ? wait : most;
}

void
endpoint_failed(struct endpoint *e, uint64_t now)
{
	if (e->failures < 32)
		e->failures++;
	e->verifying = 0;
	e->limited = 0;
	/* a wrong chain id stays known until the node says another one */
	if (e->state == ENDPOINT_USABLE)
		e->state = ENDPOINT_UNKNOWN;
	e->not_before = now + doubled(BACK_OFF_FIRST_MS, BACK_OFF_MOST_MS, e->failures);
}

void
endpoint_limited(struct endpoint *e, uint64_t retry_after_ms, uint64_t now)
{
	uint64_t wait;

	if (e->failures < 32)
		e->failures++;
	wait = doubled(LIMIT_FIRST_MS, LIMIT_MOST_MS, e->failures);
	if (retry_after_ms > wait)
		wait = retry_after_ms < LIMIT_MOST_MS ? retry_after_ms : LIMIT_MOST_MS;
	e->verifying = 0;
	e->limited = 1;
	e->not_before = now + wait;
}

void
endpoint_doubted(struct endpoint *e)
{
	if (e->state == ENDPOINT_USABLE)
		e->state = ENDPOINT_UNKNOWN;
}

void
endpoint_worked(struct endpoint *e)
{
	e->failures = 0;
	e->limited = 0;
}

enum pick
endpoints_pick(const struct endpoints *e, unsigned tried, uint64_t deadline, uint64_t now,
	       size_t *ret_index)
{
	enum pick pick = PICK_NONE;

	for (size_t i = 0; i < e->count; i++) {
		const struct endpoint *at = &e->at[i];

		if (at->limited && now < at->not_before) {
			if (at->not_before < deadline)
				pick = PICK_WAIT;
			continue;
		}
		if ((tried & 1U << i) != 0)
			continue;
		if (at->state == ENDPOINT_USABLE && now >= at->not_before) {
			*ret_index = i;
			return PICK_ONE;
		}
		if (at->verifying || endpoint_wants_check(at, now))
			pick = PICK_WAIT;
	}
	return pick;
}
