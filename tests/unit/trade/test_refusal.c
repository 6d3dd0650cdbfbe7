/* What a refusal by the signer says to the caller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "trade/refusal.h"

static const struct trade_options options = {
    .tokens = {{.symbol = "USDC", .address = {0x70}, .decimals = 6}}, .token_count = 1};
static uint8_t available[32], token[20];

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct msg_refused
refused(const char *rule, const char *detail, uint64_t left, uint32_t seconds)
{
	struct u256 amount = u256_of(left);
	struct msg_refused m = {.rule = text(rule), .detail = text(detail), .seconds = seconds};

	u256_to_be32(&amount, available);
	m.available = (struct bytes){available, 32};
	return m;
}

static void
expect(const struct msg_refused *m, const char *want)
{
	char got[REFUSAL_TEXT_MAX];

	refusal_text(&options, m, got, sizeof got);
	assert_string_equal(got, want);
}

static void
test_words_alone(void **state)
{
	struct msg_refused m = {.rule = text("recipient"), .detail = text("not in the policy")};

	(void)state;
	expect(&m, "not in the policy");
	m.detail = (struct bytes){NULL, 0};
	expect(&m, "");
	/* the frame goes on behind the words */
	m.detail = (struct bytes){(const uint8_t *)"not more", 3};
	expect(&m, "not");
}

static void
test_native(void **state)
{
	struct msg_refused m = refused("native-per-day", "used up", 1500000000000000000, 59);

	(void)state;
	expect(&m, "used up; 1.5 native are left now, and enough is there in 59 s");
	m.seconds = 60;
	expect(&m, "used up; 1.5 native are left now, and enough is there in 1 min");
	m.seconds = 61; /* rounded up: who comes after 1 min is refused again */
	expect(&m, "used up; 1.5 native are left now, and enough is there in 2 min");
	m.seconds = 3541;
	expect(&m, "used up; 1.5 native are left now, and enough is there in 1 h 0 min");
	m.seconds = 86400;
	expect(&m, "used up; 1.5 native are left now, and enough is there in 24 h 0 min");
	m.seconds = 0;
	expect(&m, "used up; 1.5 native are left now, and this much never fits: it is above the "
	           "cap of a day");
	m = refused("native-per-transaction", "too much", 1000000000000000000, 0);
	expect(&m, "too much; the cap is 1 native");
}

static void
test_tokens(void **state)
{
	struct msg_refused m = refused("token-per-day", "used up", 12500000, 7260);

	(void)state;
	memset(token, 0, sizeof token);
	token[0] = 0x70;
	m.token = (struct bytes){token, sizeof token};
	expect(&m, "used up; 12.5 USDC are left now, and enough is there in 2 h 1 min");
	m.rule = text("token-per-transaction");
	expect(&m, "used up; the cap is 12.5 USDC");
	memset(token, 0xab, sizeof token); /* no longer among the settings */
	expect(&m, "used up; the cap is 12500000 base units of "
	           "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB");
}

static void
test_a_small_room(void **state)
{
	const struct msg_refused m = refused("native-per-transaction", "too much", 1, 0);
	char got[12];

	(void)state;
	refusal_text(&options, &m, got, sizeof got);
	assert_string_equal(got, "too much; t");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words_alone),
	    cmocka_unit_test(test_native),
	    cmocka_unit_test(test_tokens),
	    cmocka_unit_test(test_a_small_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
