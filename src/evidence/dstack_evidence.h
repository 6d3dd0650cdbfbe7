/*
 * dstack's evidence in the shapes that it comes in: a quote, the event log that
 * replays to its RTMR3, and the configuration of the machine. Reading is not
 * believing: evidence/dstack.h judges.
 *
 *   parts      the members of our own attestation document
 *   response   JSON of the agent or for upstream's verifier: {quote, event_log, vm_config?,
 *              report_data?} or {attestation}, in hex; event_log is a JSON text or an array;
 *              of both the attestation counts, and quote and event_log must be its own
 *   blob       of Attest; evidence/dstack_blob.h reads it
 *
 * Source: Dstack-TEE/dstack, docs/guest-api-v0.md, verifier/src/types.rs.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_EVIDENCE_H
#define SELFSAME_EVIDENCE_DSTACK_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evidence/dstack_log.h"
#include "evidence/dstack_vm.h"
#include "json/reader.h"
#include "tdx/reason.h"

#define DSTACK_QUOTE_MAX 16384
#define DSTACK_TEXT_MAX (4U << 20) /* of a response */

/* Points into itself: not to be copied or moved. Large: keep it off the stack. */
struct dstack_evidence {
	uint8_t quote[DSTACK_QUOTE_MAX];
	size_t quote_len;
	struct dstack_log log;
	struct dstack_log runtime; /* of a blob, which holds the events of register 3 twice */
	struct dstack_vm vm;
	int has_report_data; /* what the agent says the quote is about; the quote decides */
	uint8_t report_data[64];
};

/*
 * All return TDX_HOLDS, or
 *   DSTACK_EVIDENCE  malformed, or more than one kind of it
 *   DSTACK_PLATFORM  of a machine that is not TDX
 *   what dstack_log_add() returns
 * and *error then names the member and says what is wrong. What they fill is only
 * to be judged when they return TDX_HOLDS.
 */

/* In: vm_config may be empty */
enum tdx_reason dstack_evidence_read_parts(struct bytes quote, struct bytes event_log,
    struct bytes vm_config, struct dstack_evidence *ret, struct json_error *error) MUST_USE;

enum tdx_reason dstack_evidence_read_response(struct bytes json, struct dstack_evidence *ret,
    struct json_error *error) MUST_USE;

#endif
