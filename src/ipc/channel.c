#include "ipc/channel.h"

#include <errno.h>
#include <sys/socket.h>

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

int
channel_send(struct channel *c, uint32_t type, uint64_t id, uint8_t *buf, size_t body_len)
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
		n = send(c->fd, buf, FRAME_HEADER + body_len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return io_error();
	return (size_t)n == FRAME_HEADER + body_len ? 0 : ERR_IO;
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

int
channel_receive(struct channel *c, uint8_t *buf, size_t cap, struct frame *ret)
{
	struct frame f;
	ssize_t n;
	int r;

	do {
		/* with MSG_TRUNC the true length is returned, so a cut frame is seen */
		n = recv(c->fd, buf, cap, MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
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
