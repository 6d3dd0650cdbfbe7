/*
 * The socket pairs between the children: who may talk to whom is the list at
 * the top of wiring.c, and nothing else.
 *
 * Both ends of the signer's pairs stay open here, so that the signer sees no
 * end when the gateway or the attester is started again, and the new process
 * goes on with the same socket. The gateway's pair with the attester is made
 * anew for each such start.
 */
#ifndef SELFSAME_SUPERVISOR_WIRING_H
#define SELFSAME_SUPERVISOR_WIRING_H

#include "base/attr.h"
#include "ipc/channel.h"

#define WIRES 3
#define ENDS (FD_LAST - FD_SUPERVISOR + 1)

struct wiring {
	int fd[WIRES][2]; /* -1: not open here */
};

/* The descriptors of one child: ends.fd[FD_X - FD_SUPERVISOR], -1 = it has none. Borrowed. */
struct ends {
	int fd[ENDS];
};

/* A pair of SOCK_SEQPACKET sockets, each with room for whole frames. ERR_IO. */
int wiring_pair(int ret[2]) MUST_USE;

/* Nothing is open yet; wiring_close() may be called. */
void wiring_init(struct wiring *w);

/* Open the signer's pairs. ERR_IO. */
int wiring_open(struct wiring *w) MUST_USE;

/* Open a fresh pair between gateway and attester; an older one is closed. ERR_IO. */
int wiring_renew(struct wiring *w) MUST_USE;

/* Both have it: close our copies, so that each of them sees the other's end. */
void wiring_release(struct wiring *w);

void wiring_close(struct wiring *w);

/* What a child of this role gets, but for the supervisor's channel and directories. */
struct ends wiring_ends(const struct wiring *w, enum ipc_role role);

#endif
