/*
 * A booted signer that is asked as the gateway asks it, without a socket. The
 * clock is the test's (linked with --wrap=clock_gettime).
 */
#ifndef SELFSAME_TESTS_SIGNER_ASKED_H
#define SELFSAME_TESTS_SIGNER_ASKED_H

#include "fixture.h"

#include <sodium.h>
#include <time.h>

#include "crypto/secp.h"
#include "evm/address.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "signer/serve.h"

#define DAY 86400
#define PHRASE "legal winner thank year wave sausage worth useful legal winner thank yellow"
#define STRONG "8f14e45f-ceea-467f-ab1c-0d5f0b6a9e21" /* an idempotency key */

static struct serve serve;
static uint8_t body_room[FRAME_MAX], reply_room[FRAME_MAX];
static struct bytes reply;
static uint32_t reply_type;
static struct msg_refused refused;
static int64_t monotonic_seconds, realtime_seconds;

struct agent {
	uint8_t record[RECORD_BYTES_MAX];
	size_t record_len;
	uint8_t mac[32];
	uint8_t key[32];
	uint8_t address[20];
};

int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

int
__wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	*ret = (struct timespec){id == CLOCK_MONOTONIC ? monotonic_seconds : realtime_seconds, 0};
	return 0;
}

static inline struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static inline int
boot_with(const char *phrase, uint8_t scheme, uint64_t capacity)
{
	struct msg_boot m = {.development = 1, .scheme = scheme, .chain_id = CHAIN,
	    .active_agents = capacity, .platform = text("simulated")};
	char why[SERVE_TEXT_MAX];
	unsigned position;

	if (secp_open() != 0)
		return 1;
	return serve_open(&serve, &m, &(struct msg_secret){.mnemonic = text(phrase)}, &position,
	    why);
}

/* A start of the signer: the process before is gone with all that it knew. */
static inline void
reboot(uint8_t scheme)
{
	serve_close(&serve);
	assert_int_equal(boot_with(PHRASE, scheme, 16), 0);
}

static inline int
setup_bound(void **state)
{
	(void)state;
	monotonic_seconds = 1000;
	realtime_seconds = 1700000000;
	return boot_with(PHRASE, SCHEME_BOUND, 16);
}

static inline int
setup_indexed(void **state)
{
	(void)state;
	monotonic_seconds = 1000;
	return boot_with(PHRASE, SCHEME_INDEXED, 16);
}

static inline int
teardown(void **state)
{
	(void)state;
	serve_close(&serve);
	return 0;
}

/* 0 and the reply, or the error of the refusal. */
static inline int
ask_body(uint32_t type, size_t len)
{
	struct writer w = channel_body(reply_room, sizeof reply_room);
	int r;

	r = serve_request(&serve, ROLE_GATEWAY, type, (struct bytes){body_room, len}, &w,
	    &reply_type);
	if (r != 0)
		return r;
	reply = (struct bytes){w.p, w.len};
	if (reply_type != MSG_REFUSED)
		return 0;
	assert_int_equal(msg_refused_read(reply, &refused), 0);
	return (int)(int32_t)refused.code;
}

#define ASK(name, NAME, m) ask_##name(m)
#define DEFINE_ASK(name, NAME) \
	static inline int ask_##name(const struct msg_##name *m) \
	{ \
		struct writer w = writer_of(body_room, sizeof body_room); \
\
		msg_##name##_write(&w, m); \
		assert_int_equal(w.err, 0); \
		return ask_body(MSG_##NAME, w.len); \
	}
DEFINE_ASK(register, REGISTER)
DEFINE_ASK(register_again, REGISTER_AGAIN)
DEFINE_ASK(authenticate, AUTHENTICATE)
DEFINE_ASK(adopt, ADOPT)
DEFINE_ASK(rotate_key, ROTATE_KEY)
DEFINE_ASK(change_policy, CHANGE_POLICY)
DEFINE_ASK(sign_trade, SIGN_TRADE)
DEFINE_ASK(bump, BUMP)
DEFINE_ASK(sign_typed_data, SIGN_TYPED_DATA)
DEFINE_ASK(sign_message, SIGN_MESSAGE)
DEFINE_ASK(status_query, STATUS_QUERY)
DEFINE_ASK(caps_query, CAPS_QUERY)
#undef DEFINE_ASK
#undef ASK

static inline void
assert_rule(const char *name)
{
	assert_int_equal(reply_type, MSG_REFUSED);
	assert_int_equal(refused.rule.len, strlen(name));
	assert_memory_equal(refused.rule.p, name, strlen(name));
	assert_true(refused.detail.len > 0);
}

static inline struct bytes
record_of(const struct agent *a)
{
	return (struct bytes){a->record, a->record_len};
}

static inline struct agent_record
read_record(const struct agent *a)
{
	struct agent_record rec;

	assert_int_equal(record_read(a->record, a->record_len, &rec), 0);
	return rec;
}

/* What the database does with a new record. */
static inline void
keep(struct agent *a, struct bytes record, const uint8_t mac[32])
{
	memcpy(a->record, record.p, record.len);
	a->record_len = record.len;
	memcpy(a->mac, mac, 32);
}

/* The receipt is the instance key's, and says this. */
static inline void
assert_receipt(struct bytes receipt, const uint8_t signature[64], const char *part)
{
	static const char tag[] = "selfsame/receipt/v1";
	char room[sizeof tag + RECEIPT_TEXT_MAX + 1];

	memcpy(room, tag, sizeof tag);
	memcpy(room + sizeof tag, receipt.p, receipt.len);
	assert_int_equal(crypto_sign_verify_detached(signature, (const uint8_t *)room,
	                     sizeof tag + receipt.len, keyring_instance_key(serve.keys)),
	    0);
	room[sizeof tag + receipt.len] = '\0';
	assert_non_null(strstr(room + sizeof tag, part));
	assert_non_null(strstr(room + sizeof tag, "\"mode\":\"simulated-dev\""));
}

static inline void
assert_no_key_stays(const uint8_t key[32])
{
	assert_null(memmem(&serve, sizeof serve, key, 32));
}

static inline struct msg_register
registration(const char *id, const struct policy *p)
{
	static uint8_t room[POLICY_BYTES_MAX], owner[20];
	struct msg_register m;

	memset(&m, 0, sizeof m);
	memset(owner, OWNER, 20);
	m.agent_id = text(id);
	m.owner = (struct bytes){owner, 20};
	m.policy = policy_bytes(p, room);
	memset(m.request_hash, 7, 32);
	return m;
}

static inline void
take_registered(struct agent *a)
{
	struct msg_registered m;
	struct agent_record rec;

	assert_int_equal(reply_type, MSG_REGISTERED);
	assert_int_equal(msg_registered_read(reply, &m), 0);
	keep(a, m.record, m.mac);
	if (m.api_key.len == 32)
		memcpy(a->key, m.api_key.p, 32);
	rec = read_record(a);
	memcpy(a->address, rec.address, 20);
	assert_receipt(m.receipt, m.signature, "\"action\":\"register\"");
}

static inline struct agent
registered(const char *id, const struct policy *p)
{
	const struct msg_register m = registration(id, p);
	struct agent a;

	memset(&a, 0, sizeof a);
	assert_int_equal(ask_register(&m), 0);
	take_registered(&a);
	return a;
}

#define FILL(m, agent) \
	do { \
		memset(&(m), 0, sizeof (m)); \
		(m).record = record_of(agent); \
		memcpy((m).mac, (agent)->mac, 32); \
	} while (0)

#define FILL_KEY(m, agent) \
	do { \
		FILL(m, agent); \
		memcpy((m).api_key, (agent)->key, 32); \
	} while (0)

static inline int
authenticate(struct agent *a)
{
	struct msg_authenticate m;
	struct msg_record got;
	int r;

	FILL_KEY(m, a);
	if ((r = ask_authenticate(&m)) != 0)
		return r;
	assert_int_equal(msg_record_read(reply, &got), 0);
	keep(a, got.record, got.mac);
	return 0;
}

static inline int
adopt(const struct agent *a)
{
	struct msg_adopt m;

	FILL(m, a);
	return ask_adopt(&m);
}

/*
 * A trade under an idempotency key, of which only the hash gets here (NULL:
 * none); on success the new record is kept.
 */
static inline int
trade_as(struct agent *a, const struct tx *txs, size_t count, const uint8_t *idempotency_hash)
{
	static uint8_t room[40960], field_room[20480];
	struct writer w = writer_of(room, sizeof room);
	struct msg_trade_signed got;
	struct msg_sign_trade m;
	int r;

	for (size_t i = 0; i < count; i++) {
		struct writer fields = writer_of(field_room, sizeof field_room);

		tx_write_fields(&fields, &txs[i]);
		write_lp(&w, field_room, fields.len);
	}
	FILL_KEY(m, a);
	m.idempotency_hash = (struct bytes){idempotency_hash, idempotency_hash == NULL ? 0 : 32};
	m.steps = (struct bytes){room, w.len};
	if ((r = ask_sign_trade(&m)) != 0)
		return r;
	assert_int_equal(msg_trade_signed_read(reply, &got), 0);
	keep(a, got.record, got.mac);
	assert_receipt(got.receipt, got.signature, "\"action\":\"trade\"");
	return 0;
}

static inline int
trade(struct agent *a, const struct tx *txs, size_t count)
{
	return trade_as(a, txs, count, NULL);
}

/* A token transfer to the owner. */
static inline int
send_token(struct agent *a, uint64_t amount)
{
	static uint8_t room[68];
	struct tx tx = test_tx(TOKEN);

	tx.data = call_two(room, 0xa9059cbb, OWNER, amount);
	return trade(a, &tx, 1);
}

#endif
