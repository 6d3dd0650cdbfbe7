#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "http/parser.h"

#include "cases.h"

/*
 * What a server that answers everything with 200 would answer to these bytes,
 * fed in pieces of this size, as "100 200 close".
 */
static void
answers(const struct buffer *bytes, size_t piece, char *ret, size_t cap)
{
	struct http_parser *p;
	struct buffer out = buffer_of(cap - 1);
	enum http_parsed parsed = PARSED_MORE;
	size_t at = 0;

	assert_int_equal(http_parser_new(&p), 0);
	while (at < bytes->len || parsed == PARSED_HEAD) {
		size_t n = bytes->len - at < piece ? bytes->len - at : piece;
		uint8_t *exact = malloc(n == 0 ? 1 : n); /* so that reading too far is seen */

		memcpy(exact, bytes->p + at, n);
		at += http_parser_feed(p, exact, n, &parsed);
		free(exact);
		if (parsed == PARSED_HEAD && http_parser_request(p)->expects_continue)
			buffer_text(&out, out.len > 0 ? " 100" : "100");
		if (parsed == PARSED_COMPLETE) {
			buffer_text(&out, out.len > 0 ? " 200" : "200");
			if (!http_parser_request(p)->keep_alive) {
				buffer_text(&out, " close");
				break;
			}
			http_parser_reset(p);
			parsed = PARSED_MORE;
		}
		if (parsed == PARSED_REFUSED) {
			buffer_format(&out, "%s%d close", out.len > 0 ? " " : "",
				      http_parser_status(p));
			break;
		}
	}
	memcpy(ret, out.len == 0 ? (const uint8_t *)"" : out.p, out.len);
	ret[out.len] = '\0';
	buffer_free(&out);
	http_parser_free(p);
}

static void
run_cases(size_t piece)
{
	FILE *f = fopen(CASES_FILE, "r");
	struct http_case c;
	unsigned n = 0;

	assert_non_null(f);
	while (case_next(f, &c)) {
		char got[64];

		answers(&c.bytes, piece, got, sizeof got);
		if (strcmp(got, c.want) != 0)
			fail_msg("%s: %s, not %s", c.name, got, c.want);
		buffer_free(&c.bytes);
		n++;
	}
	(void)fclose(f);
	assert_true(n >= 32);
}

static void
test_cases_whole(void **state)
{
	(void)state;
	run_cases(SIZE_MAX);
}

static void
test_cases_byte_by_byte(void **state)
{
	(void)state;
	run_cases(1);
}

static void
test_cases_in_sevens(void **state)
{
	(void)state;
	run_cases(7);
}

static struct http_parser *
parse(const char *text, enum http_parsed *ret)
{
	struct http_parser *p;
	size_t len = strlen(text), at = 0;

	assert_int_equal(http_parser_new(&p), 0);
	do
		at += http_parser_feed(p, (const uint8_t *)text + at, len - at, ret);
	while (*ret == PARSED_HEAD);
	return p;
}

static void
assert_bytes(struct bytes b, const char *text)
{
	assert_int_equal(b.len, strlen(text));
	assert_memory_equal(b.p, text, b.len);
}

static void
test_request_is_taken_apart(void **state)
{
	enum http_parsed parsed;
	struct http_parser *p =
	    parse("POST /a/b?x=1&y HTTP/1.1\r\nHost: h\r\nX-Api-Key: \t v w \t\r\n"
		  "Content-Length: 5\r\n\r\nhello",
		  &parsed);
	const struct http_request *r = http_parser_request(p);
	struct bytes v;

	(void)state;
	assert_int_equal(parsed, PARSED_COMPLETE);
	assert_int_equal(r->method, METHOD_POST);
	assert_bytes(r->path, "/a/b");
	assert_bytes(r->query, "x=1&y");
	assert_int_equal(http_header_one(r, "x-api-key", &v), 0);
	assert_bytes(v, "v w");
	assert_bytes(r->body, "hello");
	assert_int_equal(http_header_one(r, "absent", &v), ERR_NOT_FOUND);
	http_parser_free(p);
}

static void
test_chunks_are_joined(void **state)
{
	enum http_parsed parsed;
	struct http_parser *p =
	    parse("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
		  "3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n",
		  &parsed);

	(void)state;
	assert_int_equal(parsed, PARSED_COMPLETE);
	assert_bytes(http_parser_request(p)->body, "abc0123456789");
	http_parser_free(p);
}

static void
test_a_header_given_twice_is_told(void **state)
{
	enum http_parsed parsed;
	struct http_parser *p =
	    parse("GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\n\r\n", &parsed);
	struct bytes v;

	(void)state;
	assert_int_equal(parsed, PARSED_COMPLETE);
	assert_int_equal(http_header_one(http_parser_request(p), "X-A", &v), ERR_DUPLICATE);
	http_parser_free(p);
}

static void
test_the_routes_limit_counts(void **state)
{
	static const char text[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
	struct http_parser *p;
	enum http_parsed parsed;
	size_t at;

	(void)state;
	for (size_t max = 4; max <= 5; max++) {
		assert_int_equal(http_parser_new(&p), 0);
		at = http_parser_feed(p, (const uint8_t *)text, sizeof text - 1, &parsed);
		assert_int_equal(parsed, PARSED_HEAD);
		http_parser_body_max(p, max);
		(void)http_parser_feed(p, (const uint8_t *)text + at, sizeof text - 1 - at,
				       &parsed);
		assert_int_equal(parsed, max == 5 ? PARSED_COMPLETE : PARSED_REFUSED);
		if (max == 4)
			assert_int_equal(http_parser_status(p), 413);
		http_parser_free(p);
	}
}

static void
test_a_chunked_body_counts_too(void **state)
{
	static const char text[] =
	    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n";
	struct http_parser *p;
	enum http_parsed parsed;
	size_t at;

	(void)state;
	assert_int_equal(http_parser_new(&p), 0);
	at = http_parser_feed(p, (const uint8_t *)text, sizeof text - 1, &parsed);
	http_parser_body_max(p, 5);
	(void)http_parser_feed(p, (const uint8_t *)text + at, sizeof text - 1 - at, &parsed);
	assert_int_equal(parsed, PARSED_REFUSED);
	assert_int_equal(http_parser_status(p), 413);
	http_parser_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases_whole),
		cmocka_unit_test(test_cases_byte_by_byte),
		cmocka_unit_test(test_cases_in_sevens),
		cmocka_unit_test(test_request_is_taken_apart),
		cmocka_unit_test(test_chunks_are_joined),
		cmocka_unit_test(test_a_header_given_twice_is_told),
		cmocka_unit_test(test_the_routes_limit_counts),
		cmocka_unit_test(test_a_chunked_body_counts_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
