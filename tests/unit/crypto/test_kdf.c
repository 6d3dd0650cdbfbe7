#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/hex.h"
#include "crypto/kdf.h"
#include "base/banned.h"

/* RFC 5869, test case 3: SHA-256, empty salt, empty info */
static void
test_rfc5869(void **state)
{
	uint8_t key[22];
	uint8_t out[42];
	char hex[2 * sizeof out + 1];

	(void)state;
	memset(key, 0x0b, sizeof key);
	assert_int_equal(hkdf_sha256(key, sizeof key, "", out, sizeof out), 0);
	hex_encode(out, sizeof out, hex);
	assert_string_equal(hex, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
				 "9d201395faa4b61a96c8");
}

static void
openssl_hkdf(const uint8_t *key, size_t key_len, const char *info, uint8_t *ret, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

	assert_non_null(ctx);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_hkdf_key(ctx, key, (int)key_len), 1);
	assert_int_equal(
	    EVP_PKEY_CTX_add1_hkdf_info(ctx, (const uint8_t *)info, (int)strlen(info)), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, ret, &len), 1);
	EVP_PKEY_CTX_free(ctx);
}

static void
test_against_openssl(void **state)
{
	static uint8_t got[255 * 32];
	static uint8_t want[255 * 32];
	static const size_t lengths[] = {1, 16, 31, 32, 33, 64, 65, 255, 255 * 32 - 1, 255 * 32};
	static const size_t key_lengths[] = {1, 16, 32, 63, 64, 65, 200};
	uint8_t key[200];

	(void)state;
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)(7 * i);
	for (size_t k = 0; k < ARRAY_LEN(key_lengths); k++) {
		for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
			openssl_hkdf(key, key_lengths[k], "selfsame/test/v1", want, lengths[i]);
			assert_int_equal(hkdf_sha256(key, key_lengths[k], "selfsame/test/v1", got,
					     lengths[i]),
			    0);
			assert_memory_equal(got, want, lengths[i]);
		}
	}
}

static void
test_too_long(void **state)
{
	static uint8_t out[255 * 32 + 1];
	static const uint8_t zero[sizeof out];

	(void)state;
	assert_int_equal(hkdf_sha256(zero, 32, "x", out, sizeof out), ERR_RANGE);
	assert_memory_equal(out, zero, sizeof out);
	assert_int_equal(hkdf_sha256(zero, 32, "x", out, 0), 0);
}

static void
test_info_separates(void **state)
{
	static const uint8_t key[32] = {1};
	uint8_t a[32];
	uint8_t b[32];

	(void)state;
	assert_int_equal(hkdf_sha256(key, sizeof key, "selfsame/a/v1", a, sizeof a), 0);
	assert_int_equal(hkdf_sha256(key, sizeof key, "selfsame/b/v1", b, sizeof b), 0);
	assert_memory_not_equal(a, b, sizeof a);
}

static const struct bytes parts[] = {
	{(const uint8_t *)"agent", 5},
	{NULL, 0},
	{(const uint8_t *)"\0\1\2", 3},
};

/* What mac_parts() and hash_parts() run over, written by hand. */
static const char transcript[] = "selfsame/tag/v1\0"
				 "\0\0\0\5agent"
				 "\0\0\0\0"
				 "\0\0\0\3\0\1\2";

static void
test_mac_parts(void **state)
{
	uint8_t key[32];
	uint8_t got[32];
	uint8_t want[32];
	unsigned len = sizeof want;

	(void)state;
	memset(key, 0x42, sizeof key);
	mac_parts(key, "selfsame/tag/v1", parts, ARRAY_LEN(parts), got);
	assert_non_null(HMAC(EVP_sha256(), key, sizeof key, (const uint8_t *)transcript,
	    sizeof transcript - 1, want, &len));
	assert_memory_equal(got, want, sizeof want);
}

static void
test_hash_parts(void **state)
{
	uint8_t got[32];
	uint8_t want[32];

	(void)state;
	hash_parts("selfsame/tag/v1", parts, ARRAY_LEN(parts), got);
	assert_int_equal(
	    EVP_Digest(transcript, sizeof transcript - 1, want, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(got, want, sizeof want);
}

/* Moving a byte from one part to the next, or to the tag, is another input. */
static void
test_parts_are_framed(void **state)
{
	static const struct bytes a[] = {{(const uint8_t *)"ab", 2}, {(const uint8_t *)"c", 1}};
	static const struct bytes b[] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"bc", 2}};
	static const struct bytes c[] = {{(const uint8_t *)"abc", 3}};
	uint8_t one[32];
	uint8_t two[32];

	(void)state;
	hash_parts("t", a, 2, one);
	hash_parts("t", b, 2, two);
	assert_memory_not_equal(one, two, sizeof one);
	hash_parts("t", c, 1, two);
	assert_memory_not_equal(one, two, sizeof one);
	hash_parts("t", NULL, 0, one);
	hash_parts("u", NULL, 0, two);
	assert_memory_not_equal(one, two, sizeof one);
}

static void
test_mac_equal(void **state)
{
	uint8_t a[32] = {9};
	uint8_t b[32] = {9};

	(void)state;
	assert_true(mac_equal(a, b));
	for (size_t bit = 0; bit < 256; bit++) {
		b[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(mac_equal(a, b));
		b[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc5869),
		cmocka_unit_test(test_against_openssl),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_info_separates),
		cmocka_unit_test(test_mac_parts),
		cmocka_unit_test(test_hash_parts),
		cmocka_unit_test(test_parts_are_framed),
		cmocka_unit_test(test_mac_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
