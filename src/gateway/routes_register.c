/*
 * POST /register: a new agent, the same answer again, or the restoration of a
 * bound wallet by the API key that it had.
 *
 * The walk: parse -> is the name free? -> (indexed: the next index) -> signer
 * -> commit -> answer. The commit decides who gets a name; whoever comes second
 * with the same Idempotency-Key and body gets the first one's answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "evm/address.h"
#include "gateway/agents.h"
#include "gateway/auth.h"
#include "gateway/idempotency.h"
#include "gateway/policy_json.h"
#include "gateway/registration.h"
#include "gateway/routes.h"
#include "json/writer.h"
#include "base/banned.h"

#define INDEX_TRIES 3

void
registration_free(void *state)
{
	struct registration *reg = state;

	buffer_free(&reg->answer);
	wipe(reg, sizeof *reg);
	free(reg);
}

/* --- the request ----------------------------------------------------------------- */

int
registration_parse(struct bytes body, const struct config *config, struct registration *ret,
    struct json_error *error)
{
	struct json_in in, policy_in;
	struct bytes id = {NULL, 0};
	struct policy policy = config->default_policy;
	struct writer w = writer_of(ret->policy, sizeof ret->policy);
	int present;
	int r;

	if ((r = json_in_open(body.p, body.len, &in, error)) != 0)
		return r;
	json_in_text(&in, "agentId", JSON_REQUIRED, 1, AGENT_ID_MAX, &id);
	json_in_address(&in, "owner", JSON_OPTIONAL, ret->owner, &ret->has_owner);
	if (error->err == 0 && !agent_id_valid((const char *)id.p, id.len))
		json_in_fail(&in, "agentId", ERR_PARSE, "1 to 64 of A-Z a-z 0-9 . _ : -");
	json_in_object(&in, "policy", JSON_OPTIONAL, &policy_in, &present);
	r = present ? policy_json_read(&policy_in, &config->trade, &policy) : 0;
	if (r == 0)
		r = json_in_close(&in);
	if (r == 0) {
		memcpy(ret->agent_id, id.p, id.len);
		ret->agent_id[id.len] = '\0';
		policy_write(&w, &policy);
		r = writer_end(&w, &ret->policy_len);
	}
	json_in_free(&in);
	return r;
}

static int
take_restore_key(struct call *c, struct registration *reg)
{
	int r = auth_key(c->req, c->api_key);

	if (r == ERR_NOT_FOUND)
		return 0;
	if (r == 0) {
		reg->restore = 1;
		api_key_hash(c->api_key, c->key_hash);
		return 0;
	}
	call_problem(c,
	    &(struct problem){.id = PROBLEM_INVALID_PARAMETER,
		.field = "x-api-key",
		.detail =
		    "an API key is ssk_ and 64 hex digits; leave it out to register a new agent"});
	return r;
}

/* --- the answer -------------------------------------------------------------------- */

static int
write_answer(struct call *c, const struct msg_registered *m)
{
	struct registration *reg = c->state;
	struct json_writer w = json_writer_of(&reg->answer);
	struct buffer receipt = buffer_of(RECORD_BYTES_MAX);
	char key[69], path[PATH_TEXT_MAX];
	uint8_t hash[32];
	struct policy policy;

	if (policy_read(c->agent.policy.p, c->agent.policy.len, &policy) != 0)
		return ERR_PROTOCOL;
	policy_hash(c->agent.policy.p, c->agent.policy.len, hash);
	record_path_text(&c->agent, path);
	receipt_json(m->receipt, m->signature, &receipt);
	json_object_begin(&w, NULL);
	json_text(&w, "agentId", c->agent_id);
	if (m->api_key.len == 32) {
		auth_key_text(m->api_key.p, key);
		json_text(&w, "apiKey", key);
		wipe(key, sizeof key);
	} else {
		json_bool_value(&w, "restored", 1);
	}
	json_address(&w, "address", c->agent.address);
	json_text(&w, "path", path);
	json_text(&w, "scheme", agent_scheme_name(c->agent.scheme));
	if (c->agent.has_owner)
		json_address(&w, "owner", c->agent.owner);
	else
		json_null_value(&w, "owner");
	policy_json_write(&w, "policy", &c->gw->config->trade, &policy);
	json_hex(&w, "policyHash", hash, sizeof hash);
	json_u64(&w, "policyVersion", c->agent.policy_version);
	json_raw(&w, "receipt", (const char *)receipt.p, receipt.len);
	json_object_end(&w);
	if (receipt.err != 0)
		reg->answer.err = receipt.err;
	buffer_free(&receipt);
	return reg->answer.err;
}

static void
answer(struct call *c)
{
	struct registration *reg = c->state;
	struct buffer body = reg->answer;

	reg->answer = buffer_of(ANSWER_MAX); /* transferred */
	call_answer(c, 201, &body);
}

/* --- the same answer again ------------------------------------------------------------ */

static void
on_registered_again(struct call *c, uint32_t type, struct bytes body)
{
	struct msg_registered m;
	int r;

	if (type != MSG_REGISTERED || msg_registered_read(body, &m) != 0) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	buffer_reset(&((struct registration *)c->state)->answer);
	r = write_answer(c, &m);
	wipe(&m, sizeof m);
	if (r != 0)
		call_err(c, r, NULL);
	else
		answer(c);
}

static int
again_refused(struct call *c, const struct msg_refused *m)
{
	if (refused_err(m) == ERR_STALE) {
		agent_reload(c);
		return 1;
	}
	if (refused_err(m) == ERR_USED) {
		call_fail(c, PROBLEM_ANSWER_USED,
		    "the agent was used since it was registered: its API key is not shown again");
		return 1;
	}
	if (refused_err(m) == ERR_MAC || refused_err(m) == ERR_FULL)
		return 0;
	call_fail(c, PROBLEM_AGENT_EXISTS,
	    "the agentId was registered with another Idempotency-Key or another body: choose "
	    "another");
	return 1;
}

static void
register_again(struct call *c)
{
	const struct registration *reg = c->state;
	struct msg_register_again m = {.record = {c->record.p, c->record.len},
	    .idempotency_key = reg->idempotency_key};
	struct writer w;

	if (reg->idempotency_key.p == NULL || reg->restore || !c->row.has_register_tag) {
		call_fail(c, PROBLEM_AGENT_EXISTS,
		    "choose another agentId; a retry of the registration itself needs the "
		    "Idempotency-Key that it had");
		return;
	}
	memcpy(m.mac, c->mac, sizeof m.mac);
	memcpy(m.register_tag, c->row.register_tag, sizeof m.register_tag);
	memcpy(m.request_hash, c->request_hash, sizeof m.request_hash);
	w = signer_client_begin(c->gw->signer);
	msg_register_again_write(&w, &m);
	c->refused = again_refused;
	call_signer(c, MSG_REGISTER_AGAIN, &w, on_registered_again);
}

/* --- a new agent ------------------------------------------------------------------------- */

static void
on_taken(struct call *c)
{
	struct registration *reg = c->state;
	int r = c->op.err;

	store_op_free(&c->op);
	if (r == 0) {
		agent_load(c, register_again);
		return;
	}
	if (r != ERR_NOT_FOUND) {
		call_err(c, r, NULL);
		return;
	}
	/* not the name: the key, or an index that the database gives out twice */
	if (reg->restore) {
		call_fail(c, PROBLEM_KEY_EXISTS,
		    "this API key belongs to an agent of another name here");
		return;
	}
	if (c->agent.scheme == SCHEME_INDEXED && ++reg->index_tries < INDEX_TRIES) {
		registration_queue(c);
		return;
	}
	call_err(c, ERR_CONFLICT, "the database holds this wallet under another name already");
}

static void
on_inserted(struct call *c)
{
	if (c->op.err == ERR_EXISTS) {
		c->op = (struct store_op){.kind = STORE_AGENT_BY_ID, .id = c->agent_id};
		call_store(c, on_taken);
		return;
	}
	if (c->op.err != 0) {
		call_err(c, c->op.err, NULL);
		return;
	}
	answer(c);
}

static void
insert(struct call *c, const struct msg_registered *m)
{
	c->op = (struct store_op){.kind = STORE_AGENT_INSERT};
	agent_row(c, &c->op.agent);
	c->op.agent.created_at = gateway_seconds();
	if (m->register_tag.len == sizeof c->op.agent.register_tag) {
		c->op.agent.has_register_tag = 1;
		memcpy(c->op.agent.register_tag, m->register_tag.p, m->register_tag.len);
	}
	call_store(c, on_inserted);
}

static void
on_registered(struct call *c, uint32_t type, struct bytes body)
{
	struct registration *reg = c->state;
	struct msg_registered m;
	int r;

	if (type != MSG_REGISTERED || msg_registered_read(body, &m) != 0) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	buffer_reset(&reg->answer);
	if ((r = agent_take_record(c, m.record, m.mac)) == 0)
		r = write_answer(c, &m);
	if (r == 0)
		insert(c, &m);
	else
		call_err(c, r, NULL);
	wipe(&m, sizeof m);
}

static int
register_refused(struct call *c, const struct msg_refused *m)
{
	struct registration *reg = c->state;

	if (refused_err(m) == ERR_INDEX_REUSED && ++reg->index_tries < INDEX_TRIES) {
		registration_raise(c);
		return 1;
	}
	/* the signer knows an agent of this key that the database has lost */
	if (refused_err(m) == ERR_USED) {
		call_fail(c, PROBLEM_ANSWER_USED,
		    "the agent was used since it was registered: its API key is not shown again; "
		    "send it as x-api-key to restore the agent");
		return 1;
	}
	if (refused_err(m) == ERR_EXISTS) {
		call_fail(c, PROBLEM_AGENT_EXISTS, "choose another agentId");
		return 1;
	}
	return idempotency_refused(c, m);
}

void
registration_sign(struct call *c)
{
	const struct registration *reg = c->state;
	struct msg_register m = {
	    .agent_id = {(const uint8_t *)reg->agent_id, strlen(reg->agent_id)},
	    .index = reg->index,
	    .owner = {reg->owner, reg->has_owner ? sizeof reg->owner : 0},
	    .policy = {reg->policy, reg->policy_len},
	    .api_key = {c->api_key, reg->restore ? sizeof c->api_key : 0},
	    .idempotency_key = reg->idempotency_key};
	struct writer w = signer_client_begin(c->gw->signer);

	memcpy(m.request_hash, c->request_hash, sizeof m.request_hash);
	msg_register_write(&w, &m);
	c->refused = register_refused;
	call_signer(c, MSG_REGISTER, &w, on_registered);
}

static void
on_looked_up(struct call *c)
{
	int r = c->op.err;

	store_op_free(&c->op);
	if (r == 0) {
		agent_load(c, register_again);
		return;
	}
	if (r != ERR_NOT_FOUND) {
		call_err(c, r, NULL);
		return;
	}
	if (c->gw->scheme == SCHEME_INDEXED)
		registration_queue(c);
	else
		registration_sign(c);
}

static int
admit(struct call *c)
{
	const char *token = c->gw->config->registration_token;
	unsigned wait = limiter_take(c->gw->register_limit, http_exchange_source(c->x).key,
	    limiter_clock());

	if (wait > 0) {
		call_problem(c,
		    &(struct problem){.id = PROBLEM_TOO_MANY_REQUESTS,
			.retry_after = wait,
			.detail = "too many registrations from this address: wait"});
		return ERR_FULL;
	}
	if (token != NULL && !auth_token_is(c->req, "x-registration-token", token)) {
		call_fail(c, PROBLEM_REGISTRATION_CLOSED,
		    "send the token that the operator gave you as x-registration-token");
		return ERR_AUTH;
	}
	return 0;
}

void
route_register(struct call *c)
{
	struct registration *reg;

	if (admit(c) != 0 || (reg = call_state(c, sizeof *reg, registration_free)) == NULL)
		return;
	reg->answer = buffer_of(ANSWER_MAX);
	if (idempotency_secret(c, &reg->idempotency_key) != 0 || take_restore_key(c, reg) != 0)
		return;
	if (registration_parse(c->req->body, c->gw->config, reg, &c->error) != 0) {
		call_bad_body(c);
		return;
	}
	memcpy(c->agent_id, reg->agent_id, sizeof c->agent_id);
	c->op = (struct store_op){.kind = STORE_AGENT_BY_ID, .id = c->agent_id};
	call_store(c, on_looked_up);
}
