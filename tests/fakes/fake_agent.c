#include "fakes/fake_agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/parse.h"
#include "base/banned.h"

static int
fake_connect(void *arg)
{
	struct fake_agent *f = arg;

	if (f->connect_errno != 0)
		return -f->connect_errno;
	if (f->open)
		abort(); /* one connection at a time is what the client promises */
	f->open = 1;
	f->connections++;
	f->request_len = f->response_len = f->at = 0;
	f->asked = 0;
	return FAKE_AGENT_FD;
}

static int
fake_close(void *arg, int fd)
{
	struct fake_agent *f = arg;

	if (fd != FAKE_AGENT_FD || !f->open)
		abort();
	f->open = 0;
	return 0;
}

static int
interrupted(struct fake_agent *f)
{
	if (f->interrupted == 0)
		return 0;
	return f->interrupted-- % 2 ? -EINTR : -EAGAIN;
}

static size_t
piece_of(const struct fake_agent *f, size_t n)
{
	return f->piece != 0 && n > f->piece ? f->piece : n;
}

static int
fake_wait(void *arg, int fd, int for_writing, uint64_t ms)
{
	struct fake_agent *f = arg;

	(void)fd;
	if (f->silent && !for_writing) {
		f->clock_ms += ms;
		return 0;
	}
	f->clock_ms++;
	if (f->interrupted % 3 == 2) {
		f->interrupted--;
		return -EINTR;
	}
	return 1;
}

static ssize_t
fake_write(void *arg, int fd, const void *p, size_t len)
{
	struct fake_agent *f = arg;
	int r;

	if (fd != FAKE_AGENT_FD || !f->open)
		return -EBADF;
	if ((r = interrupted(f)) != 0)
		return r;
	if (f->write_errno != 0 && f->request_len > 0)
		return -f->write_errno;
	len = piece_of(f, len);
	if (len > sizeof f->request - 1 - f->request_len)
		return -ENOBUFS;
	memcpy(f->request + f->request_len, p, len);
	f->request_len += len;
	f->request[f->request_len] = '\0';
	return (ssize_t)len;
}

/* The client's own form of request and no other: it is ours. */
static void
ask(struct fake_agent *f)
{
	static const char length_name[] = "Content-Length: ";
	struct writer w = writer_of(f->response, sizeof f->response);
	char path[128] = "";
	char *space, *length, *end;
	uint64_t len = 0;

	f->asked = 1;
	space = strchr(f->request + 5, ' ');
	length = strstr(f->request, length_name);
	end = strstr(f->request, "\r\n\r\n");
	if (memcmp(f->request, "POST /", 6) != 0 || space == NULL || length == NULL || end == NULL)
		abort();
	if (memcmp(space, " HTTP/1.1\r\nHost: ", 17) != 0 || space - f->request > 100)
		abort();
	memcpy(path, f->request + 5, (size_t)(space - f->request - 5));
	length += sizeof length_name - 1;
	if (parse_u64(length, strcspn(length, "\r"), 0, sizeof f->request, &len) != 0)
		abort();
	if (f->write_errno == 0 && end + 4 + len != f->request + f->request_len)
		abort();
	f->answer(f->arg, path, (struct bytes){(const uint8_t *)end + 4, len}, &w);
	if (w.err != 0)
		abort();
	f->response_len = w.len;
}

static ssize_t
fake_read(void *arg, int fd, void *ret, size_t cap)
{
	struct fake_agent *f = arg;
	size_t n;
	int r;

	if (fd != FAKE_AGENT_FD || !f->open)
		return -EBADF;
	if ((r = interrupted(f)) != 0)
		return r;
	if (!f->asked)
		ask(f);
	n = piece_of(f, f->response_len - f->at);
	if (f->cut_after != 0 && f->at + n > f->cut_after)
		n = f->cut_after - f->at;
	n = n < cap ? n : cap;
	memcpy(ret, f->response + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static uint64_t
fake_now(void *arg)
{
	return ((const struct fake_agent *)arg)->clock_ms;
}

static void
fake_sleep(void *arg, uint64_t ms)
{
	((struct fake_agent *)arg)->clock_ms += ms;
}

struct tee_io
fake_agent_io(struct fake_agent *f)
{
	return (struct tee_io){
	    .connect = fake_connect,
	    .read = fake_read,
	    .write = fake_write,
	    .wait = fake_wait,
	    .close = fake_close,
	    .now_ms = fake_now,
	    .sleep_ms = fake_sleep,
	    .arg = f,
	};
}

void
fake_agent_respond(struct writer *w, unsigned status, const char *type, const void *body,
		   size_t len)
{
	write_text(w, "HTTP/1.1 ");
	write_decimal(w, status);
	write_text(w, " Whatever\r\ncontent-type: ");
	write_text(w, type);
	write_text(w, "\r\ncontent-length: ");
	write_decimal(w, len);
	write_text(w, "\r\n\r\n");
	write_bytes(w, body, len);
}
