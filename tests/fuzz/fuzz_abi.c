/*
 * Input: u8 length of a type list, the list, data. What decodes is encoded
 * again to the same bytes; the same data as one of our calls and as revert data.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "evm/abi.h"
#include "base/banned.h"

#define ROOM 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_any(struct bytes types, struct bytes data)
{
	static uint8_t form[4 * ROOM], again[ROOM];
	size_t form_len, len;

	if (abi_decode(types, data, form, sizeof form, &form_len) != 0)
		return;
	if (abi_encode(types, (struct bytes){form, form_len}, again, sizeof again, &len) != 0 ||
	    len != data.len || memcmp(again, data.p, len) != 0)
		abort();
}

/* Any bytes as a form: what encodes decodes to the same form. */
static void
check_form(struct bytes types, struct bytes form)
{
	static uint8_t encoded[8 * ROOM], again[ROOM];
	size_t encoded_len, len;

	if (abi_encode(types, form, encoded, sizeof encoded, &encoded_len) != 0)
		return;
	if (abi_decode(types, (struct bytes){encoded, encoded_len}, again, sizeof again, &len) !=
		0 ||
	    len != form.len || memcmp(again, form.p, len) != 0)
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
	char text[ABI_REVERT_TEXT_MAX];
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
		check_any(types, rest);
		check_form(types, rest);
		check_signature(types);
	}
	check_call((struct bytes){exact, size});
	abi_revert_text((struct bytes){exact, size}, text);
	if (strnlen(text, sizeof text) == sizeof text || text[0] == '\0')
		abort();
	free(exact);
	return 0;
}
