/* The release's signer as the supervisor starts it, under its filter. */
#include "fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ipc/boot.h"
#include "ipc/channel.h"
#include "signer/serve.h"

#define SIGNER "build/bin/selfsame-signer"
#define UNPROTECTED "build/unprotected/bin/selfsame-signer"
#define JUNK "test test test test test test test test test test test junk"

static struct channel supervisor, attester, gateway;
static uint8_t buffer[FRAME_MAX];
static struct frame frame;
static pid_t pid;
static const char *program = SIGNER;

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void
become_signer(const int ends[3])
{
	int high[3];

	for (int i = 0; i < 3; i++)
		high[i] = dup2(ends[i], 60 + i);
	if (dup2(high[0], FD_SUPERVISOR) < 0 || dup2(high[1], FD_ATTESTER) < 0 ||
	    dup2(high[2], FD_GATEWAY) < 0)
		_exit(99);
	execl(program, "selfsame-signer", (char *)NULL);
	_exit(99);
}

static void
spawn(void)
{
	int pairs[3][2], ends[3];

	for (int i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pairs[i]), 0);
		ends[i] = pairs[i][1];
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_signer(ends);
	for (int i = 0; i < 3; i++)
		close(ends[i]);
	channel_open(&supervisor, pairs[0][0], ROLE_SUPERVISOR, ROLE_SIGNER);
	channel_open(&attester, pairs[1][0], ROLE_ATTESTER, ROLE_SIGNER);
	channel_open(&gateway, pairs[2][0], ROLE_GATEWAY, ROLE_SIGNER);
}

static void
say_boot_as(uint8_t development, const char *platform)
{
	struct msg_boot m = {.development = development,
	    .scheme = SCHEME_INDEXED,
	    .chain_id = CHAIN,
	    .active_agents = 100,
	    .platform = text(platform)};
	struct writer w = channel_body(buffer, sizeof buffer);

	msg_boot_write(&w, &m);
	assert_int_equal(channel_send(&supervisor, MSG_BOOT, 0, buffer, w.len), 0);
}

static void
say_boot(void)
{
	say_boot_as(1, "simulated");
}

static void
say_secret(const char *phrase)
{
	struct msg_secret m = {.mnemonic = text(phrase)};
	struct writer w = channel_body(buffer, sizeof buffer);

	msg_secret_write(&w, &m);
	assert_int_equal(channel_send(&supervisor, MSG_SECRET, 0, buffer, w.len), 0);
}

static void
start(void)
{
	spawn();
	say_boot();
	say_secret(JUNK);
	assert_int_equal(channel_receive(&supervisor, buffer, sizeof buffer, &frame), 0);
	assert_int_equal(frame.type, MSG_READY);
}

static int
exit_status(void)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(supervisor.fd);
	close(attester.fd);
	close(gateway.fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
pause_ms(long ms)
{
	const struct timespec t = {0, ms * 1000000};

	(void)nanosleep(&t, NULL);
}

static void
ask(struct channel *c, uint32_t type, size_t len, uint32_t want)
{
	assert_int_equal(channel_send(c, type, 7, buffer, len), 0);
	assert_int_equal(channel_receive(c, buffer, sizeof buffer, &frame), 0);
	assert_int_equal(frame.id, 7);
	assert_int_equal(frame.type, want);
}

/* A number of /proc/PID/status, or -1. */
static long
status_number(const char *name)
{
	char path[64], line[256];
	long n = -1;
	FILE *f;

	assert_true(snprintf(path, sizeof path, "/proc/%d/status", (int)pid) > 0);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, name, strlen(name)) != 0)
			continue;
		n = 0;
		for (const char *p = line; *p != '\0'; p++)
			n = *p >= '0' && *p <= '9' ? n * 10 + (*p - '0') : n;
	}
	fclose(f);
	return n;
}

static void
test_protections(void **state)
{
	(void)state;
	start();
	assert_int_equal(status_number("Seccomp:"), 2);
	assert_int_equal(status_number("NoNewPrivs:"), 1);
	assert_true(status_number("VmLck:") >= 32);
	assert_true(status_number("VmLck:") <= 48);
	close(supervisor.fd);
	assert_int_equal(exit_status(), SIGNER_EXIT_END);
}

static void
test_open_files(void **state)
{
	char path[64];
	struct dirent *e;
	unsigned seen = 0;
	DIR *d;

	(void)state;
	start();
	assert_true(snprintf(path, sizeof path, "/proc/%d/fd", (int)pid) > 0);
	if ((d = opendir(path)) == NULL) { /* it is not dumpable, and we are not root */
		close(supervisor.fd);
		(void)exit_status();
		skip();
	}
	while ((e = readdir(d)) != NULL) {
		assert_int_equal(e->d_name[e->d_name[0] == '.' ? 0 : 1],
		    e->d_name[0] == '.' ? '.' : '\0');
		if (e->d_name[0] != '.')
			seen |= 1U << (e->d_name[0] - '0');
	}
	closedir(d);
	assert_int_equal(seen & ~7U, 1U << FD_SUPERVISOR | 1U << FD_ATTESTER | 1U << FD_GATEWAY);
	close(supervisor.fd);
	assert_int_equal(exit_status(), SIGNER_EXIT_END);
}

static void
test_answers(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 3; i++) {
		buffer[FRAME_HEADER] = 1;
		ask(&attester, MSG_INSTANCE_QUERY, 1, MSG_INSTANCE);
		buffer[FRAME_HEADER] = 1;
		ask(&gateway, MSG_STATUS_QUERY, 1, MSG_STATUS);
	}
	close(supervisor.fd);
	assert_int_equal(exit_status(), SIGNER_EXIT_END);
}

/* Ctrl-C in the terminal reaches everybody; the signer waits for the supervisor. */
static void
test_signals(void **state)
{
	(void)state;
	start();
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(kill(pid, SIGHUP), 0);
	pause_ms(30);
	buffer[FRAME_HEADER] = 1;
	ask(&gateway, MSG_STATUS_QUERY, 1, MSG_STATUS);
	close(supervisor.fd);
	assert_int_equal(exit_status(), SIGNER_EXIT_END);
}

static void
send_raw(const struct channel *c, const void *p, size_t n)
{
	assert_int_equal(send(c->fd, p, n, 0), n);
}

static void
test_violations(void **state)
{
	struct channel *const peers[] = {&supervisor, &attester, &gateway};
	static const int want[] = {SIGNER_EXIT_SUPERVISOR, SIGNER_EXIT_ATTESTER,
	    SIGNER_EXIT_GATEWAY};

	(void)state;
	for (int i = 0; i < 3; i++) {
		start();
		send_raw(peers[i], "\0\0\0\x0c\0\0\0\x63\0\0\0\0\0\0\0\1", 16);
		assert_int_equal(exit_status(), want[i]);
	}
	start();
	send_raw(&gateway, "\0\0\0", 3);
	assert_int_equal(exit_status(), SIGNER_EXIT_GATEWAY);
	start(); /* a second secret */
	say_secret(JUNK);
	assert_int_equal(exit_status(), SIGNER_EXIT_SUPERVISOR);
	start();
	close(gateway.fd);
	assert_int_equal(exit_status(), SIGNER_EXIT_CLOSED);
}

static void
test_bad_beginnings(void **state)
{
	struct msg_failed failed;

	(void)state;
	spawn();
	say_boot();
	say_secret("test test test test test test test sekrit test test test junk");
	assert_int_equal(channel_receive(&supervisor, buffer, sizeof buffer, &frame), 0);
	assert_int_equal(frame.type, MSG_FAILED);
	assert_int_equal(msg_failed_read(frame.body, &failed), 0);
	assert_int_equal((int)(int32_t)failed.code, ERR_MNEMONIC_WORD);
	assert_int_equal(failed.position, 8);
	assert_null(memmem(failed.text.p, failed.text.len, "sekrit", 6));
	assert_int_equal(exit_status(), EXIT_SETTING);
	spawn(); /* the secret before the boot */
	say_secret(JUNK);
	assert_int_equal(exit_status(), SIGNER_EXIT_SUPERVISOR);
	spawn(); /* the supervisor goes away in between */
	say_boot();
	close(supervisor.fd);
	assert_int_equal(exit_status(), SIGNER_EXIT_END);
}

/* Not in development; the first frame that the signer of this path answers with. */
static uint32_t
begin_for_good(const char *path)
{
	program = path;
	spawn();
	program = SIGNER;
	say_boot_as(0, "tsm");
	say_secret("alpha amount seat asthma awake loyal bright call animal day dolphin base");
	assert_int_equal(channel_receive(&supervisor, buffer, sizeof buffer, &frame), 0);
	return frame.type;
}

/* The build that keeps its secrets for tests/e2e/test_secrets.py must not hold anybody's. */
static void
test_unprotected_is_for_development(void **state)
{
	struct msg_failed failed;

	(void)state;
	assert_int_equal(begin_for_good(SIGNER), MSG_READY);
	close(supervisor.fd);
	assert_int_equal(exit_status(), SIGNER_EXIT_END);
	assert_int_equal(begin_for_good(UNPROTECTED), MSG_FAILED);
	assert_int_equal(msg_failed_read(frame.body, &failed), 0);
	assert_non_null(memmem(failed.text.p, failed.text.len, "this build", 10));
	assert_int_equal(exit_status(), EXIT_SETTING);
}

static void
register_agent(struct msg_sign_trade *ret)
{
	static uint8_t record[RECORD_BYTES_MAX], room[POLICY_BYTES_MAX];
	struct writer w = channel_body(buffer, sizeof buffer);
	struct policy policy = test_policy();
	struct msg_register m;
	struct msg_registered got;

	memset(&m, 0, sizeof m);
	policy.flags = POLICY_TO_ANYONE;
	policy.native_per_day = U256_MAX;
	m.agent_id = text("alice");
	m.policy = policy_bytes(&policy, room);
	msg_register_write(&w, &m);
	ask(&gateway, MSG_REGISTER, w.len, MSG_REGISTERED);
	assert_int_equal(msg_registered_read(frame.body, &got), 0);
	memset(ret, 0, sizeof *ret);
	memcpy(record, got.record.p, got.record.len);
	ret->record = (struct bytes){record, got.record.len};
	memcpy(ret->mac, got.mac, 32);
	memcpy(ret->api_key, got.api_key.p, 32);
}

/* A day's work: enough signatures for the curve context to be blinded anew under the filter. */
static void
test_many_trades(void **state)
{
	static uint8_t room[512];
	uint8_t fields[400];
	struct writer w = writer_of(room, sizeof room), f = writer_of(fields, sizeof fields);
	const struct tx tx = test_tx(FRIEND);
	struct msg_sign_trade m;

	(void)state;
	start();
	register_agent(&m);
	tx_write_fields(&f, &tx);
	write_lp(&w, fields, f.len);
	m.steps = (struct bytes){room, w.len};
	for (int i = 0; i < 1100; i++) {
		struct writer body = channel_body(buffer, sizeof buffer);

		msg_sign_trade_write(&body, &m);
		ask(&gateway, MSG_SIGN_TRADE, body.len, MSG_TRADE_SIGNED);
	}
	close(supervisor.fd);
	assert_int_equal(exit_status(), SIGNER_EXIT_END);
}

static int
is_built(void **state)
{
	(void)state;
	if (access(SIGNER, X_OK) == 0)
		return 0;
	print_message("run from the project's root, after make: " SIGNER " is missing\n");
	return 1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protections),
		cmocka_unit_test(test_open_files),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_bad_beginnings),
		cmocka_unit_test(test_unprotected_is_for_development),
		cmocka_unit_test(test_many_trades),
	};

	return cmocka_run_group_tests(tests, is_built, NULL);
}
