/*
 * What dstack's Attest answers: a VersionedAttestation, version 0 in SCALE,
 * version 1 in MessagePack. Of a platform's evidence the TDX quote and its
 * event log are taken, of the stack's the runtime events, report data and
 * configuration; a TPM quote next to them is passed over.
 *
 * Source: Dstack-TEE/dstack, dstack-attest/src/{attestation,v1}.rs.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_BLOB_H
#define SELFSAME_EVIDENCE_DSTACK_BLOB_H

#include "base/attr.h"
#include "base/bytes.h"
#include "evidence/dstack_evidence.h"
#include "json/reader.h"
#include "tdx/reason.h"

#define DSTACK_BLOB_MAX (1U << 20) /* upstream takes ten times as much; recorded ones: 10 KiB */

/*
 * The events of register 3 are in a blob twice. They must agree: what is shown of one
 * list and replayed of the other would prove nothing.
 *
 * Returns: as evidence/dstack_evidence.h says
 */
enum tdx_reason dstack_blob_read(struct bytes blob, struct dstack_evidence *ret,
    struct json_error *error) MUST_USE;

#endif
