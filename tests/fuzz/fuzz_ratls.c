/* A certificate of RA-TLS of anybody's, with the evidence in it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "evidence/ratls.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dstack_evidence e;
	struct json_error error;
	struct ratls c;

	if (ratls_parse((struct bytes){data, size}, &c) != TDX_HOLDS)
		return 0;
	if (c.spki.p < data || c.spki.p + c.spki.len > data + size)
		abort();
	if (ratls_read_evidence(&c, &e, &error) == TDX_HOLDS && !e.has_report_data)
		abort();
	return 0;
}
