#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hex.h"
#include "evidence/dstack_facts.h"
#include "base/banned.h"

static struct dstack_log events;
static struct dstack_facts facts;

static void
put(const char *name, const char *hex)
{
	uint8_t payload[512];
	size_t n = strlen(hex) / 2;
	struct dstack_entry e = {.imr = 3,
				 .type = DSTACK_EVENT_TYPE,
				 .version = 1,
				 .name = {(const uint8_t *)name, strlen(name)},
				 .payload = {payload, n}};

	assert_int_equal(hex_decode(hex, 2 * n, payload, n), 0);
	assert_int_equal(dstack_log_add(&events, &e), TDX_HOLDS);
}

#define APP_ID "fdb7a14e5a6675f752e2cb69c9067a98ca402918"
#define HASH_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HASH_2 "2222222222222222222222222222222222222222222222222222222222222222"

/* {"name":"kms","id":"3059"} */
#define KMS "7b226e616d65223a226b6d73222c226964223a2233303539227d"

static enum tdx_reason
read_with(const char *name, const char *hex)
{
	dstack_log_reset(&events);
	put("app-id", APP_ID);
	put("compose-hash", HASH_1);
	if (name != NULL)
		put(name, hex);
	put("system-ready", "");
	return dstack_facts_read(&events, &facts);
}

static void
test_all_of_them(void **state)
{
	(void)state;
	dstack_log_reset(&events);
	put("system-preparing", "");
	put("app-id", APP_ID);
	put("compose-hash", HASH_1);
	put("instance-id", APP_ID);
	put("boot-mr-done", "");
	put("mr-kms", HASH_2);
	put("os-image-hash", HASH_1);
	put("rootfs-hash", HASH_2);
	put("key-provider", KMS);
	put("system-ready", "");
	assert_int_equal(dstack_facts_read(&events, &facts), TDX_HOLDS);
	assert_int_equal(facts.app_id[0], 0xfd);
	assert_int_equal(facts.compose_hash[31], 0x11);
	assert_true(facts.has_instance_id && facts.has_mr_kms && facts.has_os_image);
	assert_true(facts.has_rootfs);
	assert_int_equal(facts.mr_kms[0], 0x22);
	assert_int_equal(facts.provider, DSTACK_PROVIDER_KMS);
	assert_int_equal(facts.provider_id_len, 2);
	assert_memory_equal(facts.provider_id, "\x30\x59", 2);
	assert_string_equal(dstack_provider_name(facts.provider), "kms");
}

static void
test_what_may_be_absent(void **state)
{
	(void)state;
	assert_int_equal(read_with(NULL, NULL), TDX_HOLDS);
	assert_false(facts.has_instance_id || facts.has_mr_kms || facts.has_os_image);
	assert_int_equal(facts.provider, DSTACK_PROVIDER_ABSENT);
	assert_null(dstack_provider_name(facts.provider));
	/* an application without an instance id measures an empty one */
	assert_int_equal(read_with("instance-id", ""), TDX_HOLDS);
	assert_false(facts.has_instance_id);
}

static void
test_refuses(void **state)
{
	(void)state;
	assert_int_equal(read_with("instance-id", "00"), DSTACK_LOG_PAYLOAD);
	assert_int_equal(read_with("mr-kms", ""), DSTACK_LOG_PAYLOAD);
	assert_int_equal(read_with("os-image-hash", APP_ID), DSTACK_LOG_PAYLOAD);
	dstack_log_reset(&events);
	put("compose-hash", HASH_1);
	put("system-ready", "");
	assert_int_equal(dstack_facts_read(&events, &facts), DSTACK_LOG_MISSING);
	dstack_log_reset(&events);
	put("app-id", APP_ID);
	put("system-ready", "");
	assert_int_equal(dstack_facts_read(&events, &facts), DSTACK_LOG_MISSING);
	put("compose-hash", HASH_1); /* the application's */
	assert_int_equal(dstack_facts_read(&events, &facts), DSTACK_LOG_MISSING);
	dstack_log_reset(&events);
	put("app-id", APP_ID);
	put("compose-hash", HASH_1);
	assert_int_equal(dstack_facts_read(&events, &facts), DSTACK_LOG_NOT_READY);
}

static void
test_refuses_provider(void **state)
{
	static const char *const payloads[] = {
	    "",
	    "7b7d",							/* {} */
	    "7b226e616d65223a226b6d73227d",				/* {"name":"kms"} */
	    "7b226e616d65223a22736d6b222c226964223a22227d",		/* {"name":"smk","id":""} */
	    "7b226e616d65223a226b6d73222c226964223a22333035227d",	/* "id":"305" */
	    "7b226e616d65223a226b6d73222c226964223a22222c2278223a317d", /* ,"x":1 */
	    "7b226e616d65223a226b6d73222c226964223a22222c226964223a22227d", /* id twice */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(payloads); i++)
		assert_int_equal(read_with("key-provider", payloads[i]), DSTACK_LOG_PAYLOAD);
	/* {"name":"none","id":""} */
	assert_int_equal(
	    read_with("key-provider", "7b226e616d65223a226e6f6e65222c226964223a22227d"), TDX_HOLDS);
	assert_int_equal(facts.provider, DSTACK_PROVIDER_NONE);
	assert_int_equal(facts.provider_id_len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_of_them),
	    cmocka_unit_test(test_what_may_be_absent),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_refuses_provider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
