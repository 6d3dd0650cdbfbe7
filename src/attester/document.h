/*
 * The attestation as one JSON document: the statement, the quote whose report
 * data commits to it, and the event log that replays to RTMR3. What
 * `selfsame verify` checks with no help from us.
 */
#ifndef SELFSAME_ATTESTER_DOCUMENT_H
#define SELFSAME_ATTESTER_DOCUMENT_H

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "tdx/event_log.h"
#include "tee/tee.h"

#define DOCUMENT_VERSION 1
#define DOCUMENT_MAX 81920 /* the cap of MSG_EVIDENCE */

struct document {
	const struct tee_platform *platform;
	struct bytes statement; /* RFC 8785 JSON */
	struct bytes quote;
	const struct event_log *log;
	int index_can_be_reissued; /* scheme indexed: the warning says so */
};

/* Returns: 0, ERR_SPACE or ERR_MEM */
int document_write(const struct document *d, struct buffer *ret) MUST_USE;

#endif
