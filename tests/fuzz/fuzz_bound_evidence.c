/* Anybody's attestation message through all its checks, and its quote back into bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "evidence/bound_evidence.h"
#include "evidence/google_roots.h"
#include "tdx/intel_root.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_within(struct bytes run, const uint8_t *data, size_t size)
{
	if (run.len > 0 && (run.p < data || run.p + run.len > data + size))
		abort();
}

static void
check_message(const struct layr_attestation *m, const uint8_t *data, size_t size)
{
	check_within(m->ak_pub, data, size);
	check_within(m->ak_cert, data, size);
	check_within(m->canonical_log, data, size);
	check_within(m->tdx, data, size);
	for (size_t i = 0; i < m->quotes; i++)
		for (size_t k = 0; k < LAYR_PCRS; k++)
			check_within(m->quote[i].pcr[k], data, size);
	for (size_t i = 0; i < m->intermediates; i++)
		check_within(m->intermediate[i], data, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bound_result r;
	const struct bound_expect expect = {
	    .challenge = {data, size < 32 ? size : 32},
	    .ak_roots = google_ak_roots(),
	    .tdx_root = intel_root_der(),
	    .at = 1780000000,
	};
	static uint8_t raw[QUOTE_MESSAGE_RAW_MAX];
	struct writer w = writer_of(raw, sizeof raw);
	struct bytes input = {data, size};

	bound_evidence_verify(input, &expect, &r);
	/* nobody signs for Google here */
	if (bound_evidence_holds(&r) || bound_evidence_is_signed(&r) || r.reason == TDX_HOLDS ||
	    r.reason == TDX_NOT_EVALUATED)
		abort();
	if (r.has_message)
		check_message(&r.message, data, size);
	if (quote_message_write(input, &w) == TDX_HOLDS && w.err != 0)
		abort();
	return 0;
}
