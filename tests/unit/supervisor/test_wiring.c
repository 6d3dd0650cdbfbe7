#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/wiring.h"

static int
at(const struct wiring *w, enum ipc_role role, enum ipc_fd fd)
{
	return wiring_ends(w, role).fd[fd - FD_SUPERVISOR];
}

/* A byte that goes in at one end comes out at the other, whole. */
static void
are_connected(int a, int b)
{
	char c = 'x';

	assert_int_equal(send(a, &c, 1, MSG_DONTWAIT), 1);
	assert_int_equal(recv(b, &c, 1, MSG_DONTWAIT), 1);
	assert_int_equal(send(b, &c, 1, MSG_DONTWAIT), 1);
	assert_int_equal(recv(a, &c, 1, MSG_DONTWAIT), 1);
}

static void
test_who_talks_to_whom(void **state)
{
	struct wiring w;

	(void)state;
	wiring_init(&w);
	assert_int_equal(wiring_open(&w), 0);
	assert_int_equal(wiring_renew(&w), 0);
	are_connected(at(&w, ROLE_GATEWAY, FD_SIGNER), at(&w, ROLE_SIGNER, FD_GATEWAY));
	are_connected(at(&w, ROLE_ATTESTER, FD_SIGNER), at(&w, ROLE_SIGNER, FD_ATTESTER));
	are_connected(at(&w, ROLE_GATEWAY, FD_ATTESTER), at(&w, ROLE_ATTESTER, FD_GATEWAY));
	/* nobody has an end to himself, and the supervisor's place is left free */
	assert_int_equal(at(&w, ROLE_SIGNER, FD_SIGNER), -1);
	assert_int_equal(at(&w, ROLE_ATTESTER, FD_ATTESTER), -1);
	assert_int_equal(at(&w, ROLE_GATEWAY, FD_GATEWAY), -1);
	assert_int_equal(at(&w, ROLE_GATEWAY, FD_SUPERVISOR), -1);
	/* all end at exec, but where they are placed */
	assert_true(fcntl(at(&w, ROLE_GATEWAY, FD_SIGNER), F_GETFD) & FD_CLOEXEC);
	wiring_close(&w);
	assert_int_equal(at(&w, ROLE_GATEWAY, FD_SIGNER), -1);
}

static void
test_renew(void **state)
{
	struct wiring w;
	int gateway, attester, signer;
	char c;

	(void)state;
	wiring_init(&w);
	assert_int_equal(wiring_open(&w), 0);
	assert_int_equal(wiring_renew(&w), 0);
	signer = at(&w, ROLE_SIGNER, FD_GATEWAY);
	gateway = dup(at(&w, ROLE_GATEWAY, FD_ATTESTER));
	attester = at(&w, ROLE_ATTESTER, FD_GATEWAY);
	assert_true(gateway >= 0 && attester >= 0);
	/* stale bytes stay in the old pair, which ends */
	assert_int_equal(send(attester, "s", 1, 0), 1);
	assert_int_equal(wiring_renew(&w), 0);
	assert_int_equal(recv(at(&w, ROLE_GATEWAY, FD_ATTESTER), &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(recv(gateway, &c, 1, 0), 1);
	assert_int_equal(recv(gateway, &c, 1, 0), 0);
	assert_int_equal(at(&w, ROLE_SIGNER, FD_GATEWAY), signer);
	are_connected(at(&w, ROLE_GATEWAY, FD_SIGNER), signer);
	wiring_release(&w);
	assert_int_equal(at(&w, ROLE_GATEWAY, FD_ATTESTER), -1);
	assert_int_equal(at(&w, ROLE_SIGNER, FD_GATEWAY), signer);
	close(gateway);
	wiring_close(&w);
}

/* Two of the largest frames find room before anybody reads. */
static void
test_room(void **state)
{
	static uint8_t frame[FRAME_MAX];
	int fd[2];

	(void)state;
	assert_int_equal(wiring_pair(fd), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(send(fd[0], frame, sizeof frame, MSG_DONTWAIT), FRAME_MAX);
		assert_int_equal(send(fd[1], frame, sizeof frame, MSG_DONTWAIT), FRAME_MAX);
	}
	close(fd[0]);
	close(fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_who_talks_to_whom),
	    cmocka_unit_test(test_renew),
	    cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
