/* selfsame-attester: the only process that touches the TEE's interface. */
#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "attester/attester.h"
#include "base/err.h"
#include "base/log.h"
#include "ipc/boot.h"
#include "ipc/sandbox.h"
#include "base/banned.h"

static const char *
failure_text(int err)
{
	if (err == ERR_NOT_FOUND)
		return "SELFSAME_PLATFORM names no platform that this build knows";
	if (err == ERR_UNSUPPORTED)
		return "SELFSAME_PLATFORM names a platform that this machine does not have";
	return "the attester could not make its first attestation";
}

/* The gateway asks; the supervisor says nothing more, and its end is ours. */
static int
serve(struct attester *a)
{
	struct pollfd fds[2] = {{.fd = FD_GATEWAY, .events = POLLIN},
				{.fd = FD_SUPERVISOR, .events = POLLIN}};
	int r;

	for (;;) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			return ERR_IO;
		}
		if (fds[1].revents != 0)
			return ERR_CLOSED;
		if (fds[0].revents != 0 && (r = attester_serve(a)) != 0)
			return r;
	}
}

static int
exit_status_of(int r)
{
	if (r == ERR_CLOSED)
		return 0;
	log_event(LOG_ERROR, "attester-ends", LOG_CODE(r));
	return r == ERR_PROTOCOL ? EXIT_PROTOCOL : EXIT_IO;
}

static int
is_json(const char *log_setting)
{
	return log_setting != NULL && strcmp(log_setting, "json") == 0;
}

int
main(void)
{
	static struct attester a;
	static struct boot boot;
	struct tee_host host = {.io = tee_io_system(NULL, NULL), .reports = -1, .measurements = -1};
	int r;

	log_open("attester", is_json(getenv("SELFSAME_LOG")), LOG_INFO);
	if (sandbox_begin() != 0)
		return EXIT_IO;
	if (boot_receive(ROLE_ATTESTER, &boot) != 0)
		return EXIT_PROTOCOL;
	/* no openssl.cnf: a file must not decide what a hash is */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		boot_fail(&boot, ERR_CRYPTO, 0, "OpenSSL could not be initialised");
	if ((r = attester_open(&a, &boot.message, &host, FD_SIGNER, FD_GATEWAY)) != 0)
		boot_fail(&boot, r, 0, failure_text(r));
	if (sandbox_close(SANDBOX_ATTESTER) != 0)
		boot_fail(&boot, ERR_IO, 0, "the system call filter could not be loaded");
	if (boot_ready(&boot, 0) != 0)
		return EXIT_IO;
	log_event(LOG_INFO, "ready", LOG_STR("platform", a.statement.platform),
		  LOG_STR("mode", a.statement.mode));
	return exit_status_of(serve(&a));
}
