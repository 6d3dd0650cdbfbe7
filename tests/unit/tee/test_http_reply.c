#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"
#include "tee/http_reply.h"

#define OK "HTTP/1.1 200 OK\r\n"

static struct http_reply reply;

/* In an exact block, so that the sanitizer sees a read beyond it. */
static int
parse(const char *text, size_t len, char *ret_body, size_t cap)
{
	uint8_t *p = malloc(len == 0 ? 1 : len);
	int r;

	assert_non_null(p);
	memcpy(p, text, len);
	r = http_reply_parse(p, len, &reply);
	if (r == 0) {
		assert_in_range(reply.body.len, 0, cap - 1);
		memcpy(ret_body, reply.body.p, reply.body.len);
		ret_body[reply.body.len] = '\0';
	}
	free(p);
	return r;
}

static void
test_good(void **state)
{
	static const struct {
		const char *text, *body;
		unsigned status;
	} cases[] = {
	    {OK "Content-Length: 0\r\n\r\n", "", 200},
	    {OK "content-length:2\r\n\r\nhi", "hi", 200},
	    {OK "CONTENT-LENGTH: \t2 \t\r\nX: y\r\n\r\nhi", "hi", 200},
	    {"HTTP/1.1 404 \r\nContent-Length: 1\r\n\r\n\n", "\n", 404},
	    {"HTTP/1.1 599 A b c\r\nA:\r\nContent-Length: 1\r\n\r\nx", "x", 599},
	    {OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", 200},
	    {OK "transfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n00000a\r\n0123456789\r\n0\r\n\r\n",
	     "abc0123456789", 200},
	};
	char body[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].text);

		/* every beginning of it is not an answer yet */
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(parse(cases[i].text, cut, body, sizeof body), ERR_AGAIN);
		assert_int_equal(parse(cases[i].text, len, body, sizeof body), 0);
		assert_string_equal(body, cases[i].body);
		assert_int_equal(reply.status, cases[i].status);
	}
}

static void
test_bad(void **state)
{
	static const char *const bad[] = {
	    "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
	    "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
	    OK "Content-Length: 0\n\r\n",
	    OK "Content-Length: 0\r\n\n",
	    OK "Content-Length: 0\rX: y\r\n\r\n",
	    OK "\r\n",
	    OK "Connection: close\r\n\r\nbody until the end",
	    OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
	    OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: identity\r\n\r\n",
	    OK "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
	    OK "Content-Length: -1\r\n\r\n",
	    OK "Content-Length: 0x1\r\n\r\nx",
	    OK "Content-Length: 1,1\r\n\r\nx",
	    OK "Content-Length: 01\r\n\r\nx",
	    OK "Content-Length:\r\n\r\n",
	    OK "Content-Length: 99999999999999999999\r\n\r\n",
	    OK "Content-Length: 1\r\n\r\nxx",
	    OK "Content-Length : 1\r\n\r\nx",
	    OK " Content-Length: 1\r\n\r\nx",
	    OK "X: y\r\n folded\r\nContent-Length: 1\r\n\r\nx",
	    OK ": y\r\nContent-Length: 1\r\n\r\nx",
	    OK "no colon\r\nContent-Length: 1\r\n\r\nx",
	    OK "X: \x01\r\nContent-Length: 1\r\n\r\nx",
	    OK "X(: y\r\nContent-Length: 1\r\n\r\nx",
	    OK "Transfer-Encoding: chunked\r\n\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\ng\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\n000000001\r\nx\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore",
	    OK "Transfer-Encoding: chunked\r\n\r\nffffffffff",
	};
	char body[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parse(bad[i], strlen(bad[i]), body, sizeof body) != ERR_PARSE)
			fail_msg("not refused: %s", bad[i]);
	assert_int_equal(parse(OK "X: \0\r\nContent-Length: 1\r\n\r\nx", 17 + 6 + 21 + 1, body, sizeof body),
			 ERR_PARSE);
}

static void
test_head_bounds(void **state)
{
	static char text[2 * HTTP_REPLY_HEAD_MAX];
	char body[8];
	size_t len;

	(void)state;
	/* no line end within the bound */
	memset(text, 'a', sizeof text);
	assert_int_equal(parse(text, HTTP_REPLY_HEAD_MAX + 1, body, sizeof body), ERR_PARSE);
	assert_int_equal(parse(text, 100, body, sizeof body), ERR_AGAIN);
	/* many short lines, more than the head may hold or than it may have */
	memcpy(text, OK, strlen(OK));
	len = strlen(OK);
	for (size_t i = 0; i < 65; i++, len += 6)
		memcpy(text + len, "A: b\r\n", 6);
	assert_int_equal(parse(text, len, body, sizeof body), ERR_PARSE);
	assert_int_equal(parse(text, len - 6, body, sizeof body), ERR_AGAIN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_head_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
