/* A child asks, the supervisor connects: over a pair of channels and a listening socket. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "ipc/dial.h"

static char directory[] = "/tmp/selfsame-dial-XXXXXX";
static char path[64];
static int listener;
static struct channel child, supervisor;
static const char *answer_with; /* the path that the supervisor connects to */
static int answer_result;

static int
setup(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int pair[2];

	(void)state;
	if (mkdtemp(directory) == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/agent", directory);
	memcpy(a.sun_path, path, strlen(path));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (const struct sockaddr *)&a, sizeof a) != 0 || listen(listener, 4) != 0)
		return -1;
	channel_open(&child, pair[0], ROLE_ATTESTER, ROLE_SUPERVISOR);
	channel_open(&supervisor, pair[1], ROLE_SUPERVISOR, ROLE_ATTESTER);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(listener);
	close(child.fd);
	close(supervisor.fd);
	return unlink(path) | rmdir(directory);
}

static void *
play_supervisor(void *arg)
{
	uint8_t frame[256];
	struct frame f;

	(void)arg;
	answer_result = channel_receive(&supervisor, frame, sizeof frame, &f);
	if (answer_result == 0 && f.type == MSG_DIAL)
		answer_result = dial_answer(&supervisor, &f, answer_with);
	return NULL;
}

static int
dial_to(const char *to)
{
	pthread_t thread;
	int fd;

	answer_with = to;
	assert_int_equal(pthread_create(&thread, NULL, play_supervisor, NULL), 0);
	fd = dial(&child);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return fd;
}

static void
test_connection(void **state)
{
	char byte = 0;
	int fd, peer;

	(void)state;
	fd = dial_to(path);
	assert_int_equal(answer_result, 0);
	assert_true(fd >= 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true((peer = accept(listener, NULL, NULL)) >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(peer, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	/* the supervisor kept no copy: closing ours is the end */
	close(fd);
	assert_int_equal(read(peer, &byte, 1), 0);
	close(peer);
}

static void
test_no_connection(void **state)
{
	char nobody[80], longest[200];

	(void)state;
	assert_int_equal(dial_to(NULL), -ENOENT);
	(void)snprintf(nobody, sizeof nobody, "%s/nobody", directory);
	assert_int_equal(dial_to(nobody), -ENOENT);
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(dial_to(longest), -ENAMETOOLONG);
	assert_int_equal(answer_result, 0);
}

static void
send_dialled(uint32_t error, int fd)
{
	uint8_t frame[64];
	struct writer w = channel_body(frame, sizeof frame);

	msg_dialled_write(&w, &(struct msg_dialled){.error = error});
	assert_int_equal(channel_send_fd(&supervisor, MSG_DIALLED, 0, frame, w.len, fd), 0);
}

/* A descriptor with an error, none with success, and an errno that is none. */
static void
test_contradictions(void **state)
{
	uint8_t frame[64];
	struct frame f;

	(void)state;
	send_dialled(0, -1);
	assert_int_equal(dial(&child), -EPROTO);
	send_dialled(ENOENT, listener);
	assert_int_equal(dial(&child), -EPROTO);
	send_dialled(0x80000001, -1);
	assert_int_equal(dial(&child), -EPROTO);
	for (int i = 0; i < 3; i++)
		assert_int_equal(channel_receive(&supervisor, frame, sizeof frame, &f), 0);
}

/* Who does not ask for a descriptor gets none, and none stays open behind his back. */
static void
test_unasked_descriptor(void **state)
{
	int before = dup(0), after;
	uint8_t frame[64];
	struct frame f;

	(void)state;
	close(before);
	send_dialled(0, listener);
	assert_int_equal(channel_receive(&child, frame, sizeof frame, &f), 0);
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_connection),
	    cmocka_unit_test(test_no_connection),
	    cmocka_unit_test(test_contradictions),
	    cmocka_unit_test(test_unasked_descriptor),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
