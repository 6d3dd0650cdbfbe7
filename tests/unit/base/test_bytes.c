#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

static const uint8_t input[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x10};

static void
test_read_numbers(void **state)
{
	struct reader r;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	(void)state;
	r = reader_of(input, sizeof input);
	assert_int_equal(read_u8(&r, &u8), 0);
	assert_int_equal(u8, 0x01);
	assert_int_equal(read_be16(&r, &u16), 0);
	assert_int_equal(u16, 0x2345);
	assert_int_equal(read_be32(&r, &u32), 0);
	assert_int_equal(u32, 0x6789abcd);
	assert_int_equal(r.left, 2);

	r = reader_of(input, sizeof input);
	assert_int_equal(read_be64(&r, &u64), 0);
	assert_true(u64 == 0x0123456789abcdefU);

	r = reader_of(input, sizeof input);
	assert_int_equal(read_le16(&r, &u16), 0);
	assert_int_equal(u16, 0x2301);
	assert_int_equal(read_le32(&r, &u32), 0);
	assert_int_equal(u32, 0xab896745);

	r = reader_of(input, sizeof input);
	assert_int_equal(read_le64(&r, &u64), 0);
	assert_true(u64 == 0xefcdab8967452301U);
	assert_int_equal(reader_end(&r), ERR_TRAILING);
	assert_int_equal(read_u8(&r, &u8), 0);
	assert_int_equal(reader_end(&r), 0);
}

/* One byte short: an error, nothing written, the cursor where it was. */
static void
test_read_short(void **state)
{
	uint8_t u8 = 0x55;
	uint16_t u16 = 0x5555;
	uint32_t u32 = 0x55555555;
	uint64_t u64 = 0x5555555555555555U;
	uint8_t out[4] = {9, 9, 9, 9};
	struct bytes b = {input, 77};
	struct reader r;

	(void)state;
	r = reader_of(input, 0);
	assert_int_equal(read_u8(&r, &u8), ERR_PARSE);
	r = reader_of(input, 1);
	assert_int_equal(read_be16(&r, &u16), ERR_PARSE);
	assert_int_equal(read_le16(&r, &u16), ERR_PARSE);
	r = reader_of(input, 3);
	assert_int_equal(read_be32(&r, &u32), ERR_PARSE);
	assert_int_equal(read_le32(&r, &u32), ERR_PARSE);
	assert_int_equal(read_copy(&r, 4, out), ERR_PARSE);
	assert_int_equal(read_take(&r, 4, &b), ERR_PARSE);
	assert_int_equal(read_take(&r, SIZE_MAX, &b), ERR_PARSE);
	assert_int_equal(r.left, 3);
	r = reader_of(input, 7);
	assert_int_equal(read_be64(&r, &u64), ERR_PARSE);
	assert_int_equal(read_le64(&r, &u64), ERR_PARSE);
	assert_int_equal(r.left, 7);
	assert_ptr_equal(r.p, input);

	assert_int_equal(u8, 0x55);
	assert_int_equal(u16, 0x5555);
	assert_int_equal(u32, 0x55555555);
	assert_true(u64 == 0x5555555555555555U);
	assert_int_equal(out[0], 9);
	assert_int_equal(b.len, 77);
}

static void
test_read_runs(void **state)
{
	struct reader r = reader_of(input, sizeof input);
	struct bytes b;
	uint8_t out[3];

	(void)state;
	assert_int_equal(read_copy(&r, 3, out), 0);
	assert_memory_equal(out, input, 3);
	assert_int_equal(read_take(&r, 6, &b), 0);
	assert_ptr_equal(b.p, input + 3);
	assert_int_equal(b.len, 6);
	assert_int_equal(read_take(&r, 0, &b), 0);
	assert_int_equal(b.len, 0);
	assert_int_equal(read_copy(&r, 0, NULL), 0);

	/* a reader of nothing */
	r = reader_of(NULL, 0);
	assert_int_equal(read_take(&r, 0, &b), 0);
	assert_int_equal(reader_end(&r), 0);
}

static void
test_read_lp(void **state)
{
	static const uint8_t lp[] = {0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0};
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 'a'};
	struct reader r = reader_of(lp, sizeof lp);
	struct bytes b = {NULL, 77};

	(void)state;
	assert_int_equal(read_lp(&r, 2, &b), ERR_RANGE);
	assert_int_equal(r.left, sizeof lp);
	assert_int_equal(b.len, 77);
	assert_int_equal(read_lp(&r, 3, &b), 0);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.p, "abc", 3);
	assert_int_equal(read_lp(&r, 0, &b), 0);
	assert_int_equal(b.len, 0);
	assert_int_equal(read_lp(&r, 0, &b), ERR_PARSE);

	/* cut in the length, cut in the run: nothing is consumed */
	for (size_t n = 0; n < 7; n++) {
		r = reader_of(lp, n);
		assert_int_equal(read_lp(&r, 3, &b), ERR_PARSE);
		assert_int_equal(r.left, n);
	}
	r = reader_of(huge, sizeof huge);
	assert_int_equal(read_lp(&r, 100, &b), ERR_RANGE);
	assert_int_equal(read_lp(&r, SIZE_MAX, &b), ERR_PARSE);
	assert_int_equal(r.left, sizeof huge);
}

static void
test_write_numbers(void **state)
{
	static const uint8_t want[] = {0x01, 0x01, 0x02, 0x01, 0x02, 0x03, 0x04, 0x01, 0x02, 0x03,
	    0x04, 0x05, 0x06, 0x07, 0x08, 0x02, 0x01, 0x04, 0x03, 0x02, 0x01, 0x08, 0x07, 0x06,
	    0x05, 0x04, 0x03, 0x02, 0x01};
	uint8_t buf[sizeof want];
	struct writer w = writer_of(buf, sizeof buf);
	size_t len = 0;

	(void)state;
	write_u8(&w, 1);
	write_be16(&w, 0x0102);
	write_be32(&w, 0x01020304);
	write_be64(&w, 0x0102030405060708U);
	write_le16(&w, 0x0102);
	write_le32(&w, 0x01020304);
	write_le64(&w, 0x0102030405060708U);
	assert_int_equal(writer_end(&w, &len), 0);
	assert_int_equal(len, sizeof want);
	assert_memory_equal(buf, want, sizeof want);
}

static void
test_write_texts(void **state)
{
	static const uint8_t hex[] = {0x00, 0x0f, 0xf0, 0xab};
	char buf[128];
	struct writer w = writer_of((uint8_t *)buf, sizeof buf);
	size_t len = 0;

	(void)state;
	write_text(&w, "n=");
	write_decimal(&w, 0);
	write_text(&w, ",");
	write_decimal(&w, 10);
	write_text(&w, ",");
	write_decimal(&w, UINT64_MAX);
	write_text(&w, ",");
	write_hex(&w, hex, sizeof hex);
	write_lp(&w, "xy", 2);
	write_lp(&w, NULL, 0);
	assert_int_equal(writer_end(&w, &len), 0);
	assert_int_equal(len, 2 + 1 + 1 + 2 + 1 + 20 + 1 + 8 + 6 + 4);
	assert_memory_equal(buf, "n=0,10,18446744073709551615,000ff0ab\0\0\0\2xy\0\0\0\0", len);
}

/* The first failure stays, nothing is written after it, and the buffer is not overrun. */
static void
test_write_full(void **state)
{
	uint8_t *buf = malloc(3); /* the sanitizer watches its end */
	struct writer w = writer_of(buf, 3);
	size_t len = 77;

	(void)state;
	assert_non_null(buf);
	write_be16(&w, 0x0102);
	write_be16(&w, 0x0304);
	assert_int_equal(w.len, 2);
	write_u8(&w, 5);
	assert_int_equal(w.len, 2);
	assert_int_equal(writer_end(&w, &len), ERR_SPACE);
	assert_int_equal(len, 77);

	w = writer_of(buf, 3);
	write_bytes(&w, buf, SIZE_MAX);
	assert_int_equal(w.err, ERR_SPACE);

	w = writer_of(buf, 3);
	write_lp(&w, buf, (size_t)UINT32_MAX + 1);
	assert_int_equal(w.err, ERR_SPACE);

	w = writer_of(buf, 3);
	write_hex(&w, buf, 2);
	assert_int_equal(w.err, ERR_SPACE);

	w = writer_of(NULL, 0);
	write_bytes(&w, NULL, 0);
	assert_int_equal(writer_end(&w, &len), 0);
	assert_int_equal(len, 0);
	free(buf);
}

static void
test_fixed_places(void **state)
{
	uint8_t b[8];

	(void)state;
	store_be32(b, 0x01020304);
	assert_int_equal(load_be32(b), 0x01020304);
	assert_int_equal(b[0], 1);
	store_be64(b, 0xf102030405060708U);
	assert_true(load_be64(b) == 0xf102030405060708U);
	assert_int_equal(b[0], 0xf1);
	assert_int_equal(b[7], 8);
}

static void
test_equal(void **state)
{
	struct bytes a = {(const uint8_t *)"abc", 3};
	struct bytes none = {NULL, 0};

	(void)state;
	assert_true(bytes_equal(a, (struct bytes){(const uint8_t *)"abc", 3}));
	assert_false(bytes_equal(a, (struct bytes){(const uint8_t *)"abd", 3}));
	assert_false(bytes_equal(a, (struct bytes){(const uint8_t *)"ab", 2}));
	assert_false(bytes_equal(a, none));
	assert_true(bytes_equal(none, none));
}

static void
test_trim(void **state)
{
	static const struct {
		const char *text, *trimmed;
	} rows[] = {{"", ""}, {" \t ", ""}, {"a", "a"}, {" a b\t", "a b"}, {"\na ", "\na"}};
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		b = bytes_trim((struct bytes){(const uint8_t *)rows[i].text, strlen(rows[i].text)}, " \t");
		assert_true(bytes_equal(b, (struct bytes){(const uint8_t *)rows[i].trimmed,
							  strlen(rows[i].trimmed)}));
	}
	/* a NUL is a byte like others, and none of the set */
	b = bytes_trim((struct bytes){(const uint8_t *)"\0 a", 3}, " ");
	assert_int_equal(b.len, 3);
	assert_int_equal(bytes_trim((struct bytes){NULL, 0}, " ").len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read_numbers),
	    cmocka_unit_test(test_read_short),
	    cmocka_unit_test(test_read_runs),
	    cmocka_unit_test(test_read_lp),
	    cmocka_unit_test(test_write_numbers),
	    cmocka_unit_test(test_write_texts),
	    cmocka_unit_test(test_write_full),
	    cmocka_unit_test(test_fixed_places),
	    cmocka_unit_test(test_equal),
	    cmocka_unit_test(test_trim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
