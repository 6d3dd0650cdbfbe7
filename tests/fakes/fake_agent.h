/*
 * An agent on a Unix socket, without the socket: takes a whole request through
 * the table of tee/io.h, asks a test's function for the answer, and gives it
 * back in pieces, late, cut or never.
 */
#ifndef SELFSAME_TESTS_FAKE_AGENT_H
#define SELFSAME_TESTS_FAKE_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tee/io.h"

#define FAKE_AGENT_FD 3000
#define FAKE_AGENT_ROOM 262144

struct fake_agent {
	/* Write the whole response, status line and all. */
	void (*answer)(void *arg, const char *path, struct bytes body, struct writer *response);
	void *arg;

	int connect_errno; /* connect() fails */
	size_t piece; /* bytes per read and write; 0: all that there is */
	size_t cut_after; /* the connection ends after so many bytes; 0: never */
	int silent; /* no answer at all */
	unsigned interrupted; /* so many calls fail with EINTR or EAGAIN first */
	int write_errno; /* writing fails after the head */

	int open;
	unsigned connections;
	uint64_t clock_ms;
	char request[65536];
	size_t request_len;
	int asked; /* the answer was made */
	uint8_t response[FAKE_AGENT_ROOM];
	size_t response_len, at;
};

/* f is borrowed. */
struct tee_io fake_agent_io(struct fake_agent *f);

/* "HTTP/1.1 STATUS x", Content-Length and the body. */
void fake_agent_respond(struct writer *w, unsigned status, const char *type, const void *body,
    size_t len);

#endif
