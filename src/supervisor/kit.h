/*
 * What every start of a child needs, made once before the first one: the
 * hashed programs, what the children learn of this boot, and how far they can
 * be confined.
 */
#ifndef SELFSAME_SUPERVISOR_KIT_H
#define SELFSAME_SUPERVISOR_KIT_H

#include <sys/types.h>

#include "base/attr.h"
#include "base/settings.h"
#include "supervisor/confine.h"
#include "supervisor/handover.h"
#include "supervisor/plan.h"
#include "supervisor/program.h"

#define KIT_TEXT_MAX 1024

/* The children; the number is added to SELFSAME_UID_BASE. */
enum who { SIGNER, ATTESTER, GATEWAY, ROOTSOURCE, CHILDREN };

struct kit {
	struct program programs[CHILDREN];
	struct statement_parts parts;
	struct confinement confinement; /* what all have in common; uid and ends are each one's */
	int reports, measurements; /* the attester's directories on tsm, or -1 */
};

/* Nothing is open yet; kit_close() may be called. */
void kit_init(struct kit *k);

/*
 * Open, hash and check everything, and make the database's place ready.
 *
 * Returns: 0, or ERR_SETTING with one line for the operator in text
 */
int kit_open(struct kit *k, const struct plan *plan, struct settings *s, char text[KIT_TEXT_MAX])
    MUST_USE;

void kit_close(struct kit *k);

/*
 * The user that a child runs as, where it gets one of its own. On tsm the
 * attester stays root, without capabilities: configfs and the registers are
 * root's and know no other way.
 */
uid_t kit_user(const struct settings *s, const struct platform *platform, enum who who);

#endif
