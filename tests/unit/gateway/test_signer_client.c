#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <sodium.h>

#include "base/err.h"
#include "gateway/signer_client.h"

/* The other end of the socket is a signer that the test plays. */
struct rig {
	struct event_base *base;
	struct signer_client *client;
	struct channel signer;
	int fds[2];
	uint8_t buf[FRAME_MAX];
};

struct heard {
	int count;
	int err;
	uint32_t type;
	uint64_t active;
};

static void
rig_start(struct rig *rig)
{
	memset(rig, 0, sizeof *rig);
	rig->base = event_base_new();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, rig->fds), 0);
	assert_int_equal(signer_client_new(rig->base, rig->fds[0], ROLE_SIGNER, &rig->client), 0);
	channel_open(&rig->signer, rig->fds[1], ROLE_SIGNER, ROLE_GATEWAY);
}

static void
rig_stop(struct rig *rig)
{
	signer_client_free(rig->client);
	event_base_free(rig->base);
	(void)close(rig->fds[0]);
	if (rig->fds[1] >= 0)
		(void)close(rig->fds[1]);
}

static void
turn(struct rig *rig)
{
	(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
}

static void
on_reply(int err, uint32_t type, struct bytes body, void *arg)
{
	struct heard *h = arg;
	struct msg_status m;

	h->count++;
	h->err = err;
	h->type = type;
	if (type == MSG_STATUS && msg_status_read(body, &m) == 0)
		h->active = m.active;
}

static int
ask(struct rig *rig, struct heard *h)
{
	struct msg_status_query m = {.version = 1};
	struct writer w = signer_client_begin(rig->client);

	msg_status_query_write(&w, &m);
	return signer_client_send(rig->client, MSG_STATUS_QUERY, &w, on_reply, h);
}

static uint64_t
receive(struct rig *rig)
{
	struct frame f;

	assert_int_equal(channel_receive(&rig->signer, rig->buf, sizeof rig->buf, &f), 0);
	assert_int_equal(f.type, MSG_STATUS_QUERY);
	return f.id;
}

static void
reply(struct rig *rig, uint64_t id, uint64_t active)
{
	struct msg_status m = {.active = active};
	struct writer w = channel_body(rig->buf, sizeof rig->buf);
	size_t len;

	msg_status_write(&w, &m);
	assert_int_equal(writer_end(&w, &len), 0);
	assert_int_equal(channel_send(&rig->signer, MSG_STATUS, id, rig->buf, len), 0);
}

static void
test_answers_find_their_requests_in_any_order(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct heard heard[80] = {{0}};
	uint64_t ids[80];

	(void)state;
	rig_start(rig);
	for (int i = 0; i < 80; i++)
		assert_int_equal(ask(rig, &heard[i]), 0);
	assert_int_equal(signer_client_in_flight(rig->client), 80);
	/* the socket takes some at once, the others when there is room again */
	for (int i = 0; i < 80; i++) {
		ids[i] = receive(rig);
		turn(rig);
	}
	for (int i = 79; i >= 0; i--) {
		reply(rig, ids[i], (uint64_t)i + 1000);
		turn(rig);
	}
	for (int i = 0; i < 80; i++) {
		assert_int_equal(heard[i].count, 1);
		assert_int_equal(heard[i].err, 0);
		assert_int_equal(heard[i].active, i + 1000);
	}
	assert_int_equal(signer_client_in_flight(rig->client), 0);
	rig_stop(rig);
	free(rig);
}

static void
test_answers_to_nobody_are_dropped(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct heard h = {0};
	uint64_t id;

	(void)state;
	rig_start(rig);
	assert_int_equal(ask(rig, &h), 0);
	id = receive(rig);
	reply(rig, id + 1, 1);
	reply(rig, id + 1024, 1); /* the same slot, another request */
	reply(rig, 0, 1);
	turn(rig);
	assert_int_equal(h.count, 0);
	reply(rig, id, 7);
	reply(rig, id, 8); /* twice */
	turn(rig);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.active, 7);
	assert_int_equal(signer_client_failed(rig->client), 0);
	rig_stop(rig);
	free(rig);
}

static void
test_ids_do_not_begin_where_the_last_gateway_began(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct heard h = {0};
	uint64_t one, two;

	(void)state;
	rig_start(rig);
	assert_int_equal(ask(rig, &h), 0);
	one = receive(rig);
	rig_stop(rig);
	rig_start(rig);
	assert_int_equal(ask(rig, &h), 0);
	two = receive(rig);
	assert_true(one != two && one + 1024 != two);
	rig_stop(rig);
	free(rig);
}

static void
test_too_many_are_refused(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct heard h = {0};
	int n = 0;

	(void)state;
	rig_start(rig);
	while (ask(rig, &h) == 0)
		n++;
	assert_int_equal(n, 1024);
	assert_int_equal(ask(rig, &h), ERR_FULL);
	assert_int_equal(h.count, 0);
	rig_stop(rig);
	free(rig);
}

static void
test_a_body_that_does_not_fit_is_refused(void **state)
{
	static uint8_t big[FRAME_MAX];
	struct rig *rig = calloc(1, sizeof *rig);
	struct heard h = {0};
	struct writer w;

	(void)state;
	rig_start(rig);
	w = signer_client_begin(rig->client);
	write_bytes(&w, big, sizeof big);
	assert_int_equal(signer_client_send(rig->client, MSG_AUTHENTICATE, &w, on_reply, &h),
			 ERR_SPACE);
	assert_int_equal(signer_client_in_flight(rig->client), 0);
	rig_stop(rig);
	free(rig);
}

static void
test_what_the_gateway_may_not_send_is_not_sent(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct heard h = {0};
	struct writer w;

	(void)state;
	rig_start(rig);
	w = signer_client_begin(rig->client);
	assert_int_equal(signer_client_send(rig->client, MSG_SECRET, &w, on_reply, &h),
			 ERR_PROTOCOL);
	assert_int_equal(signer_client_in_flight(rig->client), 0);
	rig_stop(rig);
	free(rig);
}

static void
test_the_signers_end_answers_everything(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct heard h = {0};

	(void)state;
	rig_start(rig);
	assert_int_equal(ask(rig, &h), 0);
	assert_int_equal(ask(rig, &h), 0);
	(void)close(rig->fds[1]);
	rig->fds[1] = -1;
	turn(rig);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.err, ERR_CLOSED);
	assert_int_not_equal(signer_client_failed(rig->client), 0);
	assert_int_equal(ask(rig, &h), ERR_FULL);
	rig_stop(rig);
	free(rig);
}

static void
test_a_message_that_is_not_the_signers_ends_it(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct heard h = {0};
	uint8_t frame[FRAME_HEADER] = {0, 0, 0, FRAME_HEADER - 4, 0, 0, 0, MSG_REGISTER};

	(void)state;
	rig_start(rig);
	assert_int_equal(ask(rig, &h), 0);
	assert_int_equal(send(rig->fds[1], frame, sizeof frame, 0), sizeof frame);
	turn(rig);
	assert_int_equal(signer_client_failed(rig->client), ERR_PROTOCOL);
	assert_int_equal(h.err, ERR_CLOSED);
	rig_stop(rig);
	free(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_find_their_requests_in_any_order),
		cmocka_unit_test(test_answers_to_nobody_are_dropped),
		cmocka_unit_test(test_ids_do_not_begin_where_the_last_gateway_began),
		cmocka_unit_test(test_too_many_are_refused),
		cmocka_unit_test(test_a_body_that_does_not_fit_is_refused),
		cmocka_unit_test(test_what_the_gateway_may_not_send_is_not_sent),
		cmocka_unit_test(test_the_signers_end_answers_everything),
		cmocka_unit_test(test_a_message_that_is_not_the_signers_ends_it),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
