/*
 * What a child gives up between fork and exec: descriptors, limits, root
 * directory, user, capabilities. What the supervisor may not take away, because
 * it does not run as root or a container denies it, is left out; the daemon
 * logs that once at the start.
 */
#ifndef SELFSAME_SUPERVISOR_CONFINE_H
#define SELFSAME_SUPERVISOR_CONFINE_H

#include <sys/types.h>

#include "base/attr.h"
#include "ipc/channel.h"
#include "supervisor/wiring.h"

/* At least this much is lockable for the signer: its 48 KiB and the guard pages' rounding. */
#define SIGNER_LOCK_BYTES 65536

/* What this process can do for its children. */
struct powers {
	int users; /* give them users of their own, and still signal them */
	int roots; /* give them an empty root directory */
	int bounds; /* empty their capability bounding set */
};

struct confinement {
	struct powers powers;
	enum ipc_role role;
	uid_t uid; /* counts with powers.users */
	int empty_root; /* an empty directory, or -1 */
	int null; /* /dev/null */
	int program; /* the executable */
	struct ends ends; /* all of the child's descriptors, the supervisor's channel too */
	pid_t parent;
};

/* Where confine_enter() leaves the executable for the exec that follows. */
#define CONFINE_PROGRAM_FD (FD_LAST + 1)

/* What the effective capabilities allow. ERR_IO. */
int powers_find(struct powers *ret) MUST_USE;

/*
 * An empty directory that nobody can write to: made, opened and removed again.
 *
 * Returns: 0, or ERR_IO when no directory for temporary files can be written
 */
int confine_empty_root(int *ret_fd) MUST_USE;

/*
 * Whether the signer may lock its memory: raises the limit when it can.
 *
 * Returns: 0 or ERR_MLOCK
 */
int confine_check_lock(void) MUST_USE;

/* In the child. Returns NULL, or the step that failed, for a log line. */
const char *confine_enter(const struct confinement *c) MUST_USE;

#endif
