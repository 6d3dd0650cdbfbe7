/*
 * Landlock (Linux 5.13): from now on this thread reaches files beneath the given
 * directories and no others, whatever path it makes up. What may be done there:
 * read and write files, make and remove directories.
 */
#ifndef SELFSAME_IPC_LANDLOCK_H
#define SELFSAME_IPC_LANDLOCK_H

#include <stddef.h>

#include "base/attr.h"

/*
 * no_new_privs must be set. A descriptor that is not open is left out.
 *
 * Returns: 0, ERR_UNSUPPORTED (not in this kernel, or turned off) or ERR_IO
 */
int landlock_beneath(const int *directories, size_t count) MUST_USE;

#endif
