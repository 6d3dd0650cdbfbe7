#include "tdx/event_log.h"

#include <string.h>

#include "base/err.h"
#include "tdx/digest.h"
#include "base/banned.h"

static const char domain[] = "selfsame/event/v1"; /* its NUL is part of the tag */

int
event_digest(const struct event *event, uint8_t ret48[48])
{
	const struct bytes *const text[3] = {&event->type, &event->name, &event->payload};
	struct bytes parts[7] = {{(const uint8_t *)domain, sizeof domain}};
	uint8_t len[3][4];

	if (event->type.len == 0 || event->type.len > EVENT_TEXT_MAX || event->name.len == 0 ||
	    event->name.len > EVENT_TEXT_MAX || event->payload.len > EVENT_PAYLOAD_MAX)
		return ERR_RANGE;
	for (size_t i = 0; i < 3; i++) {
		store_be32(len[i], (uint32_t)text[i]->len);
		parts[1 + 2 * i] = (struct bytes){len[i], 4};
		parts[2 + 2 * i] = *text[i];
	}
	return digest_sha384(parts, ARRAY_LEN(parts), ret48);
}

int
event_log_add(struct event_log *log, const char *type, struct bytes name, struct bytes payload)
{
	struct event e = {.rtmr = EVENT_RTMR, .name = name, .payload = payload};
	int r;

	if (log->count >= EVENT_LOG_MAX)
		return ERR_FULL;
	e.type = (struct bytes){(const uint8_t *)type, strlen(type)};
	if ((r = event_digest(&e, e.digest)) != 0)
		return r;
	log->event[log->count++] = e;
	return 0;
}

int
event_log_replay(const struct event_log *log, struct rtmr_bank *ret, size_t *ret_bad)
{
	struct rtmr_bank bank;
	uint8_t digest[48];
	int r;

	rtmr_reset(&bank);
	for (size_t i = 0; i < log->count; i++) {
		const struct event *e = &log->event[i];

		if ((r = event_digest(e, digest)) != 0)
			return r;
		if (memcmp(digest, e->digest, sizeof digest) != 0) {
			*ret_bad = i;
			return ERR_EVIDENCE;
		}
		if ((r = rtmr_extend(&bank, e->rtmr, digest)) != 0)
			return r;
	}
	*ret = bank;
	return 0;
}
