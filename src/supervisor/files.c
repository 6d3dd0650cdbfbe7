#include "supervisor/files.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

#define SQLITE "sqlite:"
#define PATH_TEXT_MAX PATH_MAX

/* What a look as the gateway's user found; an exit status. */
enum finding { USABLE, NO_DIRECTORY, DIRECTORY_CLOSED, FILE_CLOSED, NO_LOOK };

static int PRINTF_LIKE(3, 4)
refuse(char *text, size_t cap, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, cap, format, ap);
	va_end(ap);
	return ERR_SETTING;
}

static int
absolute(const char *prefix, const char *path, char *ret, size_t cap)
{
	char here[PATH_TEXT_MAX];
	int n;

	if (path[0] == '/')
		n = snprintf(ret, cap, "%s%s", prefix, path);
	else if (getcwd(here, sizeof here) == NULL)
		return ERR_IO;
	else
		n = snprintf(ret, cap, "%s%s/%s", prefix, here, path);
	return n > 0 && (size_t)n < cap ? 0 : ERR_SPACE;
}

static int
make_absolute(struct settings *s, enum setting_id id, const char *prefix, char *text, size_t cap)
{
	char value[SETTING_VALUE_MAX + 1];
	int r;

	r = absolute(prefix, s->value[id] + strlen(prefix), value, sizeof value);
	if (r == 0)
		r = settings_replace(s, id, value);
	if (r == ERR_MEM)
		return r;
	return r == 0 ? 0 : refuse(text, cap, "%s: the path is not usable; give an absolute one",
	                        setting_name(id));
}

/* The directory of an absolute path. */
static void
parent_of(const char *path, char ret[PATH_TEXT_MAX])
{
	size_t n = strnlen(path, PATH_TEXT_MAX - 1);

	while (n > 1 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	memcpy(ret, path, n);
	ret[n] = '\0';
}

static enum finding
look(const char *directory, const char *file)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	char path[PATH_TEXT_MAX + 16];

	if (access(directory, F_OK) != 0)
		return errno == ENOENT || errno == ENOTDIR ? NO_DIRECTORY : DIRECTORY_CLOSED;
	if (access(directory, R_OK | W_OK | X_OK) != 0)
		return DIRECTORY_CLOSED;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		(void)snprintf(path, sizeof path, "%s%s", file, suffixes[i]);
		if (access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0)
			return FILE_CLOSED;
	}
	return USABLE;
}

/* Nobody but the kernel knows what a user may do, so a process of that user asks it. */
static enum finding
look_as(int own_user, uid_t uid, const char *directory, const char *file)
{
	int status;
	pid_t pid;

	if (!own_user)
		return look(directory, file);
	if ((pid = fork()) < 0)
		return NO_LOOK;
	if (pid == 0) {
		if (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
		    setresuid(uid, uid, uid) != 0)
			_exit(NO_LOOK);
		_exit((int)look(directory, file));
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return NO_LOOK;
	}
	return WIFEXITED(status) ? (enum finding)WEXITSTATUS(status) : NO_LOOK;
}

static int
make_directory(const char *directory, int own_user, uid_t uid)
{
	struct stat st;

	if (stat(directory, &st) == 0 || mkdir(directory, 0700) != 0)
		return 0; /* the look that follows says what is wrong */
	if (own_user && lchown(directory, uid, uid) != 0)
		return ERR_IO;
	return 0;
}

static int
explain(enum finding f, const char *directory, const char *file, uid_t uid, char *text, size_t cap)
{
	unsigned long id = (unsigned long)uid;

	switch (f) {
	case USABLE:
		return 0;
	case NO_DIRECTORY:
		return refuse(text, cap,
		    "DATABASE_URL: the directory of the database is missing; make it: mkdir -p %s",
		    directory);
	case DIRECTORY_CLOSED:
		return refuse(text, cap,
		    "DATABASE_URL: the gateway runs as user %lu, which cannot use the directory; "
		    "give it one below a directory that it can enter: chown %lu:%lu %s",
		    id, id, id, directory);
	case FILE_CLOSED:
		return refuse(text, cap,
		    "DATABASE_URL: the gateway runs as user %lu, which cannot use the database "
		    "file: chown %lu:%lu %s*",
		    id, id, id, file);
	case NO_LOOK:
		break;
	}
	return ERR_IO;
}

static int
prepare_database(struct settings *s, int own_user, uid_t uid, char *text, size_t cap)
{
	char directory[PATH_TEXT_MAX];
	const char *file;
	int r;

	if (strncmp(s->value[SET_DATABASE_URL], SQLITE, strlen(SQLITE)) != 0)
		return 0;
	if ((r = make_absolute(s, SET_DATABASE_URL, SQLITE, text, cap)) != 0)
		return r;
	file = s->value[SET_DATABASE_URL] + strlen(SQLITE);
	if (strlen(file) >= PATH_TEXT_MAX)
		return refuse(text, cap, "DATABASE_URL: the path is too long");
	parent_of(file, directory);
	if ((r = make_directory(directory, own_user, uid)) != 0)
		return r;
	return explain(look_as(own_user, uid, directory, file), directory, file,
	    own_user ? uid : geteuid(), text, cap);
}

int
files_prepare(struct settings *s, int own_user, uid_t uid, char *text, size_t text_cap)
{
	int r;

	if (text_cap > 0)
		text[0] = '\0';
	if (s->value[SET_SELFSAME_CA_FILE] != NULL &&
	    (r = make_absolute(s, SET_SELFSAME_CA_FILE, "", text, text_cap)) != 0)
		return r;
	return prepare_database(s, own_user, uid, text, text_cap);
}

/* At most cap - 1 bytes and a NUL; -1 and errno. */
static ssize_t
read_text(const char *path, char *ret, size_t cap)
{
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -1;
	do {
		n = read(fd, ret + len, cap - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && len < cap - 1) || (n < 0 && errno == EINTR));
	close(fd);
	ret[len] = '\0';
	return n < 0 ? -1 : (ssize_t)len;
}

/* What JSON allows between its parts is one space here, and none at the ends. */
static char *
one_line(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n' || text[i] == '\r' || text[i] == '\t')
			text[i] = ' ';
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	while (*text == ' ')
		text++;
	return text;
}

int
files_inline(struct settings *s, enum setting_id id, char *text, size_t text_cap)
{
	char content[SETTING_VALUE_MAX + 2];
	ssize_t n;
	int r;

	if (s->value[id] == NULL || s->value[id][0] != '/')
		return 0;
	if ((n = read_text(s->value[id], content, sizeof content)) < 0)
		return refuse(text, text_cap, "%s: the file cannot be read: %s", setting_name(id),
		    strerror(errno));
	r = settings_replace(s, id, one_line(content, (size_t)n));
	if (r == ERR_SETTING || s->value[id][0] == '/')
		return refuse(text, text_cap, "%s: what the file holds is no such value",
		    setting_name(id));
	return r;
}
