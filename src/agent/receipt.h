/*
 * A receipt: what the signer did, signed (Ed25519) by the instance key that the
 * attestation binds. It says signed, never mined.
 *
 * The signed bytes are "selfsame/receipt/v1\0" || text, where text is the RFC
 * 8785 (JCS) form of a flat JSON object: members sorted, ASCII, no spaces. In
 * the API a receipt is that object with one member "signature" more.
 */
#ifndef SELFSAME_AGENT_RECEIPT_H
#define SELFSAME_AGENT_RECEIPT_H

#include <stddef.h>
#include <stdint.h>

#include "agent/record.h"
#include "base/attr.h"
#include "base/bytes.h"

#define RECEIPT_TEXT_MAX 2048
#define RECEIPT_HASHES_MAX 4

struct receipt {
	const char *action; /* "register", "trade", "bump", "typed-data", "message", "rotate-key", "policy" */
	const struct agent_record *record;
	const uint8_t *instance_key32;
	const char *mode; /* "simulated-dev", "simulated", or the platform's name */
	uint64_t chain_id;
	const uint8_t *request_hash32; /* SHA-256 of the HTTP body; NULL leaves it out */
	size_t hash_count;
	uint8_t hashes[RECEIPT_HASHES_MAX][32]; /* transaction hashes, or the signed digest */
};

/* Write the JCS text: action, address, agentId, chainId, hashes, instanceKey, keyVersion, mode,
 * path, policyHash, policyVersion, recordVersion, requestHash, scheme, version. */
int receipt_write(const struct receipt *receipt, uint8_t *ret, size_t cap, size_t *ret_len)
    MUST_USE;

#endif
