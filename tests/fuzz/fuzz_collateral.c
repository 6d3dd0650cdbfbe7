/* A bundle of collateral, and an answer of Intel's service, of anybody's. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tdx/collateral.h"
#include "base/banned.h"

#define TEXT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
same(const struct collateral *a, const struct collateral *b)
{
#define I(name, kind) \
	if (!bytes_equal(a->name, b->name)) \
		return 0;
	COLLATERAL_ITEMS(I)
#undef I
	return 1;
}

/* What is read and written is read as the same again, but for hex that was none. */
static void
check_again(const struct collateral *c)
{
	static uint8_t text[2 * TEXT_MAX], memory[2 * TEXT_MAX];
	struct writer w = writer_of(text, sizeof text);
	struct collateral again;
	const char *field;

	collateral_write(&w, c);
	if (w.err != 0)
		return;
	if (collateral_read((struct bytes){text, w.len}, memory, &again, &field) != 0 ||
	    !same(c, &again))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *memory = malloc(size == 0 ? 1 : size);
	struct collateral c;
	struct bytes object;
	uint8_t signature[64];
	const char *field;

	if (memory == NULL)
		return 0;
	if (collateral_read((struct bytes){data, size}, memory, &c, &field) == 0 && size < TEXT_MAX)
		check_again(&c);
	if (collateral_signed_part((struct bytes){data, size}, "tcbInfo", &object, signature) == 0 &&
	    (object.p < data || object.p + object.len > data + size || object.p[0] != '{' ||
	     object.p[object.len - 1] != '}'))
		abort();
	free(memory);
	return 0;
}
