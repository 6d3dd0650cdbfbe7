#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"
#include "fakes/fake_agent.h"
#include "tee/unix_http.h"

static struct fake_agent agent;
static uint8_t room[1024];
static struct http_reply reply;
static const char *response_text;

static void
answer(void *arg, const char *path, struct bytes body, struct writer *w)
{
	(void)arg;
	if (response_text != NULL) {
		write_text(w, response_text);
		return;
	}
	assert_string_equal(path, "/v1/Echo");
	fake_agent_respond(w, 200, "text/plain", body.p, body.len);
}

static int
begin(void **state)
{
	(void)state;
	agent = (struct fake_agent){.answer = answer};
	response_text = NULL;
	return 0;
}

static int
call(size_t cap)
{
	const struct tee_io io = fake_agent_io(&agent);
	const struct http_request request = {"/v1/Echo", {(const uint8_t *)"{\"a\":1}", 7}};
	int r = unix_http(&io, &request, 5000, room, cap, &reply);

	assert_false(agent.open);
	return r;
}

static void
assert_echo(void)
{
	assert_int_equal(call(sizeof room), 0);
	assert_int_equal(reply.status, 200);
	assert_int_equal(reply.body.len, 7);
	assert_memory_equal(reply.body.p, "{\"a\":1}", 7);
}

static void
test_exchange(void **state)
{
	(void)state;
	assert_echo();
	assert_string_equal(agent.request,
			    "POST /v1/Echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
			    "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
	for (size_t piece = 1; piece < 9; piece++) {
		agent.piece = piece;
		assert_echo();
	}
	agent.interrupted = 20;
	assert_echo();
	assert_int_equal(agent.interrupted, 0);
}

static void
test_error_status(void **state)
{
	(void)state;
	response_text = "HTTP/1.1 413 No\r\nContent-Length: 5\r\n\r\nlarge";
	assert_int_equal(call(sizeof room), 0);
	assert_int_equal(reply.status, 413);
	/* it did not read the request to its end */
	agent.write_errno = EPIPE;
	assert_int_equal(call(sizeof room), 0);
	assert_int_equal(reply.status, 413);
	agent.write_errno = EIO;
	assert_int_equal(call(sizeof room), ERR_IO);
}

static void
test_nobody(void **state)
{
	static const struct {
		int error, expected;
	} cases[] = {
	    {ENOENT, ERR_UNSUPPORTED}, {ECONNREFUSED, ERR_UNSUPPORTED}, {EACCES, ERR_IO},
	    {ETIMEDOUT, ERR_TIMEOUT},  {EAGAIN, ERR_IO},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		agent.connect_errno = cases[i].error;
		assert_int_equal(call(sizeof room), cases[i].expected);
	}
}

static void
test_cut(void **state)
{
	(void)state;
	assert_echo();
	for (size_t at = 1; at < agent.response_len; at++) {
		agent.cut_after = at;
		assert_int_equal(call(sizeof room), ERR_CLOSED);
	}
}

static void
test_silence(void **state)
{
	(void)state;
	agent.silent = 1;
	assert_int_equal(call(sizeof room), ERR_TIMEOUT);
	assert_in_range(agent.clock_ms, 5000, 5010);
}

static void
test_too_large(void **state)
{
	(void)state;
	assert_echo();
	assert_int_equal(call(agent.response_len), 0);
	assert_int_equal(call(agent.response_len - 1), ERR_SPACE);
}

static void
test_malformed(void **state)
{
	(void)state;
	response_text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc";
	assert_int_equal(call(sizeof room), ERR_PARSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_exchange, begin),
	    cmocka_unit_test_setup(test_error_status, begin),
	    cmocka_unit_test_setup(test_nobody, begin),
	    cmocka_unit_test_setup(test_cut, begin),
	    cmocka_unit_test_setup(test_silence, begin),
	    cmocka_unit_test_setup(test_too_large, begin),
	    cmocka_unit_test_setup(test_malformed, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
