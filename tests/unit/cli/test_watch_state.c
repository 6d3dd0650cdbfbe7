/* The state of a watch, as its history gives it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cli/watch_state.h"
#include "base/banned.h"

static struct watch_state s;

static int
setup(void **state)
{
	(void)state;
	watch_state_free(&s);
	return 0;
}

static void
apply(const char *text)
{
	json_t *entry = json_loads(text, 0, NULL);

	assert_non_null(entry);
	watch_state_apply(&s, entry, text);
	json_decref(entry);
}

static void
test_observations(void **state)
{
	struct watch_target *t;

	(void)state;
	apply("{\"type\":\"start\",\"time\":\"2026-05-28T20:26:40Z\"}");
	assert_int_equal(s.target_count, 0);
	apply("{\"type\":\"observation\",\"url\":\"a\",\"time\":\"2026-05-28T20:26:40Z\","
	      "\"holds\":true,\"tcbStatus\":\"UpToDate\"}");
	apply("{\"type\":\"observation\",\"url\":\"b\",\"time\":\"x\",\"holds\":false}");
	assert_int_equal(s.target_count, 2);
	t = watch_state_target(&s, "a");
	assert_int_equal(t->recorded, 1780000000);
	assert_non_null(t->base);
	assert_null(watch_state_target(&s, "b")->base);
	/* what does not hold replaces the last, and not what is compared with */
	apply("{\"type\":\"observation\",\"url\":\"a\",\"time\":\"x\",\"holds\":false,\"code\":"
	      "\"C\"}");
	assert_non_null(json_object_get(t->last, "code"));
	assert_null(json_object_get(t->base, "code"));
	assert_false(s.failed);
}

static void
test_alerts(void **state)
{
	struct watch_target *t = watch_state_target(&s, "a");

	(void)state;
	apply("{\"type\":\"alert\",\"url\":\"a\",\"seq\":1,\"alert\":\"unreachable\"}");
	assert_true(t->unreachable);
	apply("{\"type\":\"alert\",\"url\":\"a\",\"seq\":2,\"alert\":\"recovered\"}");
	assert_false(t->unreachable);
	apply("{\"type\":\"alert\",\"url\":\"a\",\"seq\":3,\"alert\":\"expiry-near\","
	      "\"item\":\"collateralUntil\",\"until\":\"u\"}");
	assert_string_equal(json_string_value(json_object_get(t->warned, "collateralUntil")), "u");
	assert_int_equal(s.pending_count, 0);
}

static void
test_deliveries(void **state)
{
	char text[128];

	(void)state;
	for (int i = 1; i <= 40; i++) {
		assert_true(snprintf(text, sizeof text,
				     "{\"type\":\"alert\",\"url\":\"a\",\"seq\":%d,\"alert\":\"x\","
				     "\"webhook\":true}",
				     i) > 0);
		apply(text);
	}
	assert_int_equal(s.pending_count, 40);
	assert_int_equal(s.pending[0].seq, 1);
	assert_non_null(strstr(s.pending[0].line, "\"seq\":1,"));
	apply("{\"type\":\"delivered\",\"alert\":1}");
	apply("{\"type\":\"delivered\",\"alert\":40}");
	apply("{\"type\":\"delivered\",\"alert\":99}");
	assert_int_equal(s.pending_count, 38);
	assert_int_equal(s.pending[0].seq, 2);
	assert_int_equal(s.pending[37].seq, 39);
}

static void
test_too_many_urls(void **state)
{
	char url[16];

	(void)state;
	for (int i = 0; i < WATCH_TARGETS_MAX; i++) {
		assert_true(snprintf(url, sizeof url, "u%d", i) > 0);
		assert_non_null(watch_state_target(&s, url));
	}
	assert_null(watch_state_target(&s, "one more"));
	assert_non_null(watch_state_target(&s, "u5"));
	apply("{\"type\":\"alert\",\"url\":\"one more\",\"seq\":1,\"alert\":\"x\"}");
	assert_true(s.failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_observations, setup),
	    cmocka_unit_test_setup(test_alerts, setup),
	    cmocka_unit_test_setup(test_deliveries, setup),
	    cmocka_unit_test_setup_teardown(test_too_many_urls, setup, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
