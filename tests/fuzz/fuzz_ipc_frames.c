/*
 * Requests to a signer with real keys. Most of a request is the fuzzer's; what
 * it could never guess (a record, its MAC, an API key, an intent's MAC) is
 * filled in, so that it gets behind those checks.
 *
 * Input: steps of u8 what (the top bit: which agent), u16 length, bytes. Whatever
 * is asked: a reply fits, it reads as what it says it is, and no spend goes
 * beyond its cap.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "crypto/secp.h"
#include "evm/transaction.h"
#include "ipc/channel.h"
#include "signer/serve.h"
#include "base/banned.h"

#define CHAIN 31337
#define PHRASE "legal winner thank year wave sausage worth useful legal winner thank yellow"
#define AGENTS 2

/* The type hashes of Permit2's PermitSingle and of ERC-2612's Permit. */
#define PERMIT_SINGLE "f3841cd1ff0085026a6327b620b67997ce40f282c88a8e905a7a5626e310f3d0"
#define PERMIT "6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9"

enum { RAW, STEPS, STEP, TYPED, MESSAGE, POLICY, ROTATE, AUTHENTICATE, BUMP, REGISTER,
	CAPS, NAMED, WHATS };

struct agent {
	uint8_t record[RECORD_BYTES_MAX];
	size_t record_len;
	uint8_t mac[32];
	uint8_t key[32];
	uint8_t intent[INTENT_MAX];
	size_t intent_len;
	uint8_t intent_mac[32];
};

static struct serve serve;
static struct agent fresh[AGENTS], agents[AGENTS];
static uint8_t request[FRAME_MAX], reply_room[FRAME_MAX];
static struct bytes reply;
static uint32_t reply_type;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static int
ask(enum ipc_role from, uint32_t type, struct bytes body)
{
	struct writer w = channel_body(reply_room, sizeof reply_room);
	uint8_t *exact = malloc(body.len + 1);
	struct msg_refused m;
	int r;

	check(exact != NULL);
	if (body.len > 0)
		memcpy(exact + 1, body.p, body.len);
	r = serve_request(&serve, from, type, (struct bytes){exact + 1, body.len}, &w, &reply_type);
	free(exact);
	check(r == 0 || r == ERR_PROTOCOL);
	if (r != 0)
		return r;
	check(w.err == 0 && w.len > 0);
	reply = (struct bytes){w.p, w.len};
	if (reply_type != MSG_REFUSED)
		return 0;
	check(msg_refused_read(reply, &m) == 0 && m.detail.len > 0);
	return ERR_POLICY;
}

/* The record that the database would keep now; its spend obeys its policy. */
static void
keep(struct agent *a, struct bytes record, const uint8_t mac[32])
{
	struct agent_record rec;
	struct policy policy;

	memcpy(a->record, record.p, record.len);
	a->record_len = record.len;
	memcpy(a->mac, mac, 32);
	check(record_read(a->record, a->record_len, &rec) == 0);
	check(policy_read(rec.policy.p, rec.policy.len, &policy) == 0);
	if (rec.policy_version != 1) /* a tightened cap may lie below the fill */
		return;
	check(u256_compare(&rec.native_used, &policy.native_per_day) <= 0);
	for (size_t i = 0; i < policy.token_count; i++)
		check(u256_compare(&rec.token_used[i], &policy.tokens[i].per_day) <= 0);
}

static struct bytes
record_of(const struct agent *a)
{
	return (struct bytes){a->record, a->record_len};
}

#define FILL(m, a) \
	memset(&(m), 0, sizeof (m)); \
	(m).record = record_of(a); \
	memcpy((m).mac, (a)->mac, 32)

#define DEFINE_SEND(name, NAME) \
	static int send_##name(const struct msg_##name *m) \
	{ \
		struct writer w = writer_of(request, sizeof request); \
\
		msg_##name##_write(&w, m); \
		if (w.err != 0) \
			return w.err; \
		return ask(ROLE_GATEWAY, MSG_##NAME, (struct bytes){request, w.len}); \
	}
DEFINE_SEND(register, REGISTER)
DEFINE_SEND(authenticate, AUTHENTICATE)
DEFINE_SEND(adopt, ADOPT)
DEFINE_SEND(caps_query, CAPS_QUERY)
DEFINE_SEND(rotate_key, ROTATE_KEY)
DEFINE_SEND(change_policy, CHANGE_POLICY)
DEFINE_SEND(sign_trade, SIGN_TRADE)
DEFINE_SEND(bump, BUMP)
DEFINE_SEND(sign_typed_data, SIGN_TYPED_DATA)
DEFINE_SEND(sign_message, SIGN_MESSAGE)

/* What was signed can be read again; the first step's intent is kept for bumps. */
static void
take_steps(struct agent *a, struct bytes run, struct bytes first)
{
	struct tx_signature signature;
	struct reader r = reader_of(run.p, run.len);
	uint8_t hash[32], mac[32];
	struct bytes raw;
	struct tx tx;

	for (size_t n = 0; r.left > 0; n++) {
		check(read_lp(&r, TX_RAW_MAX, &raw) == 0 && read_copy(&r, 32, hash) == 0 &&
		      read_copy(&r, 32, mac) == 0);
		check(tx_decode_signed(raw.p, raw.len, &tx, &signature) == 0);
		check(tx.has_to && tx.chain_id == CHAIN);
		if (n > 0 || first.len == 0 || first.len > sizeof a->intent)
			continue;
		memcpy(a->intent, first.p, first.len);
		a->intent_len = first.len;
		memcpy(a->intent_mac, mac, 32);
	}
}

/* name: 32 bytes of an idempotency key, or empty */
static void
trade(struct agent *a, struct bytes steps, struct bytes first, struct bytes name)
{
	struct msg_trade_signed got;
	struct msg_sign_trade m;

	FILL(m, a);
	m.idempotency_hash = name;
	memcpy(m.api_key, a->key, 32);
	m.steps = steps;
	if (send_sign_trade(&m) != 0)
		return;
	check(msg_trade_signed_read(reply, &got) == 0);
	keep(a, got.record, got.mac);
	take_steps(a, got.signed_steps, first);
}

static void
trade_one(struct agent *a, struct bytes fields, struct bytes name)
{
	static uint8_t room[40960];
	struct writer w = writer_of(room, sizeof room);

	write_lp(&w, fields.p, fields.len);
	if (w.err == 0)
		trade(a, (struct bytes){room, w.len}, fields, name);
}

static void
take_signed(struct agent *a)
{
	struct msg_signed got;

	check(msg_signed_read(reply, &got) == 0);
	check(got.eth_signature[64] == 27 || got.eth_signature[64] == 28);
	keep(a, got.record, got.mac);
}

static void
typed(struct agent *a, struct bytes form)
{
	struct msg_sign_typed_data m;

	FILL(m, a);
	memcpy(m.api_key, a->key, 32);
	m.typed_data = form;
	if (send_sign_typed_data(&m) == 0)
		take_signed(a);
}

static void
message(struct agent *a, struct bytes words)
{
	struct msg_sign_message m;

	FILL(m, a);
	memcpy(m.api_key, a->key, 32);
	m.message = words;
	if (send_sign_message(&m) == 0)
		take_signed(a);
}

static void
adopt(const struct agent *a)
{
	struct msg_adopt m;

	FILL(m, a);
	check(send_adopt(&m) == 0);
}

/* Nobody here can sign for the owner: what passes is tighter. */
static void
change_policy(struct agent *a, struct bytes policy)
{
	struct msg_policy_changed got;
	struct msg_change_policy m;
	struct policy before, after;
	struct agent_record rec;

	FILL(m, a);
	memcpy(m.api_key, a->key, 32);
	m.policy = policy;
	if (policy.len % 2 == 1)
		m.owner_signature = (struct bytes){a->record, 65};
	check(record_read(a->record, a->record_len, &rec) == 0);
	check(policy_read(rec.policy.p, rec.policy.len, &before) == 0);
	if (send_change_policy(&m) != 0)
		return;
	check(policy_read(policy.p, policy.len, &after) == 0 && policy_is_tighter(&before, &after));
	check(msg_policy_changed_read(reply, &got) == 0);
	keep(a, got.record, got.mac);
	adopt(a);
}

static void
rotate(struct agent *a)
{
	struct msg_rotated got;
	struct msg_rotate_key m;

	FILL(m, a);
	memcpy(m.api_key, a->key, 32);
	if (send_rotate_key(&m) != 0)
		return;
	check(msg_rotated_read(reply, &got) == 0);
	keep(a, got.record, got.mac);
	memcpy(a->key, got.api_key, 32);
	adopt(a);
}

static void
authenticate(struct agent *a)
{
	struct msg_authenticate m;
	struct msg_record got;

	FILL(m, a);
	memcpy(m.api_key, a->key, 32);
	check(send_authenticate(&m) == 0);
	check(msg_record_read(reply, &got) == 0);
	keep(a, got.record, got.mac);
}

static void
caps(struct agent *a)
{
	struct msg_caps_query m;
	struct msg_caps got;

	FILL(m, a);
	check(send_caps_query(&m) == 0);
	check(msg_caps_read(reply, &got) == 0 && got.native_seconds <= 86400);
}

static void
bump(struct agent *a, struct bytes fees)
{
	struct msg_bumped got;
	struct msg_bump m;

	FILL(m, a);
	m.intent = (struct bytes){a->intent, a->intent_len};
	memcpy(m.intent_mac, a->intent_mac, 32);
	for (size_t i = 0; i < fees.len && i < 64; i++)
		(i < 32 ? m.max_fee_per_gas : m.max_priority_fee)[i % 32] = fees.p[i];
	if (send_bump(&m) != 0)
		return;
	check(msg_bumped_read(reply, &got) == 0);
	keep(a, got.record, got.mac);
	memcpy(a->intent, got.intent.p, got.intent.len);
	a->intent_len = got.intent.len;
	memcpy(a->intent_mac, got.intent_mac, 32);
}

/* Returns 1 when the request was accepted. */
static int
registration(const char *id, struct bytes policy, struct agent *ret)
{
	struct msg_registered got;
	struct msg_register m;

	memset(&m, 0, sizeof m);
	m.agent_id = text(id);
	m.policy = policy;
	m.idempotency_key = text("8f14e45f-ceea-467f-ab1c-0d5f0b6a9e21");
	m.request_hash[0] = (uint8_t)id[0];
	if (send_register(&m) != 0)
		return 0;
	check(msg_registered_read(reply, &got) == 0);
	keep(ret, got.record, got.mac);
	memcpy(ret->key, got.api_key.p, 32);
	return 1;
}

static void
one(uint8_t what, struct bytes p)
{
	static struct agent guest;
	uint8_t key[32];
	struct agent *a = &agents[what >> 7];

	switch ((what & 0x7f) % WHATS) {
	case RAW:
		if (p.len >= 2)
			(void)ask(ROLE_SUPERVISOR + p.p[0] % 4, p.p[1],
			    (struct bytes){p.p + 2, p.len - 2});
		return;
	case STEPS:
		trade(a, p, (struct bytes){NULL, 0}, (struct bytes){NULL, 0});
		return;
	case STEP:
		trade_one(a, p, (struct bytes){NULL, 0});
		return;
	case TYPED:
		typed(a, p);
		return;
	case MESSAGE:
		message(a, p);
		return;
	case POLICY:
		change_policy(a, p);
		return;
	case ROTATE:
		rotate(a);
		return;
	case AUTHENTICATE:
		authenticate(a);
		return;
	case BUMP:
		bump(a, p);
		return;
	case CAPS:
		caps(a);
		return;
	case NAMED: /* the same two keys again and again */
		memset(key, p.len % 2 == 0 ? 1 : 2, sizeof key);
		trade_one(a, p, (struct bytes){key, sizeof key});
		return;
	case REGISTER:
		(void)registration("guest", p, &guest);
		return;
	}
}

/* Wide enough that most rules are reached, with caps that can be hit. */
static struct bytes
wide_policy(uint8_t room[POLICY_BYTES_MAX])
{
	struct writer w = writer_of(room, POLICY_BYTES_MAX);
	struct policy p;

	memset(&p, 0, sizeof p);
	p.actions = POLICY_ACTIONS;
	p.flags = POLICY_TO_ANYONE;
	p.chain_count = 1;
	p.chains[0] = CHAIN;
	p.native_per_transaction = p.native_per_day = u256_of(1000000000000000000U);
	p.max_fee_per_gas = u256_of(500000000000U);
	p.max_gas = 1000000;
	memset(p.conditional_tokens, 0xc7, 20);
	p.token_count = 1;
	memset(p.tokens[0].token, 0x70, 20);
	p.tokens[0].per_transaction = u256_of(100);
	p.tokens[0].per_day = u256_of(150);
	p.spender_count = 1;
	memset(p.spenders[0], 0x5e, 20);
	p.call_count = 2;
	memset(p.calls[0].contract, 0x70, 20);
	store_be32(p.calls[0].selector, 0x23b872dd);
	memset(p.calls[1].contract, 0xcb, 20);
	p.calls[1].any_selector = 1;
	p.typed_count = 2;
	p.typed[0].chain_id = p.typed[1].chain_id = CHAIN;
	memset(p.typed[0].contract, 0x22, 20);
	check(hex_decode(PERMIT_SINGLE, 64, p.typed[0].type_hash, 32) == 0);
	memset(p.typed[1].contract, 0x70, 20);
	check(hex_decode(PERMIT, 64, p.typed[1].type_hash, 32) == 0);
	policy_write(&w, &p);
	return (struct bytes){room, w.len};
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct msg_boot boot = {.development = 1, .scheme = SCHEME_BOUND, .chain_id = CHAIN,
	    .active_agents = 8, .platform = text("simulated")};
	uint8_t room[POLICY_BYTES_MAX];
	char why[SERVE_TEXT_MAX];
	unsigned position;

	(void)argc;
	(void)argv;
	check(secp_open() == 0);
	check(serve_open(&serve, &boot, &(struct msg_secret){.mnemonic = text(PHRASE)}, &position,
	          why) == 0);
	check(registration("alice", wide_policy(room), &fresh[0]));
	check(registration("bob", wide_policy(room), &fresh[1]));
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct bytes p;
	uint16_t len;
	uint8_t what;

	table_close(&serve.table);
	check(table_open(&serve.table, 8, serve.now) == 0);
	memcpy(agents, fresh, sizeof agents);
	while (read_u8(&r, &what) == 0 && read_be16(&r, &len) == 0) {
		if (read_take(&r, len < r.left ? len : r.left, &p) != 0)
			break;
		one(what, p);
	}
	return 0;
}
