/* GET /attestation, /health, /metrics, /openapi.yaml: what anybody may ask. */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/err.h"
#include "base/hex.h"
#include "chain/rpc.h"
#include "gateway/openapi.h"
#include "gateway/routes.h"
#include "json/writer.h"
#include "trade/trade.h"
#include "base/banned.h"

#define NONCE_MIN 16
#define NONCE_MAX 64
#define ATTESTS_IN_FLIGHT 32 /* making evidence is slow and one at a time */
#define HEALTH_WAIT_SECONDS 2
#define HEALTH_ANSWER_MAX 8192
#define METRICS_ANSWER_MAX 262144

/* --- GET /attestation ------------------------------------------------------------------- */

static void
on_evidence(int err, uint32_t type, struct bytes body, void *arg)
{
	struct call *c = arg;
	struct buffer text = buffer_of(FRAME_MAX);
	struct msg_evidence m;

	if (err != 0 || type != MSG_EVIDENCE || msg_evidence_read(body, &m) != 0) {
		call_fail(c, PROBLEM_ATTESTER_UNAVAILABLE,
		    "the platform gave no evidence: try again");
		return;
	}
	buffer_add(&text, m.document.p, m.document.len);
	call_answer(c, 200, &text);
}

static int
read_nonce(struct call *c, uint8_t ret[NONCE_MAX], size_t *ret_len)
{
	static const char *const names[] = {"nonce", NULL};
	struct bytes text;
	int r = call_query_only(c, names);

	if (r == 0)
		r = call_query(c, "nonce", &text);
	if (r == 0 && (text.len < 2 * (size_t)NONCE_MIN || text.len > 2 * (size_t)NONCE_MAX))
		r = ERR_RANGE;
	if (r == 0)
		r = hex_decode((const char *)text.p, text.len, ret, text.len / 2);
	if (r != 0) {
		call_problem(c,
		    &(struct problem){.id = PROBLEM_INVALID_PARAMETER,
			.field = "nonce",
			.detail = "a nonce is required, so that the evidence is fresh: ?nonce= and "
			          "16 to 64 bytes of your own as hex digits"});
		return r;
	}
	*ret_len = text.len / 2;
	return 0;
}

void
route_attestation(struct call *c)
{
	uint8_t nonce[NONCE_MAX];
	struct msg_attest m;
	struct writer w;
	size_t len;

	if (read_nonce(c, nonce, &len) != 0)
		return;
	if (signer_client_in_flight(c->gw->attester) >= ATTESTS_IN_FLIGHT) {
		call_fail(c, PROBLEM_ATTESTER_UNAVAILABLE,
		    "too much evidence is being made: try again");
		return;
	}
	m.nonce = (struct bytes){nonce, len};
	w = signer_client_begin(c->gw->attester);
	msg_attest_write(&w, &m);
	if (signer_client_send(c->gw->attester, MSG_ATTEST, &w, on_evidence, c) != 0)
		call_fail(c, PROBLEM_ATTESTER_UNAVAILABLE,
		    "the attester takes no requests: try again");
}

/* --- GET /health -------------------------------------------------------------------------- */

/* What is asked outlives the call, which answers in time whether or not it was told. */
struct probe {
	struct call *call; /* NULL: answered */
	struct event *timer;
	struct store_op op;
	int database; /* ERR_AGAIN: no answer yet */
	int signer;
	struct msg_status status;
	unsigned waiting;
};

static const char *
state_name(int err)
{
	if (err == 0)
		return "ok";
	return err == ERR_AGAIN ? "slow" : "failing";
}

static void
write_derivation(struct json_writer *w, const struct gateway *gw)
{
	json_object_begin(w, "derivation");
	json_text(w, "scheme", agent_scheme_name(gw->scheme));
	json_text(w, "meaning",
	    gw->scheme == SCHEME_BOUND
	        ? "the path commits to agent id, first API key, owner and first policy: other "
	          "inputs give another wallet"
	        : "the path is the next number of the database: across restarts the operator "
	          "could give it out again");
	json_object_end(w);
}

static void
write_warnings(struct json_writer *w, const struct gateway *gw, const struct rpc_health *rpc,
    const struct trades_counts *t)
{
	json_array_begin(w, "warnings");
	if (gw->development)
		json_text(w, NULL,
		    "development: nothing is protected by hardware, and the root secret may be "
		    "published");
	if (gw->scheme == SCHEME_INDEXED)
		json_text(w, NULL,
		    "an index could be re-issued by the operator: he can start on another "
		    "database and register first");
	json_text(w, NULL,
	    "nothing guards against a rollback across a restart: spend, key and policy "
	    "can return to an older row");
	if (t->reopened > 0)
		json_text(w, NULL,
		    "the journal called transactions final that the chain does not have: an RPC "
		    "node lied or lags, or the database was changed. They were sent again");
	if (t->unreadable > 0)
		json_text(w, NULL,
		    "rows of the journal are malformed: the database was changed. Their wallets "
		    "are stopped until the newest is restored");
	if (rpc->wrong_chain)
		json_text(w, NULL, "an RPC node answers for another chain id; it is not used");
	json_array_end(w);
}

static const char *
rpc_trouble(const struct rpc_health *rpc)
{
	return rpc->wrong_chain ? "wrong chain" : "unreachable";
}

static void
write_rpc(struct json_writer *w, const struct rpc_health *rpc)
{
	json_object_begin(w, "rpc");
	json_text(w, "state", rpc->usable ? "ok" : rpc_trouble(rpc));
	json_u64(w, "nodes", rpc->urls);
	json_u64(w, "usable", rpc->urls_usable);
	json_object_end(w);
}

static void
write_journal(struct json_writer *w, const struct trades_counts *t)
{
	json_object_begin(w, "journal");
	json_u64(w, "openSteps", t->open);
	json_u64(w, "unreadableSteps", t->unreadable);
	json_u64(w, "reopenedSteps", t->reopened);
	json_u64(w, "stoppedWallets", t->stopped_wallets);
	json_object_end(w);
}

static void
write_health(struct json_writer *w, const struct gateway *gw, const struct probe *p)
{
	struct rpc_health rpc;
	struct trades_counts t;
	int fine;

	rpc_health(gw->rpc, &rpc);
	trades_counts(gw->trades, &t);
	fine = p->database == 0 && p->signer == 0 && rpc.usable;
	json_object_begin(w, NULL);
	json_text(w, "status", fine ? "ok" : "degraded");
	json_text(w, "version", GATEWAY_VERSION);
	json_text(w, "platform", gw->platform);
	json_bool_value(w, "development", gw->development);
	write_derivation(w, gw);
	json_u64(w, "chainId", gw->config->trade.chain_id);
	write_rpc(w, &rpc);
	json_object_begin(w, "database");
	json_text(w, "state", state_name(p->database));
	json_object_end(w);
	json_object_begin(w, "signer");
	json_text(w, "state", state_name(p->signer));
	json_u64(w, "activeAgents", p->status.active);
	json_u64(w, "capacity", p->status.capacity);
	json_object_end(w);
	write_journal(w, &t);
	json_hex(w, "rootId", gw->root_id, sizeof gw->root_id);
	json_hex(w, "instanceKey", gw->instance_key, sizeof gw->instance_key);
	json_bool_value(w, "tls", gw->config->tls);
	json_text(w, "rollbackGuard", "none");
	write_warnings(w, gw, &rpc, &t);
	json_object_end(w);
}

static void
probe_answer(struct probe *p)
{
	struct buffer body = buffer_of(HEALTH_ANSWER_MAX);
	struct json_writer w = json_writer_of(&body);
	struct call *c = p->call;

	if (c == NULL)
		return;
	p->call = NULL;
	write_health(&w, c->gw, p);
	call_answer(c, 200, &body);
}

/* One of timer, store and signer is through. */
static void
probe_step(struct probe *p)
{
	if (--p->waiting == 0) {
		probe_answer(p);
		event_free(p->timer);
		free(p);
	}
}

static void
on_health_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	probe_answer(arg);
}

static void
on_health_stored(struct store_op *op, void *arg)
{
	struct probe *p = arg;

	/* nobody has this id: not finding it is a database that works */
	p->database = op->err == ERR_NOT_FOUND ? 0 : op->err;
	store_op_free(op);
	probe_step(p);
}

static void
on_health_signer(int err, uint32_t type, struct bytes body, void *arg)
{
	struct probe *p = arg;

	p->signer = err;
	if (err == 0)
		p->signer = type == MSG_STATUS ? msg_status_read(body, &p->status) : ERR_PROTOCOL;
	probe_step(p);
}

static void
probe_signer(struct gateway *gw, struct probe *p)
{
	struct msg_status_query m = {.version = 1};
	struct writer w = signer_client_begin(gw->signer);
	int r;

	msg_status_query_write(&w, &m);
	p->waiting++;
	if ((r = signer_client_send(gw->signer, MSG_STATUS_QUERY, &w, on_health_signer, p)) != 0) {
		p->signer = r;
		p->waiting--;
	}
}

void
route_health(struct call *c)
{
	struct timeval tv = {HEALTH_WAIT_SECONDS, 0};
	struct probe *p = calloc(1, sizeof *p);

	if (p == NULL || (p->timer = evtimer_new(c->gw->base, on_health_timer, p)) == NULL) {
		free(p);
		call_fail(c, PROBLEM_OVERLOADED, "out of memory: try again");
		return;
	}
	p->call = c;
	p->database = ERR_AGAIN;
	p->signer = ERR_AGAIN;
	(void)evtimer_add(p->timer, &tv);
	probe_signer(c->gw, p);
	p->waiting++;
	p->op = (struct store_op){
	    .kind = STORE_AGENT_BY_ID, .id = "-", .done = on_health_stored, .arg = p};
	store_submit(c->gw->store, &p->op);
}

/* --- GET /metrics, /openapi.yaml ----------------------------------------------------------- */

void
route_metrics(struct call *c)
{
	struct buffer body = buffer_of(METRICS_ANSWER_MAX);

	metrics_write(c->gw, &body);
	call_answer_with(c, 200, &body, "text/plain; version=0.0.4; charset=utf-8", NULL, 0);
}

void
route_openapi(struct call *c)
{
	struct buffer body = buffer_of(openapi_text_len);

	buffer_add(&body, openapi_text, openapi_text_len);
	call_answer_with(c, 200, &body, "application/yaml", NULL, 0);
}
