/* What passes rlp_check() is written again to the same bytes; nothing is read beyond the input. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evm/rlp.h"
#include "base/banned.h"

#define ROOM 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
rewrite(struct reader *r, struct writer *w)
{
	struct rlp_item item;
	struct reader inner;

	if (rlp_read(r, &item) != 0)
		abort();
	if (!item.is_list) {
		if (rlp_size_string(item.payload.p, item.payload.len) > w->cap - w->len)
			abort();
		rlp_write_string(w, item.payload.p, item.payload.len);
		return;
	}
	rlp_write_list(w, item.payload.len);
	inner = reader_of(item.payload.p, item.payload.len);
	while (inner.left > 0)
		rewrite(&inner, w);
}

/* An integer that is read has one encoding. */
static void
check_integer(const uint8_t *p, size_t size)
{
	struct reader r = reader_of(p, size);
	uint8_t again[40];
	struct writer w = writer_of(again, sizeof again);
	struct u256 v;
	uint64_t small;

	if (rlp_read_u256(&r, &v) == 0) {
		rlp_write_u256(&w, &v);
		if (w.err != 0 || w.len != size - r.left || memcmp(again, p, w.len) != 0)
			abort();
	}
	r = reader_of(p, size);
	if (rlp_read_u64(&r, &small) == 0 && rlp_size_u64(small) != size - r.left)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[ROOM];
	struct writer w = writer_of(room, sizeof room);
	uint8_t *exact = malloc(size + 1);
	struct reader r;

	if (exact == NULL || size > ROOM) {
		free(exact);
		return 0;
	}
	memcpy(exact + 1, data, size);
	if (rlp_check(exact + 1, size) == 0) {
		r = reader_of(exact + 1, size);
		rewrite(&r, &w);
		if (w.err != 0 || w.len != size || memcmp(room, data, size) != 0)
			abort();
	}
	check_integer(exact + 1, size);
	free(exact);
	return 0;
}
