#include "trade/records.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "agent/record.h"
#include "base/err.h"
#include "base/banned.h"

#define BUCKETS 4096

struct entry {
	struct entry *next_in_bucket;
	struct entry *older, *newer; /* by use */
	char id[AGENT_ID_MAX + 1];
	unsigned pins;
	uint64_t version;
	uint8_t mac[32];
	size_t len;
	uint8_t *record;
};

struct records {
	size_t limit;
	size_t count;
	struct entry *oldest, *newest;
	uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* agents choose their ids */
	struct entry *buckets[BUCKETS];
};

int
records_new(size_t limit, struct records **ret)
{
	struct records *r = calloc(1, sizeof *r);

	if (r == NULL)
		return ERR_MEM;
	r->limit = limit;
	crypto_shorthash_keygen(r->hash_key);
	*ret = r;
	return 0;
}

static struct entry **
bucket_of(struct records *r, const char *id)
{
	uint8_t hash[crypto_shorthash_BYTES];

	(void)crypto_shorthash(hash, (const uint8_t *)id, strlen(id), r->hash_key);
	return &r->buckets[load_be32(hash) % BUCKETS];
}

/* Where the entry hangs, or where it would. */
static struct entry **
place_of(struct records *r, const char *id)
{
	struct entry **at = bucket_of(r, id);

	while (*at != NULL && strcmp((*at)->id, id) != 0)
		at = &(*at)->next_in_bucket;
	return at;
}

static void
use_unlink(struct records *r, struct entry *e)
{
	*(e->older != NULL ? &e->older->newer : &r->oldest) = e->newer;
	*(e->newer != NULL ? &e->newer->older : &r->newest) = e->older;
}

static void
use_newest(struct records *r, struct entry *e)
{
	e->older = r->newest;
	e->newer = NULL;
	*(r->newest != NULL ? &r->newest->newer : &r->oldest) = e;
	r->newest = e;
}

static void
drop(struct records *r, struct entry *e)
{
	struct entry **at = place_of(r, e->id);

	*at = e->next_in_bucket;
	use_unlink(r, e);
	r->count--;
	free(e->record);
	free(e);
}

static void
make_room(struct records *r)
{
	struct entry *e = r->oldest;

	while (e != NULL && r->count > r->limit) {
		struct entry *newer = e->newer;

		if (e->pins == 0)
			drop(r, e);
		e = newer;
	}
}

static struct entry *
entry_get(struct records *r, const char *id)
{
	struct entry **at = place_of(r, id);
	struct entry *e = *at;

	if (e != NULL || strlen(id) > AGENT_ID_MAX)
		return e;
	if ((e = calloc(1, sizeof *e)) == NULL)
		return NULL;
	memcpy(e->id, id, strlen(id));
	*at = e;
	use_newest(r, e);
	r->count++;
	return e;
}

void
records_note(struct records *r, const char *agent_id, struct bytes record, const uint8_t mac32[32])
{
	struct agent_record read;
	struct entry *e;
	uint8_t *copy;

	if (record_read(record.p, record.len, &read) != 0 || (e = entry_get(r, agent_id)) == NULL)
		return;
	if (e->record != NULL && read.record_version <= e->version)
		return;
	if ((copy = malloc(record.len)) == NULL)
		return;
	memcpy(copy, record.p, record.len);
	free(e->record);
	e->record = copy;
	e->len = record.len;
	e->version = read.record_version;
	memcpy(e->mac, mac32, sizeof e->mac);
	use_unlink(r, e);
	use_newest(r, e);
	make_room(r);
}

int
records_latest(struct records *r, const char *agent_id, struct bytes *ret_record,
	       uint8_t ret_mac32[32])
{
	struct entry *e = *place_of(r, agent_id);

	if (e == NULL || e->record == NULL)
		return ERR_NOT_FOUND;
	use_unlink(r, e);
	use_newest(r, e);
	*ret_record = (struct bytes){e->record, e->len};
	memcpy(ret_mac32, e->mac, sizeof e->mac);
	return 0;
}

void
records_pin(struct records *r, const char *agent_id)
{
	struct entry *e = *place_of(r, agent_id);

	if (e != NULL)
		e->pins++;
}

void
records_unpin(struct records *r, const char *agent_id)
{
	struct entry *e = *place_of(r, agent_id);

	if (e == NULL || e->pins == 0)
		return;
	e->pins--;
	make_room(r);
}

size_t
records_count(const struct records *r)
{
	return r->count;
}

void
records_free(struct records *r)
{
	if (r == NULL)
		return;
	while (r->oldest != NULL)
		drop(r, r->oldest);
	free(r);
}
