#include "evidence/dstack_log.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/hex.h"
#include "tdx/digest.h"
#include "base/banned.h"

#define DIGEST_LEN 48
#define EV_NO_ACTION 3U
#define EV_PLATFORM_CONFIG_FLAGS 10U /* the ACPI tables are of this type */

void
dstack_log_reset(struct dstack_log *log)
{
	log->count = 0;
	log->ready = 0;
	log->room_used = 0;
}

static struct bytes
text_of(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static int
text_is(struct bytes b, const char *s)
{
	return bytes_equal(b, text_of(s));
}

static int
digest_v1(struct bytes name, struct bytes payload, uint8_t ret48[48])
{
	static const uint8_t type[4] = {0x01, 0x00, 0x00, 0x08};
	const struct bytes colon = text_of(":");
	const struct bytes parts[] = {{type, sizeof type}, colon, name, colon, payload};

	return digest_sha384(parts, ARRAY_LEN(parts), ret48);
}

/* RFC 8785 sorts the members; a name that name_is_plain() has nothing to escape. */
static int
digest_v2(struct bytes name, struct bytes payload, uint8_t ret48[48])
{
	char hex[2 * DSTACK_PAYLOAD_MAX + 1];
	const struct bytes parts[] = {
	    text_of("{\"name\":\""),	       name,
	    text_of("\",\"payload\":\""),      {(const uint8_t *)hex, 2 * payload.len},
	    text_of("\",\"type\":134217729}"),
	};

	hex_encode(payload.p, payload.len, hex);
	return digest_sha384(parts, ARRAY_LEN(parts), ret48);
}

/* Printable ASCII without what would end the name (':' in version 1) or need an escape (2). */
static int
name_is_plain(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.p[i];

		if (c < 0x20 || c > 0x7e || c == ':' || c == '"' || c == '\\')
			return 0;
	}
	return name.len > 0 && name.len <= DSTACK_NAME_MAX;
}

int
dstack_event_digest(unsigned version, struct bytes name, struct bytes payload, uint8_t ret48[48])
{
	if (payload.len > DSTACK_PAYLOAD_MAX || !name_is_plain(name))
		return ERR_RANGE;
	if (version == 1)
		return digest_v1(name, payload, ret48);
	if (version == 2)
		return digest_v2(name, payload, ret48);
	return ERR_RANGE;
}

static const struct dstack_event *
find_before(const struct dstack_log *log, size_t end, struct bytes name)
{
	for (size_t i = 0; i < end; i++)
		if (log->event[i].imr == DSTACK_IMR && bytes_equal(log->event[i].name, name))
			return &log->event[i];
	return NULL;
}

/*
 * Before system-ready no name but a script's comes twice. Behind it the application may
 * say what it likes as often as it likes, but no name that the system has used.
 */
static int
is_duplicate(const struct dstack_log *log, struct bytes name)
{
	if (!dstack_log_is_ready(log) && text_is(name, DSTACK_EVENT_INIT_SCRIPT))
		return 0;
	if (dstack_log_is_ready(log) && text_is(name, DSTACK_EVENT_READY))
		return 1;
	return find_before(log, log->ready, name) != NULL;
}

/* What came along beside name and payload must say the same. */
static enum tdx_reason
check_supplied(const struct dstack_entry *entry, const uint8_t digest[DIGEST_LEN])
{
	uint8_t hash[DIGEST_LEN];

	if (entry->digest.len != 0 &&
	    (entry->digest.len != DIGEST_LEN || memcmp(entry->digest.p, digest, DIGEST_LEN) != 0))
		return DSTACK_LOG_DIGEST;
	if (!entry->has_preimage)
		return TDX_HOLDS;
	if (digest_sha384(&entry->preimage, 1, hash) != 0)
		return TDX_INTERNAL;
	return memcmp(hash, digest, DIGEST_LEN) == 0 ? TDX_HOLDS : DSTACK_LOG_DIGEST;
}

static struct bytes
keep(struct dstack_log *log, struct bytes b)
{
	uint8_t *p = log->room + log->room_used;

	if (b.len > 0)
		memcpy(p, b.p, b.len);
	log->room_used += b.len;
	return (struct bytes){p, b.len};
}

static enum tdx_reason
add_own(struct dstack_log *log, const struct dstack_entry *entry, struct dstack_event *e)
{
	enum tdx_reason reason;

	if (entry->type != DSTACK_EVENT_TYPE || entry->version < 1 || entry->version > 2 ||
	    entry->payload.len > DSTACK_PAYLOAD_MAX)
		return DSTACK_LOG_PARSE;
	if (!name_is_plain(entry->name))
		return DSTACK_LOG_NAME;
	if (entry->name.len + entry->payload.len > sizeof log->room - log->room_used)
		return DSTACK_LOG_PARSE;
	if (is_duplicate(log, entry->name))
		return DSTACK_LOG_DUPLICATE;
	if (dstack_event_digest(entry->version, entry->name, entry->payload, e->digest) != 0)
		return TDX_INTERNAL;
	if ((reason = check_supplied(entry, e->digest)) != TDX_HOLDS)
		return reason;
	e->version = entry->version;
	e->name = keep(log, entry->name);
	e->payload = keep(log, entry->payload);
	return TDX_HOLDS;
}

/* Of a boot event the digest is all that the register covers. */
static enum tdx_reason
add_boot(const struct dstack_entry *entry, struct dstack_event *e)
{
	if (entry->type == DSTACK_EVENT_TYPE || entry->digest.len != DIGEST_LEN)
		return DSTACK_LOG_PARSE;
	memcpy(e->digest, entry->digest.p, DIGEST_LEN);
	return TDX_HOLDS;
}

enum tdx_reason
dstack_log_add(struct dstack_log *log, const struct dstack_entry *entry)
{
	struct dstack_event e = {.imr = entry->imr, .type = entry->type};
	enum tdx_reason reason;
	int was_ready = dstack_log_is_ready(log);

	if (log->count >= DSTACK_EVENTS_MAX || entry->imr > DSTACK_IMR)
		return DSTACK_LOG_PARSE;
	reason = entry->imr == DSTACK_IMR ? add_own(log, entry, &e) : add_boot(entry, &e);
	if (reason != TDX_HOLDS)
		return reason;
	log->event[log->count++] = e;
	if (!was_ready && !text_is(e.name, DSTACK_EVENT_READY))
		log->ready = log->count;
	return TDX_HOLDS;
}

/* A hex member of at most cap bytes. */
static struct bytes
hex_member(struct json_in *in, const char *name, enum json_need need, uint8_t *room, size_t cap)
{
	struct bytes text = {NULL, 0};
	size_t n;

	json_in_text(in, name, need, 0, 2 * cap, &text);
	n = text.len / 2;
	if (hex_decode((const char *)text.p, text.len, room, n) != 0) {
		json_in_fail(in, name, ERR_PARSE, "must be an even number of hex digits");
		return (struct bytes){NULL, 0};
	}
	return (struct bytes){room, n};
}

struct entry_room {
	uint8_t payload[DSTACK_PAYLOAD_MAX];
	uint8_t digest[DIGEST_LEN];
	uint8_t preimage[DSTACK_PREIMAGE_MAX];
};

static int
has_member(const struct json_in *in, const char *name)
{
	return in->root != NULL && json_object_get(in->root, name) != NULL;
}

static void
read_own(struct json_in *in, struct entry_room *room, struct dstack_entry *ret)
{
	uint64_t version = 1;

	json_in_text(in, "event", JSON_REQUIRED, 0, SIZE_MAX, &ret->name);
	ret->payload =
	    hex_member(in, "event_payload", JSON_REQUIRED, room->payload, sizeof room->payload);
	json_in_u64(in, "version", JSON_OPTIONAL, 1, 2, &version);
	ret->version = (unsigned)version;
	ret->has_preimage = has_member(in, "preimage");
	if (version == 2 && !ret->has_preimage)
		json_in_fail(in, "preimage", ERR_PARSE, "is required in events of version 2");
	ret->preimage =
	    hex_member(in, "preimage", JSON_OPTIONAL, room->preimage, sizeof room->preimage);
}

/* An element of the array, as it stands. */
static void
read_entry(struct json_in *in, struct entry_room *room, struct dstack_entry *ret)
{
	uint64_t imr = 0, type = 0;

	*ret = (struct dstack_entry){.version = 1};
	json_in_u64(in, "imr", JSON_REQUIRED, 0, DSTACK_IMR, &imr);
	json_in_u64(in, "event_type", JSON_REQUIRED, 0, UINT32_MAX, &type);
	ret->digest = hex_member(in, "digest", JSON_OPTIONAL, room->digest, sizeof room->digest);
	ret->imr = (uint32_t)imr;
	ret->type = (uint32_t)type;
	if (imr == DSTACK_IMR)
		read_own(in, room, ret);
}

static enum tdx_reason
read_events(json_t *array, struct dstack_log *log, struct json_error *error)
{
	struct json_in root = {.error = error}, in;
	struct entry_room room;
	struct dstack_entry entry;
	enum tdx_reason reason;
	char name[32];
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value)
	{
		(void)snprintf(name, sizeof name, "[%zu]", i);
		json_in_enter(&root, value, name, &in);
		read_entry(&in, &room, &entry);
		if (error->err != 0)
			return DSTACK_LOG_PARSE;
		if ((reason = dstack_log_add(log, &entry)) != TDX_HOLDS) {
			json_in_fail(&in, "", ERR_EVIDENCE, reason_text(reason));
			return reason;
		}
	}
	return TDX_HOLDS;
}

enum tdx_reason
dstack_log_read(struct bytes text, struct dstack_log *ret, struct json_error *error)
{
	struct json_in root = {.error = error};
	enum tdx_reason reason;
	json_t *array = NULL;
	json_error_t e;

	memset(error, 0, sizeof *error);
	dstack_log_reset(ret);
	if (text.len > 0 && text.len <= DSTACK_LOG_TEXT_MAX)
		array = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, &e);
	if (!json_is_array(array)) {
		json_in_fail(&root, "", ERR_PARSE, "must be a JSON array of events");
		json_decref(array);
		return DSTACK_LOG_PARSE;
	}
	reason = read_events(array, ret, error);
	json_decref(array);
	return reason;
}

const struct dstack_event *
dstack_log_find(const struct dstack_log *log, const char *name)
{
	return find_before(log, log->ready, text_of(name));
}

int
dstack_log_is_ready(const struct dstack_log *log)
{
	return log->ready < log->count;
}

/* The next event of imr 3 at or behind *i; NULL at the end. */
static const struct dstack_event *
next_own(const struct dstack_log *log, size_t *i)
{
	while (*i < log->count) {
		const struct dstack_event *e = &log->event[(*i)++];

		if (e->imr == DSTACK_IMR)
			return e;
	}
	return NULL;
}

int
dstack_log_agrees(const struct dstack_log *a, const struct dstack_log *b)
{
	const struct dstack_event *x, *y;
	size_t i = 0, j = 0;

	do {
		x = next_own(a, &i);
		y = next_own(b, &j);
		if (x == NULL || y == NULL)
			return x == y;
	} while (memcmp(x->digest, y->digest, DIGEST_LEN) == 0);
	return 0;
}

/* Whether nothing of the boot is there but events of the ACPI tables' type. */
static int
is_excerpt(const struct dstack_log *log)
{
	for (size_t i = 0; i < log->count; i++)
		if (log->event[i].imr != DSTACK_IMR &&
		    (log->event[i].imr != 0 || log->event[i].type != EV_PLATFORM_CONFIG_FLAGS))
			return 0;
	return 1;
}

int
dstack_log_replay(const struct dstack_log *log, struct rtmr_bank *ret)
{
	int skip_boot = is_excerpt(log);
	struct rtmr_bank bank;
	int r;

	rtmr_reset(&bank);
	for (size_t i = 0; i < log->count; i++) {
		const struct dstack_event *e = &log->event[i];

		if (e->imr != DSTACK_IMR && (skip_boot || e->type == EV_NO_ACTION))
			continue;
		if ((r = rtmr_extend(&bank, e->imr, e->digest)) != 0)
			return r;
	}
	*ret = bank;
	return 0;
}
