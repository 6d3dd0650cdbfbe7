/* selfsame-attester: the only process that touches the TEE's interface. */
#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attester/attester.h"
#include "attester/kms_check.h"
#include "base/err.h"
#include "base/log.h"
#include "ipc/boot.h"
#include "ipc/dial.h"
#include "ipc/sandbox.h"
#include "base/banned.h"

static const char *
failure_text(int err)
{
	switch (err) {
	case ERR_NOT_FOUND:
		return "SELFSAME_PLATFORM names no platform that this build knows";
	case ERR_UNSUPPORTED:
		return "SELFSAME_PLATFORM: this platform gives no evidence that is understood "
		       "here; the attester's log lines say what it answered";
	case ERR_TIMEOUT:
		return "SELFSAME_PLATFORM: the platform did not give evidence in time; is its "
		       "quote generation service running?";
	case ERR_EVIDENCE:
		return "SELFSAME_PLATFORM: what the platform gave is not evidence over what was "
		       "asked; the attester's log lines say why";
	case ERR_SPACE:
		return "SELFSAME_PLATFORM: the platform's evidence is larger than any that is "
		       "known";
	}
	return "the attester could not make its first attestation; its log lines say why";
}

/* Which calls the platform needs, and what it may reach with them. */
static enum sandbox_role
sandbox_of(struct bytes platform)
{
	static const struct {
		const char *platform;
		enum sandbox_role role;
	} roles[] = {
	    {"dstack", SANDBOX_ATTESTER_AGENT},
	    {"eigencompute", SANDBOX_ATTESTER_AGENT},
	    {"tsm", SANDBOX_ATTESTER_TSM},
	};

	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (platform.len == strlen(roles[i].platform) &&
		    memcmp(platform.p, roles[i].platform, platform.len) == 0)
			return roles[i].role;
	return SANDBOX_ATTESTER;
}

/* fd when the supervisor gave it, else -1. */
static int
given(int fd)
{
	return fcntl(fd, F_GETFD) >= 0 ? fd : -1;
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
	const struct kms_settings kms = {.addresses = getenv("SELFSAME_KMS_ADDRESSES"),
					 .environment = getenv("SELFSAME_KMS_ENVIRONMENT"),
					 .app_id = getenv("SELFSAME_APP_ID")};
	const char *problem = NULL;
	struct tee_host host;
	int r;

	log_open("attester", is_json(getenv("SELFSAME_LOG")), LOG_INFO);
	if (sandbox_begin() != 0)
		return EXIT_IO;
	if (boot_receive(ROLE_ATTESTER, &boot) != 0)
		return EXIT_PROTOCOL;
	/* no openssl.cnf: a file must not decide what a hash is */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		boot_fail(&boot, ERR_CRYPTO, 0, "OpenSSL could not be initialised");
	/* both would open a file later */
	json_object_seed(0);
	tzset();
	host = (struct tee_host){.io = tee_io_system(dial, &boot.supervisor),
				 .reports = given(FD_REPORTS),
				 .measurements = given(FD_MEASUREMENTS)};
	/* before the platform says its first word */
	if (sandbox_close(sandbox_of(boot.message.platform)) != 0)
		boot_fail(&boot, ERR_IO, 0, "the system call filter could not be loaded");
	if ((r = attester_open(&a, &boot.message, &host, FD_SIGNER, FD_GATEWAY)) != 0)
		boot_fail(&boot, r, 0, failure_text(r));
	if ((r = kms_check(&kms, a.address_0, &problem)) != 0)
		boot_fail(&boot, r, 0, problem);
	if (boot_ready(&boot, 0) != 0)
		return EXIT_IO;
	log_event(LOG_INFO, "ready", LOG_STR("platform", a.statement.platform),
		  LOG_STR("mode", a.statement.mode));
	return exit_status_of(serve(&a));
}
