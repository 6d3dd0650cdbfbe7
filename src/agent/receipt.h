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
	const char *action; /* register, trade, typed-data, message, rotate-key or policy */
	const struct agent_record *record;
	const uint8_t *instance_key32;
	const char *mode; /* "simulated-dev", "simulated", or the platform's name */
	uint64_t chain_id;
	const uint8_t *request_hash32; /* SHA-256 of the HTTP body; NULL leaves it out */
	const uint8_t *idempotency_hash32; /* of a trade's Idempotency-Key; NULL leaves it out */
	size_t hash_count;
	uint8_t hashes[RECEIPT_HASHES_MAX][32]; /* transaction hashes, or the signed digest */
};

/*
 * Write the text:
 *
 * {"action":"trade","address":"0x..EIP-55","agentId":"..","chainId":137,
 *  "hashes":["0x..64 digits"],"idempotencyHash":"0x..","instanceKey":"0x..64 digits",
 *  "keyVersion":1,"mode":"..","path":"m/44'/60'/..","policyHash":"0x..",
 *  "policyVersion":1,"recordVersion":1,"requestHash":"0x..","scheme":"bound",
 *  "version":1}
 *
 * on one line without spaces; requestHash and idempotencyHash are left out where
 * there is none, and hashes is [] where nothing was hashed.
 *
 * Returns: 0, ERR_SPACE, ERR_RANGE (a number above 2^53 - 1, too many hashes)
 */
int receipt_write(const struct receipt *receipt, uint8_t *ret, size_t cap, size_t *ret_len)
    MUST_USE;

#endif
