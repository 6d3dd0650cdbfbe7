#include "supervisor/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

#define SELF "/proc/self/exe"
#define CHUNK 65536

int
program_directory(int *ret_fd)
{
	char path[PATH_MAX];
	ssize_t n = readlink(SELF, path, sizeof path);
	char *slash;
	int fd;

	if (n <= 0 || (size_t)n >= sizeof path)
		return ERR_IO;
	path[n] = '\0';
	if ((slash = strrchr(path, '/')) == NULL)
		return ERR_IO;
	/* "/x" stands in "/" */
	slash[slash == path] = '\0';
	if ((fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_IO;
	*ret_fd = fd;
	return 0;
}

/* Everything is hashed: what the kernel maps, and the rest, so that sha256sum gives the same. */
static int
hash_file(int fd, uint8_t ret[32])
{
	static uint8_t chunk[CHUNK];
	crypto_hash_sha256_state state;
	off_t at = 0;
	ssize_t n;

	crypto_hash_sha256_init(&state);
	do {
		n = pread(fd, chunk, sizeof chunk, at);
		if (n > 0) {
			crypto_hash_sha256_update(&state, chunk, (unsigned long long)n);
			at += n;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return ERR_IO;
	crypto_hash_sha256_final(&state, ret);
	return 0;
}

static const char *
refusal(const struct stat *st, uid_t me)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if ((st->st_mode & S_IXOTH) == 0 && me == 0)
		return "is not executable for every user; chmod 755 it";
	if (me != 0)
		return NULL;
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "could have been written by other users; chmod 755 it";
	return st->st_uid == 0 ? NULL : "belongs to another user than root; chown root it";
}

static int
take(int fd, const char *name, struct program *ret, const char **problem)
{
	struct program p = {.name = name, .fd = fd};
	struct stat st;

	if (fstat(fd, &st) != 0) {
		*problem = "cannot be examined";
		return ERR_IO;
	}
	if ((*problem = refusal(&st, geteuid())) != NULL)
		return ERR_WRONG_STATE;
	if (hash_file(fd, p.sha256) != 0) {
		*problem = "cannot be read";
		return ERR_IO;
	}
	*ret = p;
	return 0;
}

static int
open_at(int directory, const char *path, const char *name, struct program *ret,
    const char **problem)
{
	int fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r;

	if (fd < 0) {
		*problem = errno == ENOENT ? "does not stand beside selfsamed" : strerror(errno);
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	}
	if ((r = take(fd, name, ret, problem)) != 0)
		close(fd);
	return r;
}

int
program_open(int directory, const char *name, struct program *ret, const char **problem)
{
	return open_at(directory, name, name, ret, problem);
}

int
program_open_self(const char *name, struct program *ret, const char **problem)
{
	return open_at(AT_FDCWD, SELF, name, ret, problem);
}

void
program_close(struct program *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}
