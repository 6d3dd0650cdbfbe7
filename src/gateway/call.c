#include "gateway/gateway.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/secret.h"
#include "gateway/agents.h"
#include "gateway/routes.h"
#include "json/writer.h"
#include "trade/refusal.h"
#include "base/banned.h"

#define PROBLEM_MAX 32768

/* --- the life of a call ----------------------------------------------------------- */

int
call_new(struct gateway *gw, struct http_exchange *x, const struct route *route, struct call **ret)
{
	struct call *c = calloc(1, sizeof *c);

	if (c == NULL)
		return ERR_MEM;
	c->gw = gw;
	c->x = x;
	c->req = http_exchange_request(x);
	c->route = route;
	c->record = buffer_of(RECORD_BYTES_MAX);
	crypto_hash_sha256(c->request_hash, c->req->body.p, c->req->body.len);
	*ret = c;
	return 0;
}

static void
call_free(struct call *c)
{
	agent_turn_end(c);
	if (c->turn_timer != NULL)
		event_free(c->turn_timer);
	if (c->state_free != NULL)
		c->state_free(c->state);
	store_op_free(&c->op);
	buffer_free(&c->record);
	wipe(c, sizeof *c);
	free(c);
}

void *
call_state(struct call *c, size_t size, void (*state_free)(void *state))
{
	c->state = calloc(1, size);
	if (c->state == NULL) {
		call_fail(c, PROBLEM_OVERLOADED, "out of memory: try again");
		return NULL;
	}
	c->state_free = state_free;
	return c->state;
}

/* --- answers ------------------------------------------------------------------------- */

static void
finish(struct call *c, const struct http_response *response)
{
	uint64_t us = http_exchange_age_us(c->x);

	metrics_count(&c->gw->metrics, route_number(c->route), response->status, us);
	log_event(LOG_INFO, "request", LOG_STR("method", http_method_name(c->req->method)),
	    LOG_STR("route", c->route->template), LOG_INT("status", response->status),
	    LOG_INT("us", us));
	http_respond(c->x, response);
	call_free(c);
}

void
call_answer_with(struct call *c, int status, struct buffer *body, const char *type,
    const struct http_extra *extra, size_t extra_count)
{
	struct http_response r = {
	    .status = status, .content_type = type, .body = {body->p, body->len}};

	if (body->err != 0) {
		buffer_free(body);
		call_fail(c, PROBLEM_INTERNAL, "the answer is longer than it may be");
		return;
	}
	for (size_t i = 0; i < extra_count && i < ARRAY_LEN(r.extra); i++)
		r.extra[r.extra_count++] = extra[i];
	finish(c, &r);
	buffer_free(body);
}

void
call_answer(struct call *c, int status, struct buffer *body)
{
	call_answer_with(c, status, body, "application/json", NULL, 0);
}

void
call_problem(struct call *c, const struct problem *p)
{
	struct buffer body = buffer_of(PROBLEM_MAX);
	struct http_response r = {.status = problem_status(p->id), .content_type = PROBLEM_TYPE};
	struct buffer seconds = buffer_of(16);

	problem_write(p, &body);
	if (p->retry_after > 0) {
		buffer_format(&seconds, "%u", p->retry_after);
		buffer_add(&seconds, "", 1);
		r.extra[r.extra_count++] =
		    (struct http_extra){"Retry-After", (const char *)seconds.p};
	}
	if (r.status == 401)
		r.extra[r.extra_count++] = (struct http_extra){"WWW-Authenticate", "Bearer"};
	if (p->allow != NULL)
		r.extra[r.extra_count++] = (struct http_extra){"Allow", p->allow};
	r.body = (struct bytes){body.p, body.len};
	finish(c, &r);
	buffer_free(&body);
	buffer_free(&seconds);
}

void
call_fail(struct call *c, enum problem_id id, const char *detail)
{
	struct problem p = {.id = id, .detail = detail};

	if (problem_status(id) == 503)
		p.retry_after = 1;
	call_problem(c, &p);
}

/* What a caller can do about an error that came without words. */
static const char *
advice(int err)
{
	switch (err) {
	case ERR_STALE:
	case ERR_CONFLICT:
		return "the agent was changed at the same time: try again";
	case ERR_FULL:
		return "more agents are active than SELFSAME_ACTIVE_AGENTS allows: the operator "
		       "must raise it and start again";
	case ERR_MAC:
		return "the agent's row in the database was not written by this root: the operator "
		       "must restore it";
	case ERR_DATABASE:
		return "the database failed: try again, with the same Idempotency-Key";
	case ERR_MEM:
	case ERR_CLOSED:
		return "try again";
	default:
		return NULL;
	}
}

void
call_err(struct call *c, int err, const char *detail)
{
	enum problem_id id = problem_of_err(err);

	if (id == PROBLEM_INTERNAL || id == PROBLEM_RECORD_REJECTED || err == ERR_DATABASE)
		log_event(LOG_ERROR, "call failed", LOG_STR("route", c->route->template),
		    LOG_CODE(err));
	call_fail(c, id, detail != NULL && detail[0] != '\0' ? detail : advice(err));
}

void
call_bad_body(struct call *c)
{
	struct json_error error = c->error;

	if (error.err == ERR_MEM || error.err == 0) {
		call_fail(c, PROBLEM_OVERLOADED, "out of memory: try again");
		return;
	}
	call_problem(c, &(struct problem){.id = PROBLEM_INVALID_BODY, .detail = error.text,
	    .field = error.field});
}

/* --- waiting for the store ------------------------------------------------------------- */

static void
on_stored(struct store_op *op, void *arg)
{
	struct call *c = arg;

	(void)op;
	c->next(c);
}

void
call_store(struct call *c, call_step *next)
{
	c->next = next;
	c->op.done = on_stored;
	c->op.arg = c;
	store_submit(c->gw->store, &c->op);
}

/* --- waiting for the signer -------------------------------------------------------------- */

static void
text_of(struct bytes b, char *ret, size_t cap)
{
	size_t n = b.len < cap ? b.len : cap - 1;

	if (n > 0)
		memcpy(ret, b.p, n);
	ret[n] = '\0';
}

int
refused_err(const struct msg_refused *m)
{
	int32_t code = (int32_t)m->code;

	return code < 0 && code > -256 ? code : ERR_PROTOCOL;
}

static void
signer_refused(struct call *c, struct bytes body)
{
	struct msg_refused m;
	char rule[64], detail[REFUSAL_TEXT_MAX];
	int err;

	if (msg_refused_read(body, &m) != 0) {
		call_err(c, ERR_PROTOCOL, NULL);
		return;
	}
	if (c->refused != NULL && c->refused(c, &m))
		return;
	text_of(m.rule, rule, sizeof rule);
	refusal_text(&c->gw->config->trade, &m, detail, sizeof detail);
	err = refused_err(&m);
	if (rule[0] == '\0') {
		call_err(c, err, detail);
		return;
	}
	call_problem(c, &(struct problem){.id = problem_of_err(err), .rule = rule,
	    .detail = detail[0] == '\0' ? advice(err) : detail});
}

static void
on_signer(int err, uint32_t type, struct bytes body, void *arg)
{
	struct call *c = arg;

	if (err != 0) {
		call_fail(c, PROBLEM_SIGNER_UNAVAILABLE, "the signer did not answer: try again");
		return;
	}
	if (type == MSG_REFUSED) {
		signer_refused(c, body);
		return;
	}
	c->reply(c, type, body);
}

void
call_signer(struct call *c, uint32_t type, const struct writer *body, call_reply *reply)
{
	int r;

	c->reply = reply;
	r = signer_client_send(c->gw->signer, type, body, on_signer, c);
	if (r == ERR_FULL)
		call_fail(c, PROBLEM_OVERLOADED, "the signer has too much to do: try again");
	else if (r != 0)
		call_err(c, r == ERR_SPACE ? ERR_RANGE : r,
		    "the request is too large for the signer");
}

/* --- small readers --------------------------------------------------------------------------- */

/* The next name=value of a query. */
static int
query_next(struct bytes *rest, struct bytes *ret_name, struct bytes *ret_value)
{
	const uint8_t *end, *equals;
	struct bytes pair;

	if (rest->len == 0)
		return 0;
	end = memchr(rest->p, '&', rest->len);
	pair = (struct bytes){rest->p, end == NULL ? rest->len : (size_t)(end - rest->p)};
	rest->p += pair.len + (end != NULL);
	rest->len -= pair.len + (end != NULL);
	equals = pair.len == 0 ? NULL : memchr(pair.p, '=', pair.len);
	*ret_name = pair;
	*ret_value = (struct bytes){pair.p + pair.len, 0};
	if (equals != NULL) {
		ret_name->len = (size_t)(equals - pair.p);
		*ret_value = (struct bytes){equals + 1, pair.len - ret_name->len - 1};
	}
	return 1;
}

static int
name_is(struct bytes b, const char *name)
{
	return b.len == strlen(name) && (b.len == 0 || memcmp(b.p, name, b.len) == 0);
}

int
call_query(const struct call *c, const char *name, struct bytes *ret)
{
	struct bytes rest = c->req->query;
	struct bytes key, value;
	int found = 0;

	while (query_next(&rest, &key, &value)) {
		if (!name_is(key, name))
			continue;
		if (found)
			return ERR_DUPLICATE;
		found = 1;
		*ret = value;
	}
	return found ? 0 : ERR_NOT_FOUND;
}

int
call_query_only(const struct call *c, const char *const *names)
{
	struct bytes rest = c->req->query;
	struct bytes key, value;

	while (query_next(&rest, &key, &value)) {
		size_t i = 0;

		while (names[i] != NULL && !name_is(key, names[i]))
			i++;
		if (names[i] == NULL)
			return ERR_UNKNOWN_FIELD;
	}
	return 0;
}

void
receipt_json(struct bytes text, const uint8_t signature64[64], struct buffer *out)
{
	char hex[131];

	if (text.len < 2 || text.p[text.len - 1] != '}') {
		out->err = ERR_PARSE;
		return;
	}
	hex_encode_0x(signature64, 64, hex);
	buffer_add(out, text.p, text.len - 1);
	buffer_text(out, ",\"signature\":\"");
	buffer_text(out, hex);
	buffer_text(out, "\"}");
}
