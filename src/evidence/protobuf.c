#include "evidence/protobuf.h"

#include "base/err.h"
#include "base/banned.h"

#define VARINT_MAX 10

enum wire_type { WIRE_VARINT = 0, WIRE_RUN = 2 };

static int
read_varint(struct reader *r, uint64_t *ret)
{
	uint64_t v = 0;
	uint8_t b;

	for (unsigned i = 0; i < VARINT_MAX; i++) {
		if (read_u8(r, &b) != 0)
			return ERR_PARSE;
		/* the tenth byte holds the 64th bit alone */
		if (i == VARINT_MAX - 1 && b > 1)
			return ERR_PARSE;
		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (b >= 0x80)
			continue;
		if (b == 0 && i > 0) /* not the shortest form */
			return ERR_PARSE;
		*ret = v;
		return 0;
	}
	return ERR_PARSE;
}

static int
slot_find(const struct protobuf_slot *slots, size_t count, uint64_t field, size_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (slots[i].field != field)
			continue;
		*ret = i;
		return 0;
	}
	return ERR_UNKNOWN_FIELD;
}

static int
runs_add(struct protobuf_runs *runs, struct bytes run)
{
	if (runs->count == runs->cap)
		return ERR_FULL;
	runs->run[runs->count++] = run;
	return 0;
}

static int
read_value(struct reader *r, const struct protobuf_slot *slot, uint64_t wire)
{
	struct bytes run;
	uint64_t v;

	if (wire != (slot->number != NULL ? WIRE_VARINT : WIRE_RUN) || read_varint(r, &v) != 0)
		return ERR_PARSE;
	if (slot->number != NULL) {
		*slot->number = v;
		return v <= slot->max ? 0 : ERR_RANGE;
	}
	if (v > r->left || read_take(r, (size_t)v, &run) != 0)
		return ERR_PARSE;
	if (run.len < slot->min || run.len > slot->max)
		return ERR_RANGE;
	if (slot->runs != NULL)
		return runs_add(slot->runs, run);
	*slot->run = run;
	return 0;
}

static void
slots_reset(const struct protobuf_slot *slots, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slots[i].number != NULL)
			*slots[i].number = 0;
		if (slots[i].run != NULL)
			*slots[i].run = (struct bytes){NULL, 0};
		if (slots[i].runs != NULL)
			slots[i].runs->count = 0;
	}
}

static int
check_present(const struct protobuf_slot *slots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slots[i].run != NULL && slots[i].run->len < slots[i].min)
			return ERR_PARSE;
	return 0;
}

int
protobuf_read(struct bytes message, const struct protobuf_slot *slots, size_t count)
{
	struct reader r = reader_of(message.p, message.len);
	uint32_t seen = 0;
	uint64_t tag;
	size_t i;
	int e;

	if (count > PROTOBUF_SLOTS_MAX)
		return ERR_SPACE;
	slots_reset(slots, count);
	while (r.left > 0) {
		if (read_varint(&r, &tag) != 0)
			return ERR_PARSE;
		if ((e = slot_find(slots, count, tag >> 3, &i)) != 0)
			return e;
		if ((seen & UINT32_C(1) << i) != 0 && slots[i].runs == NULL)
			return ERR_DUPLICATE;
		seen |= UINT32_C(1) << i;
		if ((e = read_value(&r, &slots[i], tag & 7)) != 0)
			return e;
	}
	return check_present(slots, count);
}
