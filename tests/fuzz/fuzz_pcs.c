/* What a collateral service answers: chains in headers, revocation lists, signed documents. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cli/pcs.h"
#include "tdx/collateral.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes b = {data, size};
	struct buffer chain = buffer_of(PCS_CHAIN_MAX), list = buffer_of(65536);
	uint8_t signature[64];
	struct bytes object;
	char url[PCS_URL_MAX];

	/* what is taken is printable, and no longer than it was */
	if (pcs_chain_decode(b, &chain) == 0)
		for (size_t i = 0; i < chain.len; i++)
			if (chain.p[i] != '\n' && (chain.p[i] < 0x20 || chain.p[i] > 0x7e))
				abort();
	if (pcs_crl_decode(b, &list) == 0 && (list.len > size || list.p[0] != 0x30))
		abort();
	if (collateral_signed_part(b, "tcbInfo", &object, signature) == 0 &&
	    (object.p < data || object.p + object.len > data + size || object.p[0] != '{'))
		abort();
	(void)!pcs_crl_point(b, url);
	buffer_free(&chain);
	buffer_free(&list);
	return 0;
}
