#include "signer/table.h"

#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/banned.h"

int
table_open(struct table *t, uint64_t capacity, uint64_t now)
{
	uint64_t slots = 2;
	size_t room;
	void *p;

	if (capacity == 0 || capacity > TABLE_CAPACITY_MAX)
		return ERR_RANGE;
	while (slots < 2 * capacity) /* at most half full, so that probing stays short */
		slots *= 2;
	room = capacity * sizeof(struct table_entry) + slots * sizeof(uint32_t);
	p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	    -1, 0);
	if (p == MAP_FAILED)
		return ERR_MEM;
	*t = (struct table){.entries = p, .slot_mask = slots - 1, .capacity = capacity};
	t->slots = (uint32_t *)(void *)(t->entries + capacity);
	t->mapped = room;
	t->opened = now;
	randombytes_buf(t->hash_key, sizeof t->hash_key);
	return 0;
}

void
table_close(struct table *t)
{
	if (t->entries != NULL)
		(void)munmap(t->entries, t->mapped);
	*t = (struct table){.entries = NULL};
}

/* The slot that holds the id, or the free one where it belongs. */
static uint32_t *
slot_of(const struct table *t, const char *id, size_t len)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t at;

	crypto_shorthash(hash, (const uint8_t *)id, len, t->hash_key);
	for (at = load_be64(hash) & t->slot_mask; t->slots[at] != 0; at = (at + 1) & t->slot_mask) {
		const struct table_entry *e = &t->entries[t->slots[at] - 1];

		if (e->id_len == len && memcmp(e->id, id, len) == 0)
			break;
	}
	return &t->slots[at];
}

struct table_entry *
table_find(const struct table *t, const char *id, size_t len)
{
	uint32_t number = *slot_of(t, id, len);

	return number == 0 ? NULL : &t->entries[number - 1];
}

static int
check_version(uint64_t theirs, const uint8_t their_hash[32], uint64_t ours,
    const uint8_t our_hash[32])
{
	if (theirs < ours)
		return ERR_STALE;
	if (theirs == ours && memcmp(their_hash, our_hash, 32) != 0)
		return ERR_STALE;
	return 0;
}

static int
check_entry(const struct table_entry *e, const struct agent_record *rec, const uint8_t policy[32])
{
	int r;

	if (memcmp(e->address, rec->address, 20) != 0)
		return ERR_STALE;
	if ((r = check_version(rec->key_version, rec->key_hash, e->key_version, e->key_hash)) != 0)
		return r;
	return check_version(rec->policy_version, policy, e->policy_version, e->policy_hash);
}

int
table_check(const struct table *t, const struct agent_record *rec)
{
	const struct table_entry *e = table_find(t, rec->id, rec->id_len);
	uint8_t hash[32];

	if (e == NULL)
		return 0;
	policy_hash(rec->policy.p, rec->policy.len, hash);
	return check_entry(e, rec, hash);
}

static void
seed(struct table_entry *e, const struct agent_record *rec, const struct policy *policy,
    const uint8_t hash[32], uint64_t opened)
{
	memset(e, 0, sizeof *e);
	e->id_len = rec->id_len;
	memcpy(e->id, rec->id, rec->id_len);
	e->used = rec->used;
	memcpy(e->address, rec->address, 20);
	memcpy(e->key_hash, rec->key_hash, 32);
	memcpy(e->policy_hash, hash, 32);
	e->key_version = rec->key_version;
	e->policy_version = rec->policy_version;
	e->record_version = rec->record_version;
	spend_seed(&e->spend, policy, rec, opened);
}

static void
adopt(struct table_entry *e, const struct agent_record *rec, const struct policy *policy,
    const uint8_t hash[32], uint64_t now)
{
	if (rec->key_version > e->key_version || rec->policy_version > e->policy_version)
		e->change_until = 0;
	if (rec->key_version > e->key_version) {
		e->key_version = rec->key_version;
		e->used = 0; /* of the new key */
		memcpy(e->key_hash, rec->key_hash, 32);
	}
	if (rec->policy_version > e->policy_version) {
		e->policy_version = rec->policy_version;
		memcpy(e->policy_hash, hash, 32);
		spend_follow(&e->spend, policy, now);
	}
	if (rec->record_version > e->record_version)
		e->record_version = rec->record_version;
	e->used |= rec->used;
}

int
table_admit(struct table *t, const struct agent_record *rec, const struct policy *policy,
    uint64_t now, struct table_entry **ret)
{
	uint32_t *slot = slot_of(t, rec->id, rec->id_len);
	struct table_entry *e;
	uint8_t hash[32];
	int r;

	policy_hash(rec->policy.p, rec->policy.len, hash);
	if (*slot != 0) {
		e = &t->entries[*slot - 1];
		if ((r = check_entry(e, rec, hash)) != 0)
			return r;
		adopt(e, rec, policy, hash, now);
		*ret = e;
		return 0;
	}
	if (t->count == t->capacity)
		return ERR_FULL;
	e = &t->entries[t->count++];
	seed(e, rec, policy, hash, t->opened);
	*slot = (uint32_t)t->count;
	*ret = e;
	return 0;
}
