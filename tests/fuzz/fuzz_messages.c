/*
 * Bytes from another process. First as the body of each kind of message (the
 * first byte says which): what is read is written back to the same bytes. Then
 * as a frame on a socket between two roles.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t written[FRAME_MAX];
static uint8_t received[FRAME_MAX];

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_written(const struct writer *w, struct bytes body)
{
	check(w->err == 0 && w->len == body.len && memcmp(written, body.p, body.len) == 0);
}

static void
try_body(uint32_t type, struct bytes body)
{
	struct writer w = writer_of(written, sizeof written);

	switch (type) {
#define M(name, NAME, number, from, to, how) \
	case number: { \
		struct msg_##name m; \
\
		if (msg_##name##_read(body, &m) != 0) \
			return; \
		msg_##name##_write(&w, &m); \
		check_written(&w, body); \
		return; \
	}
		MESSAGES(M)
#undef M
	}
}

static void
try_frame(const uint8_t *data, size_t size, enum ipc_role self, enum ipc_role peer)
{
	static int fd[2] = {-1, -1};
	struct channel c;
	struct frame f;
	enum ipc_how how;
	int r;

	if (fd[0] < 0)
		check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd) == 0);
	if (size == 0 || send(fd[0], data, size, MSG_NOSIGNAL) != (ssize_t)size)
		return;
	channel_open(&c, fd[1], self, peer);
	r = channel_receive(&c, received, sizeof received, &f);
	check(r == 0 || r == ERR_PROTOCOL);
	if (r != 0)
		return;
	check(f.body.len == size - FRAME_HEADER && msg_permit(f.type, peer, self, &how) == 0);
	try_body(f.type, f.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact;

	if (size == 0)
		return 0;
	/* a block of the exact size, so that the sanitizer sees a read beyond it */
	exact = malloc(size);
	check(exact != NULL);
	memcpy(exact, data, size);
	try_body(exact[0], (struct bytes){exact + 1, size - 1});
	free(exact);
	try_frame(data, size, ROLE_SIGNER, ROLE_GATEWAY);
	try_frame(data, size, ROLE_GATEWAY, ROLE_SIGNER);
	try_frame(data, size, ROLE_ATTESTER, ROLE_GATEWAY);
	try_frame(data, size, ROLE_SIGNER, ROLE_SUPERVISOR);
	return 0;
}
