/* Files and standard input, whole and limited. */
#ifndef SELFSAME_CLI_INPUT_H
#define SELFSAME_CLI_INPUT_H

#include "base/attr.h"
#include "base/buffer.h"

#define INPUT_MAX 1048576

/*
 * Read a file, or standard input for "-", into a buffer of INPUT_MAX.
 *
 * Returns: 0, ERR_NOT_FOUND, ERR_DIRECTORY, ERR_PERMISSION, ERR_SPACE (too long), ERR_IO or
 *          ERR_MEM
 * Owns:    *ret is the caller's, buffer_free(), also on failure
 */
int input_read(const char *path, struct buffer *ret) MUST_USE;

/* Whether an error is that nothing could be read, rather than one of what was read. */
int input_is_unreadable(int err);

/* What an error of input_read() means, in words. */
const char *input_problem(int err);

#endif
