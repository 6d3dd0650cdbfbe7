/*
 * An executable of ours: opened once, hashed and started through the same
 * descriptor, so that what runs is what was hashed.
 */
#ifndef SELFSAME_SUPERVISOR_PROGRAM_H
#define SELFSAME_SUPERVISOR_PROGRAM_H

#include <stdint.h>

#include "base/attr.h"

struct program {
	const char *name;
	int fd;
	uint8_t sha256[32];
};

/* Open the directory that this executable stands in. ERR_IO. */
int program_directory(int *ret_fd) MUST_USE;

/*
 * Open and hash one executable. Refused: what is no regular executable file
 * and, when this process is root, what another user could have written.
 *
 * Returns: 0, ERR_NOT_FOUND, ERR_WRONG_STATE (refused), ERR_IO; *problem gets the reason
 * In:      name   borrowed by *ret
 * Owns:    ret->fd is the caller's, program_close()
 */
int program_open(int directory, const char *name, struct program *ret, const char **problem)
    MUST_USE;

/* The same for this executable itself, whatever it is called. */
int program_open_self(const char *name, struct program *ret, const char **problem) MUST_USE;

void program_close(struct program *p);

#endif
