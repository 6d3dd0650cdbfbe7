/*
 * Stands in for the signer, the attester and the gateway, to see what the
 * supervisor does with them: its role is its name, its behaviour the number in
 * SELFSAME_ACTIVE_AGENTS, which MSG_BOOT carries to all three.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/log.h"
#include "ipc/boot.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "ipc/sandbox.h"
#include "base/banned.h"

enum behaviour {
	NORMAL = 1,
	SIGNER_REFUSES,
	SIGNER_DIES_EARLY,
	ATTESTER_REFUSES,
	ATTESTER_DIES_EARLY,
	ATTESTER_TALKS_NONSENSE,
	GATEWAY_REFUSES,
	GATEWAY_IGNORES_SIGTERM,
	GATEWAY_DRAINS_SLOWLY,
	GATEWAY_REFUSES_SECOND_START, /* when its database file exists already */
	SIGNER_STAYS,
};

static struct boot boot;
static uint8_t buf[FRAME_MAX];
static volatile sig_atomic_t told_to_stop;

static enum ipc_role
role_of(const char *name)
{
	if (strcmp(name, "selfsame-signer") == 0)
		return ROLE_SIGNER;
	return strcmp(name, "selfsame-attester") == 0 ? ROLE_ATTESTER : ROLE_GATEWAY;
}

static int
is(enum behaviour b)
{
	return boot.message.active_agents == (uint64_t)b;
}

static int
send_one_byte(struct channel *c, uint32_t type, uint64_t id, uint8_t value)
{
	struct writer w = channel_body(buf, sizeof buf);
	size_t len;
	int r;

	write_u8(&w, value);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(c, type, id, buf, len);
}

static int
send_instance(struct channel *c, uint64_t id)
{
	struct writer w = channel_body(buf, sizeof buf);
	struct msg_instance m = {.instance_key = {1}, .root_id = {2}};
	size_t len;
	int r;

	msg_instance_write(&w, &m);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(c, MSG_INSTANCE, id, buf, len);
}

static int
send_status(struct channel *c, uint64_t id)
{
	struct writer w = channel_body(buf, sizeof buf);
	struct msg_status m = {.active = 7};
	size_t len;
	int r;

	msg_status_write(&w, &m);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(c, MSG_STATUS, id, buf, len);
}

static int
send_attest(struct channel *c, uint64_t id)
{
	struct writer w = channel_body(buf, sizeof buf);
	size_t len;
	int r;

	write_lp(&w, "0123456789abcdef", 16);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(c, MSG_ATTEST, id, buf, len);
}

static int
send_evidence(struct channel *c, uint64_t id)
{
	struct writer w = channel_body(buf, sizeof buf);
	size_t len;
	int r;

	write_lp(&w, "{}", 2);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(c, MSG_EVIDENCE, id, buf, len);
}

/* The secret's length is all that is told of it. */
static void
take_secret(void)
{
	struct msg_secret m;
	struct frame f;

	if (channel_receive(&boot.supervisor, buf, sizeof buf, &f) != 0 || f.type != MSG_SECRET ||
	    msg_secret_read(f.body, &m) != 0)
		boot_fail(&boot, ERR_PROTOCOL, 0, "no secret");
	log_event(LOG_INFO, "secret", LOG_INT("mnemonic", m.mnemonic.len),
	    LOG_INT("passphrase", m.passphrase.len));
	explicit_bzero(buf, sizeof buf);
}

static NO_RETURN void
signer_loop(void)
{
	struct channel gateway, attester;
	struct frame f;

	channel_open(&gateway, FD_GATEWAY, ROLE_SIGNER, ROLE_GATEWAY);
	channel_open(&attester, FD_ATTESTER, ROLE_SIGNER, ROLE_ATTESTER);
	for (;;) {
		struct pollfd p[] = {{FD_SUPERVISOR, POLLIN, 0}, {FD_ATTESTER, POLLIN, 0},
		    {FD_GATEWAY, POLLIN, 0}};

		if (poll(p, ARRAY_LEN(p), -1) < 0)
			_exit(EXIT_IO);
		if (p[0].revents != 0 && !is(SIGNER_STAYS))
			_exit(0);
		if (p[0].revents != 0)
			(void)poll(NULL, 0, 60000);
		if (p[1].revents != 0 && (channel_receive(&attester, buf, sizeof buf, &f) != 0 ||
		                             send_instance(&attester, f.id) != 0))
			_exit(EXIT_PROTOCOL);
		if (p[2].revents != 0 && (channel_receive(&gateway, buf, sizeof buf, &f) != 0 ||
		                             send_status(&gateway, f.id) != 0))
			_exit(EXIT_PROTOCOL);
	}
}

static NO_RETURN void
attester_loop(void)
{
	struct channel signer, gateway;
	struct frame f;

	channel_open(&signer, FD_SIGNER, ROLE_ATTESTER, ROLE_SIGNER);
	channel_open(&gateway, FD_GATEWAY, ROLE_ATTESTER, ROLE_GATEWAY);
	for (;;) {
		/* without a gateway there is nothing to do but to wait for the supervisor's word */
		if (channel_receive(&gateway, buf, sizeof buf, &f) != 0) {
			(void)poll(&(struct pollfd){FD_SUPERVISOR, POLLIN, 0}, 1, -1);
			_exit(0);
		}
		if (send_one_byte(&signer, MSG_INSTANCE_QUERY, f.id, 1) != 0 ||
		    channel_receive(&signer, buf, sizeof buf, &f) != 0 ||
		    send_evidence(&gateway, f.id) != 0)
			_exit(EXIT_PROTOCOL);
	}
}

static void
on_sigterm(int signal)
{
	(void)signal;
	told_to_stop = 1;
}

static void
gateway_ask_all(void)
{
	struct channel signer, attester;
	struct frame f;

	channel_open(&signer, FD_SIGNER, ROLE_GATEWAY, ROLE_SIGNER);
	channel_open(&attester, FD_ATTESTER, ROLE_GATEWAY, ROLE_ATTESTER);
	if (send_one_byte(&signer, MSG_STATUS_QUERY, 5, 1) != 0 ||
	    channel_receive(&signer, buf, sizeof buf, &f) != 0 || f.type != MSG_STATUS || f.id != 5)
		boot_fail(&boot, ERR_PROTOCOL, 0, "no status");
	if (send_attest(&attester, 6) != 0 ||
	    channel_receive(&attester, buf, sizeof buf, &f) != 0 || f.type != MSG_EVIDENCE)
		boot_fail(&boot, ERR_PROTOCOL, 0, "no evidence");
}

static void
gateway_mark(void)
{
	const char *url = getenv("DATABASE_URL");
	FILE *f;

	if (url == NULL || strncmp(url, "sqlite:/", 8) != 0)
		boot_fail(&boot, ERR_SETTING, 0, "DATABASE_URL: not absolute");
	if (is(GATEWAY_REFUSES_SECOND_START) && access(url + 7, F_OK) == 0)
		boot_fail(&boot, ERR_DATABASE, 0, "DATABASE_URL: not a second time");
	if ((f = fopen(url + 7, "w")) == NULL)
		boot_fail(&boot, ERR_DATABASE, 0, "DATABASE_URL: cannot be written");
	(void)fclose(f);
}

static NO_RETURN void
gateway_loop(void)
{
	while (!told_to_stop || is(GATEWAY_IGNORES_SIGTERM)) {
		if (poll(NULL, 0, 100000) < 0 && errno != EINTR)
			_exit(EXIT_IO);
	}
	if (is(GATEWAY_DRAINS_SLOWLY))
		(void)poll(NULL, 0, 500);
	log_note(LOG_INFO, "drained");
	_exit(0);
}

static void
misbehave(enum ipc_role role)
{
	if (role == ROLE_SIGNER && is(SIGNER_REFUSES))
		boot_fail(&boot, ERR_MNEMONIC_WORD, 3, "MNEMONIC: word 3 is not on the list");
	if (role == ROLE_SIGNER && is(SIGNER_DIES_EARLY))
		_exit(9);
	if (role == ROLE_ATTESTER && is(ATTESTER_REFUSES))
		boot_fail(&boot, ERR_IO, 0, "attester: will not");
	if (role == ROLE_ATTESTER && is(ATTESTER_DIES_EARLY))
		_exit(9);
	if (role == ROLE_ATTESTER && is(ATTESTER_TALKS_NONSENSE))
		(void)!write(FD_SUPERVISOR, "nonsense", 8);
	if (role == ROLE_GATEWAY && is(GATEWAY_REFUSES))
		boot_fail(&boot, ERR_DATABASE, 0, "DATABASE_URL: will not");
}

int
main(int argc, char **argv)
{
	enum ipc_role role = role_of(argc > 0 ? argv[0] : "");
	enum sandbox_role sandbox = role == ROLE_SIGNER ? SANDBOX_SIGNER
	    : role == ROLE_ATTESTER                     ? SANDBOX_ATTESTER
	                                                : SANDBOX_GATEWAY;
	struct sigaction stop = {.sa_handler = on_sigterm};

	log_open(argv[0], 0, LOG_INFO);
	if (sandbox_begin() != 0 || boot_receive(role, &boot) != 0)
		return EXIT_PROTOCOL;
	if (role == ROLE_SIGNER)
		take_secret();
	log_event(LOG_INFO, "boot", LOG_INT("development", boot.message.development),
	    LOG_INT("scheme", boot.message.scheme), LOG_INT("chain", boot.message.chain_id),
	    LOG_STRN("platform", (const char *)boot.message.platform.p, boot.message.platform.len),
	    LOG_INT("settings", boot.message.settings.len),
	    LOG_STRN("binaries", (const char *)boot.message.binaries.p, boot.message.binaries.len));
	misbehave(role);
	if (role == ROLE_GATEWAY) {
		gateway_mark();
		if (sigaction(SIGTERM, &stop, NULL) != 0)
			return EXIT_IO;
	}
	if (sandbox_close(sandbox) != 0)
		boot_fail(&boot, ERR_IO, 0, "no filter");
	if (role == ROLE_GATEWAY)
		gateway_ask_all();
	if (boot_ready(&boot, role == ROLE_GATEWAY ? 4321 : 0) != 0)
		_exit(EXIT_IO);
	switch (role) {
	case ROLE_SIGNER:
		signer_loop();
	case ROLE_ATTESTER:
		attester_loop();
	case ROLE_GATEWAY:
	case ROLE_ANY:
	case ROLE_SUPERVISOR:
	case ROLE_ROOTSOURCE:
	case ROLE_DIALER:
		break;
	}
	gateway_loop();
}
