/*
 * The statement that report data commits to: what this instance is, as RFC
 * 8785 JSON. Everything but the nonce comes from the supervisor, the signer
 * and the boot; a caller chooses the nonce and nothing else.
 *
 * Members, sorted: binaries, development, instanceKey, mode, nonce, platform,
 * rootId, settings, stateRoot, timeUnverified, tlsKeyHash, version.
 * docs/attestation.md says what each means.
 */
#ifndef SELFSAME_TEE_STATEMENT_H
#define SELFSAME_TEE_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"

#define STATEMENT_VERSION 1
#define STATEMENT_MAX 16384
#define STATEMENT_NONCE_MIN 16
#define STATEMENT_NONCE_MAX 64

/* All runs are borrowed. */
struct statement {
	struct bytes binaries; /* RFC 8785 JSON object, as the supervisor made it */
	struct bytes settings; /* the same */
	const char *mode;
	const char *platform;
	int development;
	uint8_t instance_key[32];
	uint8_t root_id[32];
	const uint8_t *tls_key_hash; /* 32, or NULL: no TLS in this process */
	struct bytes nonce;
	uint64_t time; /* Unix seconds, by a clock that the host sets */
};

/* "simulated-dev", "simulated" or the platform's name. */
const char *statement_mode(const char *platform, int simulated, int development);

/*
 * Write the JSON.
 *
 * Returns: 0, ERR_RANGE (nonce), ERR_SPACE or ERR_MEM
 */
int statement_write(const struct statement *s, struct buffer *ret) MUST_USE;

#endif
