/*
 * The confidential computing event log: what firmware and boot loader extended
 * into RTMR0 to RTMR2, as ACPI hands it over (table "CCEL" and its log area),
 * in the crypto-agile form of the TCG PC Client Firmware Profile.
 *
 * The log is a claim. Its digests count when they replay to the registers of a
 * verified quote; an event's type and data count only where the digest is
 * recomputed from them (ccel_event_is_hashed). RTMR3 as the operating system
 * extends it is not in this log.
 *
 * Integers are little-endian. Sources: ACPI 6.5, table CCEL; UEFI 2.10, 38.4;
 * TCG PC Client Platform Firmware Profile 1.05, 10.4.5 and 10.2.
 */
#ifndef SELFSAME_EVIDENCE_CCEL_H
#define SELFSAME_EVIDENCE_CCEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/rtmr.h"

#define CCEL_TABLE_LEN 56
#define CCEL_LOG_MAX (16U << 20) /* recorded log areas: 64 KiB and 256 KiB */
#define CCEL_ALGORITHMS_MAX 8

#define CCEL_EV_NO_ACTION 3U /* says something, extends nothing */

struct ccel_table {
	uint8_t type; /* 2: TDX */
	uint8_t subtype;
	uint64_t area_len; /* of the log area: an upper bound, mostly padding */
	uint64_t area_address; /* guest-physical */
};

/* Returns: 0, ERR_PARSE (length, signature, checksum) or ERR_UNSUPPORTED (not TDX) */
int ccel_table_parse(struct bytes table, struct ccel_table *ret) MUST_USE;

/* Runs borrow from the log. */
struct ccel_event {
	uint32_t mr; /* 0 MRTD, 1 to 4 RTMR0 to RTMR3 */
	uint32_t type;
	const uint8_t *digest; /* 48: SHA-384 */
	struct bytes data;
};

/* A walk over the events of a log. */
struct ccel {
	struct reader rest;
	size_t algorithm_count;
	uint16_t algorithm[CCEL_ALGORITHMS_MAX];
	uint16_t digest_len[CCEL_ALGORITHMS_MAX];
};

/*
 * Read the first record, which says what digests the others have.
 *
 * Returns: 0, ERR_PARSE, ERR_SPACE (longer than CCEL_LOG_MAX) or
 *          ERR_UNSUPPORTED (no SHA-384)
 */
int ccel_open(struct bytes log, struct ccel *ret) MUST_USE;

/*
 * The next event. A log ends with its bytes, or with padding that is 0xFF or
 * 0x00 to the last byte.
 *
 * Returns: 0
 *          ERR_NOT_FOUND  no more events
 *          ERR_PARSE      a length, a register or an algorithm that cannot be, or
 *                         something behind the padding
 */
int ccel_next(struct ccel *log, struct ccel_event *ret) MUST_USE;

/*
 * Replay the registers from zero.
 *
 * Returns: 0 and the number of events after the first record; the errors of
 *          ccel_open() and ccel_next(), ERR_CRYPTO
 */
int ccel_replay(struct bytes log, struct rtmr_bank *ret, size_t *ret_events) MUST_USE;

/* Whether the digest is the hash of exactly the event's data, so that the data counts. */
int ccel_event_is_hashed(const struct ccel_event *event);

#endif
