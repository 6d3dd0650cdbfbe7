/*
 * A strict, forward, non-recursive DER reader over base/bytes.h: definite
 * minimal lengths, one-byte tags, whole values. No heap.
 */
#ifndef SELFSAME_TDX_DER_H
#define SELFSAME_TDX_DER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT_0 = 0x80, /* [0] IMPLICIT primitive */
	DER_EXPLICIT_0 = 0xa0,
	DER_EXPLICIT_3 = 0xa3
};

/* All return 0 or ERR_PARSE; the reader moves only on success. */

/* The content of one value with this tag. */
int der_take(struct reader *r, uint8_t tag, struct bytes *ret) MUST_USE;

/* One value with this tag, header included. */
int der_take_whole(struct reader *r, uint8_t tag, struct bytes *ret) MUST_USE;

/* A reader of the content of a constructed value. */
int der_enter(struct reader *r, uint8_t tag, struct reader *ret) MUST_USE;

/* Whether the next value has this tag. */
int der_next_is(const struct reader *r, uint8_t tag);

/* A non-negative, minimal INTEGER or ENUMERATED (by tag) up to max. */
int der_small(struct reader *r, uint8_t tag, uint32_t max, uint32_t *ret) MUST_USE;

/* A non-negative, minimal INTEGER of at most 32 bytes, right-aligned into 32. */
int der_uint256(struct reader *r, uint8_t ret[32]) MUST_USE;

/* TRUE (0xff) or FALSE (0x00), as DER wants them. */
int der_boolean(struct reader *r, int *ret) MUST_USE;

/* An OBJECT IDENTIFIER with exactly these content bytes. */
int der_oid(struct reader *r, const uint8_t *oid, size_t len) MUST_USE;

/* UTCTime or GeneralizedTime in RFC 5280's one form of each, as Unix seconds. */
int der_time(struct reader *r, int64_t *ret) MUST_USE;

#endif
