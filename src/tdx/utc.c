#include "tdx/utc.h"

#include "base/err.h"
#include "base/banned.h"

#define YEAR_MIN 1950U
#define YEAR_MAX 9999U
#define DAY_SECONDS 86400

static int
is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned
days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to January 1st of a year. */
static int64_t
days_before_year(unsigned year)
{
	const int64_t y = (int64_t)year - 1;

	/* 719162 days lie between 0001-01-01 and 1970-01-01 */
	return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

int
utc_seconds(const struct utc *t, int64_t *ret)
{
	int64_t days;

	if (t->year < YEAR_MIN || t->year > YEAR_MAX || t->month < 1 || t->month > 12)
		return ERR_PARSE;
	if (t->day < 1 || t->day > days_in_month(t->year, t->month))
		return ERR_PARSE;
	if (t->hour > 23 || t->minute > 59 || t->second > 59)
		return ERR_PARSE;
	days = days_before_year(t->year) + t->day - 1;
	for (unsigned m = 1; m < t->month; m++)
		days += days_in_month(t->year, m);
	*ret = days * DAY_SECONDS + (int64_t)(t->hour * 3600 + t->minute * 60 + t->second);
	return 0;
}

int
utc_two_digits(const uint8_t p[2], unsigned *ret)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return ERR_PARSE;
	*ret = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
	return 0;
}

int
utc_parse(struct bytes text, int64_t *ret)
{
	const uint8_t *p = text.p;
	unsigned century, year;
	struct utc t;

	if (text.len != UTC_TEXT_LEN || p[4] != '-' || p[7] != '-' || p[10] != 'T' ||
	    p[13] != ':' || p[16] != ':' || p[19] != 'Z')
		return ERR_PARSE;
	if (utc_two_digits(p, &century) != 0 || utc_two_digits(p + 2, &year) != 0 ||
	    utc_two_digits(p + 5, &t.month) != 0 || utc_two_digits(p + 8, &t.day) != 0 ||
	    utc_two_digits(p + 11, &t.hour) != 0 || utc_two_digits(p + 14, &t.minute) != 0 ||
	    utc_two_digits(p + 17, &t.second) != 0)
		return ERR_PARSE;
	t.year = century * 100 + year;
	return utc_seconds(&t, ret);
}

static void
put(char *p, unsigned v, unsigned digits)
{
	while (digits-- > 0) {
		p[digits] = (char)('0' + v % 10);
		v /= 10;
	}
}

void
utc_format(int64_t t, char ret[UTC_TEXT_LEN + 1])
{
	static const char form[UTC_TEXT_LEN + 1] = "0000-00-00T00:00:00Z";
	int64_t days = t / DAY_SECONDS, rest = t % DAY_SECONDS;
	unsigned year = YEAR_MIN, month = 1, second;

	for (unsigned i = 0; i <= UTC_TEXT_LEN; i++)
		ret[i] = form[i];
	if (rest < 0) {
		rest += DAY_SECONDS;
		days--;
	}
	if (days < days_before_year(YEAR_MIN) || days >= days_before_year(YEAR_MAX + 1))
		return;
	/* a year is at most 366 days long: never beyond it, then a step at most */
	year += (unsigned)((days - days_before_year(YEAR_MIN)) / 366);
	while (days >= days_before_year(year + 1))
		year++;
	days -= days_before_year(year);
	for (; days >= days_in_month(year, month); month++)
		days -= days_in_month(year, month);
	second = (unsigned)rest;
	put(ret, year, 4);
	put(ret + 5, month, 2);
	put(ret + 8, (unsigned)days + 1, 2);
	put(ret + 11, second / 3600, 2);
	put(ret + 14, second / 60 % 60, 2);
	put(ret + 17, second % 60, 2);
}
