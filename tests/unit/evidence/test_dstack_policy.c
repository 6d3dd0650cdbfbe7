#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "evidence/dstack_images.h"
#include "evidence/dstack_policy.h"
#include "base/banned.h"

#define ID_20 "fdb7a14e5a6675f752e2cb69c9067a98ca402918"
#define HASH "1111111111111111111111111111111111111111111111111111111111111111"
#define MR HASH "11111111111111111111111111111111"
#define ROOT "0334c76e0c3f52ec64cbf9bbf5c910c272330166fd656c0a86bb330963e46910e1"

static struct dstack_policy policy;
static struct json_error error;

static int
read_policy(const char *json)
{
	struct json_in in;
	int r;

	if (json_in_open(json, strlen(json), &in, &error) != 0)
		return error.err;
	dstack_policy_read(&in, &policy);
	r = json_in_close(&in);
	json_in_free(&in);
	return r;
}

static void
test_reads(void **state)
{
	struct dstack_question q = {.nonce = DSTACK_SEEN};

	(void)state;
	assert_int_equal(read_policy("{}"), 0);
	dstack_policy_ask(&policy, &q);
	assert_null(q.app_id);
	assert_null(q.os);
	assert_null(q.kms_root);
	assert_false(q.os_images.given || q.compose_hashes.given || q.kms_ca.len > 0);
	assert_int_equal(q.nonce, DSTACK_SEEN);
	assert_int_equal(
	    read_policy("{\"appId\":\"" ID_20 "\",\"composeHashes\":[\"" HASH "\",\"" HASH
			"\"],\"composeReviewed\":true,\"osMeasurements\":[{\"mrtd\":\"" MR
			"\",\"rtmr0\":\"" MR "\",\"rtmr1\":\"" MR "\",\"rtmr2\":\"" MR
			"\"}],\"osImages\":[],\"devImages\":[\"" HASH "\"],"
			"\"kmsCa\":\"3059\",\"kmsRoot\":\"" ROOT "\",\"mrKms\":[\"" HASH
			"\"],\"devices\":[\"" HASH "\"]}"),
	    0);
	dstack_policy_ask(&policy, &q);
	assert_int_equal(q.app_id[0], 0xfd);
	assert_int_equal(q.compose_hashes.count, 2);
	assert_int_equal(q.compose_hashes.values[63], 0x11);
	assert_true(q.compose_reviewed);
	assert_int_equal(q.os_count, 1);
	assert_int_equal(q.os[0].rtmr[2][47], 0x11);
	assert_true(q.os_images.given && q.os_images.count == 0); /* none is allowed */
	assert_int_equal(q.dev_images.count, 1);
	assert_int_equal(q.kms_ca.len, 2);
	assert_int_equal(q.kms_root[0], 0x03);
	assert_true(q.mr_kms.count == 1 && q.devices.count == 1);
}

/* The releases known here, without those for development. */
static void
test_releases(void **state)
{
	size_t production = 0;

	(void)state;
	assert_int_equal(read_policy("{\"osImages\":[\"" HASH "\"],\"osReleases\":true}"), 0);
	for (size_t i = 0; dstack_image_at(i) != NULL; i++)
		production += !dstack_image_at(i)->is_dev;
	assert_true(production > 0);
	assert_int_equal(policy.os_images.count, 1 + production);
	for (size_t i = 1; i < policy.os_images.count; i++)
		assert_false(dstack_image_find(policy.os_images.hash[i])->is_dev);
	assert_int_equal(read_policy("{\"osReleases\":false}"), 0);
	assert_false(policy.os_images.given);
	assert_null(dstack_image_find((const uint8_t[32]){1}));
}

static void
test_refuses(void **state)
{
	static const struct {
		const char *json;
		const char *field;
	} cases[] = {
	    {"{\"appId\":\"fd\"}", "appId"},
	    {"{\"appId\":7}", "appId"},
	    {"{\"composeHashes\":\"" HASH "\"}", "composeHashes"},
	    {"{\"composeHashes\":[\"0x" HASH "\"]}", "composeHashes"},
	    {"{\"composeHashes\":[7]}", "composeHashes"},
	    {"{\"composeReviewed\":1}", "composeReviewed"},
	    {"{\"osMeasurements\":{}}", "osMeasurements"},
	    {"{\"osMeasurements\":[7]}", "osMeasurements[0]"},
	    {"{\"osMeasurements\":[{\"mrtd\":\"" MR "\"}]}", "osMeasurements[0].rtmr0"},
	    {"{\"osMeasurements\":[{\"mrtd\":\"" MR "\",\"rtmr0\":\"" MR "\",\"rtmr1\":\"" MR
	     "\",\"rtmr2\":\"" MR "\",\"rtmr3\":\"" MR "\"}]}",
	     "osMeasurements[0].rtmr3"},
	    {"{\"osImages\":[\"" MR "\"]}", "osImages"},
	    {"{\"devImages\":[\"\"]}", "devImages"},
	    {"{\"kmsCa\":\"305\"}", "kmsCa"},
	    {"{\"kmsCa\":\"\"}", "kmsCa"},
	    {"{\"kmsRoot\":\"" HASH "\"}", "kmsRoot"},
	    {"{\"kmsRoot\":\"05" HASH "\"}", "kmsRoot"},
	    {"{\"mrKms\":[\"" ID_20 "\"]}", "mrKms"},
	    {"{\"devices\":[null]}", "devices"},
	    {"{\"app_id\":\"" ID_20 "\"}", "app_id"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_not_equal(read_policy(cases[i].json), 0);
		assert_string_equal(error.field, cases[i].field);
		assert_true(error.text[0] != '\0');
	}
}

static void
test_bounds(void **state)
{
	static char json[8192];
	size_t n = (size_t)snprintf(json, sizeof json, "{\"osReleases\":true,\"osImages\":[");

	(void)state;
	for (unsigned i = 0; i < DSTACK_LIST_MAX; i++)
		n += (size_t)snprintf(json + n, sizeof json - n, "%s\"" HASH "\"",
				      i == 0 ? "" : ",");
	(void)snprintf(json + n, sizeof json - n, "]}");
	assert_int_equal(read_policy(json), ERR_RANGE);
	assert_string_equal(error.field, "osImages");
	(void)snprintf(json + n, sizeof json - n, ",\"" HASH "\"]}");
	assert_int_equal(read_policy(json), ERR_PARSE);
	assert_string_equal(error.field, "osImages");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads),
	    cmocka_unit_test(test_releases),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
