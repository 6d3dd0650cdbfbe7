/*
 * Which TEE this machine is, by what stands in the file system, and what of it
 * the attester is given: the socket of an agent, or two directories. Looked
 * for in this order, because each later one may be visible inside an earlier:
 *
 *   dstack        a socket of its agent
 *   eigencompute  the launcher's socket
 *   tsm           the directory of configfs-tsm
 */
#ifndef SELFSAME_SUPERVISOR_PLATFORM_H
#define SELFSAME_SUPERVISOR_PLATFORM_H

#include "base/attr.h"
#include "base/settings.h"

/* Borrows from the settings, or constant. */
struct platform {
	const char *name;
	const char *socket; /* of the agent, or NULL */
	const char *reports; /* configfs-tsm's directory, or NULL */
	const char *measurements; /* tsm-mr's directory, or NULL */
};

/*
 * The one that SELFSAME_PLATFORM names, or the first that is there.
 *
 * Returns: 0, ERR_NOT_FOUND (auto found none), or ERR_SETTING (the named one is
 *          not there; one line in *problem)
 */
int platform_find(const struct settings *s, struct platform *ret, const char **problem) MUST_USE;

#endif
