/* Event digests, replay, the measurement of a boot, and report data: formulas by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <openssl/sha.h>

#include "base/err.h"
#include "base/hex.h"
#include "tdx/measurement.h"
#include "tdx/report_data.h"
#include "base/banned.h"

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct event
event_of(const char *type, const char *name, const char *payload)
{
	return (struct event){
	    .rtmr = EVENT_RTMR, .type = text(type), .name = text(name), .payload = text(payload)};
}

/* The bytes written out, and hashed by somebody else's call. */
static void
test_digest_formula(void **state)
{
	static const uint8_t plain[] = "selfsame/event/v1\0"
				       "\0\0\0\6binary"
				       "\0\0\0\3abc"
				       "\0\0\0\2xy";
	const struct event e = event_of("binary", "abc", "xy");
	uint8_t want[48], got[48];

	(void)state;
	SHA384(plain, sizeof plain - 1, want);
	assert_int_equal(event_digest(&e, got), 0);
	assert_memory_equal(got, want, 48);
}

/* No two ways to cut the same characters into an event share a digest. */
static void
test_digest_is_injective(void **state)
{
	const struct event e[] = {event_of("a", "bc", "d"), event_of("ab", "c", "d"),
				  event_of("a", "b", "cd"), event_of("abc", "d", "")};
	uint8_t digest[ARRAY_LEN(e)][48];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(e); i++) {
		assert_int_equal(event_digest(&e[i], digest[i]), 0);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(digest[i], digest[k], 48);
	}
}

static void
test_bounds(void **state)
{
	static const uint8_t big[EVENT_PAYLOAD_MAX + 1];
	static struct event_log log;
	uint8_t out[48];
	struct event e = event_of("", "n", "");

	(void)state;
	assert_int_equal(event_digest(&e, out), ERR_RANGE);
	e = event_of("t", "", "");
	assert_int_equal(event_digest(&e, out), ERR_RANGE);
	e = event_of("t", "n", "");
	e.name = (struct bytes){big, EVENT_TEXT_MAX + 1};
	assert_int_equal(event_digest(&e, out), ERR_RANGE);
	e = event_of("t", "n", "");
	e.payload = (struct bytes){big, sizeof big};
	assert_int_equal(event_digest(&e, out), ERR_RANGE);
	e.payload.len = EVENT_PAYLOAD_MAX;
	assert_int_equal(event_digest(&e, out), 0);
	for (size_t i = 0; i < EVENT_LOG_MAX; i++)
		assert_int_equal(event_log_add(&log, "t", text("n"), text("")), 0);
	assert_int_equal(event_log_add(&log, "t", text("n"), text("")), ERR_FULL);
	assert_int_equal(log.count, EVENT_LOG_MAX);
}

static void
test_replay(void **state)
{
	static struct event_log log;
	struct rtmr_bank bank;
	uint8_t want[96] = {0};
	size_t bad = 99;

	(void)state;
	log.count = 0;
	assert_int_equal(event_log_replay(&log, &bank, &bad), 0);
	assert_int_equal(bank.extended[EVENT_RTMR], 0);
	assert_int_equal(event_log_add(&log, "mode", text("mode"), text("x")), 0);
	assert_int_equal(event_log_add(&log, "binary", text("p"), text("y")), 0);
	assert_int_equal(event_log_replay(&log, &bank, &bad), 0);
	for (size_t i = 0; i < 2; i++) {
		memcpy(want + 48, log.event[i].digest, 48);
		SHA384(want, sizeof want, want);
	}
	assert_memory_equal(bank.value[EVENT_RTMR], want, 48);
	assert_int_equal(bank.extended[EVENT_RTMR], 2);
	assert_int_equal(bank.extended[0], 0);
	/* a digest that is not the content's, a register that there is not */
	log.event[1].digest[47] ^= 1;
	assert_int_equal(event_log_replay(&log, &bank, &bad), ERR_EVIDENCE);
	assert_int_equal(bad, 1);
	log.event[1].digest[47] ^= 1;
	log.event[1].payload = text("z");
	assert_int_equal(event_log_replay(&log, &bank, &bad), ERR_EVIDENCE);
	log.event[1].payload = text("y");
	log.event[1].rtmr = RTMR_COUNT;
	assert_int_equal(event_log_replay(&log, &bank, &bad), ERR_RANGE);
}

/* Order and repetition count. */
static void
test_replay_order(void **state)
{
	static struct event_log a, b;
	struct rtmr_bank x, y;
	size_t bad;

	(void)state;
	assert_int_equal(event_log_add(&a, "t", text("1"), text("")), 0);
	assert_int_equal(event_log_add(&a, "t", text("2"), text("")), 0);
	assert_int_equal(event_log_add(&b, "t", text("2"), text("")), 0);
	assert_int_equal(event_log_add(&b, "t", text("1"), text("")), 0);
	assert_int_equal(event_log_replay(&a, &x, &bad), 0);
	assert_int_equal(event_log_replay(&b, &y, &bad), 0);
	assert_memory_not_equal(x.value[EVENT_RTMR], y.value[EVENT_RTMR], 48);
	assert_int_equal(event_log_add(&a, "t", text("2"), text("")), 0);
	assert_int_equal(event_log_replay(&a, &y, &bad), 0);
	assert_memory_not_equal(x.value[EVENT_RTMR], y.value[EVENT_RTMR], 48);
}

#define HASH_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static void
test_measurement(void **state)
{
	static struct measurement m;
	static const char settings[] = "{\"SELFSAME_CHAIN_ID\":\"137\"}";
	uint8_t hash[32];

	(void)state;
	assert_int_equal(
	    measurement_make(text("simulated-dev"), text(settings),
			     text("{\"alpha\":\"" HASH_A "\",\"beta\":\"" HASH_B "\"}"), &m),
	    0);
	assert_int_equal(m.log.count, 4);
	assert_memory_equal(m.log.event[0].type.p, "mode", 4);
	assert_memory_equal(m.log.event[0].payload.p, "simulated-dev", 13);
	assert_memory_equal(m.log.event[1].type.p, "settings", 8);
	SHA256((const uint8_t *)settings, strlen(settings), hash);
	assert_int_equal(m.log.event[1].payload.len, 32);
	assert_memory_equal(m.log.event[1].payload.p, hash, 32);
	assert_memory_equal(m.log.event[3].type.p, "binary", 6);
	assert_memory_equal(m.log.event[3].name.p, "beta", 4);
	assert_int_equal(hex_decode(HASH_B, 64, hash, 32), 0);
	assert_memory_equal(m.log.event[3].payload.p, hash, 32);
	assert_int_equal(measurement_make(text("m"), text("{}"), text("{}"), &m), 0);
	assert_int_equal(m.log.count, 2);
}

static void
test_measurement_refuses(void **state)
{
	static const char *const bad[] = {
	    "",
	    "{",
	    "[]",
	    "{}x",
	    " {}",
	    "{\"a\"}",
	    "{\"a\":\"\"}",
	    "{\"a\":\"" HASH_A "\"",
	    "{\"a\":\"" HASH_A "\",}",
	    "{\"a\": \"" HASH_A "\"}",
	    "{\"a\":\"0x" HASH_A "\"}",
	    "{\"a\":\"" HASH_A "00\"}",
	    "{\"a\":\"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\"}",
	    "{\"\":\"" HASH_A "\"}",
	    "{\"a b\":\"" HASH_A "\"}",
	    "{\"a\\u0062\":\"" HASH_A "\"}",
	    "{\"b\":\"" HASH_A "\",\"a\":\"" HASH_A "\"}", /* not sorted */
	    "{\"a\":\"" HASH_A "\",\"a\":\"" HASH_A "\"}", /* twice */
	    "{\"ab\":\"" HASH_A "\",\"a\":\"" HASH_A "\"}",
	    "{\"a\":{}}",
	};
	static struct measurement m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (measurement_make(text("m"), text("{}"), text(bad[i]), &m) != ERR_PARSE)
			fail_msg("case %zu was not refused", i);
	assert_int_equal(measurement_make(text(""), text("{}"), text("{}"), &m), 0);
}

static void
test_report_data(void **state)
{
	static const uint8_t plain[] = "selfsame/statement/v1\0{\"a\":1}";
	uint8_t want[64], got[64];

	(void)state;
	SHA512(plain, sizeof plain - 1, want);
	assert_int_equal(report_data_of(text("{\"a\":1}"), got), 0);
	assert_memory_equal(got, want, 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_digest_formula),
	    cmocka_unit_test(test_digest_is_injective),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_replay),
	    cmocka_unit_test(test_replay_order),
	    cmocka_unit_test(test_measurement),
	    cmocka_unit_test(test_measurement_refuses),
	    cmocka_unit_test(test_report_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
