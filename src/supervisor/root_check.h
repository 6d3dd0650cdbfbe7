/*
 * Whether the root secret that an agent derived is the one that this instance
 * was born with: by SELFSAME_ROOT_PUBLIC_KEY, else by the file on record. There
 * is no silent change: another key, or another scheme than the recorded one,
 * stops the start and says what can be done.
 */
#ifndef SELFSAME_SUPERVISOR_ROOT_CHECK_H
#define SELFSAME_SUPERVISOR_ROOT_CHECK_H

#include "base/attr.h"
#include "base/settings.h"
#include "ipc/messages.h"
#include "supervisor/root_record.h"

#define ROOT_TEXT_MAX 1024

/* What is known before the agent is asked. */
struct root_check {
	const char *path; /* of the record; borrowed from the settings */
	int is_pinned; /* a setting has the key: the file is neither read nor written */
	int is_recorded;
	struct root_record record; /* public_key counts in both cases, scheme when recorded */
	enum boot_root wanted; /* which scheme to ask for */
};

/*
 * Read the setting and the record.
 *
 * Returns: 0, or ERR_SETTING with one line in text
 * In:      wanted  as the plan says: BOOT_ROOT_DSTACK lets the record decide
 */
int root_check_open(const struct settings *s, enum boot_root wanted, struct root_check *ret,
    char text[ROOT_TEXT_MAX]) MUST_USE;

/*
 * Compare what the agent derived; at birth, record it.
 *
 * Returns: 0, or ERR_SETTING with one line in text: the start must stop
 */
int root_check_accept(const struct root_check *c, const struct msg_root *root,
    char text[ROOT_TEXT_MAX]) MUST_USE;

#endif
