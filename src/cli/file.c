#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

int
file_write_all(int fd, const void *p, size_t len)
{
	const uint8_t *at = p;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
write_and_sync(int fd, const void *p, size_t len, mode_t mode)
{
	int r = file_write_all(fd, p, len);

	if (r == 0 && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
		r = ERR_IO;
	if (close(fd) != 0)
		r = ERR_IO;
	return r;
}

int
file_replace(const char *path, const void *p, size_t len, mode_t mode)
{
	char beside[PATH_MAX];
	int fd, r;

	if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside)
		return ERR_SPACE;
	if ((fd = mkostemp(beside, O_CLOEXEC)) < 0)
		return ERR_IO;
	if ((r = write_and_sync(fd, p, len, mode)) == 0 && rename(beside, path) != 0)
		r = ERR_IO;
	if (r != 0)
		(void)unlink(beside);
	return r;
}

int
file_make_directory(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof part)
		return ERR_SPACE;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return ERR_IO;
	}
	return 0;
}
