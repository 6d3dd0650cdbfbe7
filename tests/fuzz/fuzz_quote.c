/* A quote of anybody's through the parser and all its checks. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tdx/verify.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every run lies within the input, in order, and the lengths add up. */
static void
check_layout(struct bytes input, const struct tdx_quote *q)
{
	const uint8_t *end = q->pck_chain.p + q->pck_chain.len;

	if (q->signed_part.p != input.p || q->body.p < input.p ||
	    q->body.p + q->body.len > input.p + q->signed_part.len)
		abort();
	if (q->signature != input.p + q->signed_part.len + 4 || end > input.p + input.len ||
	    q->trailing != (size_t)(input.p + input.len - end))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t no_root[1] = {0x30};
	static struct tdx_result r;
	const struct bytes input = {data, size};
	const struct td_field *f;
	struct bytes field;

	tdx_verify(input, NULL, (struct bytes){no_root, sizeof no_root}, 1780000000, &r);
	/* nothing holds under a root that is none */
	if (tdx_is_signed(&r) || r.reason == TDX_HOLDS || r.reason == TDX_NOT_EVALUATED)
		abort();
	if (!r.has_quote)
		return 0;
	check_layout(input, &r.quote);
	for (size_t i = 0; (f = td_field_at(i)) != NULL; i++)
		if (quote_field(&r.quote, f->name, strlen(f->name), &field) == 0 &&
		    field.len != f->len)
			abort();
	return 0;
}
