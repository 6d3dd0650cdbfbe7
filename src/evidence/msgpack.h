/*
 * A strict, forward, non-recursive reader of MessagePack over base/bytes.h, as
 * far as attestations need it. Values are taken apart as runs: an object's
 * members are found first and read afterwards, in whatever order they stand.
 * Source: github.com/msgpack/msgpack, spec.md.
 */
#ifndef SELFSAME_EVIDENCE_MSGPACK_H
#define SELFSAME_EVIDENCE_MSGPACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define MSGPACK_MEMBERS_MAX 8

/* All return 0 or an error and move the reader only on success. */

/* One whole value of any type. ERR_PARSE */
int msgpack_take(struct reader *r, struct bytes *ret) MUST_USE;

/* A non-negative integer up to max. ERR_PARSE, ERR_RANGE */
int msgpack_u64(struct reader *r, uint64_t max, uint64_t *ret) MUST_USE;

/* Text, borrowed. ERR_PARSE */
int msgpack_text(struct reader *r, struct bytes *ret) MUST_USE;

/*
 * Bytes: a bin, borrowed, or an array of integers below 256 (what Rust's serde makes
 * of a Vec<u8>), which is gathered in room. ERR_PARSE, ERR_SPACE (longer than cap)
 */
int msgpack_bytes(struct reader *r, uint8_t *room, size_t cap, struct bytes *ret) MUST_USE;

/* The number of elements that follow. ERR_PARSE */
int msgpack_array(struct reader *r, uint32_t *ret_count) MUST_USE;

/*
 * A map with text for keys: the run of each of at most MSGPACK_MEMBERS_MAX members that
 * are named, empty where it is absent. Others are passed over.
 * ERR_PARSE, ERR_DUPLICATE (a named one comes twice), ERR_RANGE (count)
 */
int msgpack_members(struct reader *r, const char *const *names, size_t count, struct bytes *ret)
    MUST_USE;

#endif
