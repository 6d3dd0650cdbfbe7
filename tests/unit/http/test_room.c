/* Who goes when there are too many: connections without a socket, aged by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "http/server_internal.h"

static struct http_server server;

static int
setup(void **state)
{
	(void)state;
	server = (struct http_server){.listen_fd = -1,
				      .options = {.connections_max = 4, .per_source_max = 3}};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	while (server.conns != NULL)
		conn_free(server.conns);
	assert_int_equal(server.counts.open, 0);
	return 0;
}

static struct http_source
four(uint8_t a, uint8_t d)
{
	return (struct http_source){{[10] = 0xff, [11] = 0xff, [12] = a, [15] = d}};
}

/* A connection that has waited for so many seconds. */
static struct conn *
hold(struct http_source source, enum conn_state state, unsigned seconds)
{
	struct conn *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->server = &server;
	c->state = state;
	c->since_us = http_now_us() - (uint64_t)seconds * 1000000;
	assert_int_equal(peer_join(c, &source), 0);
	c->next = server.conns;
	if (c->next != NULL)
		c->next->prev = c;
	server.conns = c;
	server.counts.open++;
	return c;
}

static int
is_there(const struct conn *wanted)
{
	for (const struct conn *c = server.conns; c != NULL; c = c->next) {
		if (c == wanted)
			return 1;
	}
	return 0;
}

static int
room(struct http_source source)
{
	return room_make(&server, &source);
}

static void
test_while_there_is_room_nobody_goes(void **state)
{
	(void)state;
	for (uint8_t i = 1; i <= 3; i++)
		(void)hold(four(10, i), CONN_HEAD, 60);
	assert_int_equal(room(four(10, 1)), 0);
	assert_int_equal(server.counts.open, 3);
	assert_int_equal(server.counts.evicted, 0);
}

static void
test_the_longest_waiting_goes(void **state)
{
	struct conn *c[4];

	(void)state;
	c[0] = hold(four(10, 1), CONN_HEAD, 3);
	c[1] = hold(four(10, 2), CONN_BODY, 9);
	c[2] = hold(four(10, 3), CONN_LINGER, 2);
	c[3] = hold(four(10, 4), CONN_HEAD, 5);
	assert_int_equal(room(four(10, 5)), 0);
	assert_false(is_there(c[1]));
	assert_int_equal(server.counts.open, 3);
	assert_int_equal(server.counts.evicted, 1);
	assert_true(is_there(c[0]) && is_there(c[2]) && is_there(c[3]));
}

static void
test_the_source_with_the_most_makes_room(void **state)
{
	struct conn *honest, *crowd;

	(void)state;
	honest = hold(four(10, 1), CONN_HEAD, 59);
	(void)hold(four(10, 9), CONN_HEAD, 1);
	crowd = hold(four(10, 9), CONN_HEAD, 2);
	(void)hold(four(10, 9), CONN_HEAD, 1);
	assert_int_equal(room(four(10, 2)), 0);
	assert_true(is_there(honest));
	assert_false(is_there(crowd));
}

static void
test_who_has_many_does_not_push_out_who_has_few(void **state)
{
	struct conn *honest = hold(four(10, 1), CONN_HEAD, 59);

	(void)state;
	(void)hold(four(10, 9), CONN_BUSY, 1);
	(void)hold(four(10, 9), CONN_BUSY, 1);
	(void)hold(four(10, 8), CONN_BUSY, 1);
	assert_int_equal(room(four(10, 9)), ERR_FULL);
	assert_true(is_there(honest));
	/* as many is not more */
	assert_int_equal(room(four(10, 8)), 0);
	assert_false(is_there(honest));
}

static void
test_a_request_under_way_is_never_given_up(void **state)
{
	(void)state;
	for (uint8_t i = 1; i <= 4; i++)
		(void)hold(four(10, i), i < 4 ? CONN_BUSY : CONN_WRITING, i < 4 ? 50 : 1);
	assert_int_equal(room(four(10, 7)), ERR_FULL);
	assert_int_equal(server.counts.open, 4);
}

static void
test_an_answer_that_is_not_taken_may_go(void **state)
{
	struct conn *stalled;

	(void)state;
	for (uint8_t i = 1; i <= 3; i++)
		(void)hold(four(10, i), CONN_BUSY, 50);
	stalled = hold(four(10, 4), CONN_WRITING, 3);
	assert_int_equal(room(four(10, 7)), 0);
	assert_false(is_there(stalled));
}

static void
test_above_its_share_a_source_makes_room_itself(void **state)
{
	struct conn *other = hold(four(10, 1), CONN_HEAD, 50);
	struct conn *own;

	(void)state;
	server.options.connections_max = 100;
	(void)hold(four(10, 9), CONN_HEAD, 1);
	own = hold(four(10, 9), CONN_HEAD, 2);
	(void)hold(four(10, 9), CONN_BUSY, 5);
	assert_int_equal(room(four(10, 9)), 0);
	assert_false(is_there(own));
	assert_true(is_there(other));
	(void)hold(four(10, 9), CONN_BUSY, 1);
	server.options.per_source_max = 2;
	for (struct conn *c = server.conns; c != NULL; c = c->next)
		c->state = CONN_BUSY;
	assert_int_not_equal(room(four(10, 9)), 0);
}

static void
test_some_room_is_kept_for_the_machine_itself(void **state)
{
	const struct http_source six_loopback = {{0}}; /* ::1, cut to its /64 */

	(void)state;
	for (uint8_t i = 1; i <= 4; i++)
		(void)hold(four(10, i), CONN_BUSY, 1);
	assert_int_equal(room(four(127, 1)), ERR_FULL);
	server.options.loopback_more = 2;
	assert_int_equal(room(four(126, 1)), ERR_FULL);
	assert_int_equal(room(four(128, 1)), ERR_FULL);
	assert_int_equal(room(four(127, 1)), 0);
	assert_int_equal(room(six_loopback), 0);
	(void)hold(four(127, 1), CONN_BUSY, 1);
	(void)hold(six_loopback, CONN_BUSY, 1);
	assert_int_equal(room(four(127, 2)), ERR_FULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_while_there_is_room_nobody_goes),
	    TEST(test_the_longest_waiting_goes),
	    TEST(test_the_source_with_the_most_makes_room),
	    TEST(test_who_has_many_does_not_push_out_who_has_few),
	    TEST(test_a_request_under_way_is_never_given_up),
	    TEST(test_an_answer_that_is_not_taken_may_go),
	    TEST(test_above_its_share_a_source_makes_room_itself),
	    TEST(test_some_room_is_kept_for_the_machine_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
