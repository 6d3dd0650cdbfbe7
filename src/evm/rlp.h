/*
 * RLP, the canonical form only. Encoding goes straight down a writer: a list's
 * payload size is computed first, so nothing is moved or allocated. Decoding
 * borrows and does not recurse: a list is read by opening a reader on its
 * payload. Refused: a single byte below 0x80 in any form but itself, a long
 * form for fewer than 56 bytes, leading zeros in a length or an integer, an
 * item that ends beyond its list.
 */
#ifndef SELFSAME_EVM_RLP_H
#define SELFSAME_EVM_RLP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evm/u256.h"

#define RLP_HEADER_MAX 9
#define RLP_DEPTH_MAX 32 /* for rlp_check(); deeper is refused */

/* Sizes in bytes of the items that the functions below write. */
size_t rlp_size_string(const uint8_t *p, size_t len);
size_t rlp_size_u64(uint64_t v);
size_t rlp_size_u256(const struct u256 *v);
size_t rlp_size_list(size_t payload); /* header and payload */

void rlp_write_string(struct writer *w, const uint8_t *p, size_t len);
void rlp_write_u64(struct writer *w, uint64_t v); /* big-endian without leading zeros, 0 = empty */
void rlp_write_u256(struct writer *w, const struct u256 *v);

/* What stands before the bytes of a string that the caller writes next himself. */
void rlp_write_string_header(struct writer *w, const uint8_t *p, size_t len);

/* The header of a list; the caller writes exactly payload bytes of items after it. */
void rlp_write_list(struct writer *w, size_t payload);

struct rlp_item {
	int is_list;
	struct bytes payload; /* borrowed */
};

/*
 * The next item. Its header is checked; a list's payload is not looked into.
 *
 * Returns: 0 or ERR_PARSE
 */
int rlp_read(struct reader *r, struct rlp_item *ret) MUST_USE;

/* The next item when it is of this kind, else ERR_PARSE. */
int rlp_read_string(struct reader *r, struct bytes *ret) MUST_USE;
int rlp_read_list(struct reader *r, struct reader *ret) MUST_USE;

/* A string of exactly n bytes; ERR_PARSE. */
int rlp_read_exact(struct reader *r, size_t n, uint8_t *ret) MUST_USE;

/* An integer; ERR_PARSE (a list, a leading zero) or ERR_RANGE (too large). */
int rlp_read_u64(struct reader *r, uint64_t *ret) MUST_USE;
int rlp_read_u256(struct reader *r, struct u256 *ret) MUST_USE;

/*
 * Whether the bytes are exactly one item, canonical all the way down.
 *
 * Returns: 0, ERR_PARSE, ERR_TRAILING or ERR_RANGE (deeper than RLP_DEPTH_MAX)
 */
int rlp_check(const uint8_t *p, size_t len) MUST_USE;

#endif
