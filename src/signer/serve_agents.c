#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "crypto/kdf.h"
#include "signer/owner.h"
#include "signer/serve_internal.h"
#include "base/banned.h"

#define INDEX_MAX 0x7fffffffU /* BIP-32: non-hardened */
#define IDEMPOTENCY_MIN 22 /* 128 bits in base64url */
#define IDEMPOTENCY_HEX_MIN 32
#define IDEMPOTENCY_DISTINCT_MIN 8

/* Of what signs nothing. */
static int
write_receipt(struct serve *s, const char *action, const uint8_t request_hash32[32])
{
	return serve_write_receipt(s, action, &(struct serve_act){.request_hash = request_hash32});
}

/* --- registration -------------------------------------------------------- */

static int
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/*
 * Whether a key could hold 128 bits: who knows it can have the API key again,
 * so a counter or a date must not pass. Its characters are not secret to the
 * caller's own request, so time may depend on them.
 */
static int
idempotency_key_is_strong(struct bytes key)
{
	uint8_t seen[128] = {0};
	size_t distinct = 0, digits = 0, dashes = 0;

	if (key.len < IDEMPOTENCY_MIN)
		return 0;
	for (size_t i = 0; i < key.len; i++) {
		uint8_t c = key.p[i];

		if (c <= 0x20 || c >= 0x7f)
			return 0;
		distinct += !seen[c];
		seen[c] = 1;
		digits += is_hex(c) ? 1 : 0;
		dashes += c == '-' ? 1 : 0;
	}
	if (digits + dashes == key.len && digits < IDEMPOTENCY_HEX_MIN)
		return 0;
	return distinct >= IDEMPOTENCY_DISTINCT_MIN;
}

static int
check_owner(struct serve *s, struct bytes owner)
{
	static const uint8_t nobody[20];

	if (owner.len == 0)
		return 0;
	if (owner.len != 20 || memcmp(owner.p, nobody, 20) == 0)
		return serve_refuse(s, ERR_RANGE, RULE_OWNER_ADDRESS);
	return 0;
}

static int
check_index(struct serve *s, uint32_t index)
{
	if (s->scheme != SCHEME_INDEXED)
		return 0;
	if (index > INDEX_MAX)
		return serve_refuse(s, ERR_RANGE, RULE_INDEX);
	if (index < s->next_index)
		return serve_refuse(s, ERR_INDEX_REUSED, RULE_INDEX);
	return 0;
}

static int
check_registration(struct serve *s, const struct msg_register *m)
{
	int r;

	if (!agent_id_valid((const char *)m->agent_id.p, m->agent_id.len))
		return serve_refuse(s, ERR_RANGE, RULE_AGENT_ID);
	if ((r = policy_read(m->policy.p, m->policy.len, &s->policy)) != 0)
		return serve_refuse(s, r, RULE_POLICY_FORM);
	if ((r = check_owner(s, m->owner)) != 0)
		return r;
	if (m->api_key.len != 0 && m->api_key.len != 32)
		return serve_refuse(s, ERR_RANGE, RULE_API_KEY);
	/* an index says nothing of who it belongs to, so a key cannot ask for one back */
	if (m->api_key.len != 0 && s->scheme != SCHEME_BOUND)
		return serve_refuse(s, ERR_UNSUPPORTED, RULE_SCHEME);
	if (m->idempotency_key.len != 0 && !idempotency_key_is_strong(m->idempotency_key))
		return serve_refuse(s, ERR_RANGE, RULE_IDEMPOTENCY_KEY);
	return check_index(s, m->index);
}

/* A restore brings the key; one that was made for other inputs would give another wallet. */
static int
choose_api_key(struct serve *s, const struct msg_register *m, uint8_t ret[32])
{
	const struct registration_inputs inputs = {m->agent_id, m->owner, m->policy};
	SECRET_BYTES(head, 16);

	if (m->api_key.len == 32) {
		if (!keyring_made_api_key(s->keys, m->api_key.p, &inputs))
			return serve_refuse(s, ERR_AUTH, RULE_API_KEY);
		memcpy(ret, m->api_key.p, 32);
		return 0;
	}
	if (m->idempotency_key.len != 0)
		keyring_api_key_head(s->keys, m->idempotency_key, m->request_hash, head);
	else
		randombytes_buf(head, API_KEY_HEAD);
	keyring_api_key(s->keys, head, &inputs, ret);
	return 0;
}

static int
fill_record(struct serve *s, const struct msg_register *m, const uint8_t api_key[32])
{
	struct agent_record *rec = &s->rec;

	rec->id_len = (uint8_t)m->agent_id.len;
	memcpy(rec->id, m->agent_id.p, m->agent_id.len);
	rec->scheme = s->scheme;
	rec->controller_kind = CONTROLLER_API_KEY;
	api_key_hash(api_key, rec->controller);
	memcpy(rec->key_hash, rec->controller, 32);
	rec->has_owner = m->owner.len == 20;
	if (rec->has_owner)
		memcpy(rec->owner, m->owner.p, 20);
	rec->record_version = 1;
	rec->key_version = 1;
	rec->policy_version = 1;
	rec->policy = m->policy;
	rec->token_count = s->policy.token_count;
	if (s->scheme == SCHEME_INDEXED)
		rec->index = m->index;
	else
		bound_path(m->agent_id, rec->controller, m->owner, m->policy, rec->path);
	return keyring_address(s->keys, rec, rec->address);
}

/*
 * The id is active in this life already. The same wallet with the same key and
 * policy is a restore, which keeps what the table knows; anything else would
 * pull the entry from under the agent that holds it. Who does not bring the key
 * gets one shown, and that ends with its first use.
 */
static int
join_entry(struct serve *s, struct table_entry *e, int brings_key)
{
	if (table_check(&s->table, &s->rec) != 0)
		return serve_refuse(s, ERR_EXISTS, RULE_REGISTERED);
	if (e->used && !brings_key)
		return ERR_USED;
	s->entry = e;
	spend_leak(&e->spend, &s->policy, s->now);
	return serve_next_record(s);
}

static int
write_new_record(struct serve *s, int brings_key)
{
	struct table_entry *e = table_find(&s->table, s->rec.id, s->rec.id_len);

	/* a registration alone takes no place in the table: its record says all there is */
	return e == NULL ? serve_write_record(s) : join_entry(s, e, brings_key);
}

static void
write_registered(struct serve *s, struct bytes api_key, struct bytes tag, struct writer *w)
{
	struct msg_registered reply = {
		.record = serve_record(s),
		.api_key = api_key,
		.register_tag = tag,
		.receipt = serve_receipt(s),
	};

	memcpy(reply.mac, s->mac, 32);
	memcpy(reply.signature, s->receipt_signature, 64);
	msg_registered_write(w, &reply);
}

static int
registration(struct serve *s, const struct msg_register *m, struct writer *w)
{
	SECRET_BYTES(api_key, 32);
	uint8_t tag[32];
	struct bytes shown_key = {api_key, 32}, shown_tag = {tag, 0};
	int r;

	if ((r = check_registration(s, m)) != 0)
		return r;
	if ((r = choose_api_key(s, m, api_key)) != 0)
		return r;
	if ((r = fill_record(s, m, api_key)) != 0)
		return r;
	if ((r = write_new_record(s, m->api_key.len == 32)) != 0)
		return r;
	if ((r = write_receipt(s, "register", m->request_hash)) != 0)
		return r;
	if (m->api_key.len == 32) { /* the caller has it, and repeats itself with it */
		shown_key.len = 0;
	} else if (m->idempotency_key.len != 0) {
		keyring_register_tag(s->keys, m->idempotency_key, m->request_hash, tag);
		shown_tag.len = 32;
	}
	if (s->scheme == SCHEME_INDEXED)
		s->next_index = m->index + 1;
	write_registered(s, shown_key, shown_tag, w);
	return 0;
}

int
serve_register(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_register m;

	if (msg_register_read(body, &m) != 0)
		return ERR_PROTOCOL;
	return registration(s, &m, w);
}

/* A retry of a registration gets its answer again, until the agent was used. */
static int
registration_again(struct serve *s, const struct msg_register_again *m, struct writer *w)
{
	SECRET_BYTES(head, 16);
	SECRET_BYTES(api_key, 32);
	struct registration_inputs inputs;
	const struct table_entry *e;
	uint8_t tag[32];
	int r;

	if ((r = serve_read_record(s, m->record, m->mac)) != 0)
		return r;
	if (!idempotency_key_is_strong(m->idempotency_key))
		return serve_refuse(s, ERR_RANGE, RULE_IDEMPOTENCY_KEY);
	keyring_register_tag(s->keys, m->idempotency_key, m->request_hash, tag);
	if (!mac_equal(tag, m->register_tag))
		return serve_refuse(s, ERR_AUTH, RULE_REGISTER_TAG);
	e = table_find(&s->table, s->rec.id, s->rec.id_len);
	/* what was never used was never changed: the policy is still the first one */
	if (s->rec.used || s->rec.key_version != 1 || (e != NULL && e->used))
		return ERR_USED;
	keyring_api_key_head(s->keys, m->idempotency_key, m->request_hash, head);
	inputs = (struct registration_inputs){serve_agent_id(s),
	    {s->rec.owner, s->rec.has_owner ? sizeof s->rec.owner : 0}, s->rec.policy};
	keyring_api_key(s->keys, head, &inputs, api_key);
	/* the tag is only the database's word; the controller is the record's */
	if (!serve_key_matches(api_key, s->rec.controller))
		return serve_refuse(s, ERR_AUTH, RULE_REGISTER_TAG);
	if ((r = table_check(&s->table, &s->rec)) != 0)
		return r;
	if ((r = serve_write_record(s)) != 0)
		return r;
	if ((r = write_receipt(s, "register", m->request_hash)) != 0)
		return r;
	write_registered(s, (struct bytes){api_key, 32}, (struct bytes){tag, 32}, w);
	return 0;
}

int
serve_register_again(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_register_again m;

	if (msg_register_again_read(body, &m) != 0)
		return ERR_PROTOCOL;
	return registration_again(s, &m, w);
}

/* --- records ------------------------------------------------------------- */

static int
authentication(struct serve *s, const struct msg_authenticate *m, struct writer *w)
{
	struct msg_record reply = {.changed = 0, .record = m->record};
	int r;

	if ((r = serve_admit(s, m->record, m->mac, m->api_key)) != 0)
		return r;
	memcpy(reply.mac, m->mac, 32);
	if (!s->rec.used) {
		if (s->entry->change_until > s->now)
			return ERR_CONFLICT;
		if ((r = serve_next_record(s)) != 0)
			return r;
		reply.changed = 1;
		reply.record = serve_record(s);
		memcpy(reply.mac, s->mac, 32);
	}
	msg_record_write(w, &reply);
	return 0;
}

int
serve_authenticate(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_authenticate m;
	int r;

	if (msg_authenticate_read(body, &m) != 0)
		return ERR_PROTOCOL;
	r = authentication(s, &m, w);
	wipe(&m, sizeof m);
	return r;
}

/* What is left of the caps of a day. */
int
serve_caps_query(struct serve *s, struct bytes body, struct writer *w)
{
	uint8_t tokens[POLICY_TOKENS_MAX * 36];
	struct writer run = writer_of(tokens, sizeof tokens);
	struct msg_caps_query m;
	struct msg_caps reply;
	const struct spend *spend;
	struct u256 left;
	int r;

	if (msg_caps_query_read(body, &m) != 0)
		return ERR_PROTOCOL;
	if ((r = serve_admit(s, m.record, m.mac, NULL)) != 0)
		return r;
	spend = &s->entry->spend;
	left = bucket_available(&spend->native, &s->policy.native_per_day);
	u256_to_be32(&left, reply.native);
	reply.native_seconds = bucket_seconds_to_empty(&spend->native, &s->policy.native_per_day);
	for (size_t i = 0; i < s->policy.token_count; i++) {
		const struct u256 *per_day = &s->policy.tokens[i].per_day;

		left = bucket_available(&spend->token[i], per_day);
		write_u256(&run, &left);
		write_be32(&run, bucket_seconds_to_empty(&spend->token[i], per_day));
	}
	reply.tokens = (struct bytes){tokens, run.len};
	msg_caps_write(w, &reply);
	return 0;
}

int
serve_adopt(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_adopt m;
	int r;

	if (msg_adopt_read(body, &m) != 0)
		return ERR_PROTOCOL;
	if ((r = serve_admit(s, m.record, m.mac, NULL)) != 0)
		return r;
	msg_done_write(w, &(struct msg_done){.version = 1});
	return 0;
}

/* The key of version s->rec.key_version that follows the one which the request brings. */
static void
next_api_key(const struct serve *s, const struct msg_rotate_key *m, uint8_t ret[32])
{
	uint8_t old_hash[32];
	const struct key_rotation rotation = {
		.agent_id = serve_agent_id(s),
		.key_version = s->rec.key_version,
		.old_key_hash32 = old_hash,
		.idempotency_key = m->idempotency_key,
		.request_hash32 = m->request_hash,
	};

	if (m->idempotency_key.len == 0) {
		randombytes_buf(ret, 32);
		return;
	}
	api_key_hash(m->api_key, old_hash);
	keyring_rotated_key(s->keys, &rotation, ret);
}

/*
 * The new key counts from the moment its record is adopted: until the database
 * has it, the old one stays good.
 */
static int
rotation_begin(struct serve *s, const struct msg_rotate_key *m, struct msg_rotated *reply)
{
	int r;

	if (m->idempotency_key.len != 0 && !idempotency_key_is_strong(m->idempotency_key))
		return serve_refuse(s, ERR_RANGE, RULE_IDEMPOTENCY_KEY);
	if (__builtin_add_overflow(s->rec.key_version, 1, &s->rec.key_version))
		return ERR_OVERFLOW;
	next_api_key(s, m, reply->api_key);
	api_key_hash(reply->api_key, s->rec.key_hash);
	if ((r = serve_next_record(s)) != 0)
		return r;
	s->entry->change_until = s->now + CHANGE_PATIENCE;
	reply->changed = 1;
	return 0;
}

/*
 * The key is not the record's. If, with this request, it gives the record's
 * key, this is the rotation that made the record once more, and its answer was
 * lost: it is repeated until the new key was used.
 */
static int
rotation_again(struct serve *s, const struct msg_rotate_key *m, struct msg_rotated *reply)
{
	int r;

	if (!idempotency_key_is_strong(m->idempotency_key))
		return ERR_AUTH;
	next_api_key(s, m, reply->api_key);
	if (!serve_key_matches(reply->api_key, s->rec.key_hash))
		return ERR_AUTH;
	if ((r = table_admit(&s->table, &s->rec, &s->policy, s->now, &s->entry)) != 0)
		return r;
	if (s->entry->used)
		return ERR_USED;
	reply->changed = 0;
	return serve_write_record(s);
}

static int
rotation(struct serve *s, const struct msg_rotate_key *m, struct msg_rotated *reply,
    struct writer *w)
{
	int r;

	r = serve_admit_change(s, m->record, m->mac, m->api_key);
	if (r == 0)
		r = rotation_begin(s, m, reply);
	else if (r == ERR_AUTH)
		r = rotation_again(s, m, reply);
	if (r != 0)
		return r;
	if ((r = write_receipt(s, "rotate-key", m->request_hash)) != 0)
		return r;
	reply->record = serve_record(s);
	reply->receipt = serve_receipt(s);
	memcpy(reply->mac, s->mac, 32);
	memcpy(reply->signature, s->receipt_signature, 64);
	msg_rotated_write(w, reply);
	return 0;
}

int
serve_rotate_key(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_rotate_key m;
	struct msg_rotated reply;
	int r;

	if (msg_rotate_key_read(body, &m) != 0)
		return ERR_PROTOCOL;
	r = rotation(s, &m, &reply, w);
	wipe(&reply, sizeof reply);
	wipe(&m, sizeof m);
	return r;
}

/* --- policy -------------------------------------------------------------- */

/* The owner's consent to the change from s->policy to the new bytes. */
static int
check_consent(struct serve *s, struct bytes policy, uint64_t version, struct bytes signature)
{
	uint8_t old_hash[32], new_hash[32];
	const struct policy_change change = {
		.chain_id = s->chain_id,
		.root_id32 = keyring_root_id(s->keys),
		.agent_id = serve_agent_id(s),
		.wallet20 = s->rec.address,
		.old_policy32 = old_hash,
		.new_policy32 = new_hash,
		.policy_version = version,
	};

	if (!s->rec.has_owner || signature.len == 0)
		return serve_refuse(s, ERR_POLICY, RULE_OWNER);
	if (signature.len != 65)
		return serve_refuse(s, ERR_SIGNATURE, RULE_OWNER_SIGNATURE);
	policy_hash(s->rec.policy.p, s->rec.policy.len, old_hash);
	policy_hash(policy.p, policy.len, new_hash);
	if (policy_change_verify(&change, s->rec.owner, signature.p) != 0)
		return serve_refuse(s, ERR_SIGNATURE, RULE_OWNER_SIGNATURE);
	return 0;
}

/* The next record under the next policy; the table keeps the old one until it is adopted. */
static int
write_changed_record(struct serve *s, struct bytes policy, uint64_t version)
{
	struct spend kept = s->entry->spend;
	int r;

	s->rec.policy = policy;
	s->rec.policy_version = version;
	spend_follow(&s->entry->spend, &s->next_policy, s->now);
	r = serve_next_record(s);
	s->entry->spend = kept;
	return r;
}

static int
policy_change(struct serve *s, const struct msg_change_policy *m, struct writer *w)
{
	struct msg_policy_changed reply;
	uint64_t version;
	int r;

	if ((r = serve_admit_change(s, m->record, m->mac, m->api_key)) != 0)
		return r;
	if ((r = policy_read(m->policy.p, m->policy.len, &s->next_policy)) != 0)
		return serve_refuse(s, r, RULE_POLICY_FORM);
	if (__builtin_add_overflow(s->rec.policy_version, 1, &version))
		return ERR_OVERFLOW;
	if (!policy_is_tighter(&s->policy, &s->next_policy) &&
	    (r = check_consent(s, m->policy, version, m->owner_signature)) != 0)
		return r;
	if ((r = write_changed_record(s, m->policy, version)) != 0)
		return r;
	if ((r = write_receipt(s, "policy", m->request_hash)) != 0)
		return r;
	reply.record = serve_record(s);
	reply.receipt = serve_receipt(s);
	memcpy(reply.mac, s->mac, 32);
	memcpy(reply.signature, s->receipt_signature, 64);
	s->entry->change_until = s->now + CHANGE_PATIENCE;
	msg_policy_changed_write(w, &reply);
	return 0;
}

int
serve_change_policy(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_change_policy m;
	int r;

	if (msg_change_policy_read(body, &m) != 0)
		return ERR_PROTOCOL;
	r = policy_change(s, &m, w);
	wipe(&m, sizeof m);
	return r;
}
