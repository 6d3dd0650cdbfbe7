/*
 * A token of anybody's: as it stands; with the input, cut at its first NUL, for header and
 * payload; and as a key set.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "evidence/cs_token.h"
#include "evidence/google_roots.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
verify(struct bytes token, struct bytes jwks)
{
	static struct cs_result r;
	const struct cs_expect expect = {
	    .roots = google_confidential_space_roots(),
	    .jwks = jwks,
	    .at = 1757061000,
	    .audience = {(const uint8_t *)"selfsame-attestation/v1", 23},
	};

	cs_token_verify(token, &expect, &r);
	/* nobody signs for Google here */
	if (cs_token_holds(&r) || r.reason == TDX_HOLDS || r.reason == TDX_NOT_EVALUATED)
		abort();
	if (r.has_claims && (r.claims.args.count > CEL_LIST_MAX || r.claims.expires < 0 ||
	    r.pool.len > sizeof r.pool_bytes))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t text[JWS_MAX + 16];
	const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
	const size_t head = nul != NULL ? (size_t)(nul - data) : size;
	struct writer w = writer_of(text, sizeof text);

	verify((struct bytes){data, size}, (struct bytes){NULL, 0});
	base64_write(&w, BASE64_URL, data, head);
	write_text(&w, ".");
	if (nul != NULL)
		base64_write(&w, BASE64_URL, nul + 1, size - head - 1);
	write_text(&w, ".AAAA");
	if (w.err == 0)
		verify((struct bytes){text, w.len}, (struct bytes){data, size});
	return 0;
}
