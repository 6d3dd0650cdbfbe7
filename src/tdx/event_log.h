/*
 * Selfsame's own event log: what was extended into RTMR3, told in full, so that
 * a verifier recomputes each digest from the event's content and replays the
 * register. Content that is not in the digest would prove nothing.
 *
 *   digest = SHA-384("selfsame/event/v1\0" || LP(type) || LP(name) || LP(payload))
 *
 * with LP a u32 big-endian length prefix, so that no two events share a digest.
 */
#ifndef SELFSAME_TDX_EVENT_LOG_H
#define SELFSAME_TDX_EVENT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/rtmr.h"

#define EVENT_LOG_MAX 32
#define EVENT_TEXT_MAX 64
#define EVENT_PAYLOAD_MAX 1024

/* Our events are all in RTMR3, the application's register. */
#define EVENT_RTMR 3

/* The types that the attester writes, in this order, binaries sorted by name. */
#define EVENT_TYPE_MODE "mode" /* name "mode"; payload: the mode's text */
#define EVENT_TYPE_SETTINGS "settings" /* name "settings"; payload: SHA-256 of their JSON */
#define EVENT_TYPE_BINARY "binary" /* name: the program; payload: SHA-256 of its file */

struct event {
	uint32_t rtmr;
	struct bytes type; /* borrowed, as are the others */
	struct bytes name;
	struct bytes payload;
	uint8_t digest[48];
};

struct event_log {
	size_t count;
	struct event event[EVENT_LOG_MAX];
};

/* Returns: 0, ERR_RANGE (an empty or too long part) or ERR_CRYPTO */
int event_digest(const struct event *event, uint8_t ret48[48]) MUST_USE;

/*
 * Append an event with its digest computed.
 *
 * Returns: 0, ERR_RANGE, ERR_FULL or ERR_CRYPTO; the log is unchanged on failure
 */
int event_log_add(struct event_log *log, const char *type, struct bytes name,
    struct bytes payload) MUST_USE;

/*
 * Recompute every digest and replay the registers from zero.
 *
 * Returns: 0
 *          ERR_EVIDENCE  a digest is not that of its event; *ret_bad is its index
 *          ERR_RANGE, ERR_CRYPTO
 */
int event_log_replay(const struct event_log *log, struct rtmr_bank *ret, size_t *ret_bad)
    MUST_USE;

#endif
