/* RFC 6979, A.2.5 (P-256, SHA-256), and the signer against the verifier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "tdx/digest.h"
#include "tdx/p256.h"
#include "tee/p256_sign.h"
#include "base/banned.h"

#define KEY "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define PUBLIC                                                             \
	"60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" \
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"

static const struct {
	const char *message;
	const char *signature;
} vectors[] = {
    {"sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	       "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {"test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
	     "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
};

static void
from_hex(const char *hex, uint8_t *ret, size_t n)
{
	assert_int_equal(hex_decode(hex, strlen(hex), ret, n), 0);
}

static void
hash_text(const char *text, uint8_t ret[32])
{
	const struct bytes b = {(const uint8_t *)text, strlen(text)};

	assert_int_equal(digest_sha256(&b, 1, ret), 0);
}

static void
test_public_key(void **state)
{
	uint8_t key[32], want[64], got[64];

	(void)state;
	from_hex(KEY, key, 32);
	from_hex(PUBLIC, want, 64);
	assert_int_equal(p256_public(key, got), 0);
	assert_memory_equal(got, want, 64);
}

static void
test_rfc6979(void **state)
{
	uint8_t key[32], public[64], hash[32], want[64], got[64];

	(void)state;
	from_hex(KEY, key, 32);
	from_hex(PUBLIC, public, 64);
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		hash_text(vectors[i].message, hash);
		from_hex(vectors[i].signature, want, 64);
		assert_int_equal(p256_sign(key, hash, got), 0);
		assert_memory_equal(got, want, 64);
		assert_int_equal(p256_verify(public, hash, got), 0);
		got[i] ^= 1;
		assert_int_equal(p256_verify(public, hash, got), ERR_SIGNATURE);
	}
}

static void
test_refused_keys(void **state)
{
	uint8_t key[32] = {0}, hash[32] = {0}, out[64];

	(void)state;
	assert_int_equal(p256_public(key, out), ERR_CRYPTO);
	assert_int_equal(p256_sign(key, hash, out), ERR_CRYPTO);
	/* the order itself, and one below */
	from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", key, 32);
	assert_int_equal(p256_public(key, out), ERR_CRYPTO);
	key[31]--;
	assert_int_equal(p256_public(key, out), 0);
}

static void
test_refused_signatures(void **state)
{
	uint8_t key[32], public[64], hash[32], sig[64];

	(void)state;
	from_hex(KEY, key, 32);
	from_hex(PUBLIC, public, 64);
	hash_text("sample", hash);
	assert_int_equal(p256_sign(key, hash, sig), 0);
	memset(sig, 0, 32);
	assert_int_equal(p256_verify(public, hash, sig), ERR_SIGNATURE);
	assert_int_equal(p256_sign(key, hash, sig), 0);
	memset(sig + 32, 0, 32);
	assert_int_equal(p256_verify(public, hash, sig), ERR_SIGNATURE);
	memset(sig, 0xff, 64);
	assert_int_equal(p256_verify(public, hash, sig), ERR_SIGNATURE);
	/* a key that is no point of the curve, and one that is out of the field */
	assert_int_equal(p256_sign(key, hash, sig), 0);
	public[63] ^= 1;
	assert_int_equal(p256_verify(public, hash, sig), ERR_SIGNATURE);
	memset(public, 0xff, 64);
	assert_int_equal(p256_verify(public, hash, sig), ERR_SIGNATURE);
	memset(public, 0, 64);
	assert_int_equal(p256_verify(public, hash, sig), ERR_SIGNATURE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_public_key),
	    cmocka_unit_test(test_rfc6979),
	    cmocka_unit_test(test_refused_keys),
	    cmocka_unit_test(test_refused_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
