/*
 * Bundles of collateral kept between runs, one file for each kind of platform
 * and CA. A file is a hint and never trusted: whoever can write it can at most
 * make a verification fail, or fetch again.
 */
#ifndef SELFSAME_CLI_COLLATERAL_CACHE_H
#define SELFSAME_CLI_COLLATERAL_CACHE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "cli/pcs.h"

#define CACHE_PATH_MAX 4096

/*
 * $XDG_CACHE_HOME/selfsame, or $HOME/.cache/selfsame.
 *
 * Returns: 0 or ERR_NOT_FOUND (neither is set to an absolute path, or too long)
 */
int cache_directory(char ret[CACHE_PATH_MAX]) MUST_USE;

/*
 * Returns: 0, ERR_NOT_FOUND, ERR_SPACE, ERR_IO or ERR_MEM
 * Out:     *ret_time  Unix seconds, when it was written
 * Owns:    ret is the caller's, buffer_free(), also on failure
 */
int cache_read(const char *directory, const struct pck_platform *platform,
    enum pcs_update update, struct buffer *ret, int64_t *ret_time) MUST_USE;

/*
 * Make the directory where it is missing and put the file there in one step: readers see
 * the old one or the new one.
 *
 * Returns: 0, ERR_IO or ERR_SPACE
 */
int cache_write(const char *directory, const struct pck_platform *platform,
    enum pcs_update update, const struct buffer *json) MUST_USE;

#endif
