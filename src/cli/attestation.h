/*
 * An attestation document, read strictly: every member known, of its type and
 * within its bounds. Reading is not believing: cli/evaluate.h checks it.
 */
#ifndef SELFSAME_CLI_ATTESTATION_H
#define SELFSAME_CLI_ATTESTATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "json/reader.h"
#include "evidence/dstack_key.h"
#include "tdx/event_log.h"

#define ATTESTATION_QUOTE_MAX 16384
#define ATTESTATION_NONCE_MAX 64

/* The statement's members; texts borrow from the document. */
struct attested {
	int development;
	struct bytes mode;
	struct bytes platform;
	uint8_t instance_key[32];
	uint8_t root_id[32];
	uint8_t nonce[ATTESTATION_NONCE_MAX];
	size_t nonce_len;
	int has_tls_key_hash;
	uint8_t tls_key_hash[32];
	uint64_t time_unverified;
	json_t *settings; /* objects of strings, borrowed */
	json_t *binaries;
	struct buffer settings_text; /* RFC 8785 */
	struct buffer binaries_text;
	struct buffer text; /* of the whole statement: what report data commits to */
};

/* The member `type` of `evidence`; attester/document.c writes it. */
enum attestation_kind {
	ATTESTATION_TDX_QUOTE, /* quote */
	ATTESTATION_DSTACK, /* quote, event_log, vm_config, app_compose, key */
	ATTESTATION_BOUND_EVIDENCE, /* message */
	ATTESTATION_SPACE_TOKEN /* token */
};

struct event_store {
	struct event_log log; /* points into the rest and the document */
	uint8_t payload[EVENT_LOG_MAX][EVENT_PAYLOAD_MAX];
};

/* Points into itself: not to be copied or moved. Large: keep it off the stack. */
struct attestation {
	struct json_in document;
	struct json_error error; /* of whatever failed first */
	struct bytes platform;
	int simulated;
	json_t *statement; /* borrowed */
	struct attested attested;
	int has_events; /* RTMR3 is ours, and this is what it holds */
	struct event_store events;
	enum attestation_kind kind;
	uint8_t quote[ATTESTATION_QUOTE_MAX];
	size_t quote_len;
	struct bytes event_log; /* texts as the agent gave them */
	struct bytes vm_config;
	struct bytes app_compose; /* len 0: not there */
	struct dstack_key_text key; /* the root secret's, with the chain that vouches for it */
	struct buffer message; /* the launcher's protobuf */
	struct bytes token;
};

/*
 * Read the document but for the statement, of which only an object is asked.
 *
 * Returns: 0 or the error, which a->error explains
 * Owns:    a needs attestation_close() in any case
 */
int attestation_open(struct attestation *a, const void *text, size_t len) MUST_USE;

/*
 * Read the statement and put it into its canonical form.
 *
 * Returns: 0 or the error, which a->error explains
 */
int attestation_read_statement(struct attestation *a) MUST_USE;

void attestation_close(struct attestation *a);

/*
 * Read the member "eventLog" of an object, which may be absent.
 *
 * Failures stay in `in`, as with json/reader.h.
 */
void events_read(struct json_in *in, struct event_store *ret, int *ret_present);

#endif
