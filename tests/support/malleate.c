#include "support/malleate.h"

#include <openssl/bn.h>

#include "base/err.h"
#include "tdx/quote.h"
#include "base/banned.h"

static const char order_hex[] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";

int
malleate(uint8_t sig64[64])
{
	BIGNUM *n = NULL, *s = BN_bin2bn(sig64 + 32, 32, NULL);
	int r = ERR_CRYPTO;

	if (s != NULL && BN_hex2bn(&n, order_hex) != 0 && BN_sub(s, n, s) == 1 &&
	    BN_bn2binpad(s, sig64 + 32, 32) == 32)
		r = 0;
	BN_free(s);
	BN_free(n);
	return r;
}

int
malleate_quote(uint8_t *quote, size_t len)
{
	struct tdx_quote q;

	if (quote_parse((struct bytes){quote, len}, &q) != TDX_HOLDS)
		return ERR_PARSE;
	return malleate(quote + (q.signature - quote));
}
