/* Base64: the vectors of RFC 4648, both forms, and every other spelling refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/banned.h"

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static const struct {
	const char *plain;
	const char *standard;
	const char *url;
} vectors[] = {
    /* RFC 4648, 10 */
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbe", "+/++", "-_--"},
};

static void
check_vector(enum base64_form form, const char *plain, const char *spelled)
{
	uint8_t out[32], back[32];
	struct writer w = writer_of(out, sizeof out);
	size_t n;

	base64_write(&w, form, (const uint8_t *)plain, strlen(plain));
	assert_int_equal(writer_end(&w, &n), 0);
	assert_int_equal(n, strlen(spelled));
	assert_memory_equal(out, spelled, n);
	assert_true(n <= BASE64_LEN(strlen(plain)));
	assert_int_equal(base64_decode(form, text(spelled), back, sizeof back, &n), 0);
	assert_int_equal(n, strlen(plain));
	assert_memory_equal(back, plain, n);
	assert_true(n <= BASE64_DECODED_MAX(strlen(spelled)));
	/* exactly as much room as it takes, and one byte less */
	assert_int_equal(base64_decode(form, text(spelled), back, n, &n), 0);
	if (n > 0)
		assert_int_equal(
		    base64_decode(form, text(spelled), back, n - 1, &n), ERR_SPACE);
}

static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		check_vector(BASE64_STANDARD, vectors[i].plain, vectors[i].standard);
		check_vector(BASE64_URL, vectors[i].plain, vectors[i].url);
	}
}

static void
test_refused(void **state)
{
	static const char *const standard[] = {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8=Zg==",
	    "Zg==\n", "Zm9v ", "Zm-v", "Zm_v", "=", "====", "Z===", "Zm\n9v", "Z=g="};
	static const char *const url[] = {"Z", "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm9vY", "Zm 9v"};
	uint8_t out[32];
	size_t n = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(standard); i++)
		if (base64_decode(BASE64_STANDARD, text(standard[i]), out, sizeof out, &n) !=
		    ERR_PARSE)
			fail_msg("'%s' was not refused", standard[i]);
	for (size_t i = 0; i < ARRAY_LEN(url); i++)
		if (base64_decode(BASE64_URL, text(url[i]), out, sizeof out, &n) != ERR_PARSE)
			fail_msg("'%s' was not refused", url[i]);
	assert_int_equal(n, 99);
}

/* Of the 256 values of one character, the 64 of the alphabet are digits. */
static void
test_alphabet(void **state)
{
	uint8_t spelled[4] = "AAAA", out[3];
	unsigned good[2] = {0, 0};
	size_t n;

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		spelled[1] = (uint8_t)c;
		for (int form = 0; form < 2; form++)
			good[form] += base64_decode((enum base64_form)form,
			    (struct bytes){spelled, 4}, out, sizeof out, &n) == 0;
	}
	assert_int_equal(good[BASE64_STANDARD], 64);
	assert_int_equal(good[BASE64_URL], 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_alphabet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
