#include "ipc/boot.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

#define FAILED_TEXT_MAX 512

static const char *
process_name(enum ipc_role self)
{
	switch (self) {
	case ROLE_SIGNER:
		return "selfsame-signer";
	case ROLE_ATTESTER:
		return "selfsame-attester";
	case ROLE_GATEWAY:
		return "selfsame-gateway";
	case ROLE_ROOTSOURCE:
		return "selfsame-rootsource";
	case ROLE_ANY:
	case ROLE_SUPERVISOR:
	case ROLE_DIALER:
		break;
	}
	return "selfsame";
}

static int
is_flag(uint8_t v)
{
	return v <= 1;
}

int
boot_receive(enum ipc_role self, struct boot *ret)
{
	struct frame f;
	int r;

	/* exec from a descriptor leaves a number as the name; the kernel cuts at 15 bytes */
	if (prctl(PR_SET_NAME, process_name(self), 0, 0, 0) != 0)
		return ERR_IO;
	channel_open(&ret->supervisor, FD_SUPERVISOR, self, ROLE_SUPERVISOR);
	if ((r = channel_receive(&ret->supervisor, ret->frame, sizeof ret->frame, &f)) != 0)
		return r;
	if (f.type != MSG_BOOT || msg_boot_read(f.body, &ret->message) != 0)
		return ERR_PROTOCOL;
	if (!is_flag(ret->message.development) || !is_flag(ret->message.rpc_is_loopback) ||
	    !is_flag(ret->message.local_fork))
		return ERR_PROTOCOL;
	return 0;
}

int
boot_ready(struct boot *b, uint32_t port)
{
	uint8_t frame[FRAME_HEADER + 4];
	struct writer w = channel_body(frame, sizeof frame);
	size_t len;
	int r;

	msg_ready_write(&w, &(struct msg_ready){.port = port});
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(&b->supervisor, MSG_READY, 0, frame, len);
}

void
boot_fail(struct boot *b, int err, uint32_t position, const char *text)
{
	uint8_t frame[FRAME_HEADER + 12 + FAILED_TEXT_MAX];
	struct writer w = channel_body(frame, sizeof frame);
	struct msg_failed m = {.code = (uint32_t)err, .position = position};
	size_t len;

	m.text = (struct bytes){(const uint8_t *)text, strnlen(text, FAILED_TEXT_MAX)};
	msg_failed_write(&w, &m);
	/* when the supervisor is gone there is nobody left to tell */
	if (writer_end(&w, &len) == 0)
		(void)!channel_send(&b->supervisor, MSG_FAILED, 0, frame, len);
	_exit(EXIT_SETTING);
}

int
boot_development_allowed(uint64_t chain_id, int rpc_is_loopback, int local_fork)
{
	if (chain_id == 1337 || chain_id == 31337)
		return 1;
	return rpc_is_loopback && local_fork;
}
