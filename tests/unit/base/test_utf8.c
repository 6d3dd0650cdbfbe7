/* UTF-8: the borders of every length, against a decoder written from the definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "base/utf8.h"
#include "base/banned.h"

static void
test_lengths(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
	    {"\x01", 1}, {"\x7f", 1}, {"\xc2\x80", 2}, {"\xdf\xbf", 2}, {"\xe0\xa0\x80", 3},
	    {"\xed\x9f\xbf", 3}, {"\xee\x80\x80", 3}, {"\xef\xbf\xbf", 3},
	    {"\xf0\x90\x80\x80", 4}, {"\xf4\x8f\xbf\xbf", 4},
	    /* overlong, surrogates, too large, tails alone, cut short, a tail that is none */
	    {"\xc0\x80", 0}, {"\xc1\xbf", 0}, {"\xe0\x9f\xbf", 0}, {"\xf0\x8f\xbf\xbf", 0},
	    {"\xed\xa0\x80", 0}, {"\xed\xbf\xbf", 0}, {"\xf4\x90\x80\x80", 0},
	    {"\xf5\x80\x80\x80", 0}, {"\xff", 0}, {"\x80", 0}, {"\xbf", 0}, {"\xc2", 0},
	    {"\xe0\xa0", 0}, {"\xf0\x90\x80", 0}, {"\xc2\x41", 0}, {"\xe1\x80\xc0", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const uint8_t *p = (const uint8_t *)cases[i].text;
		size_t len = strlen(cases[i].text);

		if (utf8_length(p, len) != cases[i].length)
			fail_msg("case %zu", i);
		assert_int_equal(utf8_is_text((struct bytes){p, len}), cases[i].length != 0);
	}
}

static void
test_text(void **state)
{
	(void)state;
	assert_true(utf8_is_text((struct bytes){NULL, 0}));
	assert_true(utf8_is_text((struct bytes){(const uint8_t *)"a\xc3\xa4\n", 4}));
	assert_false(utf8_is_text((struct bytes){(const uint8_t *)"a\0b", 3}));
	assert_false(utf8_is_text((struct bytes){(const uint8_t *)"a\xc3", 2}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
