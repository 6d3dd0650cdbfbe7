#include "tee/quote_check.h"

#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "tdx/digest.h"
#include "tdx/p256.h"
#include "tdx/quote.h"
#include "base/banned.h"

static int
refuse(const char *why)
{
	log_event(LOG_WARN, "quote-refused", LOG_STR("why", why));
	return ERR_EVIDENCE;
}

int
quote_check(struct bytes bytes, const uint8_t report_data[64])
{
	struct tdx_quote quote;
	enum tdx_reason reason;
	struct bytes found;
	uint8_t hash[32];
	int r;

	if ((reason = quote_parse(bytes, &quote)) != TDX_HOLDS)
		return refuse(reason_text(reason));
	if (quote_field(&quote, "reportData", 10, &found) != 0 || found.len != 64 ||
	    memcmp(found.p, report_data, 64) != 0)
		return refuse("the quote is over other report data");
	if ((r = digest_sha256(&quote.signed_part, 1, hash)) != 0)
		return r;
	if ((r = p256_verify(quote.key, hash, quote.signature)) == ERR_SIGNATURE)
		return refuse(reason_text(TDX_QUOTE_SIGNATURE));
	return r;
}
