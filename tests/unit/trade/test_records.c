#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <stdio.h>

#include "agent/record.h"
#include "base/err.h"
#include "trade/records.h"

static struct records *records;
static uint8_t bytes[RECORD_BYTES_MAX];

static int
setup(void **state)
{
	(void)state;
	return records_new(4, &records);
}

static int
teardown(void **state)
{
	(void)state;
	records_free(records);
	return 0;
}

static struct bytes
record_of(uint64_t version)
{
	static uint8_t policy_bytes[POLICY_BYTES_MAX];
	const struct policy policy = {.actions = POLICY_SPLIT};
	struct writer pw = writer_of(policy_bytes, sizeof policy_bytes);
	struct writer w = writer_of(bytes, sizeof bytes);
	struct agent_record rec = {.id_len = 1,
				   .id = "a",
				   .scheme = SCHEME_BOUND,
				   .controller_kind = CONTROLLER_API_KEY,
				   .record_version = version,
				   .key_version = 1,
				   .policy_version = 1};
	size_t len;

	policy_write(&pw, &policy);
	assert_int_equal(writer_end(&pw, &len), 0);
	rec.policy = (struct bytes){policy_bytes, len};
	record_write(&w, &rec);
	assert_int_equal(writer_end(&w, &len), 0);
	return (struct bytes){bytes, len};
}

static void
note(const char *id, uint64_t version, uint8_t mac)
{
	uint8_t mac32[32];

	memset(mac32, mac, sizeof mac32);
	records_note(records, id, record_of(version), mac32);
}

/* The mac's byte of the newest record, or -1. */
static int
latest(const char *id)
{
	struct bytes record;
	uint8_t mac32[32];

	return records_latest(records, id, &record, mac32) == 0 ? mac32[0] : -1;
}

static void
test_the_newest_version_stays(void **state)
{
	(void)state;
	assert_int_equal(latest("a"), -1);
	note("a", 5, 1);
	note("a", 4, 2);
	note("a", 5, 3);
	assert_int_equal(latest("a"), 1);
	note("a", 6, 4);
	assert_int_equal(latest("a"), 4);
	assert_int_equal(records_count(records), 1);
}

static void
test_what_is_no_record_is_not_kept(void **state)
{
	struct bytes record = record_of(9);
	uint8_t mac32[32] = {7};

	(void)state;
	record.len--;
	records_note(records, "a", record, mac32);
	assert_int_equal(latest("a"), -1);
}

static void
test_the_one_not_used_for_longest_goes(void **state)
{
	(void)state;
	note("a", 1, 1);
	note("b", 1, 2);
	note("c", 1, 3);
	note("d", 1, 4);
	assert_int_equal(latest("a"), 1);
	note("e", 1, 5);
	assert_int_equal(records_count(records), 4);
	assert_int_equal(latest("b"), -1);
	assert_int_equal(latest("a"), 1);
	assert_int_equal(latest("e"), 5);
}

static void
test_one_whose_commit_is_under_way_stays(void **state)
{
	char id[16];

	(void)state;
	note("a", 1, 1);
	records_pin(records, "a");
	records_pin(records, "a");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(id, sizeof id, "x%d", i);
		note(id, 1, 9);
	}
	assert_int_equal(latest("a"), 1);
	records_unpin(records, "a");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(id, sizeof id, "y%d", i);
		note(id, 1, 9);
	}
	assert_int_equal(latest("a"), 1);
	records_unpin(records, "a");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(id, sizeof id, "z%d", i);
		note(id, 1, 9);
	}
	assert_int_equal(latest("a"), -1);
	/* nothing to pin is no harm */
	records_pin(records, "nobody");
	records_unpin(records, "nobody");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_the_newest_version_stays),
	    TEST(test_what_is_no_record_is_not_kept),
	    TEST(test_the_one_not_used_for_longest_goes),
	    TEST(test_one_whose_commit_is_under_way_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
