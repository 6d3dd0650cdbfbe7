/* Points in time as Intel's documents write them, in Unix seconds. No time zones, no locale. */
#ifndef SELFSAME_TDX_UTC_H
#define SELFSAME_TDX_UTC_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

struct utc {
	unsigned year; /* 1950 to 9999 */
	unsigned month, day; /* from 1 */
	unsigned hour, minute, second;
};

/* Returns: 0, or ERR_PARSE when there is no such time */
int utc_seconds(const struct utc *t, int64_t *ret) MUST_USE;

/* "2026-05-28T20:26:40Z" and no other form. Returns: 0 or ERR_PARSE */
int utc_parse(struct bytes text, int64_t *ret) MUST_USE;

/* Two decimal digits. Returns: 0 or ERR_PARSE */
int utc_two_digits(const uint8_t p[2], unsigned *ret) MUST_USE;

/* Matched by utc_parse(); a time that has no such form is written as zero digits. */
#define UTC_TEXT_LEN 20
void utc_format(int64_t t, char ret[UTC_TEXT_LEN + 1]);

#endif
