/* Facts and their outline: names and texts that are safe to print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/facts.h"
#include "cli/outline.h"
#include "base/banned.h"

static struct facts f;

static int
setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof f);
	return 0;
}

static void
test_added(void **state)
{
	const uint8_t bytes[] = {0x01, 0xab};

	(void)state;
	facts_add_hex(&f, "hex", bytes, sizeof bytes);
	facts_add_text(&f, "text", "a\n\x1b[31mb\xff");
	facts_add_text(&f, "empty", "");
	facts_add_member(&f, "settings", "NAME", (struct bytes){(const uint8_t *)"1", 1});
	assert_int_equal(f.count, 3);
	assert_string_equal(facts_find(&f, "hex"), "01ab");
	assert_string_equal(facts_find(&f, "text"), "a??[31mb?");
	assert_string_equal(facts_find(&f, "settings.NAME"), "1");
	assert_null(facts_find(&f, "empty"));
}

static void
test_bounds(void **state)
{
	static uint8_t long_bytes[400];
	static char long_name[200];

	(void)state;
	memset(long_name, 'n', sizeof long_name - 1);
	facts_add_hex(&f, "long", long_bytes, sizeof long_bytes);
	assert_true(strlen(facts_find(&f, "long")) < FACT_TEXT_MAX);
	facts_add_member(&f, "settings", long_name, (struct bytes){long_bytes, 1});
	assert_true(strlen(f.fact[1].name) < FACT_NAME_MAX);
	for (int i = 0; i < 2 * FACTS_MAX; i++)
		facts_add_text(&f, "x", "y");
	assert_int_equal(f.count, FACTS_MAX);
}

/* What the outline of some JSON is, escaped and bounded in depth. */
static void
assert_outline(const char *json, const char *want)
{
	json_t *root = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_true(root != NULL && out != NULL);
	outline_print(out, root);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
	json_decref(root);
}

static void
test_outline(void **state)
{
	static char deep[256];

	(void)state;
	assert_outline("{\"a\":1,\"b\":\"x\\u001b\"}",
		       "a                       1\nb                       x?\n");
	assert_outline("{\"l\":[1,2,true,null]}", "l                       1 2 yes -\n");
	assert_outline("{\"o\":{\"i\":\"v\"}}",
		       "o                       \n  i                     v\n");
	assert_outline(
	    "{\"l\":[{\"i\":\"v\"}]}",
	    "l                       \n  0                     \n    i                   v\n");
	for (int i = 0; i < 40; i++)
		memcpy(deep + 5 * i, "{\"a\":", 5);
	memcpy(deep + 200, "1", 1);
	memset(deep + 201, '}', 40);
	{
		json_t *root = json_loads(deep, 0, NULL);
		FILE *out = fopen("/dev/null", "w");

		assert_true(root != NULL && out != NULL);
		outline_print(out, root);
		fclose(out);
		json_decref(root);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_added, setup),
	    cmocka_unit_test_setup(test_bounds, setup),
	    cmocka_unit_test(test_outline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
