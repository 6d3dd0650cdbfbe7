/*
 * One child process as the supervisor sees it.
 */
#ifndef SELFSAME_SUPERVISOR_CHILD_H
#define SELFSAME_SUPERVISOR_CHILD_H

#include <sys/types.h>

#include "base/attr.h"
#include "ipc/channel.h"
#include "supervisor/confine.h"
#include "supervisor/program.h"

struct child {
	enum ipc_role role;
	const char *name; /* of the executable */
	pid_t pid; /* 0: not running */
	struct channel channel; /* fd -1: none */
	int ready; /* it said READY */
};

void child_init(struct child *c, enum ipc_role role, const char *name);

/*
 * Start the program with this environment. c gets the supervisor's end of its
 * channel, non-blocking. confinement: all but program, ends of the supervisor's
 * channel, and parent, which are filled in here.
 *
 * Returns: 0, ERR_IO, ERR_SPACE
 */
int child_start(struct child *c, const struct program *p, char **environment,
    const struct confinement *confinement) MUST_USE;

/* Send a signal when it runs. */
void child_signal(const struct child *c, int signal);

/* Log how it ended and forget it; its channel stays open until child_close(). */
void child_ended(struct child *c, int status);

void child_close(struct child *c);

#endif
