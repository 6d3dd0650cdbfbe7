/* dstack's evidence of anybody's, as a blob and as JSON: read, and judged without a quote. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "evidence/dstack.h"
#include "evidence/dstack_blob.h"
#include "evidence/dstack_evidence.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(enum tdx_reason reason, const struct dstack_evidence *e, const struct json_error *error)
{
	static struct tdx_result quote = {.reason = TDX_PARSE};
	static struct dstack_result result;
	const struct dstack_question question = {.quote = &quote};
	struct dstack_facts facts;

	if (reason != TDX_HOLDS && reason != TDX_INTERNAL && error->err == 0)
		abort();
	if (reason != TDX_HOLDS)
		return;
	if (error->err != 0 || e->quote_len == 0 || e->quote_len > sizeof e->quote)
		abort();
	if (dstack_facts_read(&e->log, &facts) == TDX_HOLDS && !dstack_log_is_ready(&e->log))
		abort();
	dstack_judge(e, &question, &result);
	if (dstack_holds(&result) || result.reason == TDX_HOLDS)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dstack_evidence e;
	const struct bytes input = {data, size};
	struct json_error error;

	check(dstack_blob_read(input, &e, &error), &e, &error);
	check(dstack_evidence_read_response(input, &e, &error), &e, &error);
	return 0;
}
