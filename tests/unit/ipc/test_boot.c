#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "ipc/boot.h"
#include "ipc/channel.h"
#include "supervisor/handover.h"
#include "supervisor/wiring.h"

static int fd[2];
static struct child child; /* the supervisor's side */
static struct boot boot; /* the child's side, at FD_SUPERVISOR */

static int
setup(void **state)
{
	(void)state;
	if (wiring_pair(fd) != 0 || dup2(fd[1], FD_SUPERVISOR) != FD_SUPERVISOR)
		return -1;
	/* the pair may have been made at that very number */
	if (fd[1] != FD_SUPERVISOR)
		close(fd[1]);
	child_init(&child, ROLE_SIGNER, "selfsame-signer");
	channel_open(&child.channel, fd[0], ROLE_SUPERVISOR, ROLE_SIGNER);
	memset(&boot, 0, sizeof boot);
	return 0;
}

/* fd[0] may not be FD_SUPERVISOR itself, which setup() would replace. */
static int
reserve(void **state)
{
	(void)state;
	while (dup(STDERR_FILENO) <= FD_SUPERVISOR)
		;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	child_close(&child);
	close(FD_SUPERVISOR);
	return dup2(STDERR_FILENO, FD_SUPERVISOR) == FD_SUPERVISOR ? 0 : -1;
}

static const struct plan plan = {
    .development = 1,
    .scheme = BOOT_INDEXED,
    .platform = {.name = "simulated"},
    .chain_id = 31337,
    .active_agents = 7,
    .rpc_is_loopback = 1,
};

static void
send_boot(void)
{
	static struct statement_parts parts = {"{\"a\":\"1\"}", 9, "{}", 2, "{}", 2};

	assert_int_equal(handover_boot(&child, &plan, BOOT_ROOT_DSTACK_V1, &parts), 0);
}

static void
test_receive(void **state)
{
	char name[16] = {0};

	(void)state;
	send_boot();
	assert_int_equal(boot_receive(ROLE_SIGNER, &boot), 0);
	assert_int_equal(boot.message.development, 1);
	assert_int_equal(boot.message.scheme, BOOT_INDEXED);
	assert_int_equal(boot.message.chain_id, 31337);
	assert_int_equal(boot.message.active_agents, 7);
	assert_int_equal(boot.message.rpc_is_loopback, 1);
	assert_int_equal(boot.message.local_fork, 0);
	assert_int_equal(boot.message.platform.len, 9);
	assert_memory_equal(boot.message.platform.p, "simulated", 9);
	assert_memory_equal(boot.message.settings.p, "{\"a\":\"1\"}", 9);
	assert_memory_equal(boot.message.binaries.p, "{}", 2);
	assert_int_equal(boot.message.key_chain.len, 2);
	assert_int_equal(boot.message.root_scheme, BOOT_ROOT_DSTACK_V1);
	assert_int_equal(prctl(PR_GET_NAME, name, 0, 0, 0), 0);
	assert_string_equal(name, "selfsame-signer");
}

/* The largest BOOT there can be. */
static void
test_receive_largest(void **state)
{
	static uint8_t run[8192];
	static uint8_t frame[FRAME_MAX];
	struct writer w = channel_body(frame, sizeof frame);
	struct msg_boot m = {
	    .platform = {run, 32}, .settings = {run, 8192}, .binaries = {run, 2048}};
	size_t len;

	(void)state;
	msg_boot_write(&w, &m);
	assert_int_equal(writer_end(&w, &len), 0);
	assert_int_equal(channel_send(&child.channel, MSG_BOOT, 0, frame, len), 0);
	assert_int_equal(boot_receive(ROLE_SIGNER, &boot), 0);
	assert_int_equal(boot.message.settings.len, 8192);
}

static void
test_receive_refuses(void **state)
{
	static uint8_t frame[FRAME_MAX];
	size_t flags[] = {0, 2, 3}; /* development, rpc_is_loopback, local_fork */
	struct writer w;
	struct msg_boot m = {.scheme = 1};
	size_t len;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		w = channel_body(frame, sizeof frame);
		msg_boot_write(&w, &m);
		assert_int_equal(writer_end(&w, &len), 0);
		frame[FRAME_HEADER + flags[i]] = 2;
		assert_int_equal(channel_send(&child.channel, MSG_BOOT, 0, frame, len), 0);
		assert_int_equal(boot_receive(ROLE_SIGNER, &boot), ERR_PROTOCOL);
	}
	/* something else first, one byte too many, and nobody there */
	w = channel_body(frame, sizeof frame);
	write_be32(&w, 0);
	write_be32(&w, 0);
	assert_int_equal(channel_send(&child.channel, MSG_SECRET, 0, frame, 8), 0);
	assert_int_equal(boot_receive(ROLE_SIGNER, &boot), ERR_PROTOCOL);
	w = channel_body(frame, sizeof frame);
	msg_boot_write(&w, &m);
	write_u8(&w, 0);
	assert_int_equal(writer_end(&w, &len), 0);
	assert_int_equal(channel_send(&child.channel, MSG_BOOT, 0, frame, len), 0);
	assert_int_equal(boot_receive(ROLE_SIGNER, &boot), ERR_PROTOCOL);
	child_close(&child);
	assert_int_equal(boot_receive(ROLE_SIGNER, &boot), ERR_CLOSED);
}

static void
test_ready(void **state)
{
	uint8_t buf[1024];
	struct msg_ready m;
	struct frame f;

	(void)state;
	send_boot();
	assert_int_equal(boot_receive(ROLE_SIGNER, &boot), 0);
	assert_int_equal(boot_ready(&boot, 8000), 0);
	assert_int_equal(channel_receive(&child.channel, buf, sizeof buf, &f), 0);
	assert_int_equal(f.type, MSG_READY);
	assert_int_equal(msg_ready_read(f.body, &m), 0);
	assert_int_equal(m.port, 8000);
}

static void
failed_with(const char *text, size_t want_len)
{
	uint8_t buf[1024];
	struct msg_failed m;
	struct frame f;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		boot_fail(&boot, ERR_MNEMONIC_WORD, 3, text);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SETTING);
	channel_open(&child.channel, fd[0], ROLE_SUPERVISOR, ROLE_SIGNER);
	assert_int_equal(channel_receive(&child.channel, buf, sizeof buf, &f), 0);
	assert_int_equal(f.type, MSG_FAILED);
	assert_int_equal(msg_failed_read(f.body, &m), 0);
	assert_int_equal((int32_t)m.code, ERR_MNEMONIC_WORD);
	assert_int_equal(m.position, 3);
	assert_int_equal(m.text.len, want_len);
	assert_memory_equal(m.text.p, text, want_len);
}

static void
test_fail(void **state)
{
	char text[600];

	(void)state;
	send_boot();
	assert_int_equal(boot_receive(ROLE_SIGNER, &boot), 0);
	failed_with("MNEMONIC: word 3", 16);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	failed_with(text, 512);
}

static void
test_development_allowed(void **state)
{
	(void)state;
	assert_true(boot_development_allowed(1337, 0, 0));
	assert_true(boot_development_allowed(31337, 0, 0));
	assert_false(boot_development_allowed(137, 0, 0));
	assert_false(boot_development_allowed(137, 1, 0));
	assert_false(boot_development_allowed(137, 0, 1));
	assert_true(boot_development_allowed(137, 1, 1));
	assert_false(boot_development_allowed(1, 1, 0));
	assert_false(boot_development_allowed(31338, 0, 1));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_receive),
	    T(test_receive_largest),
	    T(test_receive_refuses),
	    T(test_ready),
	    T(test_fail),
	    cmocka_unit_test(test_development_allowed),
	};

	return cmocka_run_group_tests(tests, reserve, NULL);
}
