/* Evidence of any kind through the verifier: it must not accept what is not the seed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <sodium.h>

#include "cli/evaluate.h"
#include "tee/simulated_pki.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct simulated_pki pki;
	static struct evaluation e;
	struct question q = {
	    .at = 1780000000, .simulated_root = 1, .policy = tdx_policy_default()};
	struct buffer room;
	struct bytes bytes;
	enum kind kind;

	if (pki.der_len[PCK_ROOT] == 0 && (sodium_init() < 0 || simulated_pki_make(&pki) != 0))
		abort();
	q.root = (struct bytes){pki.der[PCK_ROOT], pki.der_len[PCK_ROOT]};
	/* the document as its own receipt: another reader of the same bytes */
	q.receipt[0] = (struct bytes){data, size};
	q.receipt_count = 1;
	if (expectation_parse("mrtd=00", &q.expectation[0]) != 0)
		abort();
	q.expectation_count = 1;
	kind = kind_detect((struct bytes){data, size}, &room, &bytes);
	evaluate(kind, bytes, &q, &e);
	/* neither a receipt that is a document nor that MRTD can hold */
	if (verdict_accepts(&e.verdict))
		abort();
	evaluation_close(&e);
	buffer_free(&room);
	return 0;
}
