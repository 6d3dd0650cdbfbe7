#include "ipc/dial.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

#define ANSWER_MAX (FRAME_HEADER + 4)

static int
send_dial(struct channel *supervisor)
{
	uint8_t frame[FRAME_HEADER + 1];
	struct writer w = channel_body(frame, sizeof frame);
	size_t len;
	int r;

	msg_dial_write(&w, &(struct msg_dial){.version = 1});
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(supervisor, MSG_DIAL, 0, frame, len);
}

int
dial(void *arg)
{
	struct channel *supervisor = arg;
	uint8_t frame[ANSWER_MAX];
	struct msg_dialled m;
	struct frame f;
	int fd = -1;

	if (send_dial(supervisor) != 0 ||
	    channel_receive_fd(supervisor, frame, sizeof frame, &f, &fd) != 0)
		return -EPIPE;
	if (f.type != MSG_DIALLED || msg_dialled_read(f.body, &m) != 0 ||
	    (m.error == 0) != (fd >= 0) || m.error > INT32_MAX) {
		if (fd >= 0)
			close(fd);
		return -EPROTO;
	}
	return m.error == 0 ? fd : -(int)m.error;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, error;

	if (path == NULL)
		return -ENOENT;
	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return -errno;
	/* on a Unix socket it succeeds or fails at once: EAGAIN is a full queue */
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

int
dial_answer(struct channel *child, const struct frame *asked, const char *path)
{
	uint8_t frame[ANSWER_MAX];
	struct writer w = channel_body(frame, sizeof frame);
	struct msg_dial request;
	struct msg_dialled m;
	size_t len;
	int fd, r;

	if (msg_dial_read(asked->body, &request) != 0)
		return ERR_PROTOCOL;
	fd = connect_to(path);
	m.error = fd < 0 ? (uint32_t)-fd : 0;
	msg_dialled_write(&w, &m);
	if ((r = writer_end(&w, &len)) == 0)
		r = channel_send_fd(child, MSG_DIALLED, asked->id, frame, len, fd < 0 ? -1 : fd);
	if (fd >= 0)
		close(fd);
	return r;
}
