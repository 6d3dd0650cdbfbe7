/*
 * The signer without its sockets: boot it, give it a request, get a reply.
 *
 * One handler per message of ipc/messages.def. A handler checks the record's
 * MAC, then its versions against the table of active agents, then the API key,
 * then the policy, and only then computes what is to be signed, itself, from
 * fields. Every secret on the way is wiped; the caller wipes the frames.
 *
 * No heap, and nothing but the clock and random bytes is asked of the system
 * once serve_open() has returned.
 */
#ifndef SELFSAME_SIGNER_SERVE_H
#define SELFSAME_SIGNER_SERVE_H

#include <stddef.h>
#include <stdint.h>

#include "agent/policy.h"
#include "agent/receipt.h"
#include "agent/record.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "evm/transaction.h"
#include "evm/typed_data.h"
#include "ipc/messages.h"
#include "signer/keyring.h"
#include "signer/rule.h"
#include "signer/table.h"

#define SERVE_TEXT_MAX 256
#define SERVE_MODE_MAX 40
#define SIGNED_STEPS_MAX 49152
#define INTENT_MAX 20480

/* How the signer's process ends, beyond enum exit_status of ipc/boot.h. */
enum signer_exit {
	SIGNER_EXIT_END = 0, /* the supervisor closed its channel */
	SIGNER_EXIT_IO = 74,
	SIGNER_EXIT_SUPERVISOR = 80, /* which peer broke the protocol */
	SIGNER_EXIT_ATTESTER = 81,
	SIGNER_EXIT_GATEWAY = 82,
	SIGNER_EXIT_CLOSED = 83 /* a request channel ended, which the supervisor keeps open */
};

/* Large (about 200 KiB); made once, not copied. */
struct serve {
	uint64_t chain_id;
	uint8_t scheme; /* of new agents: enum agent_scheme */
	char mode[SERVE_MODE_MAX]; /* of receipts: the platform, with "-dev" in development */
	struct keyring *keys;
	struct table table;
	uint64_t now; /* monotonic ns, when this request came */
	uint32_t next_index; /* the lowest index that may still be registered */
	uint32_t signatures; /* since the context was blinded anew */

	/* of the request under way */
	enum rule rule; /* why it is refused */
	int is_short; /* by a cap: */
	struct shortage shortage;
	struct agent_record rec; /* borrows from the request */
	struct policy policy; /* of rec */
	struct policy next_policy;
	struct table_entry *entry; /* of rec; NULL before it is admitted */
	struct typed_data typed;

	/* of the reply */
	uint8_t record[RECORD_BYTES_MAX];
	size_t record_len;
	uint8_t mac[32];
	uint8_t receipt[RECEIPT_TEXT_MAX];
	size_t receipt_len;
	uint8_t receipt_signature[64];
	uint8_t steps[SIGNED_STEPS_MAX];
	uint8_t intent[INTENT_MAX];
	uint8_t raw[TX_RAW_MAX];
};

/*
 * Check what the boot asks for, derive the keys, make the table. sodium_init()
 * and secp_open() come first. The caller wipes the secret.
 *
 * Refuses a published phrase unless this is development; development unless the
 * chain is nobody's or a local copy; simulated evidence outside development.
 *
 * Returns: 0, or an ERR_* for MSG_FAILED
 * Out:     on failure ret_position (a bad word's place from 1, else 0) and text
 *          (one line for the operator, never a word of the phrase)
 */
int serve_open(struct serve *s, const struct msg_boot *boot, const struct msg_secret *secret,
    unsigned *ret_position, char text[SERVE_TEXT_MAX]) MUST_USE;

/* For tests; the process ends without it. */
void serve_close(struct serve *s);

/*
 * Answer one request: the reply's body is written to w, MSG_REFUSED included.
 *
 * Returns: 0, or ERR_PROTOCOL: the peer may not send this, or it is malformed;
 *          nothing is answered and the process ends
 */
int serve_request(struct serve *s, enum ipc_role from, uint32_t type, struct bytes body,
    struct writer *w, uint32_t *ret_type) MUST_USE;

#endif
