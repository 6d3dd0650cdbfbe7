#include "tee/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

#define PAUSE_FIRST_MS 10
#define PAUSE_MOST_MS 1000

static int
result(int r)
{
	return r < 0 ? -errno : r;
}

static int
system_openat(void *arg, int directory, const char *name, int flags)
{
	(void)arg;
	return result(openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW));
}

static int
system_mkdirat(void *arg, int directory, const char *name)
{
	(void)arg;
	return result(mkdirat(directory, name, 0700));
}

static int
system_rmdirat(void *arg, int directory, const char *name)
{
	(void)arg;
	return result(unlinkat(directory, name, AT_REMOVEDIR));
}

static ssize_t
system_read(void *arg, int fd, void *ret, size_t cap)
{
	ssize_t n = read(fd, ret, cap);

	(void)arg;
	return n < 0 ? -errno : n;
}

static ssize_t
system_write(void *arg, int fd, const void *p, size_t len)
{
	ssize_t n = write(fd, p, len);

	(void)arg;
	return n < 0 ? -errno : n;
}

static int
system_close(void *arg, int fd)
{
	(void)arg;
	return result(close(fd));
}

static int
system_wait(void *arg, int fd, int for_writing, uint64_t ms)
{
	struct pollfd p = {.fd = fd, .events = for_writing ? POLLOUT : POLLIN};

	(void)arg;
	return result(poll(&p, 1, ms > INT32_MAX ? INT32_MAX : (int)ms));
}

static int
system_random(void *arg, void *ret, size_t len)
{
	ssize_t n = getrandom(ret, len, 0);

	(void)arg;
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

static uint64_t
system_now_ms(void *arg)
{
	struct timespec t = {0, 0};

	(void)arg;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
system_sleep_ms(void *arg, uint64_t ms)
{
	struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	(void)arg;
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

struct tee_io
tee_io_system(int (*connect)(void *arg), void *arg)
{
	return (struct tee_io){
	    .openat = system_openat,
	    .mkdirat = system_mkdirat,
	    .rmdirat = system_rmdirat,
	    .read = system_read,
	    .write = system_write,
	    .close = system_close,
	    .connect = connect,
	    .wait = system_wait,
	    .random_bytes = system_random,
	    .now_ms = system_now_ms,
	    .sleep_ms = system_sleep_ms,
	    .arg = arg,
	};
}

struct tee_pause
tee_pause_of(const struct tee_io *io, uint64_t within_ms)
{
	return (struct tee_pause){PAUSE_FIRST_MS, io->now_ms(io->arg) + within_ms};
}

int
tee_pause(const struct tee_io *io, struct tee_pause *p)
{
	if (io->now_ms(io->arg) + p->next_ms > p->deadline_ms)
		return ERR_TIMEOUT;
	io->sleep_ms(io->arg, p->next_ms);
	p->next_ms = p->next_ms * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS : p->next_ms * 2;
	return 0;
}
