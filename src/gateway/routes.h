/* The table of routes, and the way of a request to its handler. */
#ifndef SELFSAME_GATEWAY_ROUTES_H
#define SELFSAME_GATEWAY_ROUTES_H

#include <stddef.h>

#include "gateway/gateway.h"

enum route_auth {
	AUTH_NONE,
	AUTH_KEY /* an API key must be there; the signer checks it */
};

struct route {
	enum http_method method;
	const char *template; /* "{id}" stands for one segment */
	size_t body_max; /* 0: takes no body */
	enum route_auth auth;
	call_step *handle;
};

/* The callbacks for http_server_options; arg is the gateway. */
void routes_admit(struct http_exchange *x, size_t *ret_body_max, void *arg);
void routes_handle(struct http_exchange *x, void *arg);
void routes_refused(int status, const char *reason, struct buffer *body, void *arg);

size_t route_number(const struct route *route);
size_t routes_count(void);
const struct route *route_at(size_t number);

/* What a path and method lead to. */
enum route_match { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };
enum route_match route_find(enum http_method method, struct bytes path, const struct route **ret,
    char ret_id[AGENT_ID_MAX + 1]);

/* "GET, HEAD" of a path, for the Allow header. */
void route_allow(struct bytes path, char *ret, size_t cap);

/* The handlers, one file per subject. */
void route_register(struct call *c); /* routes_register.c */
void route_agent(struct call *c); /* routes_agent.c */
void route_rotate_key(struct call *c);
void route_policy(struct call *c);
void route_sign(struct call *c); /* routes_sign.c */
void route_trade(struct call *c); /* routes_trade.c */
void route_trade_read(struct call *c);
void route_trades_page(struct call *c);
void route_balances(struct call *c); /* routes_balances.c */
void route_attestation(struct call *c); /* routes_system.c */
void route_health(struct call *c);
void route_metrics(struct call *c);
void route_openapi(struct call *c);

/*
 * The body of POST /agents/{id}/sign: the typed data's binary form or the text.
 * Appended to ret_content; error says what is wrong.
 */
int sign_request_parse(struct bytes body, struct buffer *ret_content, int *ret_is_message,
    struct json_error *error) MUST_USE;

#endif
