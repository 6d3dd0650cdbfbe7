/*
 * The files that settings name, made ready for the process that opens them: it
 * has another user and another working directory than the supervisor.
 */
#ifndef SELFSAME_SUPERVISOR_FILES_H
#define SELFSAME_SUPERVISOR_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/settings.h"

/*
 * Make relative paths absolute; for a SQLite database make the missing
 * directory (0700, the gateway's) and check that the gateway's user can use
 * the directory and the files.
 *
 * Returns: 0, ERR_MEM, ERR_IO, or ERR_SETTING with one line in text that names
 *          the setting and the remedy
 * In:      own_user  whether the gateway runs as uid; else as this process does
 */
int files_prepare(struct settings *s, int own_user, uid_t uid, char *text, size_t text_cap)
    MUST_USE;

/*
 * Put what a file holds in the place of its path, line ends as spaces: for a
 * setting that is either. A value that is no path stays.
 *
 * Returns: 0, ERR_MEM, or ERR_SETTING with one line in text
 */
int files_inline(struct settings *s, enum setting_id id, char *text, size_t text_cap) MUST_USE;

#endif
