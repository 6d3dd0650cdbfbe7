/* What is inside of evidence: the TDX quote as the raw bytes that were signed, dstack's parts. */
#ifndef SELFSAME_CLI_QUOTE_IN_H
#define SELFSAME_CLI_QUOTE_IN_H

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "cli/kind.h"
#include "evidence/dstack_evidence.h"
#include "json/reader.h"
#include "tdx/reason.h"

/*
 * Nothing is verified here.
 *
 * Returns: 0, ERR_PARSE (malformed), ERR_NOT_FOUND (this kind has none), ERR_MEM or ERR_SPACE
 * Owns:    ret is the caller's, buffer_free(), also on failure
 */
int quote_in(enum kind kind, struct bytes bytes, struct buffer *ret) MUST_USE;

/*
 * In:      kind  one of dstack's: an answer, an attestation or a certificate
 * Returns: as evidence/dstack_evidence.h says
 */
enum tdx_reason dstack_in(enum kind kind, struct bytes bytes, struct dstack_evidence *ret,
    struct json_error *error) MUST_USE;

#endif
