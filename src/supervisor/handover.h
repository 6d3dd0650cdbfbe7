/* What the supervisor tells a child that begins: MSG_BOOT, and the signer the root secret. */
#ifndef SELFSAME_SUPERVISOR_HANDOVER_H
#define SELFSAME_SUPERVISOR_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/settings.h"
#include "ipc/messages.h"
#include "supervisor/child.h"
#include "supervisor/plan.h"
#include "supervisor/program.h"

#define SETTINGS_JSON_MAX 8192
#define BINARIES_JSON_MAX 2048
#define KEY_CHAIN_JSON_MAX 1024

/* As every child learns it, and as the attestation shows it; both RFC 8785. */
struct statement_parts {
	char settings[SETTINGS_JSON_MAX];
	size_t settings_len;
	char binaries[BINARIES_JSON_MAX];
	size_t binaries_len;
	uint8_t key_chain[KEY_CHAIN_JSON_MAX]; /* of the root secret's key; once it is known */
	size_t key_chain_len;
};

/* The root secret when it is not in the settings: no phrase, but 64 bytes. */
#define ROOT_SEED_LEN 64

/*
 * The attested settings with the derivation and the root source that were
 * chosen, and the SHA-256 of each program.
 *
 * Returns: 0 or ERR_SPACE
 * In:      programs  sorted by name
 */
int statement_parts_make(const struct settings *s, const struct plan *plan,
    const struct program *programs, size_t count, struct statement_parts *ret) MUST_USE;

/*
 * The root secret came from an agent: its key's public half joins the settings,
 * so that the chain beside the statement is known to be this key's. ERR_SPACE.
 */
int statement_parts_root(const struct settings *s, const struct plan *plan,
    const struct msg_root *m, struct statement_parts *parts) MUST_USE;

/* root_scheme: what selfsame-rootsource is to ask for; the others only learn it. */
int handover_boot(struct child *c, const struct plan *plan, enum boot_root root_scheme,
    const struct statement_parts *parts) MUST_USE;

/*
 * Send MNEMONIC and its passphrase, or the seed, to the signer and wipe them
 * here, also on failure.
 *
 * In:      seed  ROOT_SEED_LEN bytes; NULL when the root secret is a phrase
 */
int handover_secret(struct child *signer, const struct plan *plan, struct settings *s,
    uint8_t *seed) MUST_USE;

#endif
