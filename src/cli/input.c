#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

static int
error_of(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EISDIR:
		return ERR_DIRECTORY;
	case EACCES:
	case EPERM:
		return ERR_PERMISSION;
	default:
		return ERR_IO;
	}
}

static int
read_all(int fd, struct buffer *ret)
{
	uint8_t chunk[8192];
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof chunk);
		if (n > 0)
			buffer_add(ret, chunk, (size_t)n);
	} while (ret->err == 0 && (n > 0 || (n < 0 && errno == EINTR)));
	return n < 0 ? error_of(errno) : ret->err;
}

_Static_assert(INPUT_MAX == 1 << 20, "as input_problem() says");

int
input_read(const char *path, struct buffer *ret)
{
	int fd, r;

	*ret = buffer_of(INPUT_MAX);
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, ret);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return error_of(errno);
	r = read_all(fd, ret);
	close(fd);
	return r;
}

int
input_is_unreadable(int err)
{
	return err == ERR_NOT_FOUND || err == ERR_DIRECTORY || err == ERR_PERMISSION ||
	       err == ERR_IO;
}

const char *
input_problem(int err)
{
	return err == ERR_SPACE ? "longer than 1 MiB, so nothing that is read here" : err_text(err);
}
