/* POST /agents/{id}/sign: EIP-712 typed data and EIP-191 text, under the policy; never a hash. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "evm/typed_data.h"
#include "gateway/agents.h"
#include "gateway/routes.h"
#include "gateway/typed_data_json.h"
#include "json/writer.h"
#include "base/banned.h"

#define MESSAGE_MAX 8192
#define SIGN_ANSWER_MAX 16384

struct signing {
	int is_message;
	struct buffer content; /* the typed data's binary form, or the message */
	struct buffer answer;
};

static void
signing_free(void *state)
{
	struct signing *s = state;

	buffer_free(&s->content);
	buffer_free(&s->answer);
	free(s);
}

int
sign_request_parse(struct bytes body, struct buffer *ret_content, int *ret_is_message,
    struct json_error *error)
{
	struct json_in in;
	struct bytes message = {NULL, 0};
	json_t *typed = NULL;
	int r;

	if ((r = json_in_open(body.p, body.len, &in, error)) != 0)
		return r;
	json_in_value(&in, "typedData", JSON_OPTIONAL, &typed);
	json_in_text(&in, "message", JSON_OPTIONAL, 1, MESSAGE_MAX, &message);
	if ((r = json_in_close(&in)) == 0 && (typed == NULL) == (message.p == NULL)) {
		json_in_fail(&in, "typedData", ERR_PARSE, "give either typedData or message");
		r = error->err;
	}
	if (r == 0 && typed != NULL) {
		r = typed_data_json_write(typed, "typedData", ret_content, error);
	} else if (r == 0) {
		buffer_add(ret_content, message.p, message.len);
		r = ret_content->err;
	}
	if (r == 0)
		*ret_is_message = typed == NULL;
	json_in_free(&in);
	return r;
}

static void
sign_answer(struct call *c)
{
	struct signing *s = c->state;
	struct buffer body = s->answer;

	/* a conflict means that a later record is there, which has what this one has */
	s->answer = buffer_of(SIGN_ANSWER_MAX); /* transferred */
	call_answer(c, 200, &body);
}

static int
write_signed(struct signing *s, const struct msg_signed *m)
{
	struct json_writer w = json_writer_of(&s->answer);
	struct buffer receipt = buffer_of(SIGN_ANSWER_MAX);

	buffer_reset(&s->answer);
	receipt_json(m->receipt, m->signature, &receipt);
	json_object_begin(&w, NULL);
	json_hex(&w, "signature", m->eth_signature, sizeof m->eth_signature);
	json_hex(&w, "digest", m->digest, sizeof m->digest);
	json_raw(&w, "receipt", (const char *)receipt.p, receipt.len);
	json_object_end(&w);
	if (receipt.err != 0)
		s->answer.err = receipt.err;
	buffer_free(&receipt);
	return s->answer.err;
}

static void
on_signed(struct call *c, uint32_t type, struct bytes body)
{
	struct msg_signed m;
	int r;

	if (type != MSG_SIGNED || msg_signed_read(body, &m) != 0) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	if ((r = write_signed(c->state, &m)) == 0)
		r = agent_take_record(c, m.record, m.mac);
	if (r == 0)
		agent_commit(c, sign_answer);
	else
		call_err(c, r, NULL);
}

static void
sign_typed_data(struct call *c, const struct signing *s)
{
	struct msg_sign_typed_data m = {.record = {c->record.p, c->record.len},
	    .typed_data = {s->content.p, s->content.len}};
	struct writer w = signer_client_begin(c->gw->signer);

	memcpy(m.mac, c->mac, sizeof m.mac);
	memcpy(m.api_key, c->api_key, sizeof m.api_key);
	memcpy(m.request_hash, c->request_hash, sizeof m.request_hash);
	msg_sign_typed_data_write(&w, &m);
	wipe(&m, sizeof m);
	call_signer(c, MSG_SIGN_TYPED_DATA, &w, on_signed);
}

static void
sign_message(struct call *c, const struct signing *s)
{
	struct msg_sign_message m = {.record = {c->record.p, c->record.len},
	    .message = {s->content.p, s->content.len}};
	struct writer w = signer_client_begin(c->gw->signer);

	memcpy(m.mac, c->mac, sizeof m.mac);
	memcpy(m.api_key, c->api_key, sizeof m.api_key);
	memcpy(m.request_hash, c->request_hash, sizeof m.request_hash);
	msg_sign_message_write(&w, &m);
	wipe(&m, sizeof m);
	call_signer(c, MSG_SIGN_MESSAGE, &w, on_signed);
}

static void
sign(struct call *c)
{
	const struct signing *s = c->state;

	c->refused = agent_refused;
	if (s->is_message)
		sign_message(c, s);
	else
		sign_typed_data(c, s);
}

void
route_sign(struct call *c)
{
	struct signing *s = call_state(c, sizeof *s, signing_free);

	if (s == NULL)
		return;
	s->content = buffer_of(TYPED_DATA_BYTES_MAX);
	s->answer = buffer_of(SIGN_ANSWER_MAX);
	if (sign_request_parse(c->req->body, &s->content, &s->is_message, &c->error) != 0) {
		call_bad_body(c);
		return;
	}
	memcpy(c->agent_id, c->id, sizeof c->agent_id);
	agent_take_turn(c, sign);
}
