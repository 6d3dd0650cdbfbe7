/*
 * The newest record of each agent that this process has seen. Bounded: the one
 * not used for longest goes first, but never one whose commit is under way.
 */
#ifndef SELFSAME_TRADE_RECORDS_H
#define SELFSAME_TRADE_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define RECORDS_MAX 4096

struct records;

/* limit: RECORDS_MAX but in tests. ERR_MEM. */
int records_new(size_t limit, struct records **ret) MUST_USE;
void records_free(struct records *r);

/*
 * Keep a record unless a newer one (by its record version) is known; a record
 * that does not parse is not kept. Copies.
 */
void
records_note(struct records *r, const char *agent_id, struct bytes record, const uint8_t mac32[32]);

/* ERR_NOT_FOUND. ret_record borrows until the next call of records_note(). */
int records_latest(struct records *r, const char *agent_id, struct bytes *ret_record,
		   uint8_t ret_mac32[32]) MUST_USE;

/* While pinned (counted) the entry stays. Pinning what is not there does nothing. */
void records_pin(struct records *r, const char *agent_id);
void records_unpin(struct records *r, const char *agent_id);

size_t records_count(const struct records *r);

#endif
