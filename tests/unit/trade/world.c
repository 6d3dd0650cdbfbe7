#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>
#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "crypto/keccak256.h"
#include "ipc/channel.h"
#include "trade/step.h"

#define POLL_MS 1

#define WALLET "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define STRANGER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct world world;

/* --- the clock ---------------------------------------------------------------- */

int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

int
__wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	(void)id;
	ret->tv_sec = (time_t)(world.clock_ms / 1000);
	ret->tv_nsec = (long)(world.clock_ms % 1000 * 1000000);
	return 0;
}

/* --- later, from the loop ----------------------------------------------------- */

struct later {
	void (*run)(struct later *l);
	struct store_op *op;
	signer_reply *reply;
	rpc_done *done;
	void *arg;
	uint32_t type;
	uint8_t *body;
	size_t len;
	char *text[3];
};

static size_t pending;

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	struct later *l = arg;

	(void)fd;
	(void)what;
	pending--;
	l->run(l);
	free(l->body);
	for (size_t i = 0; i < 3; i++)
		free(l->text[i]);
	free(l);
}

static struct later *
later_new(void (*run)(struct later *l))
{
	static const struct timeval now = {0, 0};
	struct later *l = calloc(1, sizeof *l);

	assert_non_null(l);
	l->run = run;
	pending++;
	assert_int_equal(event_base_once(world.base, -1, EV_TIMEOUT, on_later, l, &now), 0);
	return l;
}

/* --- the store ---------------------------------------------------------------- */

static void
put_trade(const struct store_op *op)
{
	struct store_trade *t = &world.trades_rows[world.trade_count++];

	*t = op->trade;
	t->agent_id = strdup(op->trade.agent_id);
	t->request = strdup(op->trade.request);
	t->receipt = strdup(op->trade.receipt);
	for (size_t i = 0; i < op->step_count; i++) {
		assert_true(world.step_count < WORLD_STEPS);
		assert_int_equal(step_copy(&op->steps[i], &world.steps[world.step_count++]), 0);
	}
}

static int
nonce_is_taken(const struct store_op *op)
{
	for (size_t i = 0; i < world.step_count; i++) {
		for (size_t j = 0; j < op->step_count; j++) {
			if (world.steps[i].nonce == op->steps[j].nonce)
				return 1;
		}
	}
	return 0;
}

static void
give_trade(struct store_op *op, const struct store_trade *t)
{
	op->trade = *t;
	op->trade.agent_id = strdup(t->agent_id);
	op->trade.request = strdup(t->request);
	op->trade.receipt = strdup(t->receipt);
	op->owned |= STORE_OWNS_TRADE;
}

static void
give_steps(struct store_op *op, const char *trade_id, int open_only)
{
	op->steps = calloc(WORLD_STEPS, sizeof *op->steps);
	op->step_count = 0;
	op->owned |= STORE_OWNS_STEPS;
	for (size_t i = 0; i < world.step_count; i++) {
		const struct store_step *s = &world.steps[i];

		if (trade_id != NULL && strcmp(s->trade_id, trade_id) != 0)
			continue;
		if (open_only && (s->state == STEP_FINAL || s->state == STEP_FAILED))
			continue;
		if (open_only && world.bad_row == i + 1) {
			struct store_step *bad = &op->steps[op->step_count++];

			*bad = (struct store_step){.state = STEP_UNREADABLE};
			memcpy(bad->wallet, s->wallet, sizeof bad->wallet);
			memcpy(bad->trade_id, s->trade_id, sizeof bad->trade_id);
			continue;
		}
		assert_int_equal(step_copy(s, &op->steps[op->step_count++]), 0);
	}
}

static int
insert(struct store_op *op)
{
	int err = world.insert_err;

	for (size_t i = 0; i < world.trade_count; i++) {
		const struct store_trade *t = &world.trades_rows[i];

		if (op->trade.has_idempotency && t->has_idempotency &&
		    memcmp(t->idempotency_hash, op->trade.idempotency_hash, 32) == 0) {
			give_trade(op, t);
			return ERR_EXISTS;
		}
	}
	if (nonce_is_taken(op))
		return ERR_CONFLICT;
	world.insert_err = 0;
	if (err == 0 || world.insert_applied)
		put_trade(op);
	return err;
}

static int
find_trade(struct store_op *op)
{
	if (op->kind == STORE_TRADE_BY_ID && world.read_err != 0) {
		int err = world.read_err;

		world.read_err = 0;
		return err;
	}
	if (op->kind == STORE_TRADE_BY_IDEMPOTENCY && world.miss > 0) {
		world.miss--;
		return ERR_NOT_FOUND;
	}
	for (size_t i = 0; i < world.trade_count; i++) {
		const struct store_trade *t = &world.trades_rows[i];

		if (op->kind == STORE_TRADE_BY_ID
			? strcmp(t->id, op->id) != 0
			: !t->has_idempotency || memcmp(t->idempotency_hash, op->hash32, 32) != 0)
			continue;
		give_trade(op, t);
		give_steps(op, t->id, 0);
		return 0;
	}
	return ERR_NOT_FOUND;
}

static struct store_step *
row_of(const struct store_step *step)
{
	for (size_t i = 0; i < world.step_count; i++) {
		struct store_step *s = &world.steps[i];

		if (strcmp(s->trade_id, step->trade_id) == 0 && s->number == step->number)
			return s;
	}
	return NULL;
}

static int
replace_row(const struct store_step *step, uint32_t attempt)
{
	struct store_step *row = row_of(step);

	if (row == NULL)
		return ERR_NOT_FOUND;
	if (row->attempt != attempt)
		return ERR_CONFLICT;
	step_drop(row);
	return step_copy(step, row);
}

static int
wallet_nonce(struct store_op *op)
{
	uint64_t least = op->nonce;
	int found = 0;

	op->nonce = op->count = 0;
	for (size_t i = 0; i < world.step_count; i++) {
		const struct store_step *s = &world.steps[i];

		if (memcmp(s->wallet, op->address, 20) != 0)
			continue;
		found = 1;
		op->count += s->nonce >= least;
		if (s->nonce > op->nonce)
			op->nonce = s->nonce;
	}
	return found ? 0 : ERR_NOT_FOUND;
}

static int
reopen(struct store_op *op)
{
	op->count = 0;
	for (size_t i = 0; i < world.step_count; i++) {
		struct store_step *s = &world.steps[i];

		if (memcmp(s->wallet, op->address, 20) != 0 || s->nonce < op->nonce ||
		    (s->state != STEP_FINAL && s->state != STEP_FAILED))
			continue;
		s->state = STEP_SIGNED;
		s->block_number = 0;
		op->count++;
	}
	return 0;
}

/* All steps of the world are one wallet's, so there is a next one or none. */
static int
next_wallet(struct store_op *op)
{
	if (world.step_count == 0 || memcmp(world.steps[0].wallet, op->address, 20) <= 0)
		return ERR_NOT_FOUND;
	memcpy(op->address, world.steps[0].wallet, 20);
	return 0;
}

static int
run_op(struct store_op *op)
{
	switch (op->kind) {
	case STORE_TRADE_INSERT:
		return insert(op);
	case STORE_TRADE_BY_ID:
	case STORE_TRADE_BY_IDEMPOTENCY:
		return find_trade(op);
	case STORE_STEP_UPDATE:
		return replace_row(op->steps, op->steps->attempt);
	case STORE_STEP_BUMP:
		return replace_row(op->steps, op->steps->attempt - 1);
	case STORE_OPEN_STEPS:
		give_steps(op, NULL, 1);
		return 0;
	case STORE_WALLET_NONCE:
		return wallet_nonce(op);
	case STORE_WALLET_REOPEN:
		return reopen(op);
	case STORE_WALLET_NEXT:
		return next_wallet(op);
	case STORE_AGENT_BY_ID:
		assert_int_equal(agent_row_copy(&world.agent, &op->agent), 0);
		op->owned |= STORE_OWNS_AGENT;
		return 0;
	case STORE_RESERVE_INDICES:
	case STORE_RAISE_INDEX:
	case STORE_AGENT_INSERT:
	case STORE_AGENT_UPDATE:
	case STORE_AGENT_BY_KEY:
	case STORE_TRADES_PAGE:
	case STORE_COUNTS:
		break;
	}
	fail_msg("the engine asks for %d", op->kind);
	return ERR_DATABASE;
}

static void
answer_op(struct later *l)
{
	l->op->err = run_op(l->op);
	l->op->done(l->op, l->op->arg);
}

void
store_submit(struct store *s, struct store_op *op)
{
	(void)s;
	later_new(answer_op)->op = op;
}

void
store_op_free(struct store_op *op)
{
	if ((op->owned & STORE_OWNS_AGENT) != 0)
		agent_row_free(&op->agent);
	if ((op->owned & STORE_OWNS_TRADE) != 0)
		trade_row_free(&op->trade);
	if ((op->owned & STORE_OWNS_STEPS) != 0) {
		for (size_t i = 0; i < op->step_count; i++)
			step_drop(&op->steps[i]);
		free(op->steps);
		op->steps = NULL;
		op->step_count = 0;
	}
	op->owned = 0;
}

/* --- the signer --------------------------------------------------------------- */

static uint8_t frame[FRAME_MAX];
static uint8_t reply_room[FRAME_MAX];

static size_t
record_write_version(uint8_t *room, size_t cap, uint64_t version)
{
	static uint8_t policy_bytes[POLICY_BYTES_MAX];
	struct policy policy = {.actions = POLICY_ACTIONS,
				.chain_count = 1,
				.chains = {137},
				.max_fee_per_gas = u256_of(500 * GWEI),
				.max_gas = 1000000};
	struct writer pw = writer_of(policy_bytes, sizeof policy_bytes);
	struct writer w = writer_of(room, cap);
	struct agent_record rec = {.id_len = 1,
				   .id = "a",
				   .scheme = SCHEME_BOUND,
				   .controller_kind = CONTROLLER_API_KEY,
				   .record_version = version,
				   .key_version = 1,
				   .policy_version = 1};
	size_t len;

	memset(rec.address, 0xaa, sizeof rec.address);
	policy_write(&pw, &policy);
	assert_int_equal(writer_end(&pw, &len), 0);
	rec.policy = (struct bytes){policy_bytes, len};
	record_write(&w, &rec);
	assert_int_equal(writer_end(&w, &len), 0);
	return len;
}

static void
intent_mac(struct bytes fields, uint8_t ret[32])
{
	(void)crypto_generichash(ret, 32, fields.p, fields.len, (const uint8_t *)"mac", 0);
}

/* The signature of nobody: in range, which is all that the decoder asks. */
static size_t
sign_tx(const struct tx *tx, uint8_t *raw, size_t cap, uint8_t hash[32])
{
	const struct tx_signature signature = {.r = {[31] = 1}, .s = {[31] = 1}};
	size_t len;

	assert_int_equal(tx_encode_signed(tx, &signature, raw, cap, &len), 0);
	keccak256(raw, len, hash);
	return len;
}

static uint32_t
refuse(struct writer *w, int err, const char *rule)
{
	struct msg_refused m = {.code = (uint32_t)err};

	m.rule = (struct bytes){(const uint8_t *)rule, strlen(rule)};
	msg_refused_write(w, &m);
	return MSG_REFUSED;
}

static void
spoil(struct tx *tx)
{
	if (world.wrong_field == 1)
		tx->nonce++;
	else if (world.wrong_field == 2)
		tx->to[0] ^= 1;
}

static uint32_t
answer_sign(struct bytes body, struct writer *w)
{
	static uint8_t record[RECORD_BYTES_MAX], signed_room[65536], raw[TX_RAW_MAX];
	static const char receipt[] = "{\"action\":\"trade\",\"version\":1}";
	struct writer out = writer_of(signed_room, sizeof signed_room);
	struct msg_trade_signed reply = {.mac = {1}};
	struct msg_sign_trade m;
	struct reader steps;

	assert_int_equal(msg_sign_trade_read(body, &m), 0);
	world.named = m.idempotency_hash.len == 32;
	if (world.named)
		memcpy(world.name, m.idempotency_hash.p, 32);
	if (memcmp(m.api_key, world.api_key, 32) != 0)
		return refuse(w, ERR_AUTH, "");
	if (world.stale_once) {
		uint8_t newer[RECORD_BYTES_MAX], mac[32] = {9};
		size_t len = record_write_version(newer, sizeof newer, ++world.version);

		world.stale_once = 0;
		trades_note_record(world.trades, "a", (struct bytes){newer, len}, mac);
		return refuse(w, ERR_STALE, "");
	}
	if (world.refuse_err != 0)
		return refuse(w, world.refuse_err, world.refuse_rule);
	steps = reader_of(m.steps.p, m.steps.len);
	while (steps.left > 0) {
		struct bytes fields;
		struct reader one;
		struct tx tx;
		uint8_t hash[32], mac[32];
		size_t len;

		assert_int_equal(read_lp(&steps, TX_RAW_MAX, &fields), 0);
		one = reader_of(fields.p, fields.len);
		assert_int_equal(tx_read_fields(&one, &tx), 0);
		spoil(&tx);
		len = sign_tx(&tx, raw, sizeof raw, hash);
		intent_mac(fields, mac);
		hash[0] ^= world.wrong_field == 4;
		write_lp(&out, raw, len);
		write_bytes(&out, hash, 32);
		write_bytes(&out, mac, 32);
		world.signatures++;
	}
	if (world.wrong_field == 3)
		write_u8(&out, 0);
	reply.record.p = record;
	reply.record.len = record_write_version(record, sizeof record, ++world.version);
	assert_int_equal(writer_end(&out, &reply.signed_steps.len), 0);
	reply.signed_steps.p = signed_room;
	reply.receipt = (struct bytes){(const uint8_t *)receipt, sizeof receipt - 1};
	msg_trade_signed_write(w, &reply);
	return MSG_TRADE_SIGNED;
}

static uint32_t
answer_bump(struct bytes body, struct writer *w)
{
	static uint8_t record[RECORD_BYTES_MAX], raw[TX_RAW_MAX], intent[TX_RAW_MAX];
	struct writer iw = writer_of(intent, sizeof intent);
	struct msg_bumped reply = {.mac = {1}};
	struct msg_bump m;
	struct reader one;
	struct tx tx;
	uint8_t mac[32];

	assert_int_equal(msg_bump_read(body, &m), 0);
	intent_mac(m.intent, mac);
	if (memcmp(mac, m.intent_mac, 32) != 0)
		return refuse(w, ERR_MAC, "intent");
	if (world.refuse_err != 0)
		return refuse(w, world.refuse_err, world.refuse_rule);
	one = reader_of(m.intent.p, m.intent.len);
	assert_int_equal(tx_read_fields(&one, &tx), 0);
	tx.max_fee_per_gas = u256_from_be32(m.max_fee_per_gas);
	tx.max_priority_fee = u256_from_be32(m.max_priority_fee);
	tx_write_fields(&iw, &tx);
	assert_int_equal(writer_end(&iw, &reply.intent.len), 0);
	reply.intent.p = intent;
	intent_mac(reply.intent, reply.intent_mac);
	spoil(&tx);
	reply.raw = (struct bytes){raw, sign_tx(&tx, raw, sizeof raw, reply.hash)};
	reply.record.p = record;
	reply.record.len = record_write_version(record, sizeof record, ++world.version);
	world.bumps++;
	msg_bumped_write(w, &reply);
	return MSG_BUMPED;
}

static uint32_t
answer_authenticate(struct bytes body, struct writer *w)
{
	struct msg_authenticate m;
	struct msg_record reply = {.changed = 0};

	assert_int_equal(msg_authenticate_read(body, &m), 0);
	if (memcmp(m.api_key, world.api_key, 32) != 0)
		return refuse(w, ERR_AUTH, "");
	reply.record = m.record;
	memcpy(reply.mac, m.mac, 32);
	msg_record_write(w, &reply);
	return MSG_RECORD;
}

static void
answer_signer(struct later *l)
{
	struct bytes body = {l->body, l->len};
	struct writer w = writer_of(reply_room, sizeof reply_room);
	uint32_t type;
	size_t len;

	if (l->type == MSG_SIGN_TRADE)
		type = answer_sign(body, &w);
	else if (l->type == MSG_BUMP)
		type = answer_bump(body, &w);
	else
		type = answer_authenticate(body, &w);
	assert_int_equal(writer_end(&w, &len), 0);
	l->reply(0, type, (struct bytes){reply_room, len}, l->arg);
}

struct writer
signer_client_begin(struct signer_client *c)
{
	(void)c;
	return writer_of(frame, sizeof frame);
}

int
signer_client_send(struct signer_client *c, uint32_t type, const struct writer *body,
		   signer_reply *reply, void *arg)
{
	struct later *l;
	size_t len;

	(void)c;
	assert_int_equal(writer_end(body, &len), 0);
	l = later_new(answer_signer);
	l->type = type;
	l->reply = reply;
	l->arg = arg;
	l->len = len;
	l->body = malloc(len);
	assert_non_null(l->body);
	memcpy(l->body, body->p, len);
	return 0;
}

/* --- the node ----------------------------------------------------------------- */

static uint64_t
count_mined(void)
{
	uint64_t next = world.first_count;
	int found = 1;

	while (found) {
		found = 0;
		for (size_t i = 0; i < world.tx_count; i++) {
			if (world.txs[i].block != 0 && world.txs[i].nonce == next) {
				next++;
				found = 1;
				break;
			}
		}
	}
	return next;
}

void
world_mine(void)
{
	world.head++;
	for (size_t i = 0; i < world.tx_count;) {
		struct world_tx *tx = &world.txs[i];

		if (!tx->pooled || tx->nonce != count_mined()) {
			i++;
			continue;
		}
		tx->pooled = 0;
		tx->block = world.head;
		i = 0; /* the next nonce may stand before it */
	}
}

static struct world_tx *
find_tx(const uint8_t hash[32])
{
	for (size_t i = 0; i < world.tx_count; i++) {
		if (memcmp(world.txs[i].hash, hash, 32) == 0 &&
		    (world.txs[i].pooled || world.txs[i].block != 0))
			return &world.txs[i];
	}
	return NULL;
}

static int
is_journalled(const uint8_t hash[32])
{
	for (size_t i = 0; i < world.step_count; i++) {
		for (size_t j = 0; j < step_hash_count(&world.steps[i]); j++) {
			if (memcmp(step_hash(&world.steps[i], j), hash, 32) == 0)
				return 1;
		}
	}
	return 0;
}

static const char *
take_tx(const char *params, enum rpc_class *ret_class)
{
	static uint8_t raw[TX_RAW_MAX];
	struct tx_signature signature;
	struct tx tx;
	uint8_t hash[32];
	size_t len;

	assert_int_equal(hex_decode_0x_run(params + 2, strlen(params) - 4, sizeof raw, raw, &len),
			 0);
	assert_int_equal(tx_decode_signed(raw, len, &tx, &signature), 0);
	keccak256(raw, len, hash);
	world.sent++;
	world.sent_before_journal += !is_journalled(hash);
	*ret_class = world.refusal_class;
	if (world.refusal != NULL)
		return world.refusal;
	if (world.poor) {
		*ret_class = RPC_INSUFFICIENT_FUNDS;
		return "insufficient funds for gas * price + value";
	}
	if (find_tx(hash) != NULL && find_tx(hash)->pooled) {
		*ret_class = RPC_ALREADY_KNOWN;
		return "already known";
	}
	if (tx.nonce < count_mined()) {
		*ret_class = RPC_NONCE_TOO_LOW;
		return "nonce too low";
	}
	if (world.swallow)
		return NULL;
	assert_true(world.tx_count < WORLD_TXS);
	for (size_t i = 0; i < world.tx_count; i++) {
		if (world.txs[i].pooled && world.txs[i].nonce == tx.nonce)
			world.txs[i].pooled = 0; /* replaced */
	}
	world.txs[world.tx_count] = (struct world_tx){.nonce = tx.nonce,
						      .max_fee = tx.max_fee_per_gas,
						      .tip = tx.max_priority_fee,
						      .pooled = 1};
	memcpy(world.txs[world.tx_count++].hash, hash, 32);
	if (world.automine)
		world_mine();
	return NULL;
}

static struct world_tx *
param_tx(const char *params)
{
	uint8_t hash[32];

	assert_int_equal(hex_decode_0x(params + 2, 66, hash, 32), 0);
	return find_tx(hash);
}

static void
write_receipt(const char *params, char *text, size_t cap)
{
	static const struct world_tx invented = {.block = 1};
	const struct world_tx *tx = world.invent_receipts ? &invented : param_tx(params);

	if (tx == NULL || tx->block == 0 || world.hide_receipts)
		(void)snprintf(text, cap, "null");
	else
		(void)snprintf(
		    text, cap,
		    "{\"transactionHash\":\"%.66s\",\"status\":\"0x%d\",\"blockNumber\":\"0x%llx\","
		    "\"blockHash\":\"0x%02x%062llx\",\"gasUsed\":\"0x%llx\",\"from\":\"0x%s\"}",
		    params + 2, world.reverting ? 0 : 1, (unsigned long long)tx->block,
		    world.branch, (unsigned long long)tx->block,
		    (unsigned long long)world.gas_used, tx->stranger ? STRANGER : WALLET);
}

static const char *
node(const char *method, const char *params, char *text, size_t cap, enum rpc_class *ret_class)
{
	*ret_class = RPC_OK;
	world.histories += strcmp(method, "eth_feeHistory") == 0;
	if (strcmp(method, "eth_sendRawTransaction") == 0) {
		(void)snprintf(text, cap, "\"0x\"");
		return take_tx(params, ret_class);
	}
	if (strcmp(method, "eth_getTransactionCount") == 0)
		(void)snprintf(
		    text, cap, "\"0x%llx\"",
		    (unsigned long long)(world.lie_count ? world.count_lie : count_mined()));
	else if (strcmp(method, "eth_feeHistory") == 0)
		(void)snprintf(text, cap, "{\"baseFeePerGas\":[\"0x%llx\"],\"reward\":[[\"0x1\"]]}",
			       (unsigned long long)world.base_fee);
	else if (strcmp(method, "eth_blockNumber") == 0)
		(void)snprintf(text, cap, "\"0x%llx\"", (unsigned long long)world.head);
	else if (strcmp(method, "eth_getCode") == 0)
		(void)snprintf(text, cap, "\"0x\"");
	else if (strcmp(method, "eth_estimateGas") == 0)
		(void)snprintf(text, cap, "\"0xc350\"");
	else if (strcmp(method, "eth_getTransactionReceipt") == 0)
		write_receipt(params, text, cap);
	else if (strcmp(method, "eth_getTransactionByHash") == 0)
		(void)snprintf(text, cap, "%s", param_tx(params) == NULL ? "null" : "{}");
	else if (strcmp(method, "eth_call") == 0 && world.reverting)
		*ret_class = RPC_REVERTED;
	else if (strcmp(method, "eth_call") == 0)
		(void)snprintf(text, cap, "\"0x%064llx\"", (unsigned long long)world.allowance);
	else
		fail_msg("the engine calls %s", method);
	return *ret_class == RPC_OK ? NULL : "execution reverted";
}

/* Error("no"), as Solidity encodes it. */
static const char revert_data[] =
    "0x08c379a00000000000000000000000000000000000000000000000000000000000000020"
    "00000000000000000000000000000000000000000000000000000000000000026e6f"
    "000000000000000000000000000000000000000000000000000000000000";

static void
answer_call(struct later *l)
{
	char text[512] = "";
	struct rpc_answer answer = {.class = RPC_UNREACHABLE,
				    .message = "no RPC node can be reached"};
	json_t *result = NULL;
	const char *error;

	world.calls++;
	if (!world.node_down) {
		error = node(l->text[0], l->text[1], text, sizeof text, &answer.class);
		answer.message = error == NULL ? "" : error;
		if (error == NULL) {
			answer.class = RPC_OK;
			result = json_loads(text, JSON_DECODE_ANY, NULL);
			assert_non_null(result);
		}
		if (answer.class == RPC_REVERTED)
			answer.revert_data = revert_data;
	}
	answer.result = result;
	l->done(&answer, l->arg);
	json_decref(result);
}

void
rpc_call(struct rpc *rpc, const char *method, const char *params, rpc_done *done, void *arg)
{
	struct later *l = later_new(answer_call);

	(void)rpc;
	l->done = done;
	l->arg = arg;
	l->text[0] = strdup(method);
	l->text[1] = strdup(params);
}

/* --- all together ------------------------------------------------------------- */

static void
engine_start(void)
{
	static struct trade_options options;

	options = (struct trade_options){.chain_id = 137,
					 .token_count = 1,
					 .finality_depth = 3,
					 .bump_seconds = 30,
					 .poll_ms = POLL_MS};
	memcpy(options.tokens[0].symbol, "USDC", 5);
	options.tokens[0].decimals = 6;
	memset(options.tokens[0].address, 0x11, 20);
	memset(options.conditional_tokens, 0x22, 20);
	assert_int_equal(trades_new(world.base, &options, NULL, NULL, NULL, &world.trades), 0);
	trades_resume(world.trades);
}

void
world_open(void)
{
	static uint8_t record[RECORD_BYTES_MAX];
	static char id[] = "a";

	assert_true(sodium_init() >= 0);
	world = (struct world){.clock_ms = 1000000,
			       .head = 1,
			       .base_fee = 10 * GWEI,
			       .automine = 1,
			       .version = 1,
			       .gas_used = 20000};
	world.base = event_base_new();
	assert_non_null(world.base);
	memset(world.api_key, 7, sizeof world.api_key);
	world.agent.id = id;
	world.agent.record =
	    (struct bytes){record, record_write_version(record, sizeof record, world.version)};
	engine_start();
}

static void
drain(void)
{
	/* what is due now and what comes of it, until nothing is under way */
	do {
		(void)event_base_loop(world.base, EVLOOP_NONBLOCK);
	} while (pending > 0);
}

void
world_run(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct timeval wait = {0, 2500};

		(void)event_base_loopexit(world.base, &wait);
		(void)event_base_dispatch(world.base);
		drain();
		world.clock_ms += 1;
	}
}

void
world_restart(void)
{
	drain();
	trades_free(world.trades);
	engine_start();
}

void
world_close(void)
{
	/* as after store_close(): nothing of the store's is under way */
	drain();
	trades_free(world.trades);
	event_base_free(world.base);
	for (size_t i = 0; i < world.trade_count; i++)
		trade_row_free(&world.trades_rows[i]);
	for (size_t i = 0; i < world.step_count; i++)
		step_drop(&world.steps[i]);
}

static void
on_done(const struct trade_outcome *outcome, void *arg)
{
	struct world_outcome *o = arg;

	o->done++;
	o->outcome = *outcome;
	o->outcome.op = NULL;
	if (outcome->err != 0)
		return;
	memcpy(o->id, outcome->op->trade.id, sizeof o->id);
	(void)snprintf(o->status, sizeof o->status, "%s",
		       trade_status(outcome->op->steps, outcome->op->step_count));
	o->step_count = outcome->op->step_count;
	for (size_t i = 0; i < o->step_count; i++) {
		const struct store_step *s = &outcome->op->steps[i];

		o->nonces[i] = s->nonce;
		memcpy(o->kinds[i], s->kind, sizeof o->kinds[i]);
		if (s->error != NULL)
			(void)snprintf(o->error, sizeof o->error, "%s", s->error);
	}
}

void
world_trade(const char *body, const char *idempotency_key, uint64_t wait_ms,
	    struct world_outcome *ret)
{
	struct trade_options options = {.token_count = 1};
	struct trade_request req;
	struct json_error error = {0};
	char *copy = strdup(body);

	memcpy(options.tokens[0].symbol, "USDC", 5);
	options.tokens[0].decimals = 6;
	memset(options.tokens[0].address, 0x11, 20);
	*ret = (struct world_outcome){.done = 0};
	assert_int_equal(trade_request_parse(&options, copy, strlen(copy), &req, &error), 0);
	memcpy(req.api_key, world.api_key, sizeof req.api_key);
	if (idempotency_key != NULL) {
		req.has_idempotency = 1;
		(void)crypto_hash_sha256(req.idempotency_hash, (const uint8_t *)idempotency_key,
					 strlen(idempotency_key));
	}
	trades_run(world.trades, &world.agent, &req, wait_ms, on_done, ret);
	assert_int_equal(ret->done, 0); /* never before the loop */
	/* the engine owns the request; the body is the caller's and gone */
	memset(copy, 'x', strlen(copy));
	free(copy);
}

struct world_outcome
world_transfer(uint64_t wait_ms)
{
	struct world_outcome o;

	world_trade("{\"type\":\"transfer\",\"to\":\"0x3535353535353535353535353535353535353535\","
		    "\"amount\":\"0.000000000000000001\"}",
		    NULL, wait_ms, &o);
	world_run(20);
	assert_int_equal(o.done, 1);
	return o;
}
