#include "supervisor/root_record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/banned.h"

#define FILE_MAX 128

const char *
root_scheme_name(enum boot_root scheme)
{
	switch (scheme) {
	case BOOT_ROOT_PHRASE:
		return "environment";
	case BOOT_ROOT_DSTACK:
		return "dstack";
	case BOOT_ROOT_DSTACK_V0:
		return "dstack-v0";
	case BOOT_ROOT_DSTACK_V1:
		return "dstack-v1";
	}
	return "?";
}

/* The one form of the file for a scheme and what is behind it. */
static size_t
write_lines(const struct root_record *record, uint8_t ret[FILE_MAX])
{
	struct writer w = writer_of(ret, FILE_MAX);

	write_text(&w, "scheme=");
	write_text(&w, root_scheme_name(record->scheme));
	write_text(&w, "\npublicKey=0x");
	write_hex(&w, record->public_key, sizeof record->public_key);
	write_text(&w, "\n");
	return w.len;
}

static int
parse(const uint8_t *p, size_t len, struct root_record *ret)
{
	static const enum boot_root schemes[] = {BOOT_ROOT_DSTACK_V0, BOOT_ROOT_DSTACK_V1};
	struct root_record record = {.public_key = {0}};
	uint8_t again[FILE_MAX];

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		record.scheme = schemes[i];
		/* the digits are in the same place in both; what they make must be these bytes */
		if (len < 67 || hex_decode((const char *)p + len - 67, 66, record.public_key,
		                    sizeof record.public_key) != 0)
			return ERR_PARSE;
		if (write_lines(&record, again) == len && memcmp(again, p, len) == 0) {
			*ret = record;
			return 0;
		}
	}
	return ERR_PARSE;
}

int
root_record_read(const char *path, struct root_record *ret)
{
	uint8_t text[FILE_MAX + 1];
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	do {
		n = read(fd, text + len, sizeof text - len);
		len += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && len < sizeof text) || (n < 0 && errno == EINTR));
	close(fd);
	return n < 0 ? ERR_IO : parse(text, len, ret);
}

static int
write_file(const char *path, const uint8_t *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r = 0;

	if (fd < 0)
		return ERR_IO;
	if (write(fd, p, len) != (ssize_t)len || fsync(fd) != 0)
		r = ERR_IO;
	return close(fd) == 0 ? r : ERR_IO;
}

/* The name is on the disk only when its directory is. */
static int
sync_directory(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
	int fd, r;

	(void)snprintf(directory, sizeof directory, "%.*s", n, slash == NULL ? "." : path);
	if ((fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_IO;
	r = fsync(fd) == 0 ? 0 : ERR_IO;
	close(fd);
	return r;
}

int
root_record_write(const char *path, const struct root_record *record)
{
	uint8_t text[FILE_MAX];
	char new[PATH_MAX];
	int n = snprintf(new, sizeof new, "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof new)
		return ERR_IO;
	if (write_file(new, text, write_lines(record, text)) != 0 || rename(new, path) != 0) {
		(void)unlink(new);
		return ERR_IO;
	}
	return sync_directory(path);
}
