/*
 * GET /agents/{id}, POST /agents/{id}/rotate-key, PATCH /agents/{id}/policy.
 *
 * A new key or policy is in force once its record is committed and the signer
 * was told so (ADOPT): a commit that fails locks nobody out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/secret.h"
#include "gateway/agents.h"
#include "gateway/auth.h"
#include "gateway/caps_json.h"
#include "gateway/idempotency.h"
#include "gateway/policy_json.h"
#include "gateway/routes.h"
#include "json/writer.h"
#include "trade/nonce.h"
#include "trade/trade.h"
#include "base/banned.h"

#define ANSWER_BYTES_MAX 65536
#define RECEIPT_MAX 4096

/* --- GET /agents/{id} -------------------------------------------------------------- */

static int
write_agent(struct call *c, const struct policy *policy, const struct msg_caps *caps,
    struct buffer *body)
{
	struct json_writer w = json_writer_of(body);
	char path[PATH_TEXT_MAX], why[NONCE_TEXT_MAX];
	uint8_t hash[32];
	int r;

	policy_hash(c->agent.policy.p, c->agent.policy.len, hash);
	record_path_text(&c->agent, path);
	json_object_begin(&w, NULL);
	json_text(&w, "agentId", c->agent_id);
	json_address(&w, "address", c->agent.address);
	json_text(&w, "path", path);
	json_text(&w, "scheme", agent_scheme_name(c->agent.scheme));
	if (c->agent.has_owner)
		json_address(&w, "owner", c->agent.owner);
	else
		json_null_value(&w, "owner");
	policy_json_write(&w, "policy", &c->gw->config->trade, policy);
	json_hex(&w, "policyHash", hash, sizeof hash);
	json_u64(&w, "policyVersion", c->agent.policy_version);
	if ((r = caps_json_write(&w, "caps", &c->gw->config->trade, policy, caps)) != 0)
		return r;
	json_u64(&w, "keyVersion", c->agent.key_version);
	json_u64(&w, "recordVersion", c->agent.record_version);
	json_u64(&w, "createdAt", c->row.created_at);
	if (trades_wallet_stopped(c->gw->trades, c->agent.address, why, sizeof why))
		json_text(&w, "walletStopped", why);
	else
		json_null_value(&w, "walletStopped");
	json_object_end(&w);
	return 0;
}

static void
on_caps(struct call *c, uint32_t type, struct bytes body)
{
	struct buffer answer = buffer_of(ANSWER_BYTES_MAX);
	struct policy policy;
	struct msg_caps caps;
	int r = ERR_PROTOCOL;

	if (type == MSG_CAPS && msg_caps_read(body, &caps) == 0)
		r = policy_read(c->agent.policy.p, c->agent.policy.len, &policy);
	if (r == 0)
		r = write_agent(c, &policy, &caps, &answer);
	if (r == 0) {
		call_answer(c, 200, &answer);
		return;
	}
	buffer_free(&answer);
	call_err(c, r, NULL);
}

static void
ask_caps(struct call *c)
{
	struct msg_caps_query m = {.record = {c->record.p, c->record.len}};
	struct writer w = signer_client_begin(c->gw->signer);

	memcpy(m.mac, c->mac, sizeof m.mac);
	msg_caps_query_write(&w, &m);
	c->refused = agent_refused;
	call_signer(c, MSG_CAPS_QUERY, &w, on_caps);
}

void
route_agent(struct call *c)
{
	memcpy(c->agent_id, c->id, sizeof c->agent_id);
	agent_authenticate(c, ask_caps);
}

/* --- what rotation and policy changes share ------------------------------------------- */

struct change {
	call_step *answer; /* once the new record counts */
	struct buffer receipt;
	struct bytes idempotency_key; /* of a rotation, borrowed; p NULL: none */
	uint8_t new_key[32];
	uint8_t policy[POLICY_BYTES_MAX]; /* canonical, the new one */
	size_t policy_len;
	size_t signature_len; /* 0 or 65 */
	uint8_t signature[65];
};

static void
change_free(void *state)
{
	struct change *ch = state;

	buffer_free(&ch->receipt);
	wipe(ch, sizeof *ch);
	free(ch);
}

static struct change *
change_new(struct call *c, call_step *answer)
{
	struct change *ch = call_state(c, sizeof *ch, change_free);

	if (ch == NULL)
		return NULL;
	ch->answer = answer;
	ch->receipt = buffer_of(RECEIPT_MAX);
	memcpy(c->agent_id, c->id, sizeof c->agent_id);
	return ch;
}

static void
on_change_committed(struct call *c)
{
	const struct change *ch = c->state;

	/* somebody's newer record is there: make the change anew, on top of it */
	if (c->op.err == ERR_CONFLICT)
		agent_reload(c);
	else
		agent_adopt(c, ch->answer);
}

static int
change_take(struct call *c, struct bytes record, const uint8_t mac32[32], struct bytes receipt,
    const uint8_t signature64[64])
{
	struct change *ch = c->state;

	buffer_reset(&ch->receipt);
	receipt_json(receipt, signature64, &ch->receipt);
	return ch->receipt.err != 0 ? ch->receipt.err : agent_take_record(c, record, mac32);
}

/* --- POST /agents/{id}/rotate-key -------------------------------------------------------- */

static void
rotate_answer(struct call *c)
{
	struct change *ch = c->state;
	struct buffer body = buffer_of(ANSWER_BYTES_MAX);
	struct json_writer w = json_writer_of(&body);
	char key[API_KEY_TEXT + 1];

	auth_key_text(ch->new_key, key);
	json_object_begin(&w, NULL);
	json_text(&w, "agentId", c->agent_id);
	json_text(&w, "apiKey", key);
	json_u64(&w, "keyVersion", c->agent.key_version);
	json_raw(&w, "receipt", (const char *)ch->receipt.p, ch->receipt.len);
	json_object_end(&w);
	wipe(key, sizeof key);
	call_answer(c, 200, &body);
}

static void
on_rotated(struct call *c, uint32_t type, struct bytes body)
{
	struct change *ch = c->state;
	struct msg_rotated m;
	int r;

	if (type != MSG_ROTATED || msg_rotated_read(body, &m) != 0) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	memcpy(ch->new_key, m.api_key, sizeof ch->new_key);
	r = change_take(c, m.record, m.mac, m.receipt, m.signature);
	if (r != 0)
		call_err(c, r, NULL);
	else if (m.changed)
		agent_commit(c, on_change_committed);
	else
		rotate_answer(c); /* its record is the one that was loaded */
	wipe(&m, sizeof m);
}

static int
rotate_refused(struct call *c, const struct msg_refused *m)
{
	if (refused_err(m) == ERR_USED) {
		call_fail(c, PROBLEM_ANSWER_USED,
		    "the new API key was used since it was made: it is not shown again");
		return 1;
	}
	return idempotency_refused(c, m) || agent_refused(c, m);
}

static void
rotate(struct call *c)
{
	const struct change *ch = c->state;
	struct msg_rotate_key m = {.record = {c->record.p, c->record.len},
	    .idempotency_key = ch->idempotency_key};
	struct writer w = signer_client_begin(c->gw->signer);

	memcpy(m.mac, c->mac, sizeof m.mac);
	memcpy(m.api_key, c->api_key, sizeof m.api_key);
	memcpy(m.request_hash, c->request_hash, sizeof m.request_hash);
	msg_rotate_key_write(&w, &m);
	wipe(&m, sizeof m);
	c->refused = rotate_refused;
	call_signer(c, MSG_ROTATE_KEY, &w, on_rotated);
}

void
route_rotate_key(struct call *c)
{
	struct change *ch;
	struct json_in in;
	int r;

	/* the body has no members yet; an empty one will do */
	if (c->req->body.len > 0) {
		if ((r = json_in_open(c->req->body.p, c->req->body.len, &in, &c->error)) == 0) {
			r = json_in_close(&in);
			json_in_free(&in);
		}
		if (r != 0) {
			call_bad_body(c);
			return;
		}
	}
	if ((ch = change_new(c, rotate_answer)) != NULL &&
	    idempotency_secret(c, &ch->idempotency_key) == 0)
		agent_take_turn(c, rotate);
}

/* --- PATCH /agents/{id}/policy --------------------------------------------------------------- */

static void
policy_answer(struct call *c)
{
	const struct change *ch = c->state;
	struct buffer body = buffer_of(ANSWER_BYTES_MAX);
	struct json_writer w = json_writer_of(&body);
	struct policy policy;
	uint8_t hash[32];

	if (policy_read(c->agent.policy.p, c->agent.policy.len, &policy) != 0) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	policy_hash(c->agent.policy.p, c->agent.policy.len, hash);
	json_object_begin(&w, NULL);
	json_text(&w, "agentId", c->agent_id);
	policy_json_write(&w, "policy", &c->gw->config->trade, &policy);
	json_hex(&w, "policyHash", hash, sizeof hash);
	json_u64(&w, "policyVersion", c->agent.policy_version);
	json_raw(&w, "receipt", (const char *)ch->receipt.p, ch->receipt.len);
	json_object_end(&w);
	call_answer(c, 200, &body);
}

static void
on_policy_changed(struct call *c, uint32_t type, struct bytes body)
{
	struct msg_policy_changed m;
	int r;

	if (type != MSG_POLICY_CHANGED || msg_policy_changed_read(body, &m) != 0) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	r = change_take(c, m.record, m.mac, m.receipt, m.signature);
	if (r == 0)
		agent_commit(c, on_change_committed);
	else
		call_err(c, r, NULL);
}

/* The refusal of a looser policy brings what the owner would have to sign. */
static void
ask_owner(struct call *c)
{
	const struct change *ch = c->state;
	struct policy_change change = {.chain_id = c->gw->config->trade.chain_id,
	    .agent_id = c->agent_id,
	    .policy_version = c->agent.policy_version + 1};
	struct buffer json = buffer_of(4096);
	struct json_writer w = json_writer_of(&json);

	if (!c->agent.has_owner) {
		call_fail(c, PROBLEM_POLICY_LOOSENED,
		    "this agent has no owner, so its policy can only be tightened");
		return;
	}
	memcpy(change.root_id, c->gw->root_id, sizeof change.root_id);
	memcpy(change.wallet, c->agent.address, sizeof change.wallet);
	policy_hash(c->agent.policy.p, c->agent.policy.len, change.old_policy);
	policy_hash(ch->policy, ch->policy_len, change.new_policy);
	policy_change_write(&w, NULL, &change);
	call_problem(c,
	    &(struct problem){.id = PROBLEM_POLICY_LOOSENED,
		.detail = "let the owner sign typedData (eth_signTypedData_v4) and send the same "
		          "request with ownerSignature",
		.rule = "owner",
		.member = "typedData",
		.json = (const char *)json.p,
		.json_len = json.len});
	buffer_free(&json);
}

static int
policy_refused(struct call *c, const struct msg_refused *m)
{
	if (refused_err(m) != ERR_SIGNATURE)
		return agent_refused(c, m);
	if (!c->agent.has_owner)
		return 0;
	call_fail(c, PROBLEM_OWNER_SIGNATURE,
	    "send the request without ownerSignature: the answer holds the typedData that the "
	    "owner must sign now");
	return 1;
}

static int
parse_change(struct call *c, struct change *ch, struct policy *policy)
{
	struct json_in in, policy_in;
	struct writer w = writer_of(ch->policy, sizeof ch->policy);
	int present;
	int r;

	if ((r = json_in_open(c->req->body.p, c->req->body.len, &in, &c->error)) != 0)
		return r;
	json_in_object(&in, "policy", JSON_REQUIRED, &policy_in, &present);
	json_in_hex(&in, "ownerSignature", JSON_OPTIONAL, sizeof ch->signature, ch->signature,
	    &ch->signature_len);
	if (c->error.err == 0 && ch->signature_len != 0 &&
	    ch->signature_len != sizeof ch->signature)
		json_in_fail(&in, "ownerSignature", ERR_RANGE, "must be 65 bytes: r, s and v");
	r = present ? policy_json_read(&policy_in, &c->gw->config->trade, policy) : 0;
	if (r == 0)
		r = json_in_close(&in);
	json_in_free(&in);
	if (r != 0)
		return r;
	policy_write(&w, policy);
	return writer_end(&w, &ch->policy_len);
}

static void
change_policy(struct call *c)
{
	const struct change *ch = c->state;
	struct msg_change_policy m = {.record = {c->record.p, c->record.len},
	    .policy = {ch->policy, ch->policy_len},
	    .owner_signature = {ch->signature, ch->signature_len}};
	struct writer w = signer_client_begin(c->gw->signer);

	memcpy(m.mac, c->mac, sizeof m.mac);
	memcpy(m.api_key, c->api_key, sizeof m.api_key);
	memcpy(m.request_hash, c->request_hash, sizeof m.request_hash);
	msg_change_policy_write(&w, &m);
	wipe(&m, sizeof m);
	c->refused = policy_refused;
	call_signer(c, MSG_CHANGE_POLICY, &w, on_policy_changed);
}

/* The key was checked: the current policy may be told. */
static void
policy_parse(struct call *c)
{
	struct change *ch = c->state;
	struct policy before, after;

	if (policy_read(c->agent.policy.p, c->agent.policy.len, &before) != 0) {
		call_err(c, ERR_MAC, NULL);
		return;
	}
	after = before;
	if (parse_change(c, ch, &after) != 0) {
		call_bad_body(c);
		return;
	}
	if (ch->signature_len == 0 && !policy_is_tighter(&before, &after))
		ask_owner(c);
	else
		change_policy(c);
}

void
route_policy(struct call *c)
{
	if (change_new(c, policy_answer) != NULL)
		agent_authenticate_in_turn(c, policy_parse);
}
