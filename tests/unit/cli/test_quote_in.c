/* The quote inside of evidence, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "cli/quote_in.h"
#include "evidence.h"
#include "base/banned.h"

static int
take(enum kind kind, struct bytes bytes, struct buffer *ret)
{
	int r = quote_in(kind, bytes, ret);

	if (r != 0)
		buffer_free(ret);
	return r;
}

static void
test_attestation(void **state)
{
	static struct attestation a;
	struct buffer quote, again;
	struct evidence e;

	(void)state;
	evidence_begin(&e);
	evidence_make(&e);
	assert_int_equal(attestation_open(&a, e.document.p, e.document.len), 0);
	assert_int_equal(take(KIND_ATTESTATION, evidence_document(&e), &quote), 0);
	assert_int_equal(quote.len, a.quote_len);
	assert_memory_equal(quote.p, a.quote, quote.len);
	assert_int_equal(take(KIND_QUOTE, (struct bytes){quote.p, quote.len}, &again), 0);
	assert_int_equal(again.len, quote.len);
	buffer_free(&again);
	buffer_free(&quote);
	attestation_close(&a);
	e.document.len--;
	assert_int_not_equal(take(KIND_ATTESTATION, evidence_document(&e), &quote), 0);
	evidence_end(&e);
}

static void
test_none(void **state)
{
	static const enum kind without[] = {KIND_UNKNOWN,    KIND_DSTACK_LOG, KIND_TOKEN,
					    KIND_COLLATERAL, KIND_CCEL,	      KIND_SEV_SNP};
	const struct bytes text = evidence_text("{}");
	struct buffer quote;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(without); i++)
		assert_int_equal(take(without[i], text, &quote), ERR_NOT_FOUND);
	assert_int_equal(take(KIND_BOUND, text, &quote), ERR_PARSE);
	assert_int_equal(take(KIND_DSTACK, text, &quote), ERR_PARSE);
	assert_int_equal(take(KIND_DSTACK_BLOB, text, &quote), ERR_PARSE);
	assert_int_not_equal(take(KIND_ATTESTATION, text, &quote), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_attestation),
	    cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
