#include "trade/refusal.h"

#include <stdio.h>
#include <string.h>

#include "evm/address.h"
#include "evm/u256.h"
#include "base/banned.h"

#define AMOUNT_TEXT_MAX (U256_TEXT_MAX + ADDRESS_TEXT_MAX + 32)
#define DURATION_TEXT_MAX 24

/* Rounded up, so that who waits that long has waited long enough. */
static void
duration_text(uint32_t seconds, char ret[DURATION_TEXT_MAX])
{
	uint32_t minutes = seconds / 60 + (seconds % 60 != 0);

	if (seconds < 60)
		(void)snprintf(ret, DURATION_TEXT_MAX, "%u s", seconds);
	else if (minutes < 60)
		(void)snprintf(ret, DURATION_TEXT_MAX, "%u min", minutes);
	else
		(void)snprintf(ret, DURATION_TEXT_MAX, "%u h %u min", minutes / 60, minutes % 60);
}

static void
amount_text(const struct trade_options *options, const struct msg_refused *m,
    char ret[AMOUNT_TEXT_MAX])
{
	const struct u256 amount = u256_from_be32(m->available.p);
	char number[U256_TEXT_MAX], address[ADDRESS_TEXT_MAX];
	const struct known_token *token;

	if (m->token.len != 20) {
		(void)u256_format_decimal(&amount, NATIVE_DECIMALS, number);
		(void)snprintf(ret, AMOUNT_TEXT_MAX, "%s native", number);
		return;
	}
	if ((token = known_token_find(options, m->token.p)) != NULL) {
		(void)u256_format_decimal(&amount, token->decimals, number);
		(void)snprintf(ret, AMOUNT_TEXT_MAX, "%s %s", number, token->symbol);
		return;
	}
	address_format(m->token.p, address);
	(void)u256_format_decimal(&amount, 0, number);
	(void)snprintf(ret, AMOUNT_TEXT_MAX, "%s base units of %s", number, address);
}

static int
is_per_day(struct bytes rule)
{
	static const char end[] = "-per-day";
	const size_t n = sizeof end - 1;

	return rule.len >= n && memcmp(rule.p + rule.len - n, end, n) == 0;
}

void
refusal_text(const struct trade_options *options, const struct msg_refused *m, char *ret,
    size_t cap)
{
	char amount[AMOUNT_TEXT_MAX], duration[DURATION_TEXT_MAX];
	int words = (int)m->detail.len; /* at most 256, by messages.def */
	const char *text = words == 0 ? "" : (const char *)m->detail.p;

	if (m->available.len != 32) {
		(void)snprintf(ret, cap, "%.*s", words, text);
		return;
	}
	amount_text(options, m, amount);
	duration_text(m->seconds, duration);
	if (!is_per_day(m->rule))
		(void)snprintf(ret, cap, "%.*s; the cap is %s", words, text, amount);
	else if (m->seconds == 0)
		(void)snprintf(ret, cap,
		    "%.*s; %s are left now, and this much never fits: it is above the cap of a day",
		    words, text, amount);
	else
		(void)snprintf(ret, cap, "%.*s; %s are left now, and enough is there in %s", words,
		    text, amount, duration);
}
