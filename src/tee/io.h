/*
 * The system calls below every platform, as a table: what a kernel or an agent
 * answers on a bad day (EBUSY, EINTR, ETIMEDOUT, torn reads) is played to the
 * platforms by another table in their tests. Nothing above this file makes
 * such a call by itself.
 *
 * Calls return what the system call returns, with -errno for failure.
 */
#ifndef SELFSAME_TEE_IO_H
#define SELFSAME_TEE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

struct tee_io {
	int (*openat)(void *arg, int directory, const char *name, int flags);
	int (*mkdirat)(void *arg, int directory, const char *name);
	int (*rmdirat)(void *arg, int directory, const char *name);
	ssize_t (*read)(void *arg, int fd, void *ret, size_t cap);
	ssize_t (*write)(void *arg, int fd, const void *p, size_t len);
	int (*close)(void *arg, int fd);

	/* A new connection to the platform's agent, in non-blocking mode. */
	int (*connect)(void *arg);

	/* 1: readable (or writable); 0: not within that time. */
	int (*wait)(void *arg, int fd, int for_writing, uint64_t ms);

	int (*random_bytes)(void *arg, void *ret, size_t len);
	uint64_t (*now_ms)(void *arg); /* monotonic */
	void (*sleep_ms)(void *arg, uint64_t ms);
	void *arg;
};

/* What a platform may reach. The descriptors are this process's, not the platform's. */
struct tee_host {
	struct tee_io io;
	int reports; /* the directory of configfs-tsm's reports, or -1 */
	int measurements; /* the directory of tsm-mr's registers, or -1 */
};

/* The kernel. connect is the caller's: who may reach an agent decides how. */
struct tee_io tee_io_system(int (*connect)(void *arg), void *arg);

/*
 * Pauses between attempts: 10 ms, doubled each time up to 1 s, until a deadline.
 *
 * Returns: 0 after a pause, or ERR_TIMEOUT when the next one would end too late
 */
struct tee_pause {
	uint64_t next_ms;
	uint64_t deadline_ms;
};
struct tee_pause tee_pause_of(const struct tee_io *io, uint64_t within_ms);
int tee_pause(const struct tee_io *io, struct tee_pause *p) MUST_USE;

#endif
