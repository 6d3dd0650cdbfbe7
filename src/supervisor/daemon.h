/*
 * The daemon's life: get the root secret from an agent where that is its source,
 * start the signer, the attester and the gateway, keep them running, stop them
 * in order. The signer's death ends it; gateway and attester
 * are started again as a pair.
 */
#ifndef SELFSAME_SUPERVISOR_DAEMON_H
#define SELFSAME_SUPERVISOR_DAEMON_H

#include "base/settings.h"
#include "supervisor/plan.h"

/*
 * Run until told to stop. Wipes the root secret of s once the signer has it.
 *
 * Returns: the exit status of selfsamed: 0 after SIGTERM, SIGINT or SIGHUP,
 *          EXIT_SETTING when the start was refused (one line on stderr says
 *          why), EXIT_SOFTWARE when the signer died or the machine failed us
 */
int daemon_run(const struct plan *plan, struct settings *s);

#endif
