/*
 * A key's signature chain of anybody's. The input: scheme, algorithm and length
 * of the purpose, a byte each; application id; both links; purpose; public key.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "evidence/dstack_chain.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t pinned[33] = {0x02};
	struct reader r = reader_of(data, size);
	struct dstack_claim claim;
	struct dstack_chain chain;
	struct dstack_roots roots;
	uint8_t scheme, algorithm, len, app_id[20];
	enum tdx_reason reason;

	if (read_u8(&r, &scheme) != 0 || read_u8(&r, &algorithm) != 0 || read_u8(&r, &len) != 0 ||
	    read_copy(&r, sizeof app_id, app_id) != 0 ||
	    read_copy(&r, DSTACK_LINK_LEN, chain.link[0]) != 0 ||
	    read_copy(&r, DSTACK_LINK_LEN, chain.link[1]) != 0 ||
	    read_take(&r, len, &claim.purpose) != 0)
		return 0;
	claim.scheme = scheme & 1 ? DSTACK_SCHEME_V1 : DSTACK_SCHEME_V0;
	claim.algorithm = algorithm & 1 ? DSTACK_SECP256K1 : DSTACK_ED25519;
	claim.public_key = (struct bytes){r.p, r.left};
	/* no chain ends at a point that is not one */
	if (dstack_chain_verify(&claim, app_id, &chain, pinned) == TDX_HOLDS)
		abort();
	reason = dstack_chain_recover(&claim, app_id, &chain, &roots);
	if (reason == TDX_HOLDS &&
	    (chain.link[0][64] > 3 || chain.link[1][64] > 3 ||
	     dstack_chain_verify(&claim, app_id, &chain, roots.kms_root) != 0))
		abort();
	return 0;
}
