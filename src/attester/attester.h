/*
 * The attester: builds the statement and asks the platform for evidence over
 * its hash. Of what it signs, a caller chooses the nonce and nothing else: the
 * instance key comes from the signer, settings and binaries from the
 * supervisor, the TLS key's hash once from the gateway before the first answer.
 */
#ifndef SELFSAME_ATTESTER_ATTESTER_H
#define SELFSAME_ATTESTER_ATTESTER_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "ipc/channel.h"
#include "tdx/measurement.h"
#include "tee/statement.h"
#include "tee/tee.h"

/* Points into itself: not to be copied or moved. Large: keep it off the stack. */
struct attester {
	struct channel signer;
	struct channel gateway;
	struct tee_host host;
	struct tee tee;
	struct measurement measurement;
	struct statement statement; /* all but nonce and time */
	struct bytes key_chain;
	uint8_t address_0[20]; /* of m/44'/60'/0'/0/0: what a KMS's list is held against */
	int index_can_be_reissued;
	int answered; /* an attestation went out: the TLS key's hash is settled */
	uint8_t tls_key_hash[32];
	struct buffer text; /* of the statement */
	struct buffer document; /* the last one; len 0: none that may be given again */
	uint8_t nonce[STATEMENT_NONCE_MAX]; /* its nonce */
	size_t nonce_len;
	uint64_t made_ms; /* when, by the monotonic clock */
	uint8_t frame[FRAME_MAX];
};

/*
 * Measure this boot, open the platform, learn the instance key from the signer
 * and make one attestation that nobody gets: what is going to fail fails here,
 * and later requests find their memory.
 *
 * Returns: 0
 *          ERR_NOT_FOUND, ERR_UNSUPPORTED  no such platform here
 *          ERR_PARSE, ERR_RANGE, ERR_FULL  what the supervisor sent
 *          ERR_CLOSED, ERR_IO, ERR_PROTOCOL  the signer's channel
 *          ERR_SPACE, ERR_MEM, ERR_CRYPTO, ERR_EVIDENCE
 * In:      boot  borrowed for the life of *a
 *          host  what the platform may reach; copied
 */
int attester_open(struct attester *a, const struct msg_boot *boot, const struct tee_host *host,
    int signer_fd, int gateway_fd) MUST_USE;

/*
 * Receive and answer one frame of the gateway: BIND_TLS (at most once, before
 * the first ATTEST) with DONE, ATTEST with EVIDENCE or REFUSED. Who asks with
 * the nonce of the last evidence within ten seconds gets that again: a platform
 * takes seconds for each, and for one nonce either is as fresh as the other.
 *
 * Returns: 0, ERR_CLOSED (it is gone), ERR_PROTOCOL (it broke the protocol), ERR_IO, ...:
 *          whatever it is, the process ends
 */
int attester_serve(struct attester *a) MUST_USE;

void attester_close(struct attester *a);

#endif
