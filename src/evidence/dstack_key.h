/*
 * A key that dstack derived, with its chain, as our attestation document has it
 * in "keyChain":
 *
 *   {scheme: "dstack-v0" or "dstack-v1", path, purpose, publicKey, signatureChain}
 *
 * with bytes as "0x" and hex. The chain has two links, or none where no KMS stands
 * above the machine. Of v0 the purpose is in the claim and the path is
 * not: nothing signs it. Of v1 the path is the domain.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_KEY_H
#define SELFSAME_EVIDENCE_DSTACK_KEY_H

#include <stdint.h>

#include "evidence/dstack.h"
#include "json/reader.h"

/* The runs of key point into the rest: not to be copied or moved. */
struct dstack_key_text {
	int has_chain; /* without one, nothing vouches for the key: there is nothing to judge */
	struct dstack_key key;
	uint8_t purpose[DSTACK_PURPOSE_MAX];
	uint8_t public_key[65];
};

/*
 * Failures stay in `in`, as with json/reader.h, whose json_in_close() the caller still
 * calls; nothing of *ret counts then.
 */
void dstack_key_read(struct json_in *in, struct dstack_key_text *ret);

#endif
