/* PEM: every length round, and every other spelling refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "tdx/pem.h"
#include "base/banned.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"
#define LINE48 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

static int
decode(const char *text, size_t *ret_len)
{
	struct reader r = reader_of((const uint8_t *)text, strlen(text));
	uint8_t out[256];
	size_t left = r.left;
	int e = pem_take_certificate(&r, out, sizeof out, ret_len);

	if (e != 0)
		assert_int_equal(r.left, left);
	return e;
}

static void
test_round_trip(void **state)
{
	uint8_t der[200], back[200], pem[400];

	(void)state;
	for (size_t len = 0; len <= sizeof der; len++) {
		struct writer w = writer_of(pem, sizeof pem);
		struct reader r;
		size_t pem_len, back_len = 0;

		for (size_t i = 0; i < len; i++)
			der[i] = (uint8_t)(i * 37 + len);
		pem_write_certificate(&w, der, len);
		assert_int_equal(writer_end(&w, &pem_len), 0);
		r = reader_of(pem, pem_len);
		assert_int_equal(pem_take_certificate(&r, back, sizeof back, &back_len), 0);
		assert_int_equal(r.left, 0);
		assert_int_equal(back_len, len);
		assert_memory_equal(back, der, len);
	}
}

static void
test_known_text(void **state)
{
	static const char want[] = BEGIN "Zm9vYmE=\n" END;
	uint8_t pem[128];
	struct writer w = writer_of(pem, sizeof pem);
	size_t len = 0;

	(void)state;
	pem_write_certificate(&w, (const uint8_t *)"fooba", 5);
	assert_int_equal(w.len, strlen(want));
	assert_memory_equal(pem, want, w.len);
	assert_int_equal(decode(want, &len), 0);
	assert_int_equal(len, 5);
}

static void
test_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    BEGIN,
	    BEGIN "Zm9vYmFy\n",	  /* no end */
	    BEGIN "Zm9vYmFy" END, /* no line end */
	    BEGIN "Zm9vYmFy\r\n" END,
	    BEGIN "Zm9v YmFy\n" END,
	    BEGIN "Zm9vYmF\n" END, /* not groups of four */
	    BEGIN "Zm9vYmF*\n" END,
	    BEGIN "Zm9vYmF=\n" END, /* spare bits set */
	    BEGIN "Zm9vYn==\n" END,
	    BEGIN "Zm9v=mFy\n" END,
	    BEGIN "Zm9vYg=A\n" END,
	    BEGIN "Zm8=\nZm9v\n" END, /* padding before the end */
	    BEGIN "Zm8=Zm9v\n" END,
	    BEGIN "Zm9v\nZm9v\n" END, /* a short line before the end */
	    BEGIN "\nZm9v\n" END,
	    BEGIN LINE48 "\n" END,
	    BEGIN "AAAA" LINE48 END, /* a long line */
	    " " BEGIN "Zm9v\n" END,
	    "-----BEGIN CERTIFICATE----- \nZm9v\n" END,
	    "-----BEGIN TRUSTED CERTIFICATE-----\nZm9v\n" END,
	    BEGIN "Zm9v\n"
		  "-----END CERTIFICATE-----",
	    BEGIN "====\n" END,
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (decode(bad[i], &len) != ERR_PARSE)
			fail_msg("case %zu was not refused", i);
}

static void
test_room(void **state)
{
	static const char text[] = BEGIN LINE48 "AAAA\n" END;
	struct reader r = reader_of((const uint8_t *)text, strlen(text));
	uint8_t out[51];
	size_t len;

	(void)state;
	assert_int_equal(pem_take_certificate(&r, out, 50, &len), ERR_SPACE);
	assert_int_equal(pem_take_certificate(&r, out, 51, &len), 0);
	assert_int_equal(len, 51);
}

static void
assert_lines(const char *text, const char *want)
{
	uint8_t out[64];
	struct writer w = writer_of(out, sizeof out);
	size_t len = 0;

	pem_write_lines(&w, (struct bytes){(const uint8_t *)text, strlen(text)});
	assert_int_equal(writer_end(&w, &len), 0);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(out, want, len);
}

static void
test_lines(void **state)
{
	(void)state;
	assert_lines("", "");
	assert_lines("\n\r\n \r\n", "");
	assert_lines("a\nb\n", "a\nb\n");
	assert_lines("a\nb", "a\nb\n");
	assert_lines("\r\na\r\n\r\nb \r\n\n", "a\nb\n");
	assert_lines(" a\rb\tc\n", " a\rb\tc\n");
}

static void
test_lines_beyond_the_room(void **state)
{
	uint8_t out[4];
	struct writer w = writer_of(out, sizeof out);
	size_t len;

	(void)state;
	pem_write_lines(&w, (struct bytes){(const uint8_t *)"a\nbc", 4});
	assert_int_equal(writer_end(&w, &len), ERR_SPACE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_known_text),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_lines_beyond_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
