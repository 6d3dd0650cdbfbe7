/*
 * A strict reader of protobuf's wire format for messages whose every field is
 * known: no field unknown or given twice, varints in their shortest form,
 * varints and length-delimited fields only. Borrows, recurses never, no heap.
 *
 *   const struct protobuf_slot slots[] = {
 *       PROTOBUF_NUMBER(1, &version, UINT16_MAX),
 *       PROTOBUF_RUN(2, &nonce, 32, 32),
 *       PROTOBUF_RUNS(3, &quotes, 1, 4096),
 *   };
 *   r = protobuf_read(message, slots, ARRAY_LEN(slots));
 *
 * Source: protobuf.dev/programming-guides/encoding. Encoders may choose the order of
 * fields, so it does not count. An absent number is 0, an absent run is empty.
 */
#ifndef SELFSAME_EVIDENCE_PROTOBUF_H
#define SELFSAME_EVIDENCE_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define PROTOBUF_SLOTS_MAX 32

/* A repeated field; the caller gives the room. */
struct protobuf_runs {
	struct bytes *run;
	size_t cap;
	size_t count;
};

/* One field of a message: exactly one of the three pointers is set. */
struct protobuf_slot {
	uint32_t field;
	uint64_t *number;
	struct bytes *run;
	struct protobuf_runs *runs;
	uint64_t min; /* of a run's length */
	uint64_t max; /* of a number, or of a run's length */
};

#define PROTOBUF_NUMBER(field, p, max) {(field), (p), NULL, NULL, 0, (max)}
#define PROTOBUF_RUN(field, p, min, max) {(field), NULL, (p), NULL, (min), (max)}
#define PROTOBUF_RUNS(field, p, min, max) {(field), NULL, NULL, (p), (min), (max)}

/*
 * Sets what the slots point to, to 0 and empty first; what they hold after a
 * failure means nothing.
 *
 * Returns: 0, ERR_PARSE (wire format, a run missing), ERR_UNKNOWN_FIELD, ERR_DUPLICATE,
 *          ERR_RANGE (a value or a length), ERR_FULL (more of a repeated field than room)
 */
int protobuf_read(struct bytes message, const struct protobuf_slot *slots, size_t count) MUST_USE;

#endif
