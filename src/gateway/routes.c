#include "gateway/routes.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/secret.h"
#include "gateway/auth.h"
#include "base/banned.h"

static const struct route routes[] = {
	{METHOD_POST, "/register", 32768, AUTH_NONE, route_register},
	{METHOD_POST, "/trade", 49152, AUTH_KEY, route_trade},
	{METHOD_GET, "/trades/{id}", 0, AUTH_KEY, route_trade_read},
	{METHOD_GET, "/agents/{id}", 0, AUTH_KEY, route_agent},
	{METHOD_GET, "/agents/{id}/trades", 0, AUTH_KEY, route_trades_page},
	{METHOD_GET, "/agents/{id}/balances", 0, AUTH_KEY, route_balances},
	{METHOD_POST, "/agents/{id}/sign", 131072, AUTH_KEY, route_sign},
	{METHOD_POST, "/agents/{id}/rotate-key", 1024, AUTH_KEY, route_rotate_key},
	{METHOD_PATCH, "/agents/{id}/policy", 32768, AUTH_KEY, route_policy},
	{METHOD_GET, "/attestation", 0, AUTH_NONE, route_attestation},
	{METHOD_GET, "/health", 0, AUTH_NONE, route_health},
	{METHOD_GET, "/metrics", 0, AUTH_NONE, route_metrics},
	{METHOD_GET, "/openapi.yaml", 0, AUTH_NONE, route_openapi},
};

/* What is no route is counted as one. */
static const struct route unmatched = {METHOD_GET, "unmatched", 0, AUTH_NONE, NULL};

size_t
routes_count(void)
{
	return ARRAY_LEN(routes) + 1;
}

const struct route *
route_at(size_t number)
{
	return number < ARRAY_LEN(routes) ? &routes[number] : &unmatched;
}

size_t
route_number(const struct route *route)
{
	return route == &unmatched ? ARRAY_LEN(routes) : (size_t)(route - routes);
}

/* --- matching ------------------------------------------------------------------------ */

/* The text up to the next slash; moves behind it. */
static struct bytes
segment(struct bytes *rest)
{
	const uint8_t *slash = rest->len == 0 ? NULL : memchr(rest->p, '/', rest->len);
	struct bytes s = {rest->p, slash == NULL ? rest->len : (size_t)(slash - rest->p)};

	rest->p += s.len;
	rest->len -= s.len;
	return s;
}

/* Percent-escapes are undone, since clients may escape the colon of an agent id. */
static int
take_id(struct bytes s, char ret_id[AGENT_ID_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (c == '%' &&
		    (s.len - i < 3 || hex_decode((const char *)s.p + i + 1, 2, &c, 1) != 0))
			return ERR_PARSE;
		i += s.p[i] == '%' ? 2 : 0;
		if (n == AGENT_ID_MAX)
			return ERR_RANGE;
		ret_id[n++] = (char)c;
	}
	ret_id[n] = '\0';
	return agent_id_valid(ret_id, n) ? 0 : ERR_PARSE;
}

static int
is_text(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

static int
matches(const char *template, struct bytes path, char ret_id[AGENT_ID_MAX + 1])
{
	struct bytes want = {(const uint8_t *)template, strlen(template)};

	while (want.len > 0 && path.len > 0 && want.p[0] == '/' && path.p[0] == '/') {
		struct bytes w, p;

		want.p++, want.len--;
		path.p++, path.len--;
		w = segment(&want);
		p = segment(&path);
		if (is_text(w, "{id}") ? take_id(p, ret_id) != 0 : !bytes_equal(w, p))
			return 0;
	}
	return want.len == 0 && path.len == 0;
}

enum route_match
route_find(enum http_method method, struct bytes path, const struct route **ret,
    char ret_id[AGENT_ID_MAX + 1])
{
	enum route_match match = ROUTE_NO_PATH;

	ret_id[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *r = &routes[i];

		if (!matches(r->template, path, ret_id))
			continue;
		match = ROUTE_NO_METHOD;
		if (r->method != method && !(method == METHOD_HEAD && r->method == METHOD_GET))
			continue;
		*ret = r;
		return ROUTE_FOUND;
	}
	return match;
}

void
route_allow(struct bytes path, char *ret, size_t cap)
{
	struct writer w = writer_of((uint8_t *)ret, cap - 1);
	char id[AGENT_ID_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!matches(routes[i].template, path, id))
			continue;
		if (w.len > 0)
			write_text(&w, ", ");
		write_text(&w, http_method_name(routes[i].method));
		if (routes[i].method == METHOD_GET)
			write_text(&w, ", HEAD");
	}
	ret[w.len] = '\0';
}

/* --- before the body ------------------------------------------------------------------- */

static int
is_json(const struct http_request *req)
{
	struct bytes type;
	const uint8_t *semicolon;

	if (http_header_one(req, "content-type", &type) != 0)
		return 0;
	semicolon = type.len == 0 ? NULL : memchr(type.p, ';', type.len);
	if (semicolon != NULL)
		type.len = (size_t)(semicolon - type.p);
	while (type.len > 0 && (type.p[type.len - 1] == ' ' || type.p[type.len - 1] == '\t'))
		type.len--;
	return http_text_is(type, "application/json");
}

static int
is_encoded(const struct http_request *req)
{
	struct bytes coding;

	return http_header_one(req, "content-encoding", &coding) != ERR_NOT_FOUND;
}

/* Answers a request that gets no further, in the name of a route. */
static void
turn_down(struct gateway *gw, struct http_exchange *x, const struct route *route,
    const struct problem *p)
{
	struct call *c;

	if (call_new(gw, x, route, &c) != 0) {
		http_respond(x,
		    &(struct http_response){.status = 503, .content_type = PROBLEM_TYPE});
		return;
	}
	call_problem(c, p);
}

/* Returns whether the request may go on; ret_problem says why not. */
static int
check_key(struct gateway *gw, struct http_exchange *x, struct problem *ret_problem)
{
	SECRET_BYTES(key, 32);
	unsigned wait = limiter_look(gw->auth_limit, http_exchange_source(x).key, limiter_clock());
	struct problem p = {.id = PROBLEM_TOO_MANY_REQUESTS,
	    .detail = "too many wrong API keys from this address: wait",
	    .retry_after = wait};

	if (wait == 0) {
		switch (auth_key(http_exchange_request(x), key)) {
		case 0:
			return 1;
		case ERR_NOT_FOUND:
			p.id = PROBLEM_MISSING_KEY;
			p.detail = "send the agent's API key as x-api-key: ssk_... or "
			           "Authorization: Bearer ssk_...";
			break;
		case ERR_CONFLICT:
			p.id = PROBLEM_INVALID_PARAMETER;
			p.field = "x-api-key";
			p.detail = "send one API key, once";
			break;
		default:
			p.id = PROBLEM_WRONG_KEY;
			p.detail = "an API key is ssk_ and 64 hex digits";
			break;
		}
	}
	*ret_problem = p;
	return 0;
}

void
routes_admit(struct http_exchange *x, size_t *ret_body_max, void *arg)
{
	struct gateway *gw = arg;
	const struct http_request *req = http_exchange_request(x);
	const struct route *route;
	char id[AGENT_ID_MAX + 1], allow[64];
	struct problem p = {
	    .id = PROBLEM_NOT_FOUND, .detail = "GET /openapi.yaml lists the routes"};

	switch (route_find(req->method, req->path, &route, id)) {
	case ROUTE_FOUND:
		break;
	case ROUTE_NO_METHOD:
		route_allow(req->path, allow, sizeof allow);
		p.id = PROBLEM_METHOD_NOT_ALLOWED;
		p.detail = "the Allow header lists the methods";
		p.allow = allow;
		turn_down(gw, x, &unmatched, &p);
		return;
	case ROUTE_NO_PATH:
		turn_down(gw, x, &unmatched, &p);
		return;
	}
	if (route->auth == AUTH_KEY && !check_key(gw, x, &p)) {
		turn_down(gw, x, route, &p);
		return;
	}
	if (req->has_body && (!is_json(req) || is_encoded(req))) {
		p = (struct problem){.id = PROBLEM_UNSUPPORTED_MEDIA_TYPE,
		    .detail = "send Content-Type: application/json and no Content-Encoding"};
		turn_down(gw, x, route, &p);
		return;
	}
	*ret_body_max = route->body_max;
}

/* --- the whole request ---------------------------------------------------------------------- */

void
routes_handle(struct http_exchange *x, void *arg)
{
	struct gateway *gw = arg;
	const struct http_request *req = http_exchange_request(x);
	const struct route *route;
	struct call *c;
	char id[AGENT_ID_MAX + 1];

	/* routes_admit() let it through */
	if (route_find(req->method, req->path, &route, id) != ROUTE_FOUND ||
	    call_new(gw, x, route, &c) != 0) {
		http_respond(x,
		    &(struct http_response){.status = 503, .content_type = PROBLEM_TYPE});
		return;
	}
	memcpy(c->id, id, sizeof c->id);
	if (route->auth == AUTH_KEY) {
		if (auth_key(req, c->api_key) != 0) {
			call_fail(c, PROBLEM_WRONG_KEY, NULL);
			return;
		}
		api_key_hash(c->api_key, c->key_hash);
	}
	route->handle(c);
}

void
routes_refused(int status, const char *reason, struct buffer *body, void *arg)
{
	struct gateway *gw = arg;
	struct problem p = {.id = problem_of_status(status), .detail = reason};

	metrics_count(&gw->metrics, route_number(&unmatched), status, 0);
	log_event(LOG_INFO, "request refused", LOG_INT("status", status),
	    LOG_STR("reason", reason));
	problem_write(&p, body);
}
