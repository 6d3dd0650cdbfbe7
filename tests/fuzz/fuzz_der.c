/* The DER reader: whatever it accepts, it has moved by what it gave, and no further. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tdx/der.h"
#include "tdx/x509.h"
#include "base/banned.h"

#define DEPTH_MAX 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_scalars(struct reader r)
{
	const struct reader before = r;
	uint8_t number[32];
	struct bytes run;
	uint32_t small;
	int64_t time;
	int flag;

	if (der_small(&r, DER_INTEGER, UINT32_MAX, &small) != 0 && r.p != before.p)
		abort();
	r = before;
	if (der_uint256(&r, number) != 0 && r.p != before.p)
		abort();
	r = before;
	if (der_time(&r, &time) != 0 && r.p != before.p)
		abort();
	r = before;
	if (der_boolean(&r, &flag) == 0 && (flag & ~1) != 0)
		abort();
	r = before;
	(void)!x509_name(&r, &run, &run);
	r = before;
	(void)!x509_bits(&r, &run);
	r = before;
	(void)!x509_signature(&r, (uint8_t[64]){0});
	r = before;
	(void)!x509_authority_key_id(&r, &run);
	r = before;
	if (x509_serial(&r, &run) == 0 && (run.len == 0 || run.len > 20))
		abort();
}

static void
walk(struct reader r, unsigned depth)
{
	while (r.left > 0) {
		const uint8_t tag = r.p[0];
		struct reader copy = r, content;
		struct bytes inner, whole;

		check_scalars(r);
		if (der_take(&copy, tag, &inner) != 0) {
			if (copy.p != r.p || copy.left != r.left)
				abort();
			return;
		}
		if (inner.p < r.p || inner.p + inner.len != copy.p)
			abort();
		copy = r;
		if (der_take_whole(&copy, tag, &whole) != 0 || whole.p != r.p ||
		    whole.p + whole.len != inner.p + inner.len)
			abort();
		/* one spelling: at most four bytes of length for what is below 16 MiB */
		if (whole.len - inner.len > 5 || whole.len - inner.len < 2)
			abort();
		if ((tag & 0x20) != 0 && depth < DEPTH_MAX && der_enter(&r, tag, &content) == 0)
			walk(content, depth + 1);
		else
			r = copy;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk(reader_of(data, size), 0);
	return 0;
}
