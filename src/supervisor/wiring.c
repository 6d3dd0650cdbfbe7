#include "supervisor/wiring.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

/* Frames in flight on one socket before its sender must wait. */
#define FRAMES_QUEUED 4

enum wire_life { KEPT, RENEWED };

/*
 * Who may talk to whom. The first role finds the pair at the descriptor beside
 * it, the second one likewise.
 */
static const struct {
	enum ipc_role a;
	enum ipc_fd fd_of_a;
	enum ipc_role b;
	enum ipc_fd fd_of_b;
	enum wire_life life;
} wires[WIRES] = {
	{ROLE_GATEWAY, FD_SIGNER, ROLE_SIGNER, FD_GATEWAY, KEPT},
	{ROLE_ATTESTER, FD_SIGNER, ROLE_SIGNER, FD_ATTESTER, KEPT},
	{ROLE_GATEWAY, FD_ATTESTER, ROLE_ATTESTER, FD_GATEWAY, RENEWED},
};

static int
make_room(int fd)
{
	const int wanted = FRAMES_QUEUED * FRAME_MAX;
	int got = 0;
	socklen_t len = sizeof got;

	/* the first needs CAP_NET_ADMIN; without it net.core.wmem_max is the limit */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted) != 0)
		return ERR_IO;
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &got, &len) != 0)
		return ERR_IO;
	/* the kernel counts its own overhead too, hence the second frame */
	return got >= 2 * FRAME_MAX ? 0 : ERR_SPACE;
}

int
wiring_pair(int ret[2])
{
	int fd[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
		return ERR_IO;
	if ((r = make_room(fd[0])) != 0 || (r = make_room(fd[1])) != 0) {
		close(fd[0]);
		close(fd[1]);
		return r;
	}
	ret[0] = fd[0];
	ret[1] = fd[1];
	return 0;
}

void
wiring_init(struct wiring *w)
{
	for (size_t i = 0; i < WIRES; i++)
		w->fd[i][0] = w->fd[i][1] = -1;
}

static void
close_pair(int fd[2])
{
	for (size_t k = 0; k < 2; k++) {
		if (fd[k] >= 0)
			close(fd[k]);
		fd[k] = -1;
	}
}

static int
open_all(struct wiring *w, enum wire_life life)
{
	int r;

	for (size_t i = 0; i < WIRES; i++) {
		if (wires[i].life != life)
			continue;
		close_pair(w->fd[i]);
		if ((r = wiring_pair(w->fd[i])) != 0)
			return r;
	}
	return 0;
}

int
wiring_open(struct wiring *w)
{
	return open_all(w, KEPT);
}

int
wiring_renew(struct wiring *w)
{
	return open_all(w, RENEWED);
}

void
wiring_release(struct wiring *w)
{
	for (size_t i = 0; i < WIRES; i++) {
		if (wires[i].life == RENEWED)
			close_pair(w->fd[i]);
	}
}

void
wiring_close(struct wiring *w)
{
	for (size_t i = 0; i < WIRES; i++)
		close_pair(w->fd[i]);
}

struct ends
wiring_ends(const struct wiring *w, enum ipc_role role)
{
	struct ends e;

	for (size_t i = 0; i < ENDS; i++)
		e.fd[i] = -1;
	for (size_t i = 0; i < WIRES; i++) {
		if (wires[i].a == role)
			e.fd[wires[i].fd_of_a - FD_SUPERVISOR] = w->fd[i][0];
		if (wires[i].b == role)
			e.fd[wires[i].fd_of_b - FD_SUPERVISOR] = w->fd[i][1];
	}
	return e;
}
