#include "tee/unix_http.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/banned.h"

#define HEAD_MAX 512

struct exchange {
	const struct tee_io *io;
	int fd;
	uint64_t deadline_ms;
};

static int
error_of(ssize_t negative_errno)
{
	switch (-negative_errno) {
	case ENOENT:
	case ECONNREFUSED:
		return ERR_UNSUPPORTED;
	case EPIPE:
	case ECONNRESET:
		return ERR_CLOSED;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	default:
		return ERR_IO;
	}
}

static int
is_passing(ssize_t negative_errno)
{
	return negative_errno == -EAGAIN || negative_errno == -EINTR;
}

/* Until the socket is ready, or the time is over. */
static int
wait_for(const struct exchange *x, int for_writing)
{
	uint64_t now;
	int r;

	do {
		now = x->io->now_ms(x->io->arg);
		if (now >= x->deadline_ms)
			return ERR_TIMEOUT;
		r = x->io->wait(x->io->arg, x->fd, for_writing, x->deadline_ms - now);
	} while (r == -EINTR);
	if (r < 0)
		return error_of(r);
	return r == 0 ? ERR_TIMEOUT : 0;
}

static int
send_all(const struct exchange *x, struct bytes b)
{
	ssize_t n;
	int r;

	while (b.len > 0) {
		if ((r = wait_for(x, 1)) != 0)
			return r;
		n = x->io->write(x->io->arg, x->fd, b.p, b.len);
		if (n < 0 && !is_passing(n))
			return error_of(n);
		if (n > 0) {
			b.p += n;
			b.len -= (size_t)n;
		}
	}
	return 0;
}

static int
send_request(const struct exchange *x, const struct http_request *request)
{
	uint8_t head[HEAD_MAX];
	struct writer w = writer_of(head, sizeof head);
	size_t len;
	int r;

	write_text(&w, "POST ");
	write_text(&w, request->path);
	write_text(&w, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		       "Content-Type: application/json\r\nContent-Length: ");
	write_decimal(&w, request->body.len);
	write_text(&w, "\r\n\r\n");
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	if ((r = send_all(x, (struct bytes){head, len})) != 0)
		return r;
	return send_all(x, request->body);
}

static int
receive_reply(const struct exchange *x, uint8_t *room, size_t cap, struct http_reply *ret)
{
	size_t len = 0;
	ssize_t n;
	int r;

	for (;;) {
		if ((r = wait_for(x, 0)) != 0)
			return r;
		n = x->io->read(x->io->arg, x->fd, room + len, cap - len);
		if (n < 0 && is_passing(n))
			continue;
		if (n < 0)
			return error_of(n);
		if (n == 0)
			return ERR_CLOSED;
		len += (size_t)n;
		if ((r = http_reply_parse(room, len, ret)) != ERR_AGAIN)
			return r;
		if (len == cap)
			return ERR_SPACE;
	}
}

/*
 * An agent may answer a request that it does not want to read to its end; then
 * the answer counts, and that writing failed does not.
 */
int
unix_http(const struct tee_io *io, const struct http_request *request, uint64_t within_ms,
	  uint8_t *room, size_t cap, struct http_reply *ret)
{
	struct exchange x = {io, io->connect(io->arg), io->now_ms(io->arg) + within_ms};
	int r;

	if (x.fd < 0)
		return error_of(x.fd);
	r = send_request(&x, request);
	if (r == 0 || r == ERR_CLOSED)
		r = receive_reply(&x, room, cap, ret);
	(void)io->close(io->arg, x.fd);
	return r;
}
