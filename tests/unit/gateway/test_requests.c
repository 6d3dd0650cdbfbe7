/* What the gateway reads of requests before anybody is asked: keys, routes, headers, bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gateway/auth.h"
#include "gateway/config.h"
#include "gateway/limiter.h"
#include "gateway/problem.h"
#include "gateway/registration.h"
#include "gateway/routes.h"
#include "gateway/start.h"
#include "gateway/trade_json.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY "ssk_" HEX

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct http_request
request(const char *const headers[])
{
	struct http_request r = {.method = METHOD_GET};

	for (; headers[0] != NULL; headers += 2)
		r.headers[r.header_count++] =
		    (struct http_header){text(headers[0]), text(headers[1])};
	return r;
}

#define REQUEST(...) request((const char *const[]){__VA_ARGS__, NULL})

/* --- keys ------------------------------------------------------------------------------ */

static void
test_a_key_comes_in_either_header(void **state)
{
	struct http_request a = REQUEST("X-Api-Key", KEY);
	struct http_request b = REQUEST("Authorization", "bearer " KEY);
	struct http_request both = REQUEST("x-api-key", KEY, "authorization", "Bearer " KEY);
	uint8_t key[32];
	char back[69];

	(void)state;
	assert_int_equal(auth_key(&a, key), 0);
	auth_key_text(key, back);
	assert_string_equal(back, KEY);
	assert_int_equal(auth_key(&b, key), 0);
	assert_int_equal(auth_key(&both, key), 0);
}

static void
test_what_is_no_key_is_refused(void **state)
{
	static const char *const bad[] = {"", "ssk_", HEX, "ssk_" HEX "0", "SSK_" HEX, "ssk-" HEX,
	    "ssk_" "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", " " KEY};
	struct http_request none = REQUEST("host", "a");
	struct http_request basic = REQUEST("authorization", "Basic " KEY);
	struct http_request twice = REQUEST("x-api-key", KEY, "x-api-key", KEY);
	struct http_request two = REQUEST("x-api-key", KEY, "authorization",
	    "Bearer ssk_ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
	struct http_request half = REQUEST("x-api-key", KEY, "authorization", "Bearer nothing");
	uint8_t key[32];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct http_request r = REQUEST("x-api-key", bad[i]);

		assert_int_equal(auth_key(&r, key), ERR_PARSE);
	}
	assert_int_equal(auth_key(&none, key), ERR_NOT_FOUND);
	assert_int_equal(auth_key(&basic, key), ERR_PARSE);
	assert_int_equal(auth_key(&twice, key), ERR_CONFLICT);
	assert_int_equal(auth_key(&two, key), ERR_CONFLICT);
	assert_int_equal(auth_key(&half, key), ERR_PARSE);
}

static void
test_a_token_is_compared_whole(void **state)
{
	struct http_request r = REQUEST("x-registration-token", "open sesame");
	struct http_request none = REQUEST("host", "a");

	(void)state;
	assert_true(auth_token_is(&r, "x-registration-token", "open sesame"));
	assert_false(auth_token_is(&r, "x-registration-token", "open sesam"));
	assert_false(auth_token_is(&r, "x-registration-token", "open sesame "));
	assert_false(auth_token_is(&none, "x-registration-token", ""));
}

/* --- limits ------------------------------------------------------------------------------ */

static void
test_a_bucket_empties_and_fills(void **state)
{
	struct limiter *l;
	uint8_t one[16] = {1}, two[16] = {2};
	uint64_t now = 1000000;

	(void)state;
	assert_int_equal(limiter_new(60, &l), 0);
	for (int i = 0; i < 60; i++)
		assert_int_equal(limiter_take(l, one, now), 0);
	assert_int_equal(limiter_take(l, one, now), 2);
	assert_int_equal(limiter_look(l, one, now), 2);
	assert_int_equal(limiter_take(l, two, now), 0);
	assert_int_equal(limiter_take(l, one, now + 999), 1);
	assert_int_equal(limiter_take(l, one, now + 1000), 0);
	assert_int_not_equal(limiter_take(l, one, now + 1000), 0);
	/* an hour does not fill it beyond the brim */
	now += 3600000;
	for (int i = 0; i < 60; i++)
		assert_int_equal(limiter_take(l, one, now), 0);
	assert_int_not_equal(limiter_take(l, one, now), 0);
	/* a clock that goes back gives nothing */
	assert_int_not_equal(limiter_take(l, one, now - 50000), 0);
	limiter_free(l);
}

static void
test_none_a_minute_is_none(void **state)
{
	struct limiter *l;
	uint8_t one[16] = {1};

	(void)state;
	assert_int_equal(limiter_new(0, &l), 0);
	assert_int_equal(limiter_take(l, one, 1), 60);
	limiter_free(l);
}

/* --- routes --------------------------------------------------------------------------------- */

static void
expect_route(enum http_method method, const char *path, enum route_match want, const char *template,
    const char *id)
{
	const struct route *r = NULL;
	char got[AGENT_ID_MAX + 1];

	assert_int_equal(route_find(method, text(path), &r, got), want);
	if (want != ROUTE_FOUND)
		return;
	assert_string_equal(r->template, template);
	assert_string_equal(got, id);
}

static void
test_paths_lead_to_routes(void **state)
{
	(void)state;
	expect_route(METHOD_POST, "/register", ROUTE_FOUND, "/register", "");
	expect_route(METHOD_GET, "/agents/a.b_c:d-e", ROUTE_FOUND, "/agents/{id}", "a.b_c:d-e");
	expect_route(METHOD_GET, "/agents/a%3ab", ROUTE_FOUND, "/agents/{id}", "a:b");
	expect_route(METHOD_HEAD, "/health", ROUTE_FOUND, "/health", "");
	expect_route(METHOD_POST, "/agents/a/sign", ROUTE_FOUND, "/agents/{id}/sign", "a");
	expect_route(METHOD_PATCH, "/agents/a/policy", ROUTE_FOUND, "/agents/{id}/policy", "a");
	expect_route(METHOD_GET, "/register", ROUTE_NO_METHOD, "", "");
	expect_route(METHOD_HEAD, "/register", ROUTE_NO_METHOD, "", "");
	expect_route(METHOD_DELETE, "/agents/a", ROUTE_NO_METHOD, "", "");
}

static void
test_other_paths_do_not(void **state)
{
	static const char *const bad[] = {
	    "/",
	    "//",
	    "/registe",
	    "/registers",
	    "/register/",
	    "//register",
	    "/agents",
	    "/agents/",
	    "/agents//trades",
	    "/agents/a/",
	    "/agents/a/trades/",
	    "/agents/a/key",
	    "/agents/a%2fb",
	    "/agents/a%00",
	    "/agents/a%",
	    "/agents/a b",
	    "/agents/../health",
	    "/Health",
	    "/health%20",
	    "/agents/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		expect_route(METHOD_GET, bad[i], ROUTE_NO_PATH, "", "");
}

static void
test_allow_lists_the_methods(void **state)
{
	char allow[64];

	(void)state;
	route_allow(text("/health"), allow, sizeof allow);
	assert_string_equal(allow, "GET, HEAD");
	route_allow(text("/register"), allow, sizeof allow);
	assert_string_equal(allow, "POST");
	route_allow(text("/agents/x/policy"), allow, sizeof allow);
	assert_string_equal(allow, "PATCH");
}

/* --- Prefer ---------------------------------------------------------------------------------- */

static void
expect_prefer(const char *value, int async, int has_wait, uint64_t wait, const char *applied)
{
	struct http_request r = REQUEST("Prefer", value);
	struct prefer p;

	prefer_read(&r, &p);
	assert_int_equal(p.async, async);
	assert_int_equal(p.has_wait, has_wait);
	assert_int_equal(p.wait_seconds, wait);
	assert_string_equal(p.applied, applied);
}

static void
test_prefer_is_read_as_rfc_7240_says(void **state)
{
	struct http_request two = REQUEST("prefer", "respond-async", "Prefer", "wait=5");
	struct prefer p;

	(void)state;
	expect_prefer("respond-async", 1, 0, 0, "respond-async");
	expect_prefer("wait=10", 0, 1, 10, "wait=10");
	expect_prefer("Wait = \"7\"", 0, 1, 7, "wait=7");
	expect_prefer("wait=0", 0, 1, 0, "wait=0");
	expect_prefer("wait=3600", 0, 1, 60, "wait=60");
	expect_prefer("respond-async, wait=10", 1, 1, 10, "respond-async, wait=10");
	expect_prefer("handling=lenient; wait=3, wait=4, wait=5", 0, 1, 4, "wait=4");
	expect_prefer("wait=-1", 0, 0, 0, "");
	expect_prefer("wait=ten", 0, 0, 0, "");
	expect_prefer("", 0, 0, 0, "");
	expect_prefer(",,;=,", 0, 0, 0, "");
	prefer_read(&two, &p);
	assert_string_equal(p.applied, "respond-async, wait=5");
}

/* --- trades ------------------------------------------------------------------------------ */

static void
expect_receipt(char *stored, const char *shown)
{
	char agent[] = "alice";
	struct store_trade trade = {.id = "trd_1", .agent_id = agent, .kind = "split",
	    .receipt = stored};
	struct buffer body = buffer_of(4096);
	struct json_writer w = json_writer_of(&body);
	char want[128];

	trade_json_write(&w, NULL, &trade, NULL, 0);
	buffer_add(&body, "", 1);
	assert_int_equal(body.err, 0);
	(void)snprintf(want, sizeof want, "\"receipt\":%s,\"createdAt\":0}", shown);
	if (strstr((const char *)body.p, want) == NULL)
		fail_msg("%s: %s", stored, (const char *)body.p);
	buffer_free(&body);
}

static void
test_a_receipt_is_one_object_or_null(void **state)
{
	static const char *const bad[] = {"", " ", "null", "[]", "\"text\"", "{", "{}}", "{}{}",
	    "{},\"status\":\"final\"", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "{a:1}",
	    "0}", "{\"a\":1}\n\n{}"};
	char room[64];

	(void)state;
	(void)snprintf(room, sizeof room, "{\"action\":\"trade\"}");
	expect_receipt(room, "{\"action\":\"trade\"}");
	expect_receipt(NULL, "null");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		(void)snprintf(room, sizeof room, "%s", bad[i]);
		expect_receipt(room, "null");
	}
}

/* --- bodies ------------------------------------------------------------------------------------
 */

static void
config(struct config *ret)
{
	static char *const none[] = {NULL};
	struct settings s;
	char why[256];

	assert_int_equal(settings_load(none, NULL, &s, why, sizeof why), 0);
	assert_int_equal(config_read(&s, ret, why, sizeof why), 0);
	settings_free(&s);
}

static void
expect_registration(const char *body, int err, const char *field)
{
	struct registration *reg = calloc(1, sizeof *reg);
	struct json_error e = {0};
	struct config c;
	int r;

	config(&c);
	assert_non_null(reg);
	r = registration_parse(text(body), &c, reg, &e);
	if (r != err || strcmp(e.field, field) != 0)
		fail_msg("%s: %s at '%s'", body, err_name(r), e.field);
	free(reg);
}

static void
test_a_registration_is_read(void **state)
{
	struct registration *reg = calloc(1, sizeof *reg);
	struct json_error e;
	struct config c;
	struct policy p;

	(void)state;
	config(&c);
	assert_int_equal(registration_parse(text("{\"agentId\":\"alice\",\"owner\":"
	                                         "\"0x1111111111111111111111111111111111111111\","
	                                         "\"policy\":{\"actions\":[\"redeem\"]}}"),
	                     &c, reg, &e), 0);
	assert_string_equal(reg->agent_id, "alice");
	assert_int_equal(reg->has_owner, 1);
	assert_int_equal(policy_read(reg->policy, reg->policy_len, &p), 0);
	assert_int_equal(p.actions, POLICY_REDEEM);
	assert_int_equal(p.chains[0], 137);
	free(reg);
	expect_registration("{\"agentId\":\"a\",\"owner\":\"x\"}", ERR_PARSE, "owner");
	expect_registration("{\"agentId\":\"a b\"}", ERR_PARSE, "agentId");
	expect_registration("{\"agentId\":\"\"}", ERR_RANGE, "agentId");
	expect_registration("{}", ERR_PARSE, "agentId");
	expect_registration("{\"agentId\":\"a\",\"name\":1}", ERR_UNKNOWN_FIELD, "name");
	expect_registration("{\"agentId\":\"a\",\"agentId\":\"b\"}", ERR_DUPLICATE, "agentId");
	expect_registration("{\"agentId\":\"a\",\"policy\":[]}", ERR_PARSE, "policy");
	expect_registration("{\"agentId\":\"a\",\"policy\":{\"x\":1}}", ERR_UNKNOWN_FIELD,
			    "policy.x");
	expect_registration("", ERR_PARSE, "");
	expect_registration("[]", ERR_PARSE, "");
}

static void
expect_sign(const char *body, int err, const char *field)
{
	struct buffer content = buffer_of(32768);
	struct json_error e = {0};
	int is_message = -1;
	int r = sign_request_parse(text(body), &content, &is_message, &e);

	if (r != err || strcmp(e.field, field) != 0)
		fail_msg("%s: %s at '%s'", body, err_name(r), e.field);
	buffer_free(&content);
}

static void
test_a_signing_request_is_one_of_two(void **state)
{
	(void)state;
	expect_sign("{\"message\":\"hello\"}", 0, "");
	expect_sign("{}", ERR_PARSE, "typedData");
	expect_sign("{\"message\":\"a\",\"typedData\":{}}", ERR_PARSE, "typedData");
	expect_sign("{\"hash\":\"0x11\"}", ERR_UNKNOWN_FIELD, "hash");
	expect_sign("{\"message\":\"\"}", ERR_RANGE, "message");
	expect_sign("{\"message\":5}", ERR_PARSE, "message");
}

/* --- settings -----------------------------------------------------------------------------------
 */

static void
expect_setting(char *line, const char *names)
{
	char *const environment[] = {line, NULL};
	struct settings s;
	struct config c;
	char why[256] = "";

	if (settings_load(environment, NULL, &s, why, sizeof why) != 0) {
		assert_non_null(strstr(why, names));
		return;
	}
	assert_int_equal(config_read(&s, &c, why, sizeof why), ERR_SETTING);
	assert_memory_equal(why, names, strlen(names));
	settings_free(&s);
}

static void
test_bad_settings_are_named(void **state)
{
	char checksum[] = "SELFSAME_CONDITIONAL_TOKENS=0x4d97DCd97eC945f40cF65F87097ACe5EA0476045";
	char token[] = "SELFSAME_TOKENS=USDC:0x2791bca1f2de4661ED88A30C99A7a9449Aa84174:6";
	char twice[] = "SELFSAME_TOKENS=A:0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174:6,"
	               "A:0x1111111111111111111111111111111111111111:6";
	char same[] = "SELFSAME_TOKENS=A:0x1111111111111111111111111111111111111111:6,"
	              "B:0x1111111111111111111111111111111111111111:6";
	char chain[] = "SELFSAME_CHAIN_ID=0";
	char wait[] = "SELFSAME_WAIT_SECONDS=61";
	char poll[] = "SELFSAME_POLL_MILLISECONDS=0";

	(void)state;
	expect_setting(checksum, "SELFSAME_CONDITIONAL_TOKENS");
	expect_setting(token, "SELFSAME_TOKENS");
	expect_setting(twice, "SELFSAME_TOKENS");
	expect_setting(same, "SELFSAME_TOKENS");
	expect_setting(chain, "SELFSAME_CHAIN_ID");
	expect_setting(wait, "SELFSAME_WAIT_SECONDS");
	expect_setting(poll, "SELFSAME_POLL_MILLISECONDS");
}

static void
test_the_default_policy_is_the_promised_one(void **state)
{
	struct config c;
	const struct policy *p = &c.default_policy;

	(void)state;
	config(&c);
	assert_int_equal(p->actions,
	    POLICY_SPLIT | POLICY_MERGE | POLICY_REDEEM | POLICY_APPROVE | POLICY_TRANSFER);
	assert_int_equal(p->flags, POLICY_TO_OWNER);
	assert_int_equal(p->chain_count, 1);
	assert_int_equal(p->token_count, 1);
	assert_int_equal(p->tokens[0].per_transaction.limb[0], 100000000);
	assert_int_equal(p->tokens[0].per_day.limb[0], 1000000000);
	assert_int_equal(p->native_per_day.limb[0], 5000000000000000000);
	assert_int_equal(p->recipient_count + p->spender_count + p->call_count + p->typed_count, 0);
	assert_memory_equal(p->conditional_tokens, c.trade.conditional_tokens, 20);
}

/* --- problems
 * --------------------------------------------------------------------------------------- */

static void
test_problems_are_rfc_9457(void **state)
{
	(void)state;
	for (int i = 0; i < PROBLEMS_COUNT; i++) {
		struct problem p = {.id = (enum problem_id)i,
				    .detail = "do \"this\"",
				    .field = "a.b",
				    .rule = "recipient",
				    .member = "typedData",
				    .json = "{\"x\":1}",
				    .json_len = 7};
		struct buffer out = buffer_of(4096);
		json_t *root;

		problem_write(&p, &out);
		root = json_loadb((const char *)out.p, out.len, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(root);
		assert_memory_equal(json_string_value(json_object_get(root, "type")),
		    "urn:selfsame:problem:", 21);
		assert_int_equal(json_integer_value(json_object_get(root, "status")),
				 problem_status(p.id));
		assert_true(problem_status(p.id) >= 400 && problem_status(p.id) < 600);
		assert_string_not_equal(http_status_text(problem_status(p.id)), "Status");
		assert_string_equal(json_string_value(json_object_get(root, "detail")),
				    "do \"this\"");
		assert_string_equal(json_string_value(json_object_get(root, "rule")), "recipient");
		assert_true(json_is_object(json_object_get(root, "typedData")));
		json_decref(root);
		buffer_free(&out);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(problem_slug((enum problem_id)i),
						problem_slug((enum problem_id)k));
	}
}

static void
test_every_status_of_the_server_has_its_problem(void **state)
{
	static const int statuses[] = {400, 408, 411, 413, 414, 417, 431, 501, 503, 505};

	(void)state;
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		assert_int_equal(problem_status(problem_of_status(statuses[i])), statuses[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_comes_in_either_header),
		cmocka_unit_test(test_what_is_no_key_is_refused),
		cmocka_unit_test(test_a_token_is_compared_whole),
		cmocka_unit_test(test_a_bucket_empties_and_fills),
		cmocka_unit_test(test_none_a_minute_is_none),
		cmocka_unit_test(test_paths_lead_to_routes),
		cmocka_unit_test(test_other_paths_do_not),
		cmocka_unit_test(test_allow_lists_the_methods),
		cmocka_unit_test(test_prefer_is_read_as_rfc_7240_says),
		cmocka_unit_test(test_a_receipt_is_one_object_or_null),
		cmocka_unit_test(test_a_registration_is_read),
		cmocka_unit_test(test_a_signing_request_is_one_of_two),
		cmocka_unit_test(test_bad_settings_are_named),
		cmocka_unit_test(test_the_default_policy_is_the_promised_one),
		cmocka_unit_test(test_problems_are_rfc_9457),
		cmocka_unit_test(test_every_status_of_the_server_has_its_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
