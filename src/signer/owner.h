/*
 * The owner's consent to another policy: an EIP-712 signature over
 *
 *   PolicyChange(bytes32 rootId,string agentId,address wallet,
 *                bytes32 oldPolicy,bytes32 newPolicy,uint64 policyVersion)
 *
 * in the domain {name "Selfsame", version "1", chainId}. The policies are named
 * by policy_hash(), policyVersion is the version that the change makes, and the
 * root id is this root's: a signature serves one change of one agent once.
 */
#ifndef SELFSAME_SIGNER_OWNER_H
#define SELFSAME_SIGNER_OWNER_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

struct policy_change {
	uint64_t chain_id;
	const uint8_t *root_id32;
	struct bytes agent_id;
	const uint8_t *wallet20;
	const uint8_t *old_policy32;
	const uint8_t *new_policy32;
	uint64_t policy_version;
};

/* The digest that the owner's wallet signs. */
void policy_change_digest(const struct policy_change *change, uint8_t ret_digest32[32]);

/*
 * Whether signature65 (r || s || v; v 27 or 28, low s) is the owner's.
 *
 * Returns: 0 or ERR_SIGNATURE
 */
int policy_change_verify(const struct policy_change *change, const uint8_t owner20[20],
    const uint8_t signature65[65]) MUST_USE;

#endif
