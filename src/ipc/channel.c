#include "ipc/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

void
channel_open(struct channel *c, int fd, enum ipc_role self, enum ipc_role peer)
{
	*c = (struct channel){.fd = fd, .self = self, .peer = peer, .once_seen = 0};
}

static int
io_error(void)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return ERR_AGAIN;
	if (errno == EPIPE || errno == ECONNRESET)
		return ERR_CLOSED;
	return ERR_IO;
}

static ssize_t
send_message(int socket, uint8_t *p, size_t len, int fd)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof fd)];
	} control = {.room = {0}};
	struct iovec run = {p, len};
	struct msghdr m = {.msg_iov = &run, .msg_iovlen = 1};

	if (fd < 0)
		return send(socket, p, len, MSG_NOSIGNAL);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	m.msg_control = control.room;
	m.msg_controllen = sizeof control.room;
	return sendmsg(socket, &m, MSG_NOSIGNAL);
}

int
channel_send_fd(struct channel *c, uint32_t type, uint64_t id, uint8_t *buf, size_t body_len,
    int fd)
{
	enum ipc_how how;
	ssize_t n;

	if (body_len > FRAME_MAX - FRAME_HEADER)
		return ERR_SPACE;
	if (msg_permit(type, c->self, c->peer, &how) != 0)
		return ERR_PROTOCOL;
	store_be32(buf, (uint32_t)(body_len + FRAME_HEADER - 4));
	store_be32(buf + 4, type);
	store_be64(buf + 8, id);
	do {
		n = send_message(c->fd, buf, FRAME_HEADER + body_len, fd);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return io_error();
	return (size_t)n == FRAME_HEADER + body_len ? 0 : ERR_IO;
}

int
channel_send(struct channel *c, uint32_t type, uint64_t id, uint8_t *buf, size_t body_len)
{
	return channel_send_fd(c, type, id, buf, body_len, -1);
}

static int
admit(struct channel *c, uint32_t type)
{
	enum ipc_how how;
	uint64_t bit;

	if (msg_permit(type, c->peer, c->self, &how) != 0)
		return ERR_PROTOCOL;
	if (how != HOW_ONCE)
		return 0;
	if (type >= 64)
		return ERR_PROTOCOL;
	bit = (uint64_t)1 << type;
	if (c->once_seen & bit)
		return ERR_PROTOCOL;
	c->once_seen |= bit;
	return 0;
}

/* What was received is one whole frame that may come from there. */
static int
take(struct channel *c, uint8_t *buf, size_t cap, ssize_t n, struct frame *ret)
{
	struct frame f;
	int r;

	if (n < 0)
		return io_error();
	if (n == 0)
		return ERR_CLOSED;
	if (n < FRAME_HEADER || (size_t)n > cap || load_be32(buf) != (size_t)n - 4)
		return ERR_PROTOCOL;
	f.type = load_be32(buf + 4);
	f.id = load_be64(buf + 8);
	f.body = (struct bytes){buf + FRAME_HEADER, (size_t)n - FRAME_HEADER};
	if ((r = admit(c, f.type)) != 0)
		return r;
	*ret = f;
	return 0;
}

int
channel_receive(struct channel *c, uint8_t *buf, size_t cap, struct frame *ret)
{
	ssize_t n;

	do {
		/* with MSG_TRUNC the true length is returned, so a cut frame is seen */
		n = recv(c->fd, buf, cap, MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	return take(c, buf, cap, n, ret);
}

/* The descriptor in a message's control part, or -1. */
static int
descriptor_in(struct msghdr *m)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

int
channel_receive_fd(struct channel *c, uint8_t *buf, size_t cap, struct frame *ret, int *ret_fd)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(int))]; /* of a second one there is no room */
	} control;
	struct iovec run = {buf, cap};
	struct msghdr m;
	ssize_t n;
	int fd, r;

	do {
		m = (struct msghdr){.msg_iov = &run,
			.msg_iovlen = 1,
			.msg_control = control.room,
			.msg_controllen = sizeof control.room};
		n = recvmsg(c->fd, &m, MSG_TRUNC | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	fd = n < 0 ? -1 : descriptor_in(&m);
	if ((r = take(c, buf, cap, n, ret)) != 0) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}
