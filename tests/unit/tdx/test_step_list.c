/* A list of three steps: its words, and the first step that is open or failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tdx/step_list.h"
#include "base/banned.h"

#define STEPS(S) S(FIRST, "first", "one") S(SECOND, "second", "two") S(THIRD, "third", "three")

enum step {
#define S(id, name, text) id,
	STEPS(S)
#undef S
	COUNT
};

static const struct step_list list = {
    .count = COUNT,
    .step = (const struct step_words[]){STEPS(STEP_WORDS)},
};

static void
test_words(void **state)
{
	(void)state;
	assert_string_equal(step_list_name(&list, FIRST), "first");
	assert_string_equal(step_list_text(&list, FIRST), "one");
	assert_string_equal(step_list_name(&list, THIRD), "third");
	assert_string_equal(step_list_text(&list, THIRD), "three");
	assert_string_equal(step_list_name(&list, COUNT), "?");
	assert_string_equal(step_list_text(&list, COUNT), "?");
}

static void
test_all_passed(void **state)
{
	const struct tdx_check check[COUNT] = {
	    {TDX_PASSED, TDX_HOLDS}, {TDX_PASSED, TDX_HOLDS}, {TDX_PASSED, TDX_HOLDS}};

	(void)state;
	assert_int_equal(step_list_open(&list, check, 0), COUNT);
	assert_int_equal(step_list_failed(&list, check, 0), COUNT);
}

/* What was not checked is open, but no failure. */
static void
test_first(void **state)
{
	const struct tdx_check check[COUNT] = {{TDX_PASSED, TDX_HOLDS},
					       {TDX_NOT_CHECKED, TDX_HOLDS},
					       {TDX_FAILED, TDX_QUOTE_SIGNATURE}};

	(void)state;
	assert_int_equal(step_list_open(&list, check, 0), SECOND);
	assert_int_equal(step_list_failed(&list, check, 0), THIRD);
	assert_int_equal(step_list_open(&list, check, THIRD), THIRD);
	assert_int_equal(step_list_open(&list, check, COUNT), COUNT);
	assert_int_equal(step_list_failed(&list, check, COUNT), COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_all_passed),
	    cmocka_unit_test(test_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
