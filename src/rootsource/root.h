/*
 * The root secret from dstack's GetKey.
 *
 *   name    "selfsame/v1/secp256k1/" || hex(SHA-256("selfsame/dstack-name/v1" || 0x00
 *           || LP("root secret") || LP("selfsame")))
 *   dstack-v0  key = GetKey{path = name, purpose = "selfsame", algorithm = "secp256k1"}
 *   dstack-v1  key = GetKey{domain = name, algorithm = "secp256k1"}
 *   seed    HKDF-SHA-256(key, "selfsame/root-seed/v1/" || scheme), 64 bytes
 *
 * v0 derives from the path alone: two purposes, and two curves, would share a
 * key. So what the key is for and for which curve is in the path, as one string
 * that no other pair makes. The agent's key itself signs nothing of ours.
 *
 * Refused: keys that do not fit their public key, and the published keys of
 * dstack's simulators.
 */
#ifndef SELFSAME_ROOTSOURCE_ROOT_H
#define SELFSAME_ROOTSOURCE_ROOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "ipc/boot.h"
#include "tee/dstack_agent.h"

#define ROOT_NAME_MAX 96
#define ROOT_CHAIN_MAX 1024

/* Secret. */
struct root {
	enum boot_root scheme;
	uint8_t seed[64];
	uint8_t public_key[33]; /* of the agent's key: this is recorded, and its chain covers it */
	uint8_t chain[ROOT_CHAIN_MAX]; /* JSON: scheme, path, purpose, publicKey, signatureChain */
	size_t chain_len;
};

/*
 * Ask. secp_open() comes first; the agent's room and jansson's memory hold the
 * key afterwards, and the caller wipes them.
 *
 * Returns: 0
 *          ERR_UNSUPPORTED   no agent, or not one with this scheme
 *          ERR_PUBLISHED_PHRASE  a simulator's keys, which everybody has
 *          ERR_EVIDENCE      the answer contradicts itself
 *          ERR_IO, ERR_PARSE, ERR_TIMEOUT, ERR_CRYPTO, ...
 * In:      wanted  BOOT_ROOT_DSTACK: v0, else v1; the first that the agent has
 */
int root_fetch(struct dstack_agent *agent, enum boot_root wanted, struct root *ret) MUST_USE;

/* The name above. */
void root_name(char ret[ROOT_NAME_MAX]);

#endif
