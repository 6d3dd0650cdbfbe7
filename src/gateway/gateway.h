/*
 * The gateway's parts in one place, and the life of one API call.
 *
 * A call is made when a whole request is there and ends with exactly one of
 * call_answer(), call_problem() or call_err(). In between it waits for the
 * store, the signer or the chain, each of which calls the next step. Nothing
 * blocks. A call whose client went away is worked off all the same: what was
 * signed must be committed.
 */
#ifndef SELFSAME_GATEWAY_GATEWAY_H
#define SELFSAME_GATEWAY_GATEWAY_H

#include <stddef.h>
#include <stdint.h>

#include "agent/record.h"
#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "gateway/config.h"
#include "gateway/limiter.h"
#include "gateway/metrics.h"
#include "gateway/problem.h"
#include "gateway/signer_client.h"
#include "http/server.h"
#include "ipc/messages.h"
#include "json/reader.h"
#include "store/store.h"

struct event;
struct event_base;
struct call;
struct route;
struct rpc;
struct trades;

#define GATEWAY_VERSION "0.1.0"
#define API_KEY_PREFIX "ssk_"
#define API_KEY_TEXT 68 /* ssk_ and 64 hex digits */

typedef void call_step(struct call *c);

/* An agent whose record is being changed, and the calls that wait for it. */
struct agent_turn {
	struct call *first; /* its holder; the others wait behind it */
	struct call *last;
	struct agent_turn *next;
	char id[AGENT_ID_MAX + 1];
};

/* The registrations that wait for an index. */
struct index_queue {
	struct call *first;
	struct call *last;
	size_t waiting;
	int busy; /* a reservation is under way */
	size_t asked; /* by that reservation */
	struct store_op op;
};

struct gateway {
	struct event_base *base;
	const struct config *config;
	struct store *store;
	struct signer_client *signer;
	struct signer_client *attester;
	struct rpc *rpc;
	struct trades *trades;
	struct http_server *http;
	struct limiter *register_limit; /* registrations per source */
	struct limiter *auth_limit; /* failed keys per source */
	struct metrics metrics;
	struct index_queue indices;
	struct agent_turn *turns;
	/* of this boot */
	int development;
	uint8_t scheme; /* enum agent_scheme */
	char platform[33];
	uint8_t root_id[32];
	uint8_t instance_key[32];
};

typedef void call_reply(struct call *c, uint32_t type, struct bytes body);

struct call {
	struct gateway *gw;
	struct http_exchange *x;
	const struct http_request *req; /* of x */
	const struct route *route;
	char id[AGENT_ID_MAX + 1]; /* the {id} of the path */
	uint8_t request_hash[32]; /* SHA-256 of the body */
	struct json_error error;

	/* the caller's key; wiped with the call */
	uint8_t api_key[32];
	uint8_t key_hash[32];

	/* the agent as it was loaded, in its newest record */
	char agent_id[AGENT_ID_MAX + 1];
	struct buffer record;
	uint8_t mac[32];
	struct agent_record agent; /* borrows from record */
	struct store_agent row; /* without pointers: times, tag and index of the database's row */
	call_step *loaded; /* goes on after the agent was loaded, also again */
	unsigned tries;
	struct agent_turn *turn; /* held, or waited for */
	struct call *next_turn;
	int turn_exclusive; /* the trade under way is waited for */
	uint64_t turn_until_ms; /* until when; 0: not */
	struct event *turn_timer;

	/* what the call waits for */
	struct store_op op;
	call_step *next;
	call_step *after_commit;
	call_reply *reply;
	int (*refused)(struct call *c, const struct msg_refused *m); /* 1: it was dealt with */

	void *state; /* the route's own */
	void (*state_free)(void *state);
};

/* Begin; the route is chosen and the key is read. */
int call_new(struct gateway *gw, struct http_exchange *x, const struct route *route,
    struct call **ret) MUST_USE;

/* Room for the route's own, zeroed; NULL after it answered out of memory. */
void *call_state(struct call *c, size_t size, void (*state_free)(void *state));

/* --- the end of a call; c is gone afterwards ----------------------------------- */

/* Owns: body, freed here. A body that did not fit answers PROBLEM_INTERNAL. */
void call_answer(struct call *c, int status, struct buffer *body);
void call_answer_with(struct call *c, int status, struct buffer *body, const char *type,
    const struct http_extra *extra, size_t extra_count);
void call_problem(struct call *c, const struct problem *p);

/* A problem with nothing but a detail. */
void call_fail(struct call *c, enum problem_id id, const char *detail);

/* An ERR_* of the store, the signer or ourselves. */
void call_err(struct call *c, int err, const char *detail);

/* c->error: a body that the reader refused. */
void call_bad_body(struct call *c);

/* --- waiting -------------------------------------------------------------------- */

/* Submit c->op (kind and inputs are set), then next(c); c->op.err says how it went. */
void call_store(struct call *c, call_step *next);

/*
 * Send what was written after signer_client_begin(). The answer goes to reply;
 * a refusal goes to c->refused when that is set, else becomes a problem.
 */
void call_signer(struct call *c, uint32_t type, const struct writer *body, call_reply *reply);

/* --- small readers ------------------------------------------------------------------ */

/* One value of the query, without escapes; ERR_NOT_FOUND, or ERR_DUPLICATE. */
int call_query(const struct call *c, const char *name, struct bytes *ret) MUST_USE;

/* Refuses every name of the query that is not in the list (NULL-terminated). */
int call_query_only(const struct call *c, const char *const *names) MUST_USE;

/* The ERR_* of a refusal; ERR_PROTOCOL for what is none. */
int refused_err(const struct msg_refused *m);

/* A receipt with its signature as one JSON object. */
void receipt_json(struct bytes text, const uint8_t signature64[64], struct buffer *out);

#endif
