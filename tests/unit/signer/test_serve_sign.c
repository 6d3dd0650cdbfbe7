#include "asked.h"
#include "typed_form.h"

#include "crypto/keccak256.h"

#define TRANSFER 0xa9059cbbU
#define APPROVE 0x095ea7b3U
#define SPLIT 0x72ce4275U

static struct policy policy;
static uint8_t rooms[4][260];

static int
setup(void **state)
{
	policy = test_policy();
	return setup_bound(state);
}

static struct tx
token_transfer(size_t room, uint64_t amount)
{
	struct tx tx = test_tx(TOKEN);

	tx.data = call_two(rooms[room], TRANSFER, OWNER, amount);
	return tx;
}

static void
signer_of(const uint8_t digest[32], const uint8_t rs[64], uint8_t parity, uint8_t ret[20])
{
	uint8_t public_key[64];

	assert_int_equal(secp_recover(digest, rs, parity, public_key), 0);
	address_from_public_key(public_key, ret);
}

struct signed_step {
	struct bytes raw;
	uint8_t hash[32];
	uint8_t mac[32];
};

/* The steps of the last reply. */
static size_t
read_steps(struct signed_step ret[4])
{
	struct msg_trade_signed m;
	struct reader r;
	size_t n = 0;

	assert_int_equal(msg_trade_signed_read(reply, &m), 0);
	for (r = reader_of(m.signed_steps.p, m.signed_steps.len); r.left > 0; n++) {
		assert_int_equal(read_lp(&r, TX_RAW_MAX, &ret[n].raw), 0);
		assert_int_equal(read_copy(&r, 32, ret[n].hash), 0);
		assert_int_equal(read_copy(&r, 32, ret[n].mac), 0);
	}
	return n;
}

/* --- trades -------------------------------------------------------------- */

static void
test_trade(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx txs[3] = {test_tx(TOKEN), test_tx(CTF), test_tx(OWNER)}, tx;
	struct tx_signature signature;
	struct signed_step steps[4];
	uint8_t digest[32], hash[32], rs[64], signer[20];
	struct agent_record rec;

	(void)state;
	txs[0].data = call_two(rooms[0], APPROVE, CTF, 60);
	txs[1].data = call_split(rooms[1], SPLIT, TOKEN, 60);
	txs[2].value = u256_of(5);
	for (uint64_t i = 0; i < 3; i++)
		txs[i].nonce = 40 + i;
	assert_int_equal(trade(&a, txs, 3), 0);
	assert_int_equal(read_steps(steps), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
		    tx_decode_signed(steps[i].raw.p, steps[i].raw.len, &tx, &signature), 0);
		assert_int_equal(tx.nonce, 40 + i);
		assert_memory_equal(tx.to, txs[i].to, 20);
		assert_true(bytes_equal(tx.data, txs[i].data));
		assert_int_equal(tx_signing_hash(&txs[i], digest), 0);
		memcpy(rs, signature.r, 32);
		memcpy(rs + 32, signature.s, 32);
		signer_of(digest, rs, signature.y_parity, signer);
		assert_memory_equal(signer, a.address, 20);
		keccak256(steps[i].raw.p, steps[i].raw.len, hash);
		assert_memory_equal(hash, steps[i].hash, 32);
	}
	rec = read_record(&a);
	assert_int_equal(rec.used, 1);
	assert_int_equal(rec.record_version, 2);
	assert_int_equal(rec.token_used[0].limb[0], 60); /* the split, not the approval */
	assert_int_equal(rec.native_used.limb[0], 5 + 3 * (uint64_t)100000 * GWEI);
	assert_no_key_stays(a.key);
}

/* One bad step, and nothing of the trade was signed or charged. */
static void
test_all_or_nothing(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx txs[2] = {token_transfer(0, 50), token_transfer(1, 50)};

	(void)state;
	txs[1].to[0]++;
	assert_int_equal(trade(&a, txs, 2), ERR_POLICY);
	assert_rule("token-unknown");
	assert_true(u256_is_zero(&serve.table.entries[0].spend.token[0].used));
	assert_true(u256_is_zero(&serve.table.entries[0].spend.native.used));
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(send_token(&a, 100), 0);
	/* each fits, both do not */
	txs[0] = token_transfer(0, 60);
	txs[1] = token_transfer(1, 60);
	assert_int_equal(trade(&a, txs, 2), ERR_POLICY);
	assert_rule("token-per-day");
	assert_int_equal(send_token(&a, 100), 0);
}

static void
test_step_counts(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx txs[5] = {token_transfer(0, 1), token_transfer(0, 1), token_transfer(0, 1),
	    token_transfer(0, 1), token_transfer(0, 1)};

	(void)state;
	assert_int_equal(trade(&a, txs, 0), ERR_PROTOCOL);
	assert_int_equal(trade(&a, txs, 5), ERR_PROTOCOL);
	assert_int_equal(trade(&a, txs, 4), 0);
}

static void
test_malformed_steps(void **state)
{
	struct agent a = registered("alice", &policy);
	uint8_t fields[300], run[400];
	struct writer w = writer_of(fields, sizeof fields), steps;
	const struct tx tx = token_transfer(0, 1);
	struct msg_sign_trade m;

	(void)state;
	tx_write_fields(&w, &tx);
	write_u8(&w, 0); /* something more than the fields */
	steps = writer_of(run, sizeof run);
	write_lp(&steps, fields, w.len);
	FILL_KEY(m, &a);
	m.steps = (struct bytes){run, steps.len};
	assert_int_equal(ask_sign_trade(&m), ERR_TRAILING);
	assert_rule("transaction");
	m.steps.len--; /* an LP run that ends early is the gateway's fault */
	assert_int_equal(ask_sign_trade(&m), ERR_PROTOCOL);
	fields[0] = 3; /* a blob transaction */
	steps = writer_of(run, sizeof run);
	write_lp(&steps, fields, w.len - 1);
	m.steps.len = steps.len;
	assert_int_equal(ask_sign_trade(&m), ERR_UNSUPPORTED);
	assert_rule("transaction");
}

static void
test_wrong_key(void **state)
{
	struct agent a = registered("alice", &policy);

	(void)state;
	a.key[5] ^= 1;
	assert_int_equal(send_token(&a, 1), ERR_AUTH);
	assert_int_equal(serve.table.count, 0);
}

/* --- one idempotency key, one trade ---------------------------------------- */

static const uint8_t key_one[32] = {1}, key_two[32] = {2};

static uint64_t
token_used(const struct agent *a)
{
	return read_record(a).token_used[0].limb[0];
}

/* The journal's rows are gone and the gateway plans anew: the next nonce is a second trade. */
static void
test_a_key_is_signed_once(void **state)
{
	struct agent a = registered("alice", &policy), b = registered("bob", &policy);
	struct tx tx = token_transfer(0, 10);

	(void)state;
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
	tx.nonce = 1;
	assert_int_equal(trade_as(&a, &tx, 1, key_one), ERR_USED);
	assert_rule("trade-repeated");
	assert_int_equal(token_used(&a), 10);
	/* another key, no key, another agent's key of the same hash: other trades */
	assert_int_equal(trade_as(&a, &tx, 1, key_two), 0);
	assert_int_equal(trade(&a, &tx, 1), 0);
	assert_int_equal(trade_as(&b, &tx, 1, key_one), 0);
	assert_int_equal(token_used(&a), 30);
	/* the key's trade came first, whatever came since */
	tx.nonce = 7;
	assert_int_equal(trade_as(&a, &tx, 1, key_one), ERR_USED);
	assert_int_equal(trade_as(&a, &tx, 1, key_two), ERR_USED);
}

/* The commit failed and nothing was sent: the same again gives the same bytes and costs nothing. */
static void
test_a_retry_gives_the_same_bytes(void **state)
{
	struct agent a = registered("alice", &policy);
	const struct agent before = a;
	struct tx txs[2] = {token_transfer(0, 10), token_transfer(1, 20)};
	struct signed_step first[4], again[4];
	uint8_t raw[2][400];
	size_t len[2];

	(void)state;
	txs[1].nonce = 1;
	assert_int_equal(trade_as(&a, txs, 2, key_one), 0);
	assert_int_equal(read_steps(first), 2);
	for (size_t i = 0; i < 2; i++) {
		len[i] = first[i].raw.len;
		memcpy(raw[i], first[i].raw.p, len[i]);
	}
	a = before; /* what the database has */
	assert_int_equal(trade_as(&a, txs, 2, key_one), 0);
	assert_int_equal(read_steps(again), 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(bytes_equal(again[i].raw, (struct bytes){raw[i], len[i]}));
	assert_int_equal(token_used(&a), 30);
	assert_int_equal(read_record(&a).native_used.limb[0], 2 * (uint64_t)100000 * GWEI);
	/* nothing of it pays for another trade */
	assert_int_equal(trade_as(&a, txs, 2, key_two), 0);
	assert_int_equal(token_used(&a), 60);
}

/* The market moved meanwhile. One nonce is one transaction: the dearer of the two counts. */
static void
test_a_retry_costs_what_it_is_dearer(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx tx = token_transfer(0, 60);

	(void)state;
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
	tx.max_fee_per_gas = u256_of(3 * (uint64_t)GWEI);
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
	assert_int_equal(token_used(&a), 60);
	assert_int_equal(read_record(&a).native_used.limb[0], 3 * (uint64_t)100000 * GWEI);
	tx = token_transfer(0, 90);
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
	assert_int_equal(token_used(&a), 90);
	/* a small one does not make room for what was signed before it */
	tx = token_transfer(0, 1);
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
	tx = token_transfer(0, 90);
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
	assert_int_equal(token_used(&a), 90);
	assert_int_equal(read_record(&a).native_used.limb[0], 3 * (uint64_t)100000 * GWEI);
	/* and the cap of one transaction holds for all of it */
	tx = token_transfer(0, 101);
	assert_int_equal(trade_as(&a, &tx, 1, key_one), ERR_POLICY);
	assert_rule("token-per-transaction");
}

/* Every step must take the place of the one that was signed. */
static void
test_a_retry_has_the_same_nonces(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx txs[2] = {token_transfer(0, 10), token_transfer(1, 20)}, swapped[2];

	(void)state;
	txs[0].nonce = 5;
	txs[1].nonce = 6;
	assert_int_equal(trade_as(&a, txs, 2, key_one), 0);
	assert_int_equal(trade_as(&a, txs, 1, key_one), ERR_USED);
	assert_int_equal(trade_as(&a, txs + 1, 1, key_one), ERR_USED);
	swapped[0] = txs[1];
	swapped[1] = txs[0];
	assert_int_equal(trade_as(&a, swapped, 2, key_one), ERR_USED);
	txs[1].nonce = 7;
	assert_int_equal(trade_as(&a, txs, 2, key_one), ERR_USED);
	txs[1].nonce = 6;
	assert_int_equal(trade_as(&a, txs, 2, key_one), 0);
	assert_int_equal(token_used(&a), 30);
}

/*
 * Each version of a trade within the caps, and of each the dear step sent: that is another
 * trade than any of them, and all of it counts.
 */
static void
test_the_dear_steps_of_several_versions(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx txs[4];

	(void)state;
	for (size_t version = 0; version < 4; version++) {
		for (size_t i = 0; i < 4; i++) {
			txs[i] = token_transfer(i, i == version ? 100 : 0);
			txs[i].nonce = i;
		}
		assert_int_equal(trade_as(&a, txs, 4, key_one), 0);
		assert_int_equal(token_used(&a), 100 * (version + 1));
	}
	/* the whole of it costs nothing more */
	for (size_t i = 0; i < 4; i++)
		txs[i].data = call_two(rooms[i], TRANSFER, OWNER, 100);
	assert_int_equal(trade_as(&a, txs, 4, key_one), 0);
	assert_int_equal(token_used(&a), 400);
}

/* A refused trade was not signed: its key is free. */
static void
test_a_refusal_leaves_the_key_free(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx tx = token_transfer(0, 101);

	(void)state;
	assert_int_equal(trade_as(&a, &tx, 1, key_one), ERR_POLICY);
	tx = token_transfer(0, 100);
	tx.nonce = 9;
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
}

/* What was paid is counted in the tokens of a policy: under another one it pays for nothing. */
static void
test_a_retry_under_another_policy_pays_again(void **state)
{
	struct agent a;
	struct msg_change_policy m;
	struct msg_policy_changed got;
	struct policy next = policy;
	struct tx tx = token_transfer(0, 30);
	uint8_t room[POLICY_BYTES_MAX];

	(void)state;
	a = registered("alice", &policy);
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
	next.max_gas--;
	FILL_KEY(m, &a);
	m.policy = policy_bytes(&next, room);
	assert_int_equal(ask_change_policy(&m), 0);
	assert_int_equal(msg_policy_changed_read(reply, &got), 0);
	keep(&a, got.record, got.mac);
	assert_int_equal(adopt(&a), 0);
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
	assert_int_equal(token_used(&a), 60);
}

/* The last 32 of each agent, since boot. */
static void
test_how_long_a_key_is_known(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx tx = token_transfer(0, 1);
	uint8_t key[32] = {0};

	(void)state;
	for (uint8_t i = 0; i < 33; i++) {
		key[0] = i;
		tx.nonce = i;
		assert_int_equal(trade_as(&a, &tx, 1, key), 0);
	}
	tx.nonce = 99;
	for (uint8_t i = 1; i < 33; i++) {
		key[0] = i;
		assert_int_equal(trade_as(&a, &tx, 1, key), ERR_USED);
	}
	key[0] = 0;
	assert_int_equal(trade_as(&a, &tx, 1, key), 0);
	key[0] = 32;
	assert_int_equal(trade_as(&a, &tx, 1, key), ERR_USED);
	reboot(SCHEME_BOUND);
	assert_int_equal(trade_as(&a, &tx, 1, key), 0);
}

static void
test_the_receipt_names_the_key(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx tx = token_transfer(0, 1);
	struct msg_trade_signed got;
	struct msg_sign_trade m;

	(void)state;
	assert_int_equal(trade_as(&a, &tx, 1, key_one), 0);
	assert_int_equal(msg_trade_signed_read(reply, &got), 0);
	assert_receipt(got.receipt, got.signature, ",\"idempotencyHash\":\"0x0100000000000000"
	    "000000000000000000000000000000000000000000000000\",\"instanceKey\":");
	FILL_KEY(m, &a);
	m.idempotency_hash = (struct bytes){key_one, 31};
	assert_int_equal(ask_sign_trade(&m), ERR_PROTOCOL);
}

/* --- caps ---------------------------------------------------------------- */

/* The database gives an older record back, with less spent: the table's word counts. */
static void
test_older_spend(void **state)
{
	struct agent a = registered("alice", &policy);
	const struct agent fresh = a;

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		a = fresh;
		assert_int_equal(send_token(&a, 100), 0);
	}
	a = fresh;
	assert_int_equal(send_token(&a, 1), ERR_POLICY);
	assert_rule("token-per-day");
	/* also in the next life, when the newest record is shown */
	a = fresh;
	assert_int_equal(authenticate(&a), 0);
	assert_int_equal(read_record(&a).token_used[0].limb[0], 1000);
	reboot(SCHEME_BOUND);
	assert_int_equal(send_token(&a, 1), ERR_POLICY);
}

/* Approvals to others are charged like transfers: spent or not, the sum stays below the cap. */
static void
test_approve_race(void **state)
{
	struct agent a;
	struct tx tx = test_tx(TOKEN);

	(void)state;
	policy_add_spender(&policy, SPENDER);
	a = registered("alice", &policy);
	tx.data = call_two(rooms[0], APPROVE, SPENDER, 100);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(trade(&a, &tx, 1), 0);
	assert_int_equal(send_token(&a, 100), 0);
	assert_int_equal(trade(&a, &tx, 1), ERR_POLICY);
	assert_rule("token-per-day");
	memset(rooms[0] + 36, 0xff, 32); /* type(uint256).max */
	assert_int_equal(trade(&a, &tx, 1), ERR_POLICY);
	assert_rule("token-per-transaction");
	tx.data = call_two(rooms[0], APPROVE, CTF, 0);
	memset(rooms[0] + 36, 0xff, 32);
	assert_int_equal(trade(&a, &tx, 1), ERR_POLICY);
	assert_rule("token-per-transaction");
}

/* To ConditionalTokens as well, but for what a split of the same trade takes. */
static void
test_approvals_that_nothing_uses_up(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx txs[2] = {test_tx(TOKEN), test_tx(CTF)};

	(void)state;
	txs[0].data = call_two(rooms[0], APPROVE, CTF, 100);
	txs[1].data = call_split(rooms[1], SPLIT, TOKEN, 100);
	assert_int_equal(trade(&a, txs, 2), 0);
	assert_int_equal(token_used(&a), 100);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(trade(&a, txs, 1), 0);
	assert_int_equal(token_used(&a), 1000);
	assert_int_equal(trade(&a, txs, 1), ERR_POLICY);
	assert_rule("token-per-day");
}

/* A node that lies about fees runs into the ceiling, and the caps hold the sum of all fees. */
static void
test_fees_are_bounded(void **state)
{
	struct agent a;
	struct tx tx = test_tx(OWNER);
	size_t n = 0;

	(void)state;
	policy.native_per_transaction = u256_of((uint64_t)1000000000 * GWEI); /* 1 */
	policy.native_per_day = u256_of((uint64_t)5 * 1000000000 * GWEI);
	a = registered("alice", &policy);
	tx.gas_limit = 1000000;
	tx.max_fee_per_gas = u256_of((uint64_t)501 * GWEI);
	assert_int_equal(trade(&a, &tx, 1), ERR_POLICY);
	assert_rule("fee-ceiling");
	tx.max_fee_per_gas = u256_of((uint64_t)500 * GWEI); /* half a unit of gas each time */
	while (trade(&a, &tx, 1) == 0)
		n++;
	assert_rule("native-per-day");
	assert_int_equal(n, 10);
}

/* Only the monotonic clock counts, and what it gave is gone when it is spent. */
static void
test_clocks(void **state)
{
	struct agent a = registered("alice", &policy);

	(void)state;
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(send_token(&a, 100), 0);
	realtime_seconds += 365 * DAY;
	assert_int_equal(send_token(&a, 1), ERR_POLICY);
	realtime_seconds = 0;
	monotonic_seconds -= 500; /* cannot happen, and gives nothing */
	assert_int_equal(send_token(&a, 1), ERR_POLICY);
	monotonic_seconds += 500 + DAY / 10;
	assert_int_equal(send_token(&a, 100), 0);
	assert_int_equal(send_token(&a, 1), ERR_POLICY);
	assert_rule("token-per-day");
	monotonic_seconds += 5 * DAY;
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(send_token(&a, 100), 0);
	assert_int_equal(send_token(&a, 1), ERR_POLICY);
}

/* Down for days: the bucket of the record is as full as it was. */
static void
test_down_time_earns_nothing(void **state)
{
	struct agent a = registered("alice", &policy);

	(void)state;
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(send_token(&a, 100), 0);
	serve_close(&serve);
	monotonic_seconds = 50; /* the clock of another host */
	realtime_seconds += 30 * DAY;
	assert_int_equal(boot_with(PHRASE, SCHEME_BOUND, 16), 0);
	assert_int_equal(send_token(&a, 1), ERR_POLICY);
	/* from the boot on it leaks, seen or not */
	reboot(SCHEME_BOUND);
	monotonic_seconds += DAY / 10;
	assert_int_equal(send_token(&a, 100), 0);
	assert_int_equal(send_token(&a, 1), ERR_POLICY);
}

/* --- fee bumps ----------------------------------------------------------- */

static uint8_t intent_room[20480];

static struct msg_bump
bump_of(const struct agent *a, const struct tx *tx, const uint8_t mac[32], uint64_t fee,
    uint64_t priority)
{
	struct writer w = writer_of(intent_room, sizeof intent_room);
	const struct u256 f = u256_of(fee), p = u256_of(priority);
	struct msg_bump m;

	tx_write_fields(&w, tx);
	FILL(m, a);
	m.intent = (struct bytes){intent_room, w.len};
	memcpy(m.intent_mac, mac, 32);
	u256_to_be32(&f, m.max_fee_per_gas);
	u256_to_be32(&p, m.max_priority_fee);
	return m;
}

static void
test_bump(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx tx = token_transfer(0, 10), got;
	struct signed_step steps[4];
	struct msg_bump m;
	struct msg_bumped bumped;
	struct tx_signature signature;
	struct reader r;
	uint64_t before;

	(void)state;
	assert_int_equal(trade(&a, &tx, 1), 0);
	assert_int_equal(read_steps(steps), 1);
	before = read_record(&a).native_used.limb[0];
	m = bump_of(&a, &tx, steps[0].mac, GWEI / 10 * 12, GWEI / 10 * 11);
	assert_int_equal(ask_bump(&m), 0);
	assert_int_equal(msg_bumped_read(reply, &bumped), 0);
	keep(&a, bumped.record, bumped.mac);
	assert_int_equal(tx_decode_signed(bumped.raw.p, bumped.raw.len, &got, &signature), 0);
	assert_int_equal(got.max_fee_per_gas.limb[0], GWEI / 10 * 12);
	assert_int_equal(got.max_priority_fee.limb[0], GWEI / 10 * 11);
	assert_true(bytes_equal(got.data, tx.data));
	assert_memory_equal(got.to, tx.to, 20);
	assert_int_equal(got.nonce, tx.nonce);
	/* only the difference is charged; the token is not charged again */
	assert_int_equal(read_record(&a).native_used.limb[0] - before,
	    (uint64_t)100000 * (GWEI / 10 * 2));
	assert_int_equal(read_record(&a).token_used[0].limb[0], 10);
	/* the new intent can be bumped in turn */
	r = reader_of(bumped.intent.p, bumped.intent.len);
	assert_int_equal(tx_read_fields(&r, &got), 0);
	got.data = tx.data;
	m = bump_of(&a, &got, bumped.intent_mac, 2 * GWEI, 2 * GWEI);
	assert_int_equal(ask_bump(&m), 0);
}

/* Somebody rewrites the journal between the signature and the bump. */
static void
test_rewritten_intents(void **state)
{
	struct agent a, b;
	struct tx tx = token_transfer(0, 10), other;
	struct signed_step steps[4];
	struct msg_bump m;
	uint8_t mac[32];

	(void)state;
	a = registered("alice", &policy);
	b = registered("bob", &policy);
	assert_int_equal(trade(&a, &tx, 1), 0);
	assert_int_equal(read_steps(steps), 1);
	memcpy(mac, steps[0].mac, 32);
#define REWRITTEN(change) \
	do { \
		other = tx; \
		change; \
		m = bump_of(&a, &other, mac, 2 * GWEI, 2 * GWEI); \
		assert_int_equal(ask_bump(&m), ERR_MAC); \
		assert_rule("intent"); \
	} while (0)
	REWRITTEN(other.to[0]++);
	REWRITTEN(other.value = u256_of(1));
	REWRITTEN(other.nonce++);
	REWRITTEN(other.gas_limit--);
	REWRITTEN(other.max_fee_per_gas = u256_of(1));
	REWRITTEN(other.data = call_two(rooms[1], TRANSFER, STRANGER, 10));
	REWRITTEN(mac[0]++);
	mac[0]--;
	/* another agent's wallet */
	m = bump_of(&b, &tx, mac, 2 * GWEI, 2 * GWEI);
	assert_int_equal(ask_bump(&m), ERR_MAC);
	m = bump_of(&a, &tx, mac, 2 * GWEI, 2 * GWEI);
	assert_int_equal(ask_bump(&m), 0);
}

/*
 * After a restart somebody registers the name with rules of his own and has the signer sign
 * what he likes, with a wallet of his. Put under the first agent's row again, it is not hers.
 */
static void
test_the_intent_of_a_namesake(void **state)
{
	struct policy lax = policy;
	struct agent alice, namesake;
	struct signed_step steps[4];
	struct tx tx = token_transfer(0, 90);
	struct msg_bump m;

	(void)state;
	lax.flags = POLICY_TO_ANYONE;
	alice = registered("alice", &policy);
	reboot(SCHEME_BOUND);
	namesake = registered("alice", &lax);
	tx.data = call_two(rooms[0], TRANSFER, STRANGER, 90);
	assert_int_equal(trade(&namesake, &tx, 1), 0);
	assert_int_equal(read_steps(steps), 1);
	reboot(SCHEME_BOUND);
	m = bump_of(&alice, &tx, steps[0].mac, 2 * GWEI, 2 * GWEI);
	assert_int_equal(ask_bump(&m), ERR_MAC);
	assert_rule("intent");
}

static void
test_bump_limits(void **state)
{
	struct agent a;
	struct tx tx = token_transfer(0, 10);
	struct signed_step steps[4];
	struct msg_bump m;
	uint8_t mac[32];

	(void)state;
	policy.native_per_day = u256_of((uint64_t)100000 * GWEI / 10 * 15);
	a = registered("alice", &policy);
	assert_int_equal(trade(&a, &tx, 1), 0);
	assert_int_equal(read_steps(steps), 1);
	memcpy(mac, steps[0].mac, 32);
	m = bump_of(&a, &tx, mac, GWEI / 100 * 109, GWEI / 100 * 109);
	assert_int_equal(ask_bump(&m), ERR_POLICY);
	assert_rule("bump-fee");
	m = bump_of(&a, &tx, mac, (uint64_t)501 * GWEI, 2 * GWEI);
	assert_int_equal(ask_bump(&m), ERR_POLICY);
	assert_rule("fee-ceiling");
	m = bump_of(&a, &tx, mac, 2 * GWEI, 2 * GWEI);
	assert_int_equal(ask_bump(&m), ERR_POLICY);
	assert_rule("native-per-day");
	m = bump_of(&a, &tx, mac, GWEI / 10 * 14, GWEI / 10 * 14);
	assert_int_equal(ask_bump(&m), 0);
}

static void
test_bump_type(void **state)
{
	struct agent a = registered("alice", &policy);
	struct tx tx = token_transfer(0, 10);
	struct signed_step steps[4];
	struct msg_bump m;

	(void)state;
	tx.type = TX_LEGACY;
	tx.max_priority_fee = U256_ZERO;
	assert_int_equal(trade(&a, &tx, 1), 0);
	assert_int_equal(read_steps(steps), 1);
	m = bump_of(&a, &tx, steps[0].mac, 2 * GWEI, 2 * GWEI);
	assert_int_equal(ask_bump(&m), ERR_POLICY);
	assert_rule("bump-type");
}

/* --- typed data and messages --------------------------------------------- */

static uint8_t form[4096];

/* ERC-2612 for this wallet; returns the form's length and its type hash. */
static size_t
permit_form(const uint8_t wallet[20], uint64_t value, uint8_t ret_type_hash[32])
{
	static struct typed_data td;
	struct typed_hashes hashes;
	struct writer w = typed_begin(form, sizeof form, 1);

	write_struct(&w, "Permit",
	    "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline");
	typed_domain(&w, "USD", CHAIN, TOKEN);
	write_bytes(&w, (const uint8_t[12]){0}, 12);
	write_bytes(&w, wallet, 20);
	write_address_word(&w, SPENDER);
	write_word(&w, value);
	write_word(&w, 0);
	write_word(&w, 99);
	assert_int_equal(typed_data_read(form, w.len, &td), 0);
	assert_int_equal(typed_data_hash(&td, &hashes), 0);
	memcpy(ret_type_hash, hashes.type_hash, 32);
	return w.len;
}

static struct agent
permitting_agent(void)
{
	uint8_t nobody[20] = {0};
	struct policy_typed *t = &policy.typed[0];

	policy.actions |= POLICY_TYPED_DATA | POLICY_MESSAGE;
	policy_add_spender(&policy, SPENDER);
	policy.typed_count = 1;
	t->chain_id = CHAIN;
	memset(t->contract, TOKEN, 20);
	(void)permit_form(nobody, 1, t->type_hash);
	return registered("alice", &policy);
}

static int
sign_permit(struct agent *a, uint64_t value, struct msg_signed *ret)
{
	struct msg_sign_typed_data m;
	uint8_t type_hash[32];
	int r;

	FILL_KEY(m, a);
	m.typed_data = (struct bytes){form, permit_form(a->address, value, type_hash)};
	if ((r = ask_sign_typed_data(&m)) != 0)
		return r;
	assert_int_equal(msg_signed_read(reply, ret), 0);
	keep(a, ret->record, ret->mac);
	assert_receipt(ret->receipt, ret->signature, "\"action\":\"typed-data\"");
	return 0;
}

/* Permits spend when they are signed: they and transfers share one cap. */
static void
test_permits_are_charged(void **state)
{
	struct agent a = permitting_agent();
	struct msg_signed got;
	uint8_t signer[20];

	(void)state;
	assert_int_equal(sign_permit(&a, 100, &got), 0);
	signer_of(got.digest, got.eth_signature, (uint8_t)(got.eth_signature[64] - 27), signer);
	assert_memory_equal(signer, a.address, 20);
	assert_int_equal(read_record(&a).token_used[0].limb[0], 100);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(sign_permit(&a, 100, &got), 0);
	assert_int_equal(send_token(&a, 100), 0);
	assert_int_equal(sign_permit(&a, 1, &got), ERR_POLICY);
	assert_rule("token-per-day");
	assert_int_equal(sign_permit(&a, 101, &got), ERR_POLICY);
	assert_rule("token-per-transaction");
}

static void
test_malformed_typed_data(void **state)
{
	struct agent a = permitting_agent();
	struct msg_sign_typed_data m;
	uint8_t type_hash[32];

	(void)state;
	FILL_KEY(m, &a);
	m.typed_data = (struct bytes){form, permit_form(a.address, 1, type_hash) - 1};
	assert_true(ask_sign_typed_data(&m) != 0);
	assert_rule("typed-form");
	m.typed_data.len = 0;
	assert_true(ask_sign_typed_data(&m) != 0);
	assert_rule("typed-form");
}

static int
sign_message(struct agent *a, const char *message, struct msg_signed *ret)
{
	struct msg_sign_message m;
	int r;

	FILL_KEY(m, a);
	m.message = text(message);
	if ((r = ask_sign_message(&m)) != 0)
		return r;
	assert_int_equal(msg_signed_read(reply, ret), 0);
	keep(a, ret->record, ret->mac);
	assert_receipt(ret->receipt, ret->signature, "\"action\":\"message\"");
	return 0;
}

static void
test_message(void **state)
{
	struct agent a = permitting_agent();
	struct msg_signed got;
	uint8_t digest[32], signer[20];

	(void)state;
	assert_int_equal(sign_message(&a, "hello", &got), 0);
	keccak256("\x19" "Ethereum Signed Message:\n5hello", 32, digest);
	assert_memory_equal(got.digest, digest, 32);
	signer_of(got.digest, got.eth_signature, (uint8_t)(got.eth_signature[64] - 27), signer);
	assert_memory_equal(signer, a.address, 20);
	assert_int_equal(sign_message(&a, "exactly thirty-two bytes of text", &got), ERR_POLICY);
	assert_rule("message-digest");
	a = registered("bob", &policy);
	a.key[0]++;
	assert_int_equal(sign_message(&a, "hello", &got), ERR_AUTH);
}

/* --- the door ------------------------------------------------------------ */

static int
ask_as(enum ipc_role from, uint32_t type, size_t len)
{
	struct writer w = channel_body(reply_room, sizeof reply_room);
	int r;

	r = serve_request(&serve, from, type, (struct bytes){body_room, len}, &w, &reply_type);
	if (r == ERR_PROTOCOL)
		assert_int_equal(w.len, 0); /* nothing is answered */
	reply = (struct bytes){w.p, w.len};
	return r;
}

static void
test_who_may_ask_what(void **state)
{
	const struct agent_record first = {.scheme = SCHEME_INDEXED};
	struct msg_instance instance;
	uint8_t address[20];

	(void)state;
	body_room[0] = 1;
	assert_int_equal(ask_as(ROLE_ATTESTER, MSG_INSTANCE_QUERY, 1), 0);
	assert_int_equal(msg_instance_read(reply, &instance), 0);
	assert_memory_equal(instance.instance_key, keyring_instance_key(serve.keys), 32);
	assert_memory_equal(instance.root_id, keyring_root_id(serve.keys), 32);
	assert_int_equal(keyring_address(serve.keys, &first, address), 0);
	assert_memory_equal(instance.address_0, address, 20);
	assert_int_equal(ask_as(ROLE_GATEWAY, MSG_INSTANCE_QUERY, 1), ERR_PROTOCOL);
	assert_int_equal(ask_as(ROLE_GATEWAY, MSG_STATUS_QUERY, 1), 0);
	assert_int_equal(ask_as(ROLE_ATTESTER, MSG_STATUS_QUERY, 1), ERR_PROTOCOL);
	assert_int_equal(ask_as(ROLE_SUPERVISOR, MSG_STATUS_QUERY, 1), ERR_PROTOCOL);
	for (uint32_t type = 0; type < 300; type++) {
		if (type == MSG_STATUS_QUERY)
			continue;
		/* unknown, not for us, or too short */
		assert_int_equal(ask_as(ROLE_GATEWAY, type, 1), ERR_PROTOCOL);
		if (type != MSG_INSTANCE_QUERY)
			assert_int_equal(ask_as(ROLE_ATTESTER, type, 1), ERR_PROTOCOL);
		assert_int_equal(ask_as(ROLE_SUPERVISOR, type, 1), ERR_PROTOCOL);
	}
	body_room[0] = 2; /* a version of a later time */
	assert_int_equal(ask_as(ROLE_GATEWAY, MSG_STATUS_QUERY, 1), ERR_PROTOCOL);
	assert_int_equal(ask_as(ROLE_ATTESTER, MSG_INSTANCE_QUERY, 1), ERR_PROTOCOL);
	body_room[0] = 1;
	assert_int_equal(ask_as(ROLE_GATEWAY, MSG_STATUS_QUERY, 2), ERR_PROTOCOL);
}

static void
test_a_reply_that_does_not_fit(void **state)
{
	uint8_t small[300];
	struct writer w = writer_of(small, sizeof small);
	struct writer body = writer_of(body_room, sizeof body_room);
	const struct msg_register m = registration("alice", &policy);

	(void)state;
	msg_register_write(&body, &m);
	assert_int_equal(serve_request(&serve, ROLE_GATEWAY, MSG_REGISTER,
	                     (struct bytes){body_room, body.len}, &w, &reply_type),
	    0);
	assert_int_equal(reply_type, MSG_REFUSED);
	assert_int_equal(msg_refused_read((struct bytes){small, w.len}, &refused), 0);
	assert_int_equal((int)(int32_t)refused.code, ERR_SPACE);
}

/* The context is blinded anew now and then, and goes on signing. */
static void
test_blinding(void **state)
{
	struct agent a = registered("alice", &policy);

	(void)state;
	serve.signatures = 1023;
	assert_int_equal(send_token(&a, 1), 0);
	assert_int_equal(serve.signatures, 0);
	assert_int_equal(send_token(&a, 1), 0);
	assert_int_equal(serve.signatures, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_trade),
		TEST(test_all_or_nothing),
		TEST(test_step_counts),
		TEST(test_malformed_steps),
		TEST(test_wrong_key),
		TEST(test_a_key_is_signed_once),
		TEST(test_a_retry_gives_the_same_bytes),
		TEST(test_a_retry_costs_what_it_is_dearer),
		TEST(test_a_retry_has_the_same_nonces),
		TEST(test_the_dear_steps_of_several_versions),
		TEST(test_a_refusal_leaves_the_key_free),
		TEST(test_a_retry_under_another_policy_pays_again),
		TEST(test_how_long_a_key_is_known),
		TEST(test_the_receipt_names_the_key),
		TEST(test_older_spend),
		TEST(test_approve_race),
		TEST(test_approvals_that_nothing_uses_up),
		TEST(test_fees_are_bounded),
		TEST(test_clocks),
		TEST(test_down_time_earns_nothing),
		TEST(test_bump),
		TEST(test_rewritten_intents),
		TEST(test_the_intent_of_a_namesake),
		TEST(test_bump_limits),
		TEST(test_bump_type),
		TEST(test_permits_are_charged),
		TEST(test_malformed_typed_data),
		TEST(test_message),
		TEST(test_who_may_ask_what),
		TEST(test_a_reply_that_does_not_fit),
		TEST(test_blinding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
