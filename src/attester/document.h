/*
 * The attestation as one JSON document: the statement, the evidence whose report
 * data commits to it, and, where we could extend RTMR3, the event log that
 * replays to it. What `selfsame verify` checks with no help from us; its reader
 * is cli/attestation.c.
 */
#ifndef SELFSAME_ATTESTER_DOCUMENT_H
#define SELFSAME_ATTESTER_DOCUMENT_H

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "tdx/event_log.h"
#include "tee/tee.h"

#define DOCUMENT_VERSION 1
#define DOCUMENT_MAX 196608 /* the cap of MSG_EVIDENCE */

struct document {
	const struct tee_platform *platform;
	struct bytes statement; /* RFC 8785 JSON */
	struct tee_evidence evidence;
	const struct event_log *log; /* NULL: RTMR3 is not ours */
	struct bytes key_chain; /* JSON, of the root secret's key; len 0: none */
	int index_can_be_reissued; /* scheme indexed: the warning says so */
};

/* Returns: 0, ERR_SPACE or ERR_MEM */
int document_write(const struct document *d, struct buffer *ret) MUST_USE;

#endif
