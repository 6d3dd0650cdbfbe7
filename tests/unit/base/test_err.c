#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/err.h"

static const int all[] = {
#define ERR(name, number, text) name,
#include "base/err.def"
#undef ERR
};

static void
test_names_and_texts(void **state)
{
	(void)state;
	assert_string_equal(err_name(0), "ERR_NONE");
	assert_string_equal(err_name(ERR_PARSE), "ERR_PARSE");
	assert_string_equal(err_text(ERR_PARSE), "malformed input");
	assert_string_equal(err_name(1), "ERR_?");
	assert_string_equal(err_name(-100000), "ERR_?");
	assert_string_equal(err_text(1), "unknown error");
}

/* They cross process borders as numbers: each once, all negative, none shared. */
static void
test_numbers(void **state)
{
	(void)state;
	assert_int_equal(ERR_PARSE, -1);
	assert_int_equal(ERR_EVIDENCE, -38);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		assert_true(all[i] < 0);
		assert_string_not_equal(err_text(all[i]), "unknown error");
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(all[i], all[k]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names_and_texts),
	    cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
