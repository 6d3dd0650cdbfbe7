/* POST /trade, GET /trades/{id}, GET /agents/{id}/trades. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "base/parse.h"
#include "gateway/agents.h"
#include "gateway/routes.h"
#include "gateway/trade_json.h"
#include "json/writer.h"
#include "trade/trade.h"
#include "base/banned.h"

#define TRADE_ANSWER_MAX 65536
#define PAGE_ANSWER_MAX 4194304
#define PAGE_DEFAULT 20
#define IDEMPOTENCY_KEY_MAX 255

/* --- POST /trade ---------------------------------------------------------------------- */

struct trading {
	struct trade_request req;
	int req_owned; /* until trades_run() has it */
	struct prefer prefer;
};

static void
trading_free(void *state)
{
	struct trading *t = state;

	if (t->req_owned)
		trade_request_free(&t->req);
	free(t);
}

static void
answer_trade(struct call *c, const struct store_op *op)
{
	const struct trading *t = c->state;
	struct buffer body = buffer_of(TRADE_ANSWER_MAX);
	struct json_writer w = json_writer_of(&body);
	struct http_extra extra[2];
	size_t extras = 0;
	char location[STORE_TRADE_ID_MAX + 16], applied[PREFER_TEXT_MAX];
	int status = trade_is_mined(op->steps, op->step_count) ? 200 : 202;

	trade_json_write(&w, NULL, &op->trade, op->steps, op->step_count);
	(void)snprintf(location, sizeof location, "/trades/%s", op->trade.id);
	if (status == 202)
		extra[extras++] = (struct http_extra){"Location", location};
	memcpy(applied, t->prefer.applied, sizeof applied);
	if (applied[0] != '\0')
		extra[extras++] = (struct http_extra){"Preference-Applied", applied};
	call_answer_with(c, status, &body, "application/json", extra, extras);
}

static enum problem_id
problem_of_outcome(const struct trade_outcome *o)
{
	switch (o->err) {
	case ERR_EXISTS:
		return PROBLEM_IDEMPOTENCY_MISMATCH;
	case ERR_PARSE:
	case ERR_RANGE:
		return PROBLEM_UNSUPPORTED;
	default:
		return problem_of_err(o->err);
	}
}

static void
on_traded(const struct trade_outcome *o, void *arg)
{
	struct call *c = arg;
	struct problem p = {.rule = o->rule, .detail = o->detail};

	if (o->err == 0) {
		answer_trade(c, o->op);
		return;
	}
	p.id = problem_of_outcome(o);
	if (o->detail[0] == '\0') {
		call_err(c, o->err, NULL);
		return;
	}
	if (problem_status(p.id) == 503)
		p.retry_after = 1;
	call_problem(c, &p);
}

/* The key itself is not kept. */
static void
hash_idempotency_key(const struct call *c, struct bytes key, uint8_t ret_hash32[32])
{
	static const char tag[] = "selfsame/idempotency/v1"; /* hashed with its NUL */
	crypto_hash_sha256_state st;
	uint8_t len[4];

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, (const uint8_t *)tag, sizeof tag);
	store_be32(len, (uint32_t)strlen(c->agent_id));
	crypto_hash_sha256_update(&st, len, sizeof len);
	crypto_hash_sha256_update(&st, (const uint8_t *)c->agent_id, strlen(c->agent_id));
	store_be32(len, (uint32_t)key.len);
	crypto_hash_sha256_update(&st, len, sizeof len);
	crypto_hash_sha256_update(&st, key.p, key.len);
	crypto_hash_sha256_final(&st, ret_hash32);
}

static int
take_idempotency_key(struct call *c, struct trade_request *req)
{
	struct bytes key;
	int r = http_header_one(c->req, "idempotency-key", &key);

	if (r == ERR_NOT_FOUND)
		return 0;
	if (r != 0 || key.len == 0 || key.len > IDEMPOTENCY_KEY_MAX) {
		call_problem(c, &(struct problem){.id = PROBLEM_INVALID_PARAMETER,
		    .field = "idempotency-key", .detail = "1 to 255 printable characters, once"});
		return ERR_RANGE;
	}
	req->has_idempotency = 1;
	hash_idempotency_key(c, key, req->idempotency_hash);
	return 0;
}

static void
run(struct call *c)
{
	struct trading *t = c->state;
	uint64_t wait = c->gw->config->wait_seconds;
	struct store_agent agent;

	if (t->prefer.has_wait)
		wait = t->prefer.wait_seconds;
	else if (t->prefer.async)
		wait = 0;
	agent_row(c, &agent);
	agent.created_at = c->row.created_at;
	memcpy(t->req.api_key, c->api_key, sizeof t->req.api_key);
	t->req_owned = 0; /* transferred */
	trades_run(c->gw->trades, &agent, &t->req, wait * 1000, on_traded, c);
}

/* In line behind a change of key or policy; it moves on as soon as the engine has the trade. */
static void
run_in_turn(struct call *c)
{
	struct agent_turn *turn = c->turn;

	/* on_traded() is called from the loop, so c is still there afterwards */
	run(c);
	if (turn != NULL)
		agent_turn_end(c);
}

static void
trade_loaded(struct call *c)
{
	struct trading *t = c->state;

	if (t->req.agent_id[0] != '\0' && strcmp(t->req.agent_id, c->agent_id) != 0) {
		call_fail(c, PROBLEM_NOT_YOURS, "the API key is not this agentId's");
		return;
	}
	if (take_idempotency_key(c, &t->req) == 0)
		agent_wait_turn(c, run_in_turn);
}

void
route_trade(struct call *c)
{
	struct trading *t = call_state(c, sizeof *t, trading_free);

	if (t == NULL)
		return;
	if (trade_request_parse(&c->gw->config->trade, c->req->body.p, c->req->body.len, &t->req,
	        &c->error) != 0) {
		call_bad_body(c);
		return;
	}
	t->req_owned = 1;
	prefer_read(c->req, &t->prefer);
	agent_load_by_key(c, trade_loaded);
}

/* --- GET /trades/{id} --------------------------------------------------------------------- */

static void
kept_free(void *state)
{
	store_op_free(state);
	free(state);
}

static void
trade_read_answer(struct call *c)
{
	const struct store_op *kept = c->state;
	struct buffer body = buffer_of(TRADE_ANSWER_MAX);
	struct json_writer w = json_writer_of(&body);

	trade_json_write(&w, NULL, &kept->trade, kept->steps, kept->step_count);
	call_answer(c, 200, &body);
}

static void
on_trade_read(struct call *c)
{
	struct store_op *kept;

	if (c->op.err == ERR_NOT_FOUND) {
		call_fail(c, PROBLEM_TRADE_NOT_FOUND,
		    "GET /agents/{id}/trades lists an agent's trades");
		return;
	}
	if (c->op.err != 0 || c->op.trade.agent_id == NULL ||
	    strlen(c->op.trade.agent_id) > AGENT_ID_MAX) {
		call_err(c, c->op.err != 0 ? c->op.err : ERR_DATABASE, NULL);
		return;
	}
	if ((kept = call_state(c, sizeof *kept, kept_free)) == NULL)
		return;
	*kept = c->op;
	c->op = (struct store_op){.kind = STORE_AGENT_BY_ID}; /* transferred */
	memcpy(c->agent_id, kept->trade.agent_id, strlen(kept->trade.agent_id) + 1);
	agent_authenticate(c, trade_read_answer);
}

void
route_trade_read(struct call *c)
{
	c->op = (struct store_op){.kind = STORE_TRADE_BY_ID, .id = c->id};
	call_store(c, on_trade_read);
}

/* --- GET /agents/{id}/trades ----------------------------------------------------------------- */

struct page {
	uint64_t cursor;
	uint64_t limit;
};

static void
on_page(struct call *c)
{
	struct buffer body = buffer_of(PAGE_ANSWER_MAX);
	struct json_writer w = json_writer_of(&body);
	char cursor[24];
	size_t at = 0;

	if (c->op.err != 0) {
		call_err(c, c->op.err, NULL);
		return;
	}
	json_object_begin(&w, NULL);
	json_array_begin(&w, "trades");
	for (size_t i = 0; i < c->op.trade_count; i++) {
		const struct store_trade *t = &c->op.trades[i];
		size_t first = at;

		while (at < c->op.step_count && strcmp(c->op.steps[at].trade_id, t->id) == 0)
			at++;
		trade_json_write(&w, NULL, t, c->op.steps + first, at - first);
	}
	json_array_end(&w);
	(void)snprintf(cursor, sizeof cursor, "%llu", (unsigned long long)c->op.next_cursor);
	json_text(&w, "nextCursor", c->op.next_cursor == 0 ? NULL : cursor);
	json_object_end(&w);
	call_answer(c, 200, &body);
}

static void
page_read(struct call *c)
{
	const struct page *p = c->state;

	store_op_free(&c->op);
	c->op = (struct store_op){.kind = STORE_TRADES_PAGE, .id = c->agent_id, .cursor = p->cursor,
	    .limit = (uint32_t)p->limit};
	call_store(c, on_page);
}

/* A number of the query; absent: it keeps its value. */
static int
query_u64(struct call *c, const char *name, uint64_t min, uint64_t max, const char *detail,
    uint64_t *value)
{
	struct bytes text;
	int r = call_query(c, name, &text);

	if (r == ERR_NOT_FOUND)
		return 0;
	if (r == 0)
		r = parse_u64((const char *)text.p, text.len, min, max, value);
	if (r != 0)
		call_problem(c, &(struct problem){.id = PROBLEM_INVALID_PARAMETER, .field = name,
		    .detail = detail});
	return r;
}

void
route_trades_page(struct call *c)
{
	static const char *const names[] = {"cursor", "limit", NULL};
	struct page *p;

	if (call_query_only(c, names) != 0) {
		call_fail(c, PROBLEM_INVALID_PARAMETER, "the query takes cursor and limit");
		return;
	}
	if ((p = call_state(c, sizeof *p, free)) == NULL)
		return;
	p->limit = PAGE_DEFAULT;
	if (query_u64(c, "limit", 1, STORE_PAGE_MAX, "a number from 1 to 100", &p->limit) != 0 ||
	    query_u64(c, "cursor", 1, STORE_INTEGER_MAX, "the nextCursor of the page before",
	        &p->cursor) != 0)
		return;
	memcpy(c->agent_id, c->id, sizeof c->agent_id);
	agent_authenticate(c, page_read);
}
