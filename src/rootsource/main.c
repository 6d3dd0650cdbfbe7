/*
 * selfsame-rootsource: runs once before the signer, where the root secret comes
 * from an agent that speaks HTTP. It asks the agent, over connections that the
 * supervisor passes, tells the supervisor what came, and ends. Its filter lets
 * it open no file and no socket, and has no heap: the answers are read in one
 * locked block, which is wiped.
 */
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "crypto/secp.h"
#include "ipc/boot.h"
#include "ipc/dial.h"
#include "ipc/sandbox.h"
#include "rootsource/root.h"
#include "base/banned.h"

#define ANSWER_MAX 12288
#define ARENA_MAX 16384
#define ROOT_FRAME_MAX (FRAME_HEADER + 1 + 64 + 33 + 4 + ROOT_CHAIN_MAX)

/* All that the secret passes through; locked. */
struct room {
	uint8_t answer[ANSWER_MAX];
	uint8_t arena[ARENA_MAX];
	struct root root;
	uint8_t frame[ROOT_FRAME_MAX];
};

static struct boot boot;
static struct room *room;
static size_t arena_used;

/* For jansson: nothing is given back before the process ends. */
static void *
arena_take(size_t size)
{
	size_t rounded = (size + 15) & ~(size_t)15;
	void *p = room->arena + arena_used;

	if (rounded < size || rounded > sizeof room->arena - arena_used)
		return NULL;
	arena_used += rounded;
	return p;
}

static void
arena_give(void *p)
{
	(void)p;
}

static const char *
failure_text(int err)
{
	switch (err) {
	case ERR_UNSUPPORTED:
		return "SELFSAME_ROOT_SOURCE: the dstack agent does not answer, or has no GetKey "
		       "of the scheme that is set or on record; check that its socket is mounted "
		       "(SELFSAME_DSTACK_SOCKET) and which version the image has";
	case ERR_PUBLISHED_PHRASE:
		return "SELFSAME_DSTACK_SOCKET: this agent is dstack's simulator, whose keys "
		       "everybody has; for development start with --dev and "
		       "SELFSAME_PLATFORM=simulated";
	case ERR_EVIDENCE:
		return "the dstack agent's GetKey gave an answer that contradicts itself";
	}
	return "the dstack agent's GetKey failed; the log lines above say how";
}

static void
send_root(const struct root *root)
{
	struct writer w = channel_body(room->frame, sizeof room->frame);
	struct msg_root m = {.scheme = (uint8_t)root->scheme,
	    .key_chain = {root->chain, root->chain_len}};
	size_t len;
	int r;

	memcpy(m.seed, root->seed, sizeof m.seed);
	memcpy(m.public_key, root->public_key, sizeof m.public_key);
	msg_root_write(&w, &m);
	wipe(&m, sizeof m);
	if ((r = writer_end(&w, &len)) == 0)
		r = channel_send(&boot.supervisor, MSG_ROOT, 0, room->frame, len);
	if (r != 0)
		log_event(LOG_ERROR, "root-not-sent", LOG_CODE(r));
}

static void
prepare(void)
{
	if (sodium_init() < 0 || secp_open() != 0)
		boot_fail(&boot, ERR_CRYPTO, 0, "the cryptographic libraries do not start");
	room = sodium_malloc(sizeof *room);
	if (room == NULL || sodium_mlock(room, sizeof *room) != 0)
		boot_fail(&boot, ERR_MLOCK, 0,
		    "memory could not be locked: allow 64 KiB (ulimit -l)");
	json_set_alloc_funcs(arena_take, arena_give);
	json_object_seed(0);
	if (close_range(FD_SUPERVISOR + 1, ~0U, 0) != 0)
		boot_fail(&boot, ERR_IO, 0, "open files could not be closed");
	if (sandbox_close(SANDBOX_ROOTSOURCE) != 0)
		boot_fail(&boot, ERR_IO, 0, "the system call filter could not be loaded");
}

int
main(void)
{
	const char *log = getenv("SELFSAME_LOG");
	struct dstack_agent agent;
	int r;

	log_open("rootsource", log != NULL && strcmp(log, "json") == 0, LOG_INFO);
	if (sandbox_begin() != 0)
		return EXIT_IO;
	if (boot_receive(ROLE_ROOTSOURCE, &boot) != 0)
		return EXIT_PROTOCOL;
	prepare();
	agent = (struct dstack_agent){.io = tee_io_system(dial, &boot.supervisor),
	    .room = room->answer,
	    .room_len = sizeof room->answer};
	r = root_fetch(&agent, (enum boot_root)boot.message.root_scheme, &room->root);
	if (r == 0)
		send_root(&room->root);
	sodium_free(room); /* wipes */
	if (r != 0)
		boot_fail(&boot, r, 0, failure_text(r));
	return 0;
}
