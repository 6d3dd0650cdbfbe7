#include "asked.h"

#include "crypto/kdf.h"
#include "signer/owner.h"

static struct policy policy;

static int
setup(void **state)
{
	policy = test_policy();
	return setup_bound(state);
}

static int
setup_by_index(void **state)
{
	policy = test_policy();
	return setup_indexed(state);
}

/* --- registration -------------------------------------------------------- */

static void
test_register(void **state)
{
	struct agent a = registered("alice", &policy), b = registered("alice", &policy);
	struct agent_record rec = read_record(&a);
	uint8_t hash[32];
	uint32_t path[3];

	(void)state;
	api_key_hash(a.key, hash);
	assert_memory_equal(rec.controller, hash, 32);
	assert_memory_equal(rec.key_hash, hash, 32);
	assert_int_equal(rec.record_version, 1);
	assert_int_equal(rec.key_version, 1);
	assert_int_equal(rec.policy_version, 1);
	assert_int_equal(rec.used, 0);
	bound_path(text("alice"), hash, (struct bytes){rec.owner, 20}, rec.policy, path);
	assert_memory_equal(rec.path, path, sizeof path);
	/* another key, another wallet; and neither took a place in the table */
	assert_memory_not_equal(a.key, b.key, 32);
	assert_memory_not_equal(a.address, b.address, 20);
	assert_int_equal(serve.table.count, 0);
	assert_no_key_stays(a.key);
	assert_no_key_stays(b.key);
}

static void
test_register_refusals(void **state)
{
	static const uint8_t nobody[20];
	struct msg_register good = registration("alice", &policy), m;
	uint8_t key[31] = {1};

	(void)state;
#define REFUSED(change, err, rule) \
	m = good; \
	change; \
	assert_int_equal(ask_register(&m), err); \
	assert_rule(rule);
	REFUSED(m.agent_id = text("al ice"), ERR_RANGE, "agent-id")
	REFUSED(m.agent_id.len = 0, ERR_RANGE, "agent-id")
	REFUSED(m.policy.len--, ERR_PARSE, "policy-form")
	REFUSED(m.owner.len = 19, ERR_RANGE, "owner-address")
	REFUSED(m.owner.p = nobody, ERR_RANGE, "owner-address")
	REFUSED((m.api_key = (struct bytes){key, 31}), ERR_RANGE, "api-key")
	m = good;
	m.owner.len = 0;
	assert_int_equal(ask_register(&m), 0);
}

static void
test_idempotency_keys(void **state)
{
	static const char *const weak[] = {
		"short",
		"123456789012345678901",
		"2024-01-01-00000000000000000001", /* digits, and too few */
		"0123456789abcdef0123456789abcde",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"abcdefgabcdefgabcdefgabcdefgabcdefg", /* seven distinct */
		"with spaces in it, 22 and more",
		"tab\tand more than 22 characters",
		"caf\xc3\xa9 and more than 22 characters",
	};
	static const char *const strong[] = {STRONG, "0123456789abcdef0123456789abcdef",
	    "xW9_bQ2-kLm8Zr4TtY1uPg"};
	struct msg_register m = registration("alice", &policy);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(weak); i++) {
		m.idempotency_key = text(weak[i]);
		assert_int_equal(ask_register(&m), ERR_RANGE);
		assert_rule("idempotency-key");
	}
	for (size_t i = 0; i < ARRAY_LEN(strong); i++) {
		m.idempotency_key = text(strong[i]);
		assert_int_equal(ask_register(&m), 0);
	}
}

static struct msg_registered
register_with(const char *idempotency_key, uint8_t request, struct agent *ret)
{
	struct msg_register m = registration("alice", &policy);
	struct msg_registered got;

	m.idempotency_key = text(idempotency_key);
	memset(m.request_hash, request, 32);
	assert_int_equal(ask_register(&m), 0);
	take_registered(ret);
	assert_int_equal(msg_registered_read(reply, &got), 0);
	return got;
}

static struct msg_register_again
again_of(const struct agent *a, const uint8_t tag[32])
{
	struct msg_register_again m;

	FILL(m, a);
	memcpy(m.register_tag, tag, 32);
	m.idempotency_key = text(STRONG);
	memset(m.request_hash, 7, 32);
	return m;
}

static void
test_retry(void **state)
{
	struct agent a, b, other;
	struct msg_registered got = register_with(STRONG, 7, &a);
	uint8_t tag[32];
	struct msg_register_again m;

	(void)state;
	assert_int_equal(got.register_tag.len, 32);
	memcpy(tag, got.register_tag.p, 32);
	/* before the commit: the same request makes the same agent */
	(void)register_with(STRONG, 7, &b);
	assert_memory_equal(b.key, a.key, 32);
	assert_memory_equal(b.address, a.address, 20);
	(void)register_with(STRONG, 8, &other);
	assert_memory_not_equal(other.key, a.key, 32);
	/* after it: the same answer, also in the next life */
	m = again_of(&a, tag);
	assert_int_equal(ask_register_again(&m), 0);
	memset(&b, 0, sizeof b);
	take_registered(&b);
	assert_memory_equal(b.key, a.key, 32);
	assert_int_equal(b.record_len, a.record_len);
	assert_memory_equal(b.record, a.record, a.record_len);
	reboot(SCHEME_BOUND);
	assert_int_equal(ask_register_again(&m), 0);
	assert_no_key_stays(a.key);
}

static void
test_retry_refusals(void **state)
{
	struct agent a, b;
	struct msg_registered got = register_with(STRONG, 7, &a);
	uint8_t tag[32];
	struct msg_register_again good, m;

	(void)state;
	memcpy(tag, got.register_tag.p, 32);
	good = again_of(&a, tag);
	m = good;
	m.idempotency_key = text("8f14e45f-ceea-467f-ab1c-0d5f0b6a9e22");
	assert_int_equal(ask_register_again(&m), ERR_AUTH);
	assert_rule("register-tag");
	m = good;
	m.request_hash[0]++;
	assert_int_equal(ask_register_again(&m), ERR_AUTH);
	m = good;
	m.register_tag[31]++;
	assert_int_equal(ask_register_again(&m), ERR_AUTH);
	m = good;
	m.mac[0]++;
	assert_int_equal(ask_register_again(&m), ERR_MAC);
	m = good;
	m.idempotency_key.len = 0;
	assert_int_equal(ask_register_again(&m), ERR_RANGE);
	/* the operator's own tag beside another agent's record */
	b = registered("bob", &policy);
	m = again_of(&b, tag);
	assert_int_equal(ask_register_again(&m), ERR_AUTH);
	assert_int_equal(ask_register_again(&good), 0);
}

/* Until the first authenticated use: the record's word and the table's both count. */
static void
test_retry_ends_with_the_first_use(void **state)
{
	struct agent a, used;
	struct msg_registered got = register_with(STRONG, 7, &a);
	uint8_t tag[32];
	struct msg_register_again m;

	(void)state;
	memcpy(tag, got.register_tag.p, 32);
	used = a;
	assert_int_equal(authenticate(&used), 0);
	m = again_of(&a, tag); /* the old row */
	assert_int_equal(ask_register_again(&m), ERR_USED);
	reboot(SCHEME_BOUND);
	m = again_of(&used, tag); /* the new row, in the next life */
	assert_int_equal(ask_register_again(&m), ERR_USED);
}

/* The row is gone and the name free again: what counts is that the key was used. */
static void
test_a_used_key_is_not_shown_again(void **state)
{
	struct msg_register m = registration("alice", &policy), restore;
	struct agent a, b;

	(void)state;
	m.idempotency_key = text(STRONG);
	(void)register_with(STRONG, 7, &a);
	b = a;
	assert_int_equal(authenticate(&b), 0);
	assert_int_equal(ask_register(&m), ERR_USED);
	/* who has it brings it */
	restore = registration("alice", &policy);
	restore.api_key = (struct bytes){a.key, 32};
	assert_int_equal(ask_register(&restore), 0);
	take_registered(&b);
	assert_memory_equal(b.address, a.address, 20);
}

/* --- restore and second instances ---------------------------------------- */

static struct msg_register
restore_of(const struct agent *a, const char *id)
{
	struct msg_register m = registration(id, &policy);

	m.api_key = (struct bytes){a->key, 32};
	return m;
}

/* Another instance with an empty database: who controls it gets it back, nobody else. */
static void
test_restore_after_a_restart(void **state)
{
	struct agent a = registered("alice", &policy), b = a, thief;
	struct msg_register m = restore_of(&a, "alice");
	struct msg_registered got;
	struct policy wider = policy;

	(void)state;
	reboot(SCHEME_BOUND);
	assert_int_equal(ask_register(&m), 0);
	take_registered(&b);
	assert_int_equal(msg_registered_read(reply, &got), 0);
	assert_int_equal(got.api_key.len, 0); /* the caller has it */
	assert_memory_equal(b.address, a.address, 20);
	/* the operator, with the same id, owner and policy, but a key of his own */
	thief = registered("alice", &policy);
	assert_memory_not_equal(thief.address, a.address, 20);
	/* the right key is of no use with another id, owner or policy */
	m = restore_of(&a, "alice2");
	assert_int_equal(ask_register(&m), ERR_AUTH);
	assert_rule("api-key");
	m = restore_of(&a, "alice");
	m.owner.len = 0;
	assert_int_equal(ask_register(&m), ERR_AUTH);
	assert_rule("api-key");
	wider.max_gas++;
	m = registration("alice", &wider);
	m.api_key = (struct bytes){a.key, 32};
	assert_int_equal(ask_register(&m), ERR_AUTH);
	assert_rule("api-key");
}

/* Keys are made here only: who could choose them could look for two that share a wallet. */
static void
test_a_chosen_key_is_refused(void **state)
{
	struct msg_register m = registration("alice", &policy);
	uint8_t chosen[32];

	(void)state;
	memset(chosen, 0x5c, sizeof chosen);
	m.api_key = (struct bytes){chosen, sizeof chosen};
	assert_int_equal(ask_register(&m), ERR_AUTH);
	assert_rule("api-key");
}

/* Within one life a restore brings no caps back. */
static void
test_restore_within_a_life(void **state)
{
	struct agent a = registered("alice", &policy), b = a;
	const struct msg_register m = restore_of(&a, "alice");
	struct agent_record rec;

	(void)state;
	assert_int_equal(send_token(&a, 100), 0);
	assert_int_equal(ask_register(&m), 0);
	take_registered(&b);
	rec = read_record(&b);
	assert_memory_equal(b.address, a.address, 20);
	assert_int_equal(rec.token_used[0].limb[0], 100);
	assert_int_equal(rec.used, 1);
	assert_true(rec.record_version > read_record(&a).record_version);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(send_token(&b, 100), 0);
	assert_int_equal(send_token(&b, 1), ERR_POLICY);
	assert_rule("token-per-day");
}

/* A second registration of an active id must not pull the entry from under it. */
static void
test_active_id_is_taken(void **state)
{
	struct agent a = registered("alice", &policy);
	struct msg_register m = registration("alice", &policy);

	(void)state;
	assert_int_equal(authenticate(&a), 0);
	assert_int_equal(ask_register(&m), ERR_EXISTS);
	assert_rule("registered");
	assert_int_equal(send_token(&a, 1), 0);
}

/* --- indices ------------------------------------------------------------- */

static int
register_index(const char *id, uint32_t index, struct agent *ret)
{
	struct msg_register m = registration(id, &policy);
	int r;

	m.index = index;
	memset(ret, 0, sizeof *ret);
	if ((r = ask_register(&m)) == 0)
		take_registered(ret);
	return r;
}

static uint32_t
next_index(void)
{
	struct msg_status status;

	assert_int_equal(ask_status_query(&(struct msg_status_query){1}), 0);
	assert_int_equal(msg_status_read(reply, &status), 0);
	return status.next_index;
}

static void
test_indices(void **state)
{
	struct agent a, b;

	(void)state;
	assert_int_equal(register_index("a", 0, &a), 0);
	assert_int_equal(read_record(&a).index, 0);
	assert_int_equal(register_index("b", 0, &b), ERR_INDEX_REUSED);
	assert_rule("index");
	assert_int_equal(register_index("b", 5, &b), 0);
	assert_int_equal(register_index("c", 4, &b), ERR_INDEX_REUSED);
	assert_int_equal(next_index(), 6);
	assert_int_equal(register_index("c", 0x80000000U, &b), ERR_RANGE);
	assert_int_equal(register_index("c", 0x7fffffffU, &b), 0);
	assert_int_equal(next_index(), 0x80000000U);
	assert_int_equal(register_index("d", 0x7fffffffU, &b), ERR_INDEX_REUSED);
}

/* A refused registration uses no index up. */
static void
test_a_refusal_keeps_the_index(void **state)
{
	struct msg_register m = registration("bad id", &policy);

	(void)state;
	m.index = 3;
	assert_int_equal(ask_register(&m), ERR_RANGE);
	assert_int_equal(next_index(), 0);
}

/* A database from yesterday: an index that was seen in use is not given again. */
static void
test_seen_indices_are_given(void **state)
{
	struct agent a, b;

	(void)state;
	assert_int_equal(register_index("a", 9, &a), 0);
	reboot(SCHEME_INDEXED);
	assert_int_equal(authenticate(&a), 0);
	assert_int_equal(register_index("thief", 9, &b), ERR_INDEX_REUSED);
	assert_int_equal(register_index("thief", 3, &b), ERR_INDEX_REUSED);
	assert_int_equal(register_index("b", 10, &b), 0);
}

static void
test_no_restore_by_index(void **state)
{
	struct agent a;
	struct msg_register m;

	(void)state;
	assert_int_equal(register_index("a", 0, &a), 0);
	m = restore_of(&a, "a");
	m.index = 1;
	assert_int_equal(ask_register(&m), ERR_UNSUPPORTED);
	assert_rule("scheme");
}

/* --- records ------------------------------------------------------------- */

static void
test_authenticate(void **state)
{
	struct agent a = registered("alice", &policy);
	struct msg_authenticate m;
	struct msg_record got;

	(void)state;
	FILL_KEY(m, &a);
	assert_int_equal(ask_authenticate(&m), 0);
	assert_int_equal(msg_record_read(reply, &got), 0);
	assert_int_equal(got.changed, 1);
	keep(&a, got.record, got.mac);
	assert_int_equal(read_record(&a).used, 1);
	assert_int_equal(read_record(&a).record_version, 2);
	FILL_KEY(m, &a);
	assert_int_equal(ask_authenticate(&m), 0);
	assert_int_equal(msg_record_read(reply, &got), 0);
	assert_int_equal(got.changed, 0);
	assert_true(bytes_equal(got.record, record_of(&a)));
	assert_memory_equal(got.mac, a.mac, 32);
	assert_no_key_stays(a.key);
}

static void
test_wrong_keys(void **state)
{
	struct agent a = registered("alice", &policy), b = registered("bob", &policy);

	(void)state;
	memcpy(a.key, b.key, 32);
	assert_int_equal(authenticate(&a), ERR_AUTH);
	memset(a.key, 0, 32);
	assert_int_equal(authenticate(&a), ERR_AUTH);
	/* strangers take no place in the table */
	assert_int_equal(serve.table.count, 0);
}

/* Every bit of a row: path, index, owner, caps in the policy, spend, versions, key hash. */
static void
test_rows_cannot_be_changed(void **state)
{
	const struct agent good = registered("alice", &policy), b = registered("bob", &policy);
	struct agent a;

	(void)state;
	for (size_t i = 0; i < good.record_len; i++) {
		a = good;
		a.record[i] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(authenticate(&a), ERR_MAC);
	}
	for (size_t i = 0; i < 32; i++) {
		a = good;
		a.mac[i] ^= 0x80;
		assert_int_equal(authenticate(&a), ERR_MAC);
	}
	a = good;
	a.record_len--;
	assert_int_equal(authenticate(&a), ERR_MAC);
	/* two rows swapped: the MAC of one beside the other, then the whole row under a's name */
	a = good;
	memcpy(a.mac, b.mac, 32);
	assert_int_equal(authenticate(&a), ERR_MAC);
	a = good;
	keep(&a, record_of(&b), b.mac);
	assert_int_equal(authenticate(&a), ERR_AUTH);
}

/* The MAC of another root is no MAC. */
static void
test_another_root(void **state)
{
	struct agent a = registered("alice", &policy);

	(void)state;
	serve_close(&serve);
	assert_int_equal(boot_with("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
	                     SCHEME_BOUND, 16),
	    0);
	assert_int_equal(authenticate(&a), ERR_MAC);
}

static void
test_full_table(void **state)
{
	struct agent a, b, c;

	(void)state;
	serve_close(&serve);
	assert_int_equal(boot_with(PHRASE, SCHEME_BOUND, 2), 0);
	a = registered("a", &policy);
	b = registered("b", &policy);
	c = registered("c", &policy);
	assert_int_equal(authenticate(&a), 0);
	assert_int_equal(authenticate(&b), 0);
	assert_int_equal(authenticate(&c), ERR_FULL);
	assert_int_equal(send_token(&c, 1), ERR_FULL);
	assert_int_equal(send_token(&a, 1), 0);
}

static void
assert_left(const struct agent *a, uint64_t native, uint64_t token, uint32_t seconds)
{
	struct msg_caps_query m;
	struct msg_caps caps;

	FILL(m, a);
	assert_int_equal(ask_caps_query(&m), 0);
	assert_int_equal(reply_type, MSG_CAPS);
	assert_int_equal(msg_caps_read(reply, &caps), 0);
	assert_int_equal(u256_from_be32(caps.native).limb[0], native);
	assert_int_equal(caps.tokens.len, 2 * 36);
	assert_int_equal(u256_from_be32(caps.tokens.p).limb[0], token);
	assert_int_equal(load_be32(caps.tokens.p + 32), seconds);
	assert_int_equal(u256_from_be32(caps.tokens.p + 36).limb[0], 1000);
	assert_int_equal(load_be32(caps.tokens.p + 68), 0);
}

/* The table's account, not the record's: the fill leaks between two records. */
static void
test_caps_query(void **state)
{
	const uint64_t all = (uint64_t)5 * 1000000000 * GWEI, fee = (uint64_t)100000 * GWEI;
	struct agent a = registered("alice", &policy);
	struct msg_caps_query m;

	(void)state;
	assert_left(&a, all, 1000, 0);
	assert_int_equal(send_token(&a, 100), 0);
	assert_left(&a, all - fee, 900, DAY / 10);
	monotonic_seconds += DAY / 20;
	assert_left(&a, all, 950, DAY / 20);
	monotonic_seconds += DAY / 20;
	assert_left(&a, all, 1000, 0);
	FILL(m, &a);
	m.mac[0]++;
	assert_int_equal(ask_caps_query(&m), ERR_MAC);
}

/* A refusal by a cap says what is left and when it fits; another one says nothing of it. */
static void
test_a_cap_says_what_is_left(void **state)
{
	struct agent a = registered("alice", &policy);
	uint8_t token[20];

	(void)state;
	memset(token, TOKEN, 20);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(send_token(&a, 100), 0);
	assert_int_equal(send_token(&a, 50), 0);
	assert_int_equal(send_token(&a, 100), ERR_POLICY);
	assert_rule("token-per-day");
	assert_int_equal(refused.token.len, 20);
	assert_memory_equal(refused.token.p, token, 20);
	assert_int_equal(u256_from_be32(refused.available.p).limb[0], 50);
	assert_int_equal(refused.seconds, DAY / 20);
	monotonic_seconds += refused.seconds - 1;
	assert_int_equal(send_token(&a, 100), ERR_POLICY);
	monotonic_seconds++;
	assert_int_equal(send_token(&a, 100), 0);
	assert_int_equal(send_token(&a, 101), ERR_POLICY);
	assert_rule("token-per-transaction");
	assert_int_equal(u256_from_be32(refused.available.p).limb[0], 100);
	assert_int_equal(refused.seconds, 0);
	a.key[0]++;
	assert_int_equal(send_token(&a, 101), ERR_AUTH);
	assert_int_equal(refused.available.len, 0);
	assert_int_equal(refused.token.len, 0);
}

/* --- keys ---------------------------------------------------------------- */

static int
rotate(const struct agent *a, struct agent *ret)
{
	struct msg_rotate_key m;
	struct msg_rotated got;
	int r;

	FILL_KEY(m, a);
	if ((r = ask_rotate_key(&m)) != 0)
		return r;
	assert_int_equal(msg_rotated_read(reply, &got), 0);
	*ret = *a;
	keep(ret, got.record, got.mac);
	memcpy(ret->key, got.api_key, 32);
	assert_receipt(got.receipt, got.signature, "\"action\":\"rotate-key\"");
	return 0;
}

static void
test_rotation(void **state)
{
	struct agent a = registered("alice", &policy), b, mixed;

	(void)state;
	assert_int_equal(rotate(&a, &b), 0);
	assert_memory_not_equal(a.key, b.key, 32);
	assert_int_equal(read_record(&b).key_version, 2);
	assert_memory_equal(read_record(&b).controller, read_record(&a).controller, 32);
	assert_no_key_stays(b.key);
	/* nothing new is made of the old row, until the change counts as dropped */
	assert_int_equal(authenticate(&a), ERR_CONFLICT);
	assert_int_equal(send_token(&a, 1), ERR_CONFLICT);
	monotonic_seconds += 11;
	assert_int_equal(authenticate(&a), 0);
	assert_int_equal(adopt(&b), 0);
	assert_int_equal(authenticate(&b), 0);
	assert_int_equal(authenticate(&a), ERR_STALE); /* replay of the old row */
	mixed = b;
	memcpy(mixed.key, a.key, 32);
	assert_int_equal(authenticate(&mixed), ERR_AUTH); /* the old key on the new row */
	mixed = a;
	memcpy(mixed.key, b.key, 32);
	assert_int_equal(authenticate(&mixed), ERR_STALE); /* a gateway that lags: read again */
	assert_int_equal(send_token(&a, 1), ERR_STALE);
	assert_int_equal(adopt(&a), ERR_STALE);
	assert_int_equal(rotate(&a, &mixed), ERR_STALE);
}

/* The first use of the new key adopts it as well. */
static void
test_use_adopts(void **state)
{
	struct agent a = registered("alice", &policy), b;

	(void)state;
	assert_int_equal(rotate(&a, &b), 0);
	assert_int_equal(authenticate(&b), 0);
	assert_int_equal(authenticate(&a), ERR_STALE);
}

static struct msg_rotate_key
rotation_of(const struct agent *a, const char *idempotency_key)
{
	struct msg_rotate_key m;

	FILL_KEY(m, a);
	m.idempotency_key = text(idempotency_key);
	memset(m.request_hash, 9, 32);
	return m;
}

/* The answer to a rotation: the new row and key, and whether the row is a new one. */
static struct agent
take_rotated(const struct agent *a, uint8_t changed)
{
	struct agent ret = *a;
	struct msg_rotated got;

	assert_int_equal(reply_type, MSG_ROTATED);
	assert_int_equal(msg_rotated_read(reply, &got), 0);
	assert_int_equal(got.changed, changed);
	keep(&ret, got.record, got.mac);
	memcpy(ret.key, got.api_key, 32);
	assert_receipt(got.receipt, got.signature, "\"action\":\"rotate-key\"");
	return ret;
}

/* The answer was lost: the old key and the same request give it again, until the new key is used */
static void
test_a_rotation_is_repeated(void **state)
{
	struct agent a = registered("alice", &policy), b, stored, again;
	struct msg_rotate_key m;

	(void)state;
	m = rotation_of(&a, STRONG);
	assert_int_equal(ask_rotate_key(&m), 0);
	b = take_rotated(&a, 1);
	assert_int_equal(read_record(&b).used, 0); /* of the new key */
	stored = b;
	memcpy(stored.key, a.key, 32); /* the row that was committed, and what the caller has */
	m = rotation_of(&stored, STRONG);
	assert_int_equal(ask_rotate_key(&m), 0); /* not adopted yet: this does it */
	again = take_rotated(&stored, 0);
	assert_memory_equal(again.key, b.key, 32);
	assert_true(bytes_equal(record_of(&again), record_of(&b)));
	assert_int_equal(authenticate(&a), ERR_STALE);
	assert_int_equal(adopt(&b), 0);
	assert_int_equal(ask_rotate_key(&m), 0);
	reboot(SCHEME_BOUND);
	assert_int_equal(ask_rotate_key(&m), 0);
	again = take_rotated(&stored, 0);
	assert_memory_equal(again.key, b.key, 32);
	assert_no_key_stays(b.key);
	/* the table's word ends it, and then the record's */
	again = b;
	assert_int_equal(authenticate(&again), 0);
	assert_int_equal(read_record(&again).used, 1);
	assert_int_equal(ask_rotate_key(&m), ERR_USED);
	reboot(SCHEME_BOUND);
	memcpy(again.key, a.key, 32);
	m = rotation_of(&again, STRONG);
	assert_int_equal(ask_rotate_key(&m), ERR_USED);
}

/* The commit failed: the same request, once the change counts as dropped, makes the same key. */
static void
test_a_dropped_rotation_makes_the_same_key(void **state)
{
	struct agent a = registered("alice", &policy), b, c;
	const struct msg_rotate_key m = rotation_of(&a, STRONG);

	(void)state;
	assert_int_equal(ask_rotate_key(&m), 0);
	b = take_rotated(&a, 1);
	assert_int_equal(ask_rotate_key(&m), ERR_CONFLICT);
	monotonic_seconds += 11;
	assert_int_equal(ask_rotate_key(&m), 0);
	c = take_rotated(&a, 1);
	assert_memory_equal(c.key, b.key, 32);
}

/* Exactly that retry, and nothing that is like it. */
static void
test_only_that_rotation_is_repeated(void **state)
{
	struct agent a = registered("alice", &policy), other = registered("bob", &policy), b, c;
	struct msg_rotate_key good, m;

	(void)state;
	m = rotation_of(&a, "short");
	assert_int_equal(ask_rotate_key(&m), ERR_RANGE);
	assert_rule("idempotency-key");
	m = rotation_of(&a, STRONG);
	assert_int_equal(ask_rotate_key(&m), 0);
	b = take_rotated(&a, 1);
	assert_int_equal(adopt(&b), 0);
	c = b;
	memcpy(c.key, a.key, 32);
	good = rotation_of(&c, STRONG);
	m = rotation_of(&c, "");
	assert_int_equal(ask_rotate_key(&m), ERR_AUTH);
	m = rotation_of(&c, "short");
	assert_int_equal(ask_rotate_key(&m), ERR_AUTH);
	m = rotation_of(&c, "8f14e45f-ceea-467f-ab1c-0d5f0b6a9e22");
	assert_int_equal(ask_rotate_key(&m), ERR_AUTH);
	m = good;
	m.request_hash[0]++;
	assert_int_equal(ask_rotate_key(&m), ERR_AUTH);
	m = good;
	m.api_key[31] ^= 1; /* not the key that was replaced */
	assert_int_equal(ask_rotate_key(&m), ERR_AUTH);
	m = good;
	m.mac[0]++;
	assert_int_equal(ask_rotate_key(&m), ERR_MAC);
	/* of another agent */
	m = rotation_of(&other, STRONG);
	memcpy(m.api_key, a.key, 32);
	assert_int_equal(ask_rotate_key(&m), ERR_AUTH);
	/* the new key rotates anew, and then the first rotation is over */
	m = rotation_of(&b, STRONG);
	assert_int_equal(ask_rotate_key(&m), 0);
	b = take_rotated(&b, 1);
	assert_memory_not_equal(b.key, a.key, 32);
	assert_int_equal(adopt(&b), 0);
	memcpy(c.record, b.record, b.record_len);
	memcpy(c.mac, b.mac, 32);
	good = rotation_of(&c, STRONG);
	assert_int_equal(ask_rotate_key(&good), ERR_AUTH);
}

/* Two agents and two versions under one Idempotency-Key: another key each time. */
static void
test_rotated_keys_differ(void **state)
{
	struct agent a = registered("alice", &policy), b = registered("bob", &policy), c;
	struct msg_rotate_key m = rotation_of(&a, STRONG);

	(void)state;
	assert_int_equal(ask_rotate_key(&m), 0);
	a = take_rotated(&a, 1);
	m = rotation_of(&b, STRONG);
	assert_int_equal(ask_rotate_key(&m), 0);
	b = take_rotated(&b, 1);
	m = rotation_of(&a, STRONG);
	assert_int_equal(ask_rotate_key(&m), 0);
	c = take_rotated(&a, 1);
	assert_memory_not_equal(a.key, b.key, 32);
	assert_memory_not_equal(a.key, c.key, 32);
}

static void
test_two_rotations_of_one_row(void **state)
{
	struct agent a = registered("alice", &policy), b, c;

	(void)state;
	assert_int_equal(rotate(&a, &b), 0);
	assert_int_equal(rotate(&a, &c), ERR_CONFLICT);
	monotonic_seconds += 11; /* the first one was dropped, it seems */
	assert_int_equal(rotate(&a, &c), 0);
	assert_true(read_record(&c).record_version > read_record(&b).record_version);
	assert_int_equal(adopt(&b), 0);
	assert_int_equal(authenticate(&c), ERR_STALE);
	assert_int_equal(authenticate(&b), 0);
}

/* After a rotation nobody gets the first key back. */
static void
test_no_restore_after_a_rotation(void **state)
{
	struct agent a = registered("alice", &policy), b;
	const struct msg_register m = restore_of(&a, "alice");

	(void)state;
	assert_int_equal(rotate(&a, &b), 0);
	assert_int_equal(adopt(&b), 0);
	assert_int_equal(ask_register(&m), ERR_EXISTS);
}

/* --- policy -------------------------------------------------------------- */

static uint8_t owner_key[32];

/* An agent whose owner is somebody who can sign. */
static struct agent
owned_agent(const char *id)
{
	uint8_t public_key[64], owner[20];
	struct msg_register m;
	struct agent a;

	if (policy.recipient_count == 0)
		policy_add_recipient(&policy, OWNER); /* where send_token() sends */
	m = registration(id, &policy);
	memset(owner_key, 0x0b, 32);
	assert_int_equal(secp_public_key_64(owner_key, public_key), 0);
	address_from_public_key(public_key, owner);
	m.owner = (struct bytes){owner, 20};
	memset(&a, 0, sizeof a);
	assert_int_equal(ask_register(&m), 0);
	take_registered(&a);
	return a;
}

static void
sign_change(const struct agent *a, const struct policy *next, uint64_t version, uint8_t ret[65])
{
	const struct agent_record rec = read_record(a);
	uint8_t room[POLICY_BYTES_MAX], old_hash[32], new_hash[32], digest[32], parity;
	const struct bytes bytes = policy_bytes(next, room);
	const struct policy_change change = {CHAIN, keyring_root_id(serve.keys),
	    {(const uint8_t *)rec.id, rec.id_len}, rec.address, old_hash, new_hash, version};

	policy_hash(rec.policy.p, rec.policy.len, old_hash);
	policy_hash(bytes.p, bytes.len, new_hash);
	policy_change_digest(&change, digest);
	assert_int_equal(secp_sign(owner_key, digest, NULL, ret, &parity), 0);
	ret[64] = (uint8_t)(27 + parity);
}

static int
change_policy(const struct agent *a, const struct policy *next, const uint8_t *signature,
    struct agent *ret)
{
	static uint8_t room[POLICY_BYTES_MAX];
	struct msg_change_policy m;
	struct msg_policy_changed got;
	int r;

	FILL_KEY(m, a);
	m.policy = policy_bytes(next, room);
	m.owner_signature = (struct bytes){signature, signature == NULL ? 0 : 65};
	if ((r = ask_change_policy(&m)) != 0)
		return r;
	assert_int_equal(msg_policy_changed_read(reply, &got), 0);
	*ret = *a;
	keep(ret, got.record, got.mac);
	assert_receipt(got.receipt, got.signature, "\"action\":\"policy\"");
	return 0;
}

static void
test_tighten(void **state)
{
	struct agent a = registered("alice", &policy), b;
	struct policy next = policy;

	(void)state;
	next.tokens[0].per_transaction = u256_of(10);
	assert_int_equal(change_policy(&a, &next, NULL, &b), 0);
	assert_int_equal(read_record(&b).policy_version, 2);
	assert_int_equal(send_token(&a, 100), ERR_CONFLICT); /* not adopted yet */
	assert_int_equal(adopt(&b), 0);
	assert_int_equal(send_token(&b, 11), ERR_POLICY);
	assert_rule("token-per-transaction");
	assert_int_equal(send_token(&b, 10), 0);
	assert_int_equal(send_token(&a, 1), ERR_STALE); /* replay of the old row */
}

static void
test_the_key_is_always_needed(void **state)
{
	struct agent a = owned_agent("alice"), b;
	struct policy next = policy;
	uint8_t signature[65];

	(void)state;
	next.max_gas++;
	sign_change(&a, &next, 2, signature);
	a.key[0]++;
	assert_int_equal(change_policy(&a, &next, signature, &b), ERR_AUTH);
	a.key[0]--;
	assert_int_equal(change_policy(&a, &next, signature, &b), 0);
}

static void
test_loosen(void **state)
{
	struct agent a = owned_agent("alice"), b, c;
	struct policy next = policy;
	uint8_t signature[65];

	(void)state;
	next.tokens[0].per_transaction = u256_of(500);
	assert_int_equal(change_policy(&a, &next, NULL, &b), ERR_POLICY);
	assert_rule("owner");
	sign_change(&a, &next, 2, signature);
	assert_int_equal(change_policy(&a, &next, signature, &b), 0);
	assert_int_equal(send_token(&a, 500), ERR_CONFLICT); /* not adopted yet */
	assert_int_equal(adopt(&b), 0);
	assert_int_equal(send_token(&b, 500), 0);
	/* replay: after a tightening the same signature does not loosen again */
	assert_int_equal(change_policy(&b, &policy, NULL, &c), 0);
	assert_int_equal(adopt(&c), 0);
	assert_int_equal(change_policy(&c, &next, signature, &b), ERR_SIGNATURE);
	assert_rule("owner-signature");
	/* and it is for nobody else */
	a = owned_agent("bob");
	assert_int_equal(change_policy(&a, &next, signature, &b), ERR_SIGNATURE);
}

static void
test_bad_consent(void **state)
{
	struct agent a = owned_agent("alice"), b;
	struct policy next = policy, other = policy;
	uint8_t signature[65];
	struct msg_change_policy m;
	uint8_t room[POLICY_BYTES_MAX];

	(void)state;
	next.max_gas++;
	other.max_gas += 2;
	sign_change(&a, &next, 1, signature); /* the version that is, not the one to be */
	assert_int_equal(change_policy(&a, &next, signature, &b), ERR_SIGNATURE);
	sign_change(&a, &next, 3, signature);
	assert_int_equal(change_policy(&a, &next, signature, &b), ERR_SIGNATURE);
	sign_change(&a, &other, 2, signature);
	assert_int_equal(change_policy(&a, &next, signature, &b), ERR_SIGNATURE);
	memset(owner_key, 0x0c, 32); /* somebody else's */
	sign_change(&a, &next, 2, signature);
	assert_int_equal(change_policy(&a, &next, signature, &b), ERR_SIGNATURE);
	memset(owner_key, 0x0b, 32);
	sign_change(&a, &next, 2, signature);
	FILL_KEY(m, &a);
	m.policy = policy_bytes(&next, room);
	m.owner_signature = (struct bytes){signature, 64};
	assert_int_equal(ask_change_policy(&m), ERR_SIGNATURE);
	m.owner_signature.len = 65;
	m.policy.len--;
	assert_int_equal(ask_change_policy(&m), ERR_PARSE);
	assert_rule("policy-form");
}

/* Without an owner nobody can loosen, not with any signature. */
static void
test_no_owner_means_never(void **state)
{
	struct msg_register m = registration("alice", &policy);
	struct policy next = policy;
	uint8_t signature[65];
	struct agent a, b;

	(void)state;
	m.owner.len = 0;
	memset(&a, 0, sizeof a);
	assert_int_equal(ask_register(&m), 0);
	take_registered(&a);
	next.max_gas++;
	memset(owner_key, 0x0b, 32);
	sign_change(&a, &next, 2, signature);
	assert_int_equal(change_policy(&a, &next, signature, &b), ERR_POLICY);
	assert_rule("owner");
}

/* A token that goes and comes back through two changes starts empty; one that stays does not. */
static void
test_spend_follows_the_policy(void **state)
{
	struct agent a = owned_agent("alice"), b;
	struct policy next = policy;
	uint8_t signature[65];

	(void)state;
	policy_add_recipient(&next, FRIEND);
	sign_change(&a, &next, 2, signature);
	assert_int_equal(change_policy(&a, &next, signature, &b), 0);
	assert_int_equal(adopt(&b), 0);
	assert_int_equal(send_token(&b, 70), 0);
	next.token_count = 1;
	assert_int_equal(change_policy(&b, &next, NULL, &a), 0);
	assert_int_equal(read_record(&a).token_count, 1);
	assert_int_equal(read_record(&a).token_used[0].limb[0], 70);
	assert_int_equal(adopt(&a), 0);
	assert_int_equal(serve.table.entries[0].spend.token[0].used.limb[0], 70);
}

/* Until it is adopted, the change leaves the buckets of the policy in force alone. */
static void
test_spend_before_the_adoption(void **state)
{
	struct agent a = registered("alice", &policy), b;
	struct policy next = policy;

	(void)state;
	assert_int_equal(send_token(&a, 70), 0);
	next.tokens[0] = next.tokens[1];
	next.token_count = 1;
	assert_int_equal(change_policy(&a, &next, NULL, &b), 0);
	assert_int_equal(read_record(&b).token_used[0].limb[0], 0);
	monotonic_seconds += 11; /* it was dropped; 11 seconds leak nothing of a cap so small */
	assert_int_equal(send_token(&a, 30), 0);
	assert_int_equal(read_record(&a).token_count, 2);
	assert_int_equal(read_record(&a).token_used[0].limb[0], 100);
}

/* A rotation and a policy change of one row: one after the other, none is lost. */
static void
test_concurrent_changes(void **state)
{
	struct agent a = registered("alice", &policy), rotated, tightened;
	struct policy next = policy;

	(void)state;
	next.max_gas--;
	assert_int_equal(rotate(&a, &rotated), 0);
	assert_int_equal(change_policy(&a, &next, NULL, &tightened), ERR_CONFLICT);
	assert_int_equal(adopt(&rotated), 0);
	assert_int_equal(change_policy(&rotated, &next, NULL, &tightened), 0);
	assert_int_equal(adopt(&tightened), 0);
	assert_int_equal(read_record(&tightened).key_version, 2);
	assert_int_equal(authenticate(&tightened), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define TEST_BY_INDEX(test) cmocka_unit_test_setup_teardown(test, setup_by_index, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_register),
		TEST(test_register_refusals),
		TEST(test_idempotency_keys),
		TEST(test_retry),
		TEST(test_retry_refusals),
		TEST(test_retry_ends_with_the_first_use),
		TEST(test_a_used_key_is_not_shown_again),
		TEST(test_restore_after_a_restart),
		TEST(test_a_chosen_key_is_refused),
		TEST(test_restore_within_a_life),
		TEST(test_active_id_is_taken),
		TEST_BY_INDEX(test_indices),
		TEST_BY_INDEX(test_a_refusal_keeps_the_index),
		TEST_BY_INDEX(test_seen_indices_are_given),
		TEST_BY_INDEX(test_no_restore_by_index),
		TEST(test_authenticate),
		TEST(test_wrong_keys),
		TEST(test_rows_cannot_be_changed),
		TEST(test_another_root),
		TEST(test_full_table),
		TEST(test_caps_query),
		TEST(test_a_cap_says_what_is_left),
		TEST(test_rotation),
		TEST(test_use_adopts),
		TEST(test_a_rotation_is_repeated),
		TEST(test_a_dropped_rotation_makes_the_same_key),
		TEST(test_only_that_rotation_is_repeated),
		TEST(test_rotated_keys_differ),
		TEST(test_two_rotations_of_one_row),
		TEST(test_no_restore_after_a_rotation),
		TEST(test_tighten),
		TEST(test_the_key_is_always_needed),
		TEST(test_loosen),
		TEST(test_bad_consent),
		TEST(test_no_owner_means_never),
		TEST(test_spend_follows_the_policy),
		TEST(test_spend_before_the_adoption),
		TEST(test_concurrent_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
