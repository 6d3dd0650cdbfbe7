#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "crypto/kdf.h"
#include "crypto/keccak256.h"
#include "signer/serve_internal.h"
#include "base/banned.h"

/* --- transactions -------------------------------------------------------- */

/* Sign one transaction that the rules let through: raw bytes to s->raw, and their hash. */
static int
sign_transaction(struct serve *s, const struct tx *tx, size_t *ret_raw_len, uint8_t ret_hash[32])
{
	struct tx_signature signature;
	uint8_t digest[32], rs[64];
	int r;

	if ((r = tx_signing_hash(tx, digest)) != 0)
		return serve_refuse(s, r, RULE_TRANSACTION);
	if ((r = keyring_sign(s->keys, &s->rec, digest, rs, &signature.y_parity)) != 0)
		return r;
	s->signatures++;
	memcpy(signature.r, rs, 32);
	memcpy(signature.s, rs + 32, 32);
	if ((r = tx_encode_signed(tx, &signature, s->raw, sizeof s->raw, ret_raw_len)) != 0)
		return r;
	keccak256(s->raw, *ret_raw_len, ret_hash);
	return 0;
}

static int
read_transaction(struct serve *s, struct bytes fields, struct tx *ret)
{
	struct reader in = reader_of(fields.p, fields.len);
	int r;

	if ((r = tx_read_fields(&in, ret)) != 0)
		return serve_refuse(s, r, RULE_TRANSACTION);
	return reader_end(&in) == 0 ? 0 : serve_refuse(s, ERR_TRAILING, RULE_TRANSACTION);
}

struct steps {
	size_t count;
	struct bytes fields[TRADE_STEPS_MAX];
	struct tx tx[TRADE_STEPS_MAX];
	uint8_t hashes[TRADE_STEPS_MAX][32];
};

static int
read_steps(struct serve *s, struct bytes run, struct steps *ret)
{
	struct reader in = reader_of(run.p, run.len);
	int r;

	for (ret->count = 0; in.left > 0; ret->count++) {
		if (ret->count == TRADE_STEPS_MAX)
			return ERR_PROTOCOL;
		if (read_lp(&in, run.len, &ret->fields[ret->count]) != 0)
			return ERR_PROTOCOL;
		r = read_transaction(s, ret->fields[ret->count], &ret->tx[ret->count]);
		if (r != 0)
			return r;
	}
	return ret->count > 0 ? 0 : ERR_PROTOCOL;
}

static void
intent_mac(const struct serve *s, struct bytes fields, uint8_t ret_mac32[32])
{
	keyring_intent_mac(s->keys, serve_agent_id(s), s->rec.address, fields, ret_mac32);
}

/* Per step LP(raw) || hash || intent MAC. */
static int
sign_steps(struct serve *s, struct steps *steps, struct writer *out)
{
	uint8_t mac[32];
	size_t len;
	int r;

	for (size_t i = 0; i < steps->count; i++) {
		if ((r = sign_transaction(s, &steps->tx[i], &len, steps->hashes[i])) != 0)
			return r;
		intent_mac(s, steps->fields[i], mac);
		write_lp(out, s->raw, len);
		write_bytes(out, steps->hashes[i], 32);
		write_bytes(out, mac, 32);
	}
	return out->err;
}

/* What a trade costs; copies, until every step is allowed and signed. */
struct bill {
	struct spend spend;
	struct charge paid[TRADE_STEPS_MAX]; /* for each step, by what was signed in its place */
};

static int
charge_step(struct serve *s, const struct steps *steps, size_t at, struct bill *bill)
{
	const struct rules_subject subject = serve_subject(s);
	struct charge charge, due;
	enum rule rule;

	rule = rules_judge_step(&subject, steps->tx, steps->count, at, &charge);
	if (rule != RULE_NONE)
		return serve_refuse(s, ERR_POLICY, rule);
	if ((rule = charge_judge(&charge, &s->policy)) != RULE_NONE)
		return serve_refuse_cap(s, &bill->spend, &charge, rule);
	due = charge_beyond(&charge, &bill->paid[at]);
	if ((rule = spend_take(&bill->spend, &s->policy, &due, s->now)) != RULE_NONE)
		return serve_refuse_cap(s, &bill->spend, &due, rule);
	charge_raise(&bill->paid[at], &charge);
	return 0;
}

static int
sign_charged(struct serve *s, struct steps *steps, struct bill *bill, struct writer *out)
{
	int r;

	for (size_t i = 0; i < steps->count; i++) {
		if ((r = charge_step(s, steps, i, bill)) != 0)
			return r;
	}
	if ((r = sign_steps(s, steps, out)) != 0)
		return r;
	s->entry->spend = bill->spend;
	return 0;
}

/* The same, once for one idempotency key; see signer/recent.h. */
static int
sign_once(struct serve *s, struct steps *steps, const uint8_t key32[32], struct writer *out)
{
	const struct recent_trade trade = recent_trade_of(key32, steps->tx, steps->count);
	struct recent *recent = &s->entry->recent;
	struct bill bill = {.spend = s->entry->spend};
	int r;

	if ((r = recent_check(recent, &trade, s->rec.policy_version, bill.paid)) != 0)
		return serve_refuse(s, r, RULE_TRADE_REPEATED);
	if ((r = sign_charged(s, steps, &bill, out)) != 0)
		return r;
	recent_note(recent, &trade, s->rec.policy_version, bill.paid);
	return 0;
}

static int
trade(struct serve *s, const struct msg_sign_trade *m, struct writer *w)
{
	const int named = m->idempotency_hash.len != 0;
	struct writer out = writer_of(s->steps, sizeof s->steps);
	struct msg_trade_signed reply;
	struct steps steps;
	int r;

	if (named && m->idempotency_hash.len != 32)
		return ERR_PROTOCOL;
	if ((r = serve_admit_change(s, m->record, m->mac, m->api_key)) != 0)
		return r;
	if ((r = read_steps(s, m->steps, &steps)) != 0)
		return r;
	if (named)
		r = sign_once(s, &steps, m->idempotency_hash.p, &out);
	else
		r = sign_charged(s, &steps, &(struct bill){.spend = s->entry->spend}, &out);
	if (r != 0 || (r = serve_next_record(s)) != 0)
		return r;
	r = serve_write_receipt(s, "trade",
	    &(struct serve_act){
		.request_hash = m->request_hash,
		.idempotency_hash = named ? m->idempotency_hash.p : NULL,
		.hashes = (const uint8_t(*)[32])steps.hashes,
		.hash_count = steps.count,
	    });
	if (r != 0)
		return r;
	reply.record = serve_record(s);
	reply.signed_steps = (struct bytes){s->steps, out.len};
	reply.receipt = serve_receipt(s);
	memcpy(reply.mac, s->mac, 32);
	memcpy(reply.signature, s->receipt_signature, 64);
	msg_trade_signed_write(w, &reply);
	return 0;
}

int
serve_sign_trade(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_sign_trade m;
	int r;

	if (msg_sign_trade_read(body, &m) != 0)
		return ERR_PROTOCOL;
	r = trade(s, &m, w);
	wipe(&m, sizeof m);
	return r;
}

/* --- fee bumps ----------------------------------------------------------- */

/* The intent is the one that this root signed for this agent. */
static int
read_intent(struct serve *s, const struct msg_bump *m, struct tx *ret)
{
	uint8_t mac[32];

	intent_mac(s, m->intent, mac);
	if (!mac_equal(mac, m->intent_mac))
		return serve_refuse(s, ERR_MAC, RULE_INTENT);
	return read_transaction(s, m->intent, ret);
}

static int
charge_bump(struct serve *s, const struct tx *before, const struct tx *after)
{
	const struct rules_subject subject = serve_subject(s);
	struct charge charge;
	enum rule rule;

	if ((rule = rules_judge_bump(&subject, before, after, &charge)) != RULE_NONE)
		return serve_refuse(s, ERR_POLICY, rule);
	if ((rule = spend_take(&s->entry->spend, &s->policy, &charge, s->now)) != RULE_NONE)
		return serve_refuse_cap(s, &s->entry->spend, &charge, rule);
	return 0;
}

static int
write_bumped(struct serve *s, const struct tx *tx, struct writer *w)
{
	struct writer intent = writer_of(s->intent, sizeof s->intent);
	struct msg_bumped reply;
	size_t len;
	int r;

	if ((r = sign_transaction(s, tx, &len, reply.hash)) != 0)
		return r;
	tx_write_fields(&intent, tx);
	if ((r = writer_end(&intent, &reply.intent.len)) != 0)
		return r;
	reply.intent.p = s->intent;
	intent_mac(s, reply.intent, reply.intent_mac);
	if ((r = serve_next_record(s)) != 0)
		return r;
	reply.record = serve_record(s);
	memcpy(reply.mac, s->mac, 32);
	reply.raw = (struct bytes){s->raw, len};
	msg_bumped_write(w, &reply);
	return 0;
}

int
serve_bump(struct serve *s, struct bytes body, struct writer *w)
{
	struct tx before, after;
	struct msg_bump m;
	int r;

	if (msg_bump_read(body, &m) != 0)
		return ERR_PROTOCOL;
	if ((r = serve_admit_change(s, m.record, m.mac, NULL)) != 0)
		return r;
	if ((r = read_intent(s, &m, &before)) != 0)
		return r;
	after = before;
	after.max_fee_per_gas = u256_from_be32(m.max_fee_per_gas);
	after.max_priority_fee = u256_from_be32(m.max_priority_fee);
	if ((r = charge_bump(s, &before, &after)) != 0)
		return r;
	return write_bumped(s, &after, w);
}

/* --- typed data and messages --------------------------------------------- */

static int
sign_digest(struct serve *s, const char *action, const uint8_t digest[32],
    const uint8_t request_hash[32], struct writer *w)
{
	struct serve_act act = {.request_hash = request_hash, .hash_count = 1};
	struct msg_signed reply;
	uint8_t parity;
	int r;

	if ((r = keyring_sign(s->keys, &s->rec, digest, reply.eth_signature, &parity)) != 0)
		return r;
	s->signatures++;
	reply.eth_signature[64] = (uint8_t)(27 + parity);
	if ((r = serve_next_record(s)) != 0)
		return r;
	memcpy(reply.digest, digest, 32);
	act.hashes = (const uint8_t(*)[32])reply.digest;
	if ((r = serve_write_receipt(s, action, &act)) != 0)
		return r;
	reply.record = serve_record(s);
	reply.receipt = serve_receipt(s);
	memcpy(reply.mac, s->mac, 32);
	memcpy(reply.signature, s->receipt_signature, 64);
	msg_signed_write(w, &reply);
	return 0;
}

static int
typed_data(struct serve *s, const struct msg_sign_typed_data *m, struct writer *w)
{
	struct rules_subject subject;
	struct typed_hashes hashes;
	struct charge charge;
	enum rule rule;
	int r;

	if ((r = serve_admit_change(s, m->record, m->mac, m->api_key)) != 0)
		return r;
	if ((r = typed_data_read(m->typed_data.p, m->typed_data.len, &s->typed)) != 0)
		return serve_refuse(s, r, RULE_TYPED_FORM);
	if ((r = typed_data_hash(&s->typed, &hashes)) != 0)
		return serve_refuse(s, r, RULE_TYPED_FORM);
	subject = serve_subject(s);
	rule = rules_judge_typed_data(&subject, &s->typed, hashes.type_hash, &charge);
	if (rule != RULE_NONE)
		return serve_refuse(s, ERR_POLICY, rule);
	if ((rule = spend_take(&s->entry->spend, &s->policy, &charge, s->now)) != RULE_NONE)
		return serve_refuse_cap(s, &s->entry->spend, &charge, rule);
	return sign_digest(s, "typed-data", hashes.digest, m->request_hash, w);
}

int
serve_sign_typed_data(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_sign_typed_data m;
	int r;

	if (msg_sign_typed_data_read(body, &m) != 0)
		return ERR_PROTOCOL;
	r = typed_data(s, &m, w);
	wipe(&m, sizeof m);
	return r;
}

static int
message(struct serve *s, const struct msg_sign_message *m, struct writer *w)
{
	struct rules_subject subject;
	uint8_t digest[32];
	enum rule rule;
	int r;

	if ((r = serve_admit_change(s, m->record, m->mac, m->api_key)) != 0)
		return r;
	subject = serve_subject(s);
	if ((rule = rules_judge_message(&subject, m->message)) != RULE_NONE)
		return serve_refuse(s, ERR_POLICY, rule);
	eip191_hash(m->message.p, m->message.len, digest);
	return sign_digest(s, "message", digest, m->request_hash, w);
}

int
serve_sign_message(struct serve *s, struct bytes body, struct writer *w)
{
	struct msg_sign_message m;
	int r;

	if (msg_sign_message_read(body, &m) != 0)
		return ERR_PROTOCOL;
	r = message(s, &m, w);
	wipe(&m, sizeof m);
	return r;
}
