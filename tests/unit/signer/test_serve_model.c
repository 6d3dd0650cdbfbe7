/*
 * A gateway that was taken over, with every record, key and intent that ever was: it asks for
 * anything, in any order. What it could bring to the chain, of each nonce the dearest version,
 * stays within the caps of a day, and what was replaced stays replaced. Each round is 200
 * requests of one life of the signer.
 */
#include "asked.h"

#define TRANSFER 0xa9059cbbU
#define APPROVE 0x095ea7b3U
#define SPLIT 0x72ce4275U
#define POOL 12
#define BLOCKS 200 /* of nonces; each has an idempotency key of its own */
#define NONCES (4 * BLOCKS)
#define ROUNDS 120
#define ASKED 200
#define NATIVE_CAP ((uint64_t)5000000000U * GWEI)
#define PATIENCE 11 /* longer than a change that nobody adopts holds back others */

struct intent {
	uint8_t fields[1024];
	size_t len;
	uint8_t mac[32];
};

static struct agent records[POOL]; /* one agent's, of all times */
static uint8_t keys[POOL][32];
static uint64_t key_versions[POOL];
static struct intent intents[POOL];
static size_t record_count, key_count, intent_count, newest, picked, last_intent;
static uint64_t token_best[NONCES], native_best[NONCES];
static uint64_t adopted_key, adopted_policy;
static uint64_t accepted;
static uint32_t block; /* the last one that was asked for */
static int dear; /* fees bind, or tokens */
static int64_t begun;
static uint32_t seed;

/* xorshift: the same on every machine */
static uint32_t
any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

static size_t
slot(size_t *count)
{
	return *count < POOL ? (*count)++ : 1 + any(POOL - 1);
}

/* What was changed waits, half the time, for somebody to adopt it later. */
static void
note_record(const struct agent *a, int is_newest)
{
	size_t at = slot(&record_count);

	records[at] = *a;
	if (is_newest)
		newest = at;
}

/* Accepted under this record: it is not older than what was adopted, which it may raise. */
static void
note_versions(const struct agent *a)
{
	struct agent_record rec = read_record(a);

	assert_true(rec.key_version >= adopted_key && rec.policy_version >= adopted_policy);
	adopted_key = rec.key_version;
	adopted_policy = rec.policy_version;
	newest = picked;
	accepted++;
}

/* Mostly the newest with its own key, so that something is let through. */
static struct agent
any_agent(void)
{
	struct agent a;

	picked = any(3) == 0 ? any((uint32_t)record_count) : newest;
	a = records[picked];
	if (any(8) == 0)
		memcpy(a.key, keys[any((uint32_t)key_count)], 32);
	return a;
}

static uint64_t
version_of(const uint8_t key[32])
{
	size_t i = 0;

	while (memcmp(keys[i], key, 32) != 0)
		i++;
	return key_versions[i];
}

/* What the transaction gives away of TOKEN. */
static uint64_t
given(const struct tx *tx)
{
	uint32_t selector = tx->data.len < 4 ? 0 : load_be32(tx->data.p);

	if (selector == TRANSFER)
		return load_be64(tx->data.p + 60);
	if (selector == APPROVE)
		return tx->data.p[35] == SPENDER ? load_be64(tx->data.p + 60) : 0;
	return selector == SPLIT ? load_be64(tx->data.p + 4 + 5 * 32 - 8) : 0;
}

static void
note_transaction(const struct tx *tx)
{
	uint64_t native = tx->value.limb[0] + tx->gas_limit * tx->max_fee_per_gas.limb[0];
	uint64_t token = given(tx), tokens = 0, natives = 0, passed;
	size_t n = (size_t)tx->nonce;

	token_best[n] = token > token_best[n] ? token : token_best[n];
	native_best[n] = native > native_best[n] ? native : native_best[n];
	for (size_t i = 0; i < NONCES; i++) {
		tokens += token_best[i];
		natives += native_best[i];
	}
	/* and what has leaked since */
	passed = (uint64_t)(monotonic_seconds - begun);
	assert_true(tokens <= 1000 + 1000 * passed / DAY);
	assert_true(natives <= NATIVE_CAP + NATIVE_CAP / DAY * passed + passed);
}

static void
note_intent(const struct tx *tx, const uint8_t mac[32])
{
	struct intent *in;
	struct writer w;

	last_intent = slot(&intent_count);
	in = &intents[last_intent];
	w = writer_of(in->fields, sizeof in->fields);
	tx_write_fields(&w, tx);
	assert_int_equal(w.err, 0);
	in->len = w.len;
	memcpy(in->mac, mac, 32);
}

static struct tx
any_transaction(uint64_t nonce, uint8_t room[260])
{
	static const uint8_t parties[] = {OWNER, SPENDER, CTF};
	struct tx tx = test_tx(any(3) == 0 ? CTF : TOKEN);
	uint64_t amount = any(dear ? 3 : 101);

	tx.nonce = nonce;
	if (dear) {
		tx.max_fee_per_gas = u256_of((1 + (uint64_t)any(400)) * GWEI);
		tx.gas_limit = 100000 + any(900000);
	}
	if (tx.to[0] == CTF)
		tx.data = call_split(room, SPLIT, TOKEN, amount);
	else
		tx.data = call_two(room, any(2) == 0 ? TRANSFER : APPROVE,
		    parties[any(2) + (any(2) == 0)], amount);
	if (dear && any(5) == 0) {
		memset(tx.to, OWNER, 20);
		tx.data = (struct bytes){NULL, 0};
		tx.value = u256_of((uint64_t)any(900000000) * GWEI);
	}
	return tx;
}

static void
take_trade(const struct agent *a, const struct tx *txs, size_t count)
{
	struct msg_trade_signed got;
	struct reader r;
	struct bytes raw;
	uint8_t hash[32], mac[32];

	assert_int_equal(msg_trade_signed_read(reply, &got), 0);
	r = reader_of(got.signed_steps.p, got.signed_steps.len);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(read_lp(&r, TX_RAW_MAX, &raw), 0);
		assert_int_equal(read_copy(&r, 32, hash), 0);
		assert_int_equal(read_copy(&r, 32, mac), 0);
		note_transaction(&txs[i]);
		note_intent(&txs[i], mac);
	}
	note_record(a, 1);
}

static void
do_trade(void)
{
	static uint8_t rooms[4][260];
	uint8_t name[32] = {0};
	struct tx txs[4];
	size_t count;
	struct agent a = any_agent(), before = a;

	/* mostly the last trade again, in another version, or a new one; else one of before */
	if (any(3) == 0 && block + 1 < BLOCKS)
		block++;
	store_be32(name, any(12) == 0 ? any(block + 1) : block);
	count = 1 + load_be32(name) % 4;
	for (size_t i = 0; i < count; i++)
		txs[i] = any_transaction(4 * load_be32(name) + i, rooms[i]);
	if (trade_as(&a, txs, count, any(20) == 0 ? NULL : name) != 0)
		return;
	assert_int_equal(version_of(a.key), read_record(&before).key_version);
	note_versions(&before);
	take_trade(&a, txs, count);
}

static void
do_bump(void)
{
	struct agent a = any_agent();
	const struct intent *in = &intents[any(2) == 0 ? last_intent : any(POOL)];
	const struct u256 fee = u256_of((1 + (uint64_t)any(520)) * GWEI);
	struct msg_bumped got;
	struct msg_bump m;
	struct reader r;
	struct tx tx;

	if (in->len == 0)
		return;
	FILL(m, &a);
	m.intent = (struct bytes){in->fields, in->len};
	memcpy(m.intent_mac, in->mac, 32);
	u256_to_be32(&fee, m.max_fee_per_gas);
	u256_to_be32(&fee, m.max_priority_fee);
	if (ask_bump(&m) != 0)
		return;
	note_versions(&a);
	assert_int_equal(msg_bumped_read(reply, &got), 0);
	r = reader_of(got.intent.p, got.intent.len);
	assert_int_equal(tx_read_fields(&r, &tx), 0);
	note_transaction(&tx);
	note_intent(&tx, got.intent_mac);
	keep(&a, got.record, got.mac);
	note_record(&a, 1);
}

static void
do_rotate(void)
{
	struct agent a = any_agent();
	size_t made;
	struct msg_rotate_key m;
	struct msg_rotated got;

	FILL_KEY(m, &a);
	if (any(2) == 0)
		m.idempotency_key = text(STRONG);
	if (key_count == POOL || ask_rotate_key(&m) != 0)
		return;
	assert_int_equal(msg_rotated_read(reply, &got), 0);
	note_versions(&a);
	made = key_count++;
	memcpy(keys[made], got.api_key, 32);
	memcpy(a.key, got.api_key, 32);
	keep(&a, got.record, got.mac);
	key_versions[made] = read_record(&a).key_version;
	note_record(&a, any(2) == 0);
}

static void
do_policy(void)
{
	struct agent a = any_agent();
	struct agent_record rec = read_record(&a);
	uint8_t room[POLICY_BYTES_MAX];
	struct msg_change_policy m;
	struct msg_policy_changed got;
	struct policy p;
	uint32_t less = any(4) == 0 ? any(20) : 0;

	assert_int_equal(policy_read(rec.policy.p, rec.policy.len, &p), 0);
	p.tokens[0].per_day = u256_of(p.tokens[0].per_day.limb[0] - less);
	if (any(8) == 0)
		p.tokens[0].per_day = u256_of(1000); /* looser, mostly */
	FILL_KEY(m, &a);
	m.policy = policy_bytes(&p, room);
	if (ask_change_policy(&m) != 0)
		return;
	assert_int_equal(msg_policy_changed_read(reply, &got), 0);
	note_versions(&a);
	keep(&a, got.record, got.mac);
	note_record(&a, any(2) == 0);
}

static void
do_adopt(void)
{
	struct agent a = any_agent();

	if (adopt(&a) == 0)
		note_versions(&a);
}

static void
do_restore(const struct policy *policy)
{
	struct msg_register m = registration("alice", policy);
	struct msg_registered got;
	struct agent a = records[picked = 0];

	memcpy(a.key, keys[any((uint32_t)key_count)], 32);
	m.api_key = (struct bytes){a.key, 32};
	if (ask_register(&m) != 0)
		return;
	assert_int_equal(msg_registered_read(reply, &got), 0);
	keep(&a, got.record, got.mac);
	note_versions(&a);
	note_record(&a, 1);
}

static void
begin(const struct policy *policy, uint32_t number)
{
	seed = 2463534242U + number * 7919;
	reboot(SCHEME_BOUND);
	begun = monotonic_seconds;
	record_count = key_count = intent_count = newest = last_intent = 0;
	block = 0;
	dear = number % 2;
	memset(token_best, 0, sizeof token_best);
	memset(native_best, 0, sizeof native_best);
	memset(intents, 0, sizeof intents);
	adopted_key = adopted_policy = 1;
	records[record_count++] = registered("alice", policy);
	memcpy(keys[key_count], records[0].key, 32);
	key_versions[key_count++] = 1;
}

static void
test_anything_in_any_order(void **state)
{
	struct policy policy = test_policy();

	(void)state;
	policy_add_spender(&policy, SPENDER);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		begin(&policy, round);
		for (size_t i = 0; i < ASKED; i++) {
			uint32_t what = any(40);

			if (what < 20)
				do_trade();
			else if (what < 26)
				do_bump();
			else if (what < 28)
				do_rotate();
			else if (what < 32)
				do_policy();
			else if (what < 35)
				do_adopt();
			else if (what < 36)
				do_restore(&policy);
			else
				monotonic_seconds += PATIENCE;
		}
	}
	assert_true(accepted > ROUNDS * 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_anything_in_any_order, setup_bound, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
