/*
 * Input: u8 length of a type list, the list, a form of its values. All of it
 * also as one of our calls, which encodes to the same again, and as revert data.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "evm/abi.h"
#include "evm/abi_encode.h"
#include "evm/abi_types.h"
#include "evm/revert.h"
#include "base/banned.h"

#define ROOM 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes as a form: what encodes is whole words, fills its room exactly, and needs all of it. */
static void
check_form(struct bytes types, struct bytes form)
{
	static uint8_t encoded[8 * ROOM], again[8 * ROOM];
	size_t len, same;

	if (abi_encode(types, form, encoded, sizeof encoded, &len) != 0)
		return;
	if (len % 32 != 0 || abi_encode(types, form, again, len, &same) != 0 || same != len ||
	    memcmp(encoded, again, len) != 0)
		abort();
	if (len > 0 && abi_encode(types, form, again, len - 1, &same) != ERR_SPACE)
		abort();
}

static void
check_call(struct bytes data)
{
	uint8_t again[ABI_CALL_MAX];
	struct abi_call call;
	size_t len;

	if (abi_call_decode(data, &call) != 0)
		return;
	if (abi_call_encode(&call, again, sizeof again, &len) != 0 || len != data.len ||
	    memcmp(again, data.p, len) != 0)
		abort();
}

static void
check_signature(struct bytes text)
{
	struct bytes types;
	uint8_t selector[4];

	if (abi_signature(text, selector, &types) == 0 && abi_types_check(types) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[REVERT_TEXT_MAX];
	struct bytes types, rest;
	struct reader r;
	uint8_t *exact;
	uint8_t n;

	if (size == 0 || size > ROOM / 2 || (exact = malloc(size)) == NULL)
		return 0;
	memcpy(exact, data, size);
	r = reader_of(exact, size);
	if (read_u8(&r, &n) == 0 && read_take(&r, n < r.left ? n : r.left, &types) == 0) {
		rest = (struct bytes){r.p, r.left};
		check_form(types, rest);
		check_signature(types);
	}
	check_call((struct bytes){exact, size});
	revert_text((struct bytes){exact, size}, text);
	if (strnlen(text, sizeof text) == sizeof text || text[0] == '\0')
		abort();
	free(exact);
	return 0;
}
