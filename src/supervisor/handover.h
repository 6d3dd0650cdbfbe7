/* What the supervisor tells a child that begins: MSG_BOOT, and the signer the root secret. */
#ifndef SELFSAME_SUPERVISOR_HANDOVER_H
#define SELFSAME_SUPERVISOR_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/settings.h"
#include "supervisor/child.h"
#include "supervisor/plan.h"
#include "supervisor/program.h"

#define SETTINGS_JSON_MAX 8192
#define BINARIES_JSON_MAX 2048

/* As every child learns it, and as the attestation shows it; both RFC 8785. */
struct statement_parts {
	char settings[SETTINGS_JSON_MAX];
	size_t settings_len;
	char binaries[BINARIES_JSON_MAX];
	size_t binaries_len;
};

/*
 * The attested settings with the derivation that was chosen, and the SHA-256
 * of each program.
 *
 * Returns: 0 or ERR_SPACE
 * In:      programs  sorted by name
 */
int statement_parts_make(const struct settings *s, const struct plan *plan,
    const struct program *programs, size_t count, struct statement_parts *ret) MUST_USE;

int handover_boot(struct child *c, const struct plan *plan, const struct statement_parts *parts)
    MUST_USE;

/* Send MNEMONIC and its passphrase to the signer and wipe them here, also on failure. */
int handover_secret(struct child *signer, const struct plan *plan, struct settings *s) MUST_USE;

#endif
