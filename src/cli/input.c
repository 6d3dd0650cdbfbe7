#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

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
	if (n < 0)
		return ERR_IO;
	return ret->err;
}

int
input_read(const char *path, struct buffer *ret)
{
	int fd, r;

	*ret = buffer_of(INPUT_MAX);
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, ret);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	r = read_all(fd, ret);
	close(fd);
	return r;
}
