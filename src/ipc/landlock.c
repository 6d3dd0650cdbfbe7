#include "ipc/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

#define BENEATH                                                                \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |        \
	    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR |        \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR)

/* All rights of the first version; the later ones concern renames, truncation and devices. */
#define HANDLED                                                                \
	(BENEATH | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_REG |       \
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |      \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* The C library has no wrappers. */
static int
add_directory(int ruleset, int directory)
{
	const struct landlock_path_beneath_attr rule = {
	    .allowed_access = BENEATH, .parent_fd = directory};

	/* the number was free, and the ruleset got it */
	if (directory == ruleset)
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
		return 0;
	return errno == EBADF ? 0 : ERR_IO;
}

int
landlock_beneath(const int *directories, size_t count)
{
	const struct landlock_ruleset_attr attr = {.handled_access_fs = HANDLED};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	int r = 0;

	if (ruleset < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? ERR_UNSUPPORTED : ERR_IO;
	for (size_t i = 0; i < count && r == 0; i++)
		r = add_directory(ruleset, directories[i]);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		r = ERR_IO;
	close(ruleset);
	return r;
}
