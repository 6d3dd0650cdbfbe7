/*
 * dstack's event log: a JSON array {imr, event_type, digest, event,
 * event_payload, version?, preimage?}, registers counted from 0. imr 0 to 2 is
 * what firmware and boot loader extended; imr 3 is dstack's own.
 *
 *   digest of version 1 = SHA-384(le32(0x08000001) || ":" || event || ":" || payload)
 *   digest of version 2 = SHA-384({"name":event,"payload":hex,"type":134217729})  RFC 8785
 *
 * A digest of imr 3 is always recomputed from name and payload: newer agents
 * strip it, and replaying a supplied one would let anyone change the payload.
 * Version 1 is ambiguous when a name contains ':', so such names are refused.
 *
 * What the system says ends with the event "system-ready"; what follows is the
 * application's. A name counts at its first occurrence before that, and one
 * that comes back, before or after, is refused.
 *
 * Sources: Dstack-TEE/dstack, dstack/cc-eventlog/src/{tdx,runtime_events}.rs.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_LOG_H
#define SELFSAME_EVIDENCE_DSTACK_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "json/reader.h"
#include "tdx/reason.h"
#include "tdx/rtmr.h"

#define DSTACK_LOG_TEXT_MAX (1U << 20)
#define DSTACK_EVENTS_MAX 256 /* recorded logs: about 30 */
#define DSTACK_NAME_MAX 64
#define DSTACK_PAYLOAD_MAX 8192
/* Longer than any preimage: of version 2, the payload in hex and the braces round it. */
#define DSTACK_PREIMAGE_MAX (2 * DSTACK_PAYLOAD_MAX + DSTACK_NAME_MAX + 64)
#define DSTACK_LOG_ROOM 65536 /* names and payloads of imr 3 together */

#define DSTACK_IMR 3 /* the register of dstack's own events */
#define DSTACK_EVENT_TYPE 0x08000001U

/* May occur several times before system-ready, in the order of execution. */
#define DSTACK_EVENT_INIT_SCRIPT "init-script-hash"
#define DSTACK_EVENT_READY "system-ready"

/* Name and payload point into the log. */
struct dstack_event {
	uint32_t imr;
	uint32_t type;
	unsigned version; /* imr 3: 1 or 2 */
	struct bytes name; /* imr 3 only: nothing else in the log covers a name */
	struct bytes payload; /* imr 3 only */
	uint8_t digest[48]; /* imr 3: recomputed */
};

/* Points into itself: not to be copied or moved. Large: keep it off the stack. */
struct dstack_log {
	size_t count;
	struct dstack_event event[DSTACK_EVENTS_MAX];
	size_t ready; /* index of system-ready; count while there is none */
	size_t room_used;
	uint8_t room[DSTACK_LOG_ROOM];
};

/* An event as it came in; everything is borrowed. */
struct dstack_entry {
	uint32_t imr;
	uint32_t type;
	unsigned version;
	struct bytes name;
	struct bytes payload;
	struct bytes digest; /* empty: stripped */
	int has_preimage;
	struct bytes preimage;
};

void dstack_log_reset(struct dstack_log *log);

/*
 * Check one event and append it.
 *
 * Returns: TDX_HOLDS, or DSTACK_LOG_PARSE (register, type, version, lengths, too many),
 *          DSTACK_LOG_NAME, DSTACK_LOG_DIGEST (digest or preimage is not the event's),
 *          DSTACK_LOG_DUPLICATE, TDX_INTERNAL; the log is unchanged then
 */
enum tdx_reason dstack_log_add(struct dstack_log *log, const struct dstack_entry *entry) MUST_USE;

/*
 * Read the JSON text, whole. Members that are not known are passed over: the
 * agent adds some, and no digest covers them.
 *
 * Returns: what dstack_log_add() does; *error then names the event and its member
 */
enum tdx_reason dstack_log_read(struct bytes text, struct dstack_log *ret,
    struct json_error *error) MUST_USE;

/* The system's event of that name, before system-ready; NULL when there is none. */
const struct dstack_event *dstack_log_find(const struct dstack_log *log, const char *name);

/* Whether system-ready is there. Without it no later event is told from a system's. */
int dstack_log_is_ready(const struct dstack_log *log);

/* Whether both hold the same events of imr 3 in the same order. */
int dstack_log_agrees(const struct dstack_log *a, const struct dstack_log *b);

/*
 * Replay the registers from zero. Newer agents leave out the boot events but
 * for three of RTMR0 that carry ACPI tables: such an excerpt extends nothing.
 *
 * Returns: 0 or ERR_CRYPTO
 */
int dstack_log_replay(const struct dstack_log *log, struct rtmr_bank *ret) MUST_USE;

/* The digest of an event of dstack's. Returns: 0, ERR_RANGE (version, lengths) or ERR_CRYPTO */
int dstack_event_digest(unsigned version, struct bytes name, struct bytes payload,
    uint8_t ret48[48]) MUST_USE;

#endif
