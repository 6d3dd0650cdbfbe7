#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "ipc/channel.h"
#include "supervisor/wiring.h"

#define BODY_MAX (FRAME_MAX - FRAME_HEADER)
#define AN_ID 0x0102030405060708U

static uint8_t out[FRAME_MAX + 64];
static uint8_t in[FRAME_MAX];
static int fd[2];
static struct channel gateway, signer;

static int
setup(void **state)
{
	(void)state;
	if (wiring_pair(fd) != 0 || fcntl(fd[1], F_SETFL, O_NONBLOCK) != 0)
		return -1;
	channel_open(&gateway, fd[0], ROLE_GATEWAY, ROLE_SIGNER);
	channel_open(&signer, fd[1], ROLE_SIGNER, ROLE_GATEWAY);
	memset(out, 0, sizeof out);
	memset(in, 0, sizeof in);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(fd[0]);
	if (fd[1] >= 0)
		close(fd[1]);
	return 0;
}

static void
raw_send(uint32_t length, uint32_t type, size_t bytes)
{
	store_be32(out, length);
	store_be32(out + 4, type);
	store_be64(out + 8, 1);
	assert_int_equal(send(fd[0], out, bytes, 0), (ssize_t)bytes);
}

static void
test_a_frame(void **state)
{
	static const uint8_t want[] = {0, 0, 0, 13, 0, 0, 0, 47, 1, 2, 3, 4, 5, 6, 7, 8, 1};
	struct writer w = channel_body(out, sizeof out);
	struct frame f;
	size_t len;

	(void)state;
	write_u8(&w, 1);
	assert_int_equal(writer_end(&w, &len), 0);
	assert_int_equal(len, 1);
	assert_int_equal(channel_send(&gateway, MSG_STATUS_QUERY, AN_ID, out, len), 0);
	assert_memory_equal(out, want, sizeof want);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), 0);
	assert_int_equal(f.type, MSG_STATUS_QUERY);
	assert_true(f.id == AN_ID);
	assert_int_equal(f.body.len, 1);
	assert_ptr_equal(f.body.p, in + FRAME_HEADER);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_AGAIN);
}

static void
test_the_largest_frame(void **state)
{
	struct frame f;

	(void)state;
	assert_int_equal(channel_send(&gateway, MSG_SIGN_TRADE, 1, out, BODY_MAX + 1), ERR_SPACE);
	assert_int_equal(channel_send(&gateway, MSG_SIGN_TRADE, 1, out, SIZE_MAX), ERR_SPACE);
	assert_int_equal(channel_send(&gateway, MSG_SIGN_TRADE, 1, out, BODY_MAX), 0);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), 0);
	assert_int_equal(f.body.len, BODY_MAX);
	/* one byte less room: cut, and therefore refused */
	assert_int_equal(channel_send(&gateway, MSG_SIGN_TRADE, 1, out, BODY_MAX), 0);
	assert_int_equal(channel_receive(&signer, in, sizeof in - 1, &f), ERR_PROTOCOL);
}

static void
test_malformed_frames(void **state)
{
	struct frame f = {.type = 77};

	(void)state;
	/* too short for a header, by each number of bytes */
	for (size_t n = 1; n < FRAME_HEADER; n++) {
		raw_send((uint32_t)n - 4, MSG_STATUS_QUERY, n);
		assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
	}
	/* the length says one more, one less, nothing, or wraps */
	raw_send(14, MSG_STATUS_QUERY, 17);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
	raw_send(12, MSG_STATUS_QUERY, 17);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
	raw_send(0, MSG_STATUS_QUERY, 17);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
	raw_send(UINT32_MAX, MSG_STATUS_QUERY, 17);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
	raw_send(13, 0, 17);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
	raw_send(13, 9999, 17);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
	assert_int_equal(f.type, 77);
	/* and a good one after them */
	raw_send(13, MSG_STATUS_QUERY, 17);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), 0);
}

static void
test_permits(void **state)
{
	struct frame f;

	(void)state;
	/* the sender refuses itself */
	assert_int_equal(channel_send(&gateway, MSG_SECRET, 1, out, 8), ERR_PROTOCOL);
	assert_int_equal(channel_send(&gateway, MSG_STATUS, 1, out, 8), ERR_PROTOCOL);
	assert_int_equal(channel_send(&gateway, 9999, 1, out, 8), ERR_PROTOCOL);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_AGAIN);
	/* and a sender that does not is refused by the receiver */
	raw_send(20, MSG_SECRET, 24);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
	raw_send(20, MSG_BOOT, 24);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
	raw_send(13, MSG_INSTANCE_QUERY, 17);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_PROTOCOL);
}

static void
test_once(void **state)
{
	struct channel attester;
	struct frame f;

	(void)state;
	channel_open(&gateway, fd[0], ROLE_GATEWAY, ROLE_ATTESTER);
	channel_open(&attester, fd[1], ROLE_ATTESTER, ROLE_GATEWAY);
	assert_int_equal(channel_send(&gateway, MSG_BIND_TLS, 1, out, 32), 0);
	assert_int_equal(channel_receive(&attester, in, sizeof in, &f), 0);
	/* requests may come again and again */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(channel_send(&gateway, MSG_ATTEST, 2, out, 20), 0);
		assert_int_equal(channel_receive(&attester, in, sizeof in, &f), 0);
	}
	assert_int_equal(channel_send(&gateway, MSG_BIND_TLS, 3, out, 32), 0);
	assert_int_equal(channel_receive(&attester, in, sizeof in, &f), ERR_PROTOCOL);
	/* a malformed first use does not count as one: the channel is over anyway */
	channel_open(&attester, fd[1], ROLE_ATTESTER, ROLE_GATEWAY);
	raw_send(13, MSG_BIND_TLS, 18);
	assert_int_equal(channel_receive(&attester, in, sizeof in, &f), ERR_PROTOCOL);
	assert_true(attester.once_seen == 0);
}

static void
test_the_end(void **state)
{
	struct frame f;

	(void)state;
	/* what was sent before the end is still read */
	assert_int_equal(channel_send(&gateway, MSG_STATUS_QUERY, 1, out, 1), 0);
	assert_int_equal(shutdown(fd[0], SHUT_WR), 0);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), 0);
	assert_int_equal(channel_receive(&signer, in, sizeof in, &f), ERR_CLOSED);
	close(fd[1]);
	fd[1] = -1;
	assert_int_equal(channel_send(&gateway, MSG_STATUS_QUERY, 1, out, 1), ERR_CLOSED);
}

static void
test_full(void **state)
{
	struct frame f;
	int sent = 0;
	int r;

	(void)state;
	assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	while ((r = channel_send(&gateway, MSG_SIGN_TRADE, (uint64_t)sent, out, 40000)) == 0)
		sent++;
	assert_int_equal(r, ERR_AGAIN);
	/* whole frames, in order, and room again afterwards */
	for (int i = 0; i < sent; i++) {
		assert_int_equal(channel_receive(&signer, in, sizeof in, &f), 0);
		assert_int_equal(f.id, i);
		assert_int_equal(f.body.len, 40000);
	}
	assert_int_equal(channel_send(&gateway, MSG_SIGN_TRADE, 1, out, 40000), 0);
}

static void
test_bad_descriptor(void **state)
{
	struct channel none;
	struct frame f;

	(void)state;
	channel_open(&none, -1, ROLE_GATEWAY, ROLE_SIGNER);
	assert_int_equal(channel_send(&none, MSG_STATUS_QUERY, 1, out, 1), ERR_IO);
	assert_int_equal(channel_receive(&none, in, sizeof in, &f), ERR_IO);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_a_frame),
	    T(test_the_largest_frame),
	    T(test_malformed_frames),
	    T(test_permits),
	    T(test_once),
	    T(test_the_end),
	    T(test_full),
	    T(test_bad_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
