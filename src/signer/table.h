/*
 * The agents that were active since boot: what the signer itself knows of
 * them, and believes before any record.
 *
 * A record seeds an entry the first time it is seen. From then on the entry's
 * spend counts, and records with older key or policy versions are refused. A
 * full table refuses new agents: forgetting one would give it its caps again.
 *
 * One mapping, made before the sandbox closes and touched as it fills.
 */
#ifndef SELFSAME_SIGNER_TABLE_H
#define SELFSAME_SIGNER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "agent/policy.h"
#include "agent/record.h"
#include "base/attr.h"
#include "signer/recent.h"
#include "signer/spend.h"

#define TABLE_CAPACITY_MAX ((uint64_t)1 << 24)

struct table_entry {
	uint8_t id_len;
	char id[AGENT_ID_MAX];
	uint8_t used; /* 1 after the first authenticated use of its key */
	uint8_t address[20];
	uint8_t key_hash[32];
	uint8_t policy_hash[32];
	uint64_t key_version;
	uint64_t policy_version;
	uint64_t record_version; /* the highest given out or seen */
	uint64_t change_until; /* a new key or policy is out and not yet adopted; see serve.h */
	struct spend spend;
	struct recent recent;
};

struct table {
	struct table_entry *entries; /* in order of arrival */
	uint32_t *slots; /* open addressing: number of an entry + 1, 0 = free */
	uint64_t slot_mask;
	uint64_t capacity;
	uint64_t count;
	size_t mapped; /* bytes of the one mapping */
	uint8_t hash_key[16]; /* random: nobody can choose ids that collide */
	uint64_t opened; /* when buckets of records from an earlier life begin to leak */
};

/* Returns 0, ERR_RANGE (capacity 0 or above TABLE_CAPACITY_MAX) or ERR_MEM. */
int table_open(struct table *t, uint64_t capacity, uint64_t now) MUST_USE;
void table_close(struct table *t);

/* NULL: not active since boot. */
struct table_entry *table_find(const struct table *t, const char *id, size_t len);

/*
 * Whether an authentic record may stand beside what the table knows. Changes nothing.
 *
 * Returns: 0
 *          ERR_STALE  an older key or policy, another key or policy of the same
 *                     version, or another wallet
 */
int table_check(const struct table *t, const struct agent_record *rec) MUST_USE;

/*
 * table_check(), then take the record in: seed a new entry, or adopt a higher
 * key or policy version. policy is the record's, read.
 *
 * Returns: 0, ERR_STALE or ERR_FULL
 */
int table_admit(struct table *t, const struct agent_record *rec, const struct policy *policy,
    uint64_t now, struct table_entry **ret) MUST_USE;

#endif
