/*
 * What this start is: development or a real TEE, on which platform, with which
 * derivation, on which chain; or the reason why it must not start.
 */
#ifndef SELFSAME_SUPERVISOR_PLAN_H
#define SELFSAME_SUPERVISOR_PLAN_H

#include <stdint.h>

#include "base/attr.h"
#include "base/settings.h"
#include "ipc/boot.h"
#include "supervisor/platform.h"

#define PLAN_PHRASE_MAX 64

struct plan {
	int development;
	int phrase_is_published; /* no MNEMONIC: the development phrase stands in */
	enum boot_scheme scheme;
	enum boot_root root; /* BOOT_ROOT_DSTACK: the record decides, or the agent at birth */
	struct platform platform;
	uint64_t chain_id;
	uint64_t active_agents;
	int rpc_is_loopback;
	int local_fork;
};

/*
 * Decide from the settings and --dev.
 *
 * Returns: 0, or ERR_SETTING with one line in *problem that names the setting
 *          and the remedy
 */
int plan_make(const struct settings *s, int development, struct plan *ret, const char **problem)
    MUST_USE;

/* "environment" or "dstack": where the root secret comes from, for the attestation. */
const char *plan_root_name(const struct plan *p);

/* "bound" or "indexed". */
const char *plan_scheme_name(const struct plan *p);

/*
 * The published phrase of development chains. Put together when it is needed,
 * so that a search of this process's memory for a mnemonic finds none.
 */
void plan_development_phrase(char ret[PLAN_PHRASE_MAX]);

#endif
