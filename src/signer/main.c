/*
 * selfsame-signer: the process that holds the keys. It learns the root secret
 * from the supervisor, closes the door behind itself (sandbox_signer.def), and
 * answers requests on two sockets until the supervisor's channel ends.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "crypto/secp.h"
#include "ipc/boot.h"
#include "ipc/channel.h"
#include "ipc/sandbox.h"
#include "signer/serve.h"
#include "base/banned.h"

/* Where keys pass through while they are used. With the keyring's page and the
 * page for the phrase, and a page for alignment each, below 48 KiB. */
#define STACK_LOCKED 32768
#define NOT_LOCKED "memory could not be locked: allow 48 KiB (ulimit -l)"

#define SECRET_FRAME_MAX (FRAME_HEADER + 4 + 512 + 4 + 256 + 4 + 64)

enum { AT_SUPERVISOR, AT_ATTESTER, AT_GATEWAY, PEERS };

static struct boot boot;
static struct serve serve;
static struct channel peers[PEERS];
static uint8_t request[FRAME_MAX];
static uint8_t reply[FRAME_MAX];

/* Ctrl-C reaches the whole group, but only the supervisor decides when the signer ends. */
static int
ignore_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct sigaction ignore;

	memset(&ignore, 0, sizeof ignore);
	ignore.sa_handler = SIG_IGN;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		if (sigaction(signals[i], &ignore, NULL) != 0)
			return ERR_IO;
	}
	return 0;
}

/* The part of the stack that every later call from main() uses first. */
static __attribute__((noinline)) int
lock_stack(void)
{
	uint8_t below[STACK_LOCKED];

	explicit_bzero(below, sizeof below); /* touch it */
	return mlock(below, sizeof below) == 0 ? 0 : ERR_MLOCK;
}

static int
close_others(void)
{
	(void)close(FD_SIGNER); /* nobody's here, and it need not be open */
	return close_range(FD_GATEWAY + 1, ~0U, 0) == 0 ? 0 : ERR_IO;
}

/* Take the phrase in a locked page and turn it into keys; nothing of it stays. */
static void
open_with_secret(uint8_t *frame)
{
	char text[SERVE_TEXT_MAX] = "";
	unsigned position = 0;
	struct msg_secret m;
	struct frame f;
	int r;

	r = channel_receive(&boot.supervisor, frame, SECRET_FRAME_MAX, &f);
	if (r != 0 || f.type != MSG_SECRET || msg_secret_read(f.body, &m) != 0)
		_exit(r == ERR_CLOSED ? SIGNER_EXIT_END : SIGNER_EXIT_SUPERVISOR);
	r = serve_open(&serve, &boot.message, &m, &position, text);
	wipe(frame, SECRET_FRAME_MAX);
	if (r != 0)
		boot_fail(&boot, r, position, text);
}

static void
take_secret(void)
{
	uint8_t *frame = sodium_malloc(SECRET_FRAME_MAX);

	if (frame == NULL || sodium_mlock(frame, SECRET_FRAME_MAX) != 0)
		boot_fail(&boot, ERR_MLOCK, 0, NOT_LOCKED);
	open_with_secret(frame);
	sodium_free(frame);
}

static void
start(void)
{
	if (sodium_init() < 0 || secp_open() != 0)
		boot_fail(&boot, ERR_CRYPTO, 0, "the cryptographic libraries do not start");
	if (lock_stack() != 0)
		boot_fail(&boot, ERR_MLOCK, 0, NOT_LOCKED);
	take_secret();
	peers[AT_SUPERVISOR] = boot.supervisor;
	channel_open(&peers[AT_ATTESTER], FD_ATTESTER, ROLE_SIGNER, ROLE_ATTESTER);
	channel_open(&peers[AT_GATEWAY], FD_GATEWAY, ROLE_SIGNER, ROLE_GATEWAY);
	if (close_others() != 0)
		boot_fail(&boot, ERR_IO, 0, "open files could not be closed");
	if (sandbox_close(SANDBOX_SIGNER) != 0)
		boot_fail(&boot, ERR_IO, 0, "the system call filter could not be loaded");
}

static NO_RETURN void
end(enum signer_exit status, const char *event, int err)
{
	if (status != SIGNER_EXIT_END)
		log_event(LOG_ERROR, event, LOG_CODE(err));
	keyring_close(serve.keys);
	_exit((int)status);
}

static NO_RETURN void
end_for(int peer, int err)
{
	static const enum signer_exit broken[PEERS] = {
		SIGNER_EXIT_SUPERVISOR,
		SIGNER_EXIT_ATTESTER,
		SIGNER_EXIT_GATEWAY,
	};

	if (err == ERR_CLOSED)
		end(peer == AT_SUPERVISOR ? SIGNER_EXIT_END : SIGNER_EXIT_CLOSED, "channel-closed",
		    err);
	if (err == ERR_PROTOCOL)
		end(broken[peer], "protocol-violation", err);
	end(SIGNER_EXIT_IO, "channel-failed", err);
}

static int
answer(struct channel *c, const struct frame *f)
{
	struct writer w = channel_body(reply, sizeof reply);
	uint32_t type;
	int r;

	r = serve_request(&serve, c->peer, f->type, f->body, &w, &type);
	if (r == 0)
		r = channel_send(c, type, f->id, reply, w.len);
	wipe(reply, FRAME_HEADER + w.len); /* an API key may be in it */
	return r;
}

/* One frame of one peer; what comes from the supervisor after the boot is its end, or wrong. */
static void
take(int peer)
{
	struct channel *c = &peers[peer];
	struct frame f;
	int r;

	if ((r = channel_receive(c, request, sizeof request, &f)) != 0)
		end_for(peer, r);
	if (peer == AT_SUPERVISOR)
		end_for(peer, ERR_PROTOCOL);
	r = answer(c, &f);
	wipe(request, FRAME_HEADER + f.body.len);
	if (r != 0)
		end_for(peer, r);
}

static NO_RETURN void
loop(void)
{
	struct pollfd fds[PEERS];

	for (int i = 0; i < PEERS; i++)
		fds[i] = (struct pollfd){.fd = peers[i].fd, .events = POLLIN};
	for (;;) {
		if (poll(fds, PEERS, -1) < 0 && errno != EINTR)
			end(SIGNER_EXIT_IO, "poll-failed", ERR_IO);
		for (int i = 0; i < PEERS; i++) {
			if (fds[i].revents != 0)
				take(i);
			fds[i].revents = 0;
		}
	}
}

int
main(void)
{
	const char *log = getenv("SELFSAME_LOG");
	int r;

	log_open("signer", log != NULL && strcmp(log, "json") == 0, LOG_INFO);
	if (sandbox_begin() != 0 || ignore_signals() != 0)
		return EXIT_IO;
	if ((r = boot_receive(ROLE_SIGNER, &boot)) != 0)
		return r == ERR_PROTOCOL ? SIGNER_EXIT_SUPERVISOR : EXIT_IO;
	start();
	if (boot_ready(&boot, 0) != 0)
		return EXIT_IO;
	loop();
}
