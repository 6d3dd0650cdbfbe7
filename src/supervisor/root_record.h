/*
 * What is remembered of a root secret that an agent derives: the scheme and the
 * public key of its birth. A KMS with another root, a new epoch or another
 * scheme of the agent gives another key without a word, and with it empty
 * wallets; so every start compares.
 *
 * The file has two lines, "scheme=dstack-v0" and "publicKey=0x...". It is no
 * secret and no proof: who deletes it gets another wallet, not an old one.
 */
#ifndef SELFSAME_SUPERVISOR_ROOT_RECORD_H
#define SELFSAME_SUPERVISOR_ROOT_RECORD_H

#include <stdint.h>

#include "base/attr.h"
#include "ipc/boot.h"

struct root_record {
	enum boot_root scheme; /* BOOT_ROOT_DSTACK_V0 or _V1 */
	uint8_t public_key[33];
};

/* Returns: 0, ERR_NOT_FOUND (no such file), ERR_PARSE (not such a file) or ERR_IO */
int root_record_read(const char *path, struct root_record *ret) MUST_USE;

/* Write it whole or not at all, and to the disk. ERR_IO. */
int root_record_write(const char *path, const struct root_record *record) MUST_USE;

/* "dstack-v0" */
const char *root_scheme_name(enum boot_root scheme);

#endif
