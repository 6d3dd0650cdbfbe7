#include "tdx/der.h"

#include <string.h>

#include "base/err.h"
#include "tdx/utc.h"
#include "base/banned.h"

/* X.690 10.1: "the length ... shall be encoded in the minimum number of octets" */
static int
read_length(struct reader *r, size_t *ret)
{
	uint8_t first = 0, b = 0;
	size_t len = 0;

	if (read_u8(r, &first) != 0)
		return ERR_PARSE;
	if (first < 0x80) {
		*ret = first;
		return 0;
	}
	/* nothing here is longer than 16 MiB; 0x80 would be the indefinite form */
	if (first == 0x80 || first > 0x83)
		return ERR_PARSE;
	for (unsigned i = 0; i < first - 0x80U; i++) {
		if (read_u8(r, &b) != 0)
			return ERR_PARSE;
		len = len << 8 | b;
	}
	if (len < 0x80 || len >> 8 * (first - 0x81U) == 0)
		return ERR_PARSE;
	*ret = len;
	return 0;
}

int
der_take(struct reader *r, uint8_t tag, struct bytes *ret)
{
	struct reader in = *r;
	uint8_t found = 0;
	size_t len = 0;

	if (read_u8(&in, &found) != 0 || found != tag || read_length(&in, &len) != 0 ||
	    read_take(&in, len, ret) != 0)
		return ERR_PARSE;
	*r = in;
	return 0;
}

int
der_take_whole(struct reader *r, uint8_t tag, struct bytes *ret)
{
	const uint8_t *start = r->p;
	struct bytes content;

	if (der_take(r, tag, &content) != 0)
		return ERR_PARSE;
	*ret = (struct bytes){start, (size_t)(r->p - start)};
	return 0;
}

int
der_enter(struct reader *r, uint8_t tag, struct reader *ret)
{
	struct bytes content;

	if (der_take(r, tag, &content) != 0)
		return ERR_PARSE;
	*ret = reader_of(content.p, content.len);
	return 0;
}

int
der_next_is(const struct reader *r, uint8_t tag)
{
	return r->left > 0 && r->p[0] == tag;
}

/* The magnitude of a non-negative INTEGER without its sign byte. */
static int
take_magnitude(struct reader *r, uint8_t tag, struct bytes *ret)
{
	struct bytes v;

	if (der_take(r, tag, &v) != 0 || v.len == 0 || (v.p[0] & 0x80) != 0)
		return ERR_PARSE;
	if (v.p[0] == 0 && v.len > 1) {
		if ((v.p[1] & 0x80) == 0)
			return ERR_PARSE; /* a sign byte that is not needed */
		v.p++;
		v.len--;
	}
	*ret = v;
	return 0;
}

int
der_small(struct reader *r, uint8_t tag, uint32_t max, uint32_t *ret)
{
	struct reader in = *r;
	struct bytes v;
	uint32_t n = 0;

	if (take_magnitude(&in, tag, &v) != 0 || v.len > sizeof n)
		return ERR_PARSE;
	for (size_t i = 0; i < v.len; i++)
		n = n << 8 | v.p[i];
	if (n > max)
		return ERR_PARSE;
	*r = in;
	*ret = n;
	return 0;
}

int
der_uint256(struct reader *r, uint8_t ret[32])
{
	struct reader in = *r;
	struct bytes v;

	if (take_magnitude(&in, DER_INTEGER, &v) != 0 || v.len > 32)
		return ERR_PARSE;
	memset(ret, 0, 32 - v.len);
	memcpy(ret + 32 - v.len, v.p, v.len);
	*r = in;
	return 0;
}

int
der_boolean(struct reader *r, int *ret)
{
	struct reader in = *r;
	struct bytes v;

	if (der_take(&in, DER_BOOLEAN, &v) != 0 || v.len != 1)
		return ERR_PARSE;
	if (v.p[0] != 0x00 && v.p[0] != 0xff)
		return ERR_PARSE;
	*r = in;
	*ret = v.p[0] == 0xff;
	return 0;
}

int
der_oid(struct reader *r, const uint8_t *oid, size_t len)
{
	struct reader in = *r;
	struct bytes v;

	if (der_take(&in, DER_OID, &v) != 0 || !bytes_equal(v, (struct bytes){oid, len}))
		return ERR_PARSE;
	*r = in;
	return 0;
}

/* MMDDHHMMSSZ after the year. */
static int
time_rest(const uint8_t p[11], unsigned year, int64_t *ret)
{
	struct utc t = {.year = year};

	if (utc_two_digits(p, &t.month) != 0 || utc_two_digits(p + 2, &t.day) != 0 ||
	    utc_two_digits(p + 4, &t.hour) != 0 || utc_two_digits(p + 6, &t.minute) != 0 ||
	    utc_two_digits(p + 8, &t.second) != 0 || p[10] != 'Z')
		return ERR_PARSE;
	return utc_seconds(&t, ret);
}

int
der_time(struct reader *r, int64_t *ret)
{
	struct reader in = *r;
	struct bytes v;
	unsigned century, year;
	int64_t t;

	/* RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050; 50 to 99 are 19YY */
	if (der_next_is(&in, DER_UTC_TIME)) {
		if (der_take(&in, DER_UTC_TIME, &v) != 0 || v.len != 13 ||
		    utc_two_digits(v.p, &year) != 0)
			return ERR_PARSE;
		year += year < 50 ? 2000 : 1900;
	} else {
		if (der_take(&in, DER_GENERALIZED_TIME, &v) != 0 || v.len != 15 ||
		    utc_two_digits(v.p, &century) != 0 ||
		    utc_two_digits(v.p + 2, &year) != 0)
			return ERR_PARSE;
		year += century * 100;
		if (year < 2050)
			return ERR_PARSE;
	}
	if (time_rest(v.p + v.len - 11, year, &t) != 0)
		return ERR_PARSE;
	*r = in;
	*ret = t;
	return 0;
}
