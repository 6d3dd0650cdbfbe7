/*
 * A TDX quote that travels as the protobuf message QuoteV4, back into the bytes
 * that were signed.
 *
 * Source: google/go-tdx-guest, proto/tdx.proto and abi/abi.go.
 */
#ifndef SELFSAME_EVIDENCE_QUOTE_MESSAGE_H
#define SELFSAME_EVIDENCE_QUOTE_MESSAGE_H

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"

#define QUOTE_MESSAGE_RAW_MAX 32768

/*
 * The raw quote, version 4, that the message was made from, byte for byte.
 *
 * Returns: TDX_HOLDS or BOUND_MESSAGE
 */
enum tdx_reason quote_message_write(struct bytes message, struct writer *w) MUST_USE;

#endif
