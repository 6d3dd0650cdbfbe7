/* Times of documents: one form, only those that exist. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "tdx/utc.h"
#include "base/banned.h"

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static void
test_both_ways(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* by date(1) */
	} times[] = {
	    {"1970-01-01T00:00:00Z", 0},	   {"1969-12-31T23:59:59Z", -1},
	    {"1950-01-01T00:00:00Z", -631152000},  {"2000-02-29T12:34:56Z", 951827696},
	    {"2018-01-04T00:00:00Z", 1515024000},  {"2024-02-29T00:00:00Z", 1709164800},
	    {"2024-12-31T23:59:59Z", 1735689599},  {"2026-05-28T20:26:40Z", 1780000000},
	    {"2049-12-31T23:59:59Z", 2524607999},  {"2100-03-01T00:00:00Z", 4107542400},
	    {"9999-12-31T23:59:59Z", 253402300799},
	};
	char text[UTC_TEXT_LEN + 1];
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		assert_int_equal(utc_parse(bytes_of(times[i].text), &seconds), 0);
		assert_int_equal(seconds, times[i].seconds);
		utc_format(times[i].seconds, text);
		assert_string_equal(text, times[i].text);
	}
}

/* Every day of four centuries, the last second before it and back. */
static void
test_every_day(void **state)
{
	char text[UTC_TEXT_LEN + 1];
	int64_t seconds;

	(void)state;
	for (int64_t day = -7305; day < -7305 + 146097; day++) {
		utc_format(day * 86400 - 1 + 86400, text);
		assert_int_equal(utc_parse(bytes_of(text), &seconds), 0);
		assert_int_equal(seconds, day * 86400 + 86399);
	}
}

static void
test_refused(void **state)
{
	static const char *const texts[] = {
	    "",
	    "2024-03-13T00:00:00",
	    "2024-03-13T00:00:00z",
	    "2024-03-13T00:00:00Z ",
	    "2024-03-13 00:00:00Z",
	    "2024-03-13T00:00:00.0Z",
	    "2024/03-13T00:00:00Z",
	    "2024-03/13T00:00:00Z",
	    "2024-03-13T00-00:00Z",
	    "2024-03-13T00:00-00Z",
	    "+024-03-13T00:00:00Z",
	    "20a4-03-13T00:00:00Z",
	    "1949-12-31T23:59:59Z",
	    "2024-00-13T00:00:00Z",
	    "2024-13-13T00:00:00Z",
	    "2024-03-00T00:00:00Z",
	    "2024-03-32T00:00:00Z",
	    "2024-04-31T00:00:00Z",
	    "2023-02-29T00:00:00Z",
	    "2100-02-29T00:00:00Z",
	    "2024-03-13T24:00:00Z",
	    "2024-03-13T00:60:00Z",
	    "2024-03-13T00:00:60Z",
	};
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (utc_parse(bytes_of(texts[i]), &seconds) != ERR_PARSE)
			fail_msg("%s", texts[i]);
}

static void
test_format_of_no_date(void **state)
{
	static const int64_t times[] = {INT64_MIN, -631152001, 253402300800, INT64_MAX};
	char text[UTC_TEXT_LEN + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		utc_format(times[i], text);
		assert_string_equal(text, "0000-00-00T00:00:00Z");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_ways),
	    cmocka_unit_test(test_every_day),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_format_of_no_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
