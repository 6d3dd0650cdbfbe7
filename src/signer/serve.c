#include "signer/serve.h"

#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/secret.h"
#include "crypto/bip39.h"
#include "crypto/kdf.h"
#include "crypto/secp.h"
#include "ipc/boot.h"
#include "signer/serve_internal.h"
#include "base/banned.h"

#define BLIND_EVERY 1024 /* signatures between two blindings of the curve context */
#define FORM 1 /* of messages that carry nothing but a version */

/* --- boot ---------------------------------------------------------------- */

/* CLOCK_MONOTONIC: nobody outside can set it; on a failure time stands still. */
static uint64_t
monotonic(uint64_t before)
{
	struct timespec t;
	uint64_t now;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0 || t.tv_sec < 0)
		return before;
	now = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	return now > before ? now : before;
}

static int
is_platform_name(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return 0;
	}
	return name.len > 0;
}

/* What to say; NULL: nothing speaks against this boot. */
static const char *
boot_objection(const struct msg_boot *boot, int published)
{
	static const char simulated[] = "simulated";
	int local = boot_development_allowed(boot->chain_id, boot->rpc_is_loopback,
	    boot->local_fork);
	struct bytes name = {(const uint8_t *)simulated, sizeof simulated - 1};

#ifdef SELFSAME_UNPROTECTED
	if (!boot->development)
		return "this build of the signer keeps its secrets in memory, for tests: it runs "
		       "under --dev only";
#endif
	if (!is_platform_name(boot->platform))
		return "the platform has no name";
	if (boot->scheme != SCHEME_BOUND && boot->scheme != SCHEME_INDEXED)
		return "SELFSAME_DERIVATION: bound or indexed";
	if (boot->chain_id == 0)
		return "SELFSAME_CHAIN_ID: 0 is no chain";
	if (!boot->development && bytes_equal(boot->platform, name))
		return "SELFSAME_PLATFORM: simulated evidence needs --dev";
	if (boot->development && !local)
		return "SELFSAME_CHAIN_ID: development is refused on the chain id of a public "
		       "network: use 31337, or a loopback CHAINSTACK_NODE with "
		       "SELFSAME_LOCAL_FORK=1";
	if (published && !boot->development)
		return "MNEMONIC: this phrase is published, so anyone has its keys: use a "
		       "phrase of your own (only development may use it)";
	return NULL;
}

/* A phrase, or a seed and no phrase: the attestation says which. */
static int
is_of_the_boots_kind(const struct msg_boot *boot, const struct msg_secret *secret)
{
	if (boot->root_scheme == BOOT_ROOT_PHRASE)
		return secret->seed.len == 0;
	return secret->seed.len == 64 && secret->mnemonic.len == 0 && secret->passphrase.len == 0;
}

static int
check_boot(const struct msg_boot *boot, const struct msg_secret *secret, struct writer *text)
{
	struct bytes phrase = secret->mnemonic;
	int published = bip39_is_published((const char *)phrase.p, phrase.len);
	const char *objection = boot_objection(boot, published);

	if (objection == NULL && !is_of_the_boots_kind(boot, secret))
		objection = "the root secret is not of the kind that this boot has";
	if (objection == NULL)
		return 0;
	write_text(text, objection);
	return published && !boot->development ? ERR_PUBLISHED_PHRASE : ERR_SETTING;
}

static void
explain_keys(int err, unsigned position, struct writer *text)
{
	switch (err) {
	case ERR_MNEMONIC_LENGTH:
		write_text(text, "MNEMONIC: 12, 15, 18, 21 or 24 lower-case words, single spaces");
		return;
	case ERR_MNEMONIC_WORD:
		write_text(text, "MNEMONIC: word ");
		write_decimal(text, position);
		write_text(text, " is not in the BIP-39 English list: check its spelling");
		return;
	case ERR_MNEMONIC_CHECKSUM:
		write_text(text, "MNEMONIC: the checksum does not match: a word is wrong or out "
				 "of order");
		return;
	case ERR_PASSPHRASE:
		write_text(text, "MNEMONIC_PASSPHRASE: printable ASCII, at most 256 characters");
		return;
	case ERR_MLOCK:
		write_text(text, "memory could not be locked: allow 48 KiB (ulimit -l)");
		return;
	}
	write_text(text, err_text(err));
}

static int
open_keys(struct serve *s, const struct msg_secret *secret, unsigned *ret_position,
    struct writer *text)
{
	unsigned position = 0;
	int r;

	if (secret->seed.len == 64)
		r = keyring_open_seed(secret->seed.p, &s->keys);
	else
		r = keyring_open(secret->mnemonic, secret->passphrase, &s->keys, &position);
	if (r == 0)
		return 0;
	explain_keys(r, position, text);
	*ret_position = r == ERR_MNEMONIC_WORD ? position : 0;
	return r;
}

static int
open_table(struct serve *s, uint64_t capacity, struct writer *text)
{
	int r;

	if ((r = table_open(&s->table, capacity, s->now)) == 0)
		return 0;
	write_text(text, "SELFSAME_ACTIVE_AGENTS: between 1 and ");
	write_decimal(text, TABLE_CAPACITY_MAX);
	write_text(text, ", and memory for that many");
	return r;
}

static void
set_mode(struct serve *s, const struct msg_boot *boot)
{
	struct writer w = writer_of((uint8_t *)s->mode, sizeof s->mode);

	write_bytes(&w, boot->platform.p, boot->platform.len);
	if (boot->development)
		write_text(&w, "-dev");
	write_u8(&w, 0);
}

int
serve_open(struct serve *s, const struct msg_boot *boot, const struct msg_secret *secret,
    unsigned *ret_position, char text[SERVE_TEXT_MAX])
{
	struct writer w = writer_of((uint8_t *)text, SERVE_TEXT_MAX - 1);
	int r;

	memset(s, 0, sizeof *s);
	*ret_position = 0;
	if ((r = check_boot(boot, secret, &w)) != 0)
		goto out;
	s->now = monotonic(0);
	s->chain_id = boot->chain_id;
	s->scheme = boot->scheme;
	set_mode(s, boot);
	if ((r = open_keys(s, secret, ret_position, &w)) != 0)
		goto out;
	r = open_table(s, boot->active_agents, &w);
out:
	text[w.len] = '\0';
	if (r != 0)
		serve_close(s);
	return r;
}

void
serve_close(struct serve *s)
{
	keyring_close(s->keys);
	table_close(&s->table);
	wipe(s, sizeof *s);
}

/* --- what handlers share ------------------------------------------------- */

int
serve_refuse(struct serve *s, int err, enum rule rule)
{
	s->rule = rule;
	return err;
}

int
serve_refuse_cap(struct serve *s, const struct spend *spend, const struct charge *charge,
    enum rule rule)
{
	s->is_short = 1;
	spend_explain(spend, &s->policy, charge, rule, s->now, &s->shortage);
	return serve_refuse(s, ERR_POLICY, rule);
}

struct rules_subject
serve_subject(const struct serve *s)
{
	return (struct rules_subject){&s->policy, &s->rec, s->chain_id};
}

int
serve_key_matches(const uint8_t api_key32[32], const uint8_t hash32[32])
{
	uint8_t hash[32];

	api_key_hash(api_key32, hash);
	return mac_equal(hash, hash32);
}

int
serve_read_record(struct serve *s, struct bytes record, const uint8_t mac32[32])
{
	uint8_t mac[32];
	int r;

	keyring_record_mac(s->keys, record, mac);
	if (!mac_equal(mac, mac32))
		return ERR_MAC;
	if ((r = record_read(record.p, record.len, &s->rec)) != 0)
		return r;
	return policy_read(s->rec.policy.p, s->rec.policy.len, &s->policy);
}

/* An index that was seen is an index that was given away, whatever the database says next. */
static void
note_index(struct serve *s)
{
	if (s->rec.scheme == SCHEME_INDEXED && s->rec.index >= s->next_index)
		s->next_index = s->rec.index + 1;
}

int
serve_admit(struct serve *s, struct bytes record, const uint8_t mac32[32], const uint8_t *api_key32)
{
	int r;

	if ((r = serve_read_record(s, record, mac32)) != 0)
		return r;
	if ((r = table_check(&s->table, &s->rec)) != 0)
		return r;
	if (api_key32 != NULL && !serve_key_matches(api_key32, s->rec.key_hash))
		return ERR_AUTH;
	if ((r = table_admit(&s->table, &s->rec, &s->policy, s->now, &s->entry)) != 0)
		return r;
	note_index(s);
	spend_leak(&s->entry->spend, &s->policy, s->now);
	if (api_key32 != NULL)
		s->entry->used = 1;
	return 0;
}

int
serve_admit_change(struct serve *s, struct bytes record, const uint8_t mac32[32],
    const uint8_t *api_key32)
{
	int r;

	if ((r = serve_admit(s, record, mac32, api_key32)) != 0)
		return r;
	return s->entry->change_until > s->now ? ERR_CONFLICT : 0;
}

int
serve_write_record(struct serve *s)
{
	struct writer w = writer_of(s->record, sizeof s->record);
	int r;

	record_write(&w, &s->rec);
	if ((r = writer_end(&w, &s->record_len)) != 0)
		return r;
	keyring_record_mac(s->keys, serve_record(s), s->mac);
	return 0;
}

int
serve_next_record(struct serve *s)
{
	uint64_t version;
	int r;

	if (__builtin_add_overflow(s->entry->record_version, 1, &version))
		return ERR_OVERFLOW;
	s->rec.record_version = version;
	/* a key that is not adopted yet was not used yet */
	s->rec.used = s->rec.key_version == s->entry->key_version && s->entry->used;
	spend_write(&s->entry->spend, &s->rec);
	if ((r = serve_write_record(s)) != 0)
		return r;
	s->entry->record_version = version;
	return 0;
}

int
serve_write_receipt(struct serve *s, const char *action, const struct serve_act *act)
{
	struct receipt receipt = {
		.action = action,
		.record = &s->rec,
		.instance_key32 = keyring_instance_key(s->keys),
		.mode = s->mode,
		.chain_id = s->chain_id,
		.request_hash32 = act->request_hash,
		.idempotency_hash32 = act->idempotency_hash,
		.hash_count = act->hash_count,
	};
	int r;

	if (act->hash_count > RECEIPT_HASHES_MAX)
		return ERR_RANGE;
	if (act->hash_count > 0)
		memcpy(receipt.hashes, act->hashes, act->hash_count * 32);
	if ((r = receipt_write(&receipt, s->receipt, sizeof s->receipt, &s->receipt_len)) != 0)
		return r;
	return keyring_sign_receipt(s->keys, serve_receipt(s), s->receipt_signature);
}

/* --- requests ------------------------------------------------------------ */

static int
serve_instance_query(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_instance_query m;
	const struct agent_record first = {.scheme = SCHEME_INDEXED};
	struct msg_instance reply;
	int r;

	if (msg_instance_query_read(body, &m) != 0 || m.version != FORM)
		return ERR_PROTOCOL;
	if ((r = keyring_address(s->keys, &first, reply.address_0)) != 0)
		return r;
	memcpy(reply.instance_key, keyring_instance_key(s->keys), 32);
	memcpy(reply.root_id, keyring_root_id(s->keys), 32);
	msg_instance_write(w, &reply);
	return 0;
}

static int
serve_status_query(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_status_query m;
	struct msg_status reply = {
		.active = s->table.count,
		.capacity = s->table.capacity,
		.next_index = s->next_index,
	};

	if (msg_status_query_read(body, &m) != 0 || m.version != FORM)
		return ERR_PROTOCOL;
	memcpy(reply.instance_key, keyring_instance_key(s->keys), 32);
	memcpy(reply.root_id, keyring_root_id(s->keys), 32);
	msg_status_write(w, &reply);
	return 0;
}

struct route {
	uint32_t request;
	uint32_t reply;
	serve_handler *handler;
};

static const struct route routes[] = {
	{MSG_INSTANCE_QUERY, MSG_INSTANCE, serve_instance_query},
	{MSG_STATUS_QUERY, MSG_STATUS, serve_status_query},
	{MSG_REGISTER, MSG_REGISTERED, serve_register},
	{MSG_REGISTER_AGAIN, MSG_REGISTERED, serve_register_again},
	{MSG_AUTHENTICATE, MSG_RECORD, serve_authenticate},
	{MSG_ADOPT, MSG_DONE, serve_adopt},
	{MSG_ROTATE_KEY, MSG_ROTATED, serve_rotate_key},
	{MSG_CHANGE_POLICY, MSG_POLICY_CHANGED, serve_change_policy},
	{MSG_CAPS_QUERY, MSG_CAPS, serve_caps_query},
	{MSG_SIGN_TRADE, MSG_TRADE_SIGNED, serve_sign_trade},
	{MSG_BUMP, MSG_BUMPED, serve_bump},
	{MSG_SIGN_TYPED_DATA, MSG_SIGNED, serve_sign_typed_data},
	{MSG_SIGN_MESSAGE, MSG_SIGNED, serve_sign_message},
};

static const struct route *
route_find(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (routes[i].request == type)
			return &routes[i];
	}
	return NULL;
}

/* Forget the request before: no handler may see what another left. */
static void
begin(struct serve *s)
{
	s->now = monotonic(s->now);
	s->rule = RULE_NONE;
	s->is_short = 0;
	s->entry = NULL;
	memset(&s->rec, 0, sizeof s->rec);
	memset(&s->policy, 0, sizeof s->policy);
}

static void
write_refusal(const struct serve *s, int err, struct writer *w)
{
	const char *rule = rule_name(s->rule);
	const char *detail = s->rule == RULE_NONE ? err_text(err) : rule_text(s->rule);
	struct msg_refused m = {.code = (uint32_t)err};
	uint8_t available[32];

	if (s->is_short) {
		u256_to_be32(&s->shortage.available, available);
		m.available = (struct bytes){available, sizeof available};
		m.token = (struct bytes){s->shortage.token, s->shortage.is_token ? 20 : 0};
		m.seconds = s->shortage.seconds;
	}
	m.rule = (struct bytes){(const uint8_t *)rule, strlen(rule)};
	m.detail = (struct bytes){(const uint8_t *)detail, strlen(detail)};
	msg_refused_write(w, &m);
}

int
serve_request(struct serve *s, enum ipc_role from, uint32_t type, struct bytes body,
    struct writer *w, uint32_t *ret_type)
{
	const struct route *route = route_find(type);
	const struct writer before = *w;
	enum ipc_how how;
	int r;

	if (route == NULL || msg_permit(type, from, ROLE_SIGNER, &how) != 0)
		return ERR_PROTOCOL;
	begin(s);
	r = route->handler(s, body, w);
	if (r == 0)
		r = w->err;
	if (r == ERR_PROTOCOL)
		return r;
	*ret_type = route->reply;
	if (r != 0) {
		*w = before;
		write_refusal(s, r, w);
		*ret_type = MSG_REFUSED;
	}
	if (s->signatures >= BLIND_EVERY && secp_open() == 0)
		s->signatures = 0;
	return w->err;
}
