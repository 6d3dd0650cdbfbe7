/* Files that are written whole or not at all. */
#ifndef SELFSAME_CLI_FILE_H
#define SELFSAME_CLI_FILE_H

#include <stddef.h>

#include <sys/types.h>

#include "base/attr.h"

/*
 * Write a file beside its name, then rename it over: whoever reads finds the old
 * content or the new, also after a crash.
 *
 * Returns: 0, ERR_IO (errno tells), ERR_SPACE (the name)
 */
int file_replace(const char *path, const void *p, size_t len, mode_t mode) MUST_USE;

/* All of it, at the file's position. Returns: 0 or ERR_IO */
int file_write_all(int fd, const void *p, size_t len) MUST_USE;

/* A directory and its parents, 0700; those that are there stay as they are. ERR_SPACE, ERR_IO */
int file_make_directory(const char *path) MUST_USE;

#endif
