/*
 * Frames on a pair of connected Unix sockets (SOCK_SEQPACKET: a frame arrives
 * whole or not at all, so that a peer killed in the middle of a write leaves
 * nothing behind, and its successor can go on with the same socket).
 *
 * A frame is u32 length (of what follows), u32 type, u64 request id, body; all
 * big-endian. A wrong length, an unknown type or a type that the sender may not
 * send is ERR_PROTOCOL: the receiver ends. No heap; the caller owns the buffer
 * and wipes it after a frame that carried an API key.
 */
#ifndef SELFSAME_IPC_CHANNEL_H
#define SELFSAME_IPC_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "ipc/messages.h"

#define FRAME_HEADER 16
/* Two must fit into what a socket holds where net.core.wmem_max is Linux's default: 416 KiB. */
#define FRAME_MAX (200704 + FRAME_HEADER)

/* The descriptors that a child finds open. Each pair ends the sentence "to the ...". */
enum ipc_fd { FD_SUPERVISOR = 3, FD_SIGNER = 4, FD_ATTESTER = 5, FD_GATEWAY = 6 };

/* And two directories of the kernel's, in the attester on the tsm platform alone. */
#define FD_REPORTS 7 /* configfs-tsm's reports */
#define FD_MEASUREMENTS 8 /* tsm-mr's registers */
#define FD_LAST FD_MEASUREMENTS

struct frame {
	uint32_t type;
	uint64_t id;
	struct bytes body; /* borrows from the caller's buffer */
};

struct channel {
	int fd;
	enum ipc_role self;
	enum ipc_role peer;
	uint64_t once_seen; /* bit n: the ONCE message number n came already (numbers below 64) */
};

void channel_open(struct channel *c, int fd, enum ipc_role self, enum ipc_role peer);

/*
 * Send one frame whose body is already written at buf + FRAME_HEADER.
 *
 * Returns: 0, ERR_AGAIN (a non-blocking socket is full), ERR_CLOSED, ERR_IO,
 *          ERR_PROTOCOL (this side may not send this).
 */
int channel_send(struct channel *c, uint32_t type, uint64_t id, uint8_t *buf, size_t body_len)
    MUST_USE;

/*
 * Receive one frame into buf (FRAME_MAX bytes).
 *
 * Returns: 0, ERR_AGAIN (nothing there, non-blocking), ERR_CLOSED, ERR_IO,
 *          ERR_PROTOCOL (malformed or not permitted).
 */
int channel_receive(struct channel *c, uint8_t *buf, size_t cap, struct frame *ret) MUST_USE;

/*
 * The same with one descriptor: lent when sending, -1 for none; received the
 * caller's to close, or -1. A receiver that does not expect one uses
 * channel_receive(), which lets none in.
 */
int channel_send_fd(struct channel *c, uint32_t type, uint64_t id, uint8_t *buf, size_t body_len,
    int fd) MUST_USE;
int channel_receive_fd(struct channel *c, uint8_t *buf, size_t cap, struct frame *ret, int *ret_fd)
    MUST_USE;

/* A writer for the body of the next frame in buf. */
static inline struct writer
channel_body(uint8_t *buf, size_t cap)
{
	return writer_of(buf + FRAME_HEADER, cap - FRAME_HEADER);
}

#endif
