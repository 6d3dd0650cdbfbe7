#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <sodium.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/hex.h"
#include "crypto/secp.h"
#include "base/banned.h"

#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define ORDER_1 "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
#define GX "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define GY "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"

static void
from_hex(const char *hex, uint8_t *ret)
{
	assert_int_equal(hex_decode(hex, strlen(hex), ret, strlen(hex) / 2), 0);
}

static void
key_of(uint8_t last, uint8_t ret[32])
{
	memset(ret, 0, 32);
	ret[31] = last;
}

static void
test_key_check(void **state)
{
	uint8_t key[32];

	(void)state;
	key_of(0, key);
	assert_int_equal(secp_key_check(key), ERR_RANGE);
	key_of(1, key);
	assert_int_equal(secp_key_check(key), 0);
	from_hex(ORDER_1, key);
	assert_int_equal(secp_key_check(key), 0);
	from_hex(ORDER, key);
	assert_int_equal(secp_key_check(key), ERR_RANGE);
	memset(key, 0xff, sizeof key);
	assert_int_equal(secp_key_check(key), ERR_RANGE);
}

static void
test_key_add(void **state)
{
	uint8_t key[32];
	uint8_t tweak[32];
	uint8_t want[32];

	(void)state;
	key_of(2, key);
	key_of(3, tweak);
	key_of(5, want);
	assert_int_equal(secp_key_add(key, tweak, key), 0);
	assert_memory_equal(key, want, sizeof want);
	/* (n - 1) + 3 = 2 mod n */
	from_hex(ORDER_1, key);
	key_of(2, want);
	assert_int_equal(secp_key_add(key, tweak, key), 0);
	assert_memory_equal(key, want, sizeof want);
}

static void
test_key_add_refuses(void **state)
{
	uint8_t key[32];
	uint8_t tweak[32];
	uint8_t out[32];
	uint8_t untouched[32];

	(void)state;
	memset(out, 0xa5, sizeof out);
	memcpy(untouched, out, sizeof out);
	/* the sum is 0 */
	key_of(1, key);
	from_hex(ORDER_1, tweak);
	assert_int_equal(secp_key_add(key, tweak, out), ERR_HD_INVALID);
	/* the tweak is n, or above */
	from_hex(ORDER, tweak);
	assert_int_equal(secp_key_add(key, tweak, out), ERR_HD_INVALID);
	memset(tweak, 0xff, sizeof tweak);
	assert_int_equal(secp_key_add(key, tweak, out), ERR_HD_INVALID);
	/* the key is none */
	key_of(0, key);
	key_of(1, tweak);
	assert_int_equal(secp_key_add(key, tweak, out), ERR_HD_INVALID);
	assert_memory_equal(out, untouched, sizeof out);
}

static void
test_public_key(void **state)
{
	uint8_t key[32];
	uint8_t compressed[33];
	uint8_t both[64];
	uint8_t want[64];

	(void)state;
	key_of(1, key);
	from_hex(GX, want);
	from_hex(GY, want + 32);
	assert_int_equal(secp_public_key_64(key, both), 0);
	assert_memory_equal(both, want, sizeof want);
	assert_int_equal(secp_public_key(key, compressed), 0);
	assert_int_equal(compressed[0], 2); /* GY is even */
	assert_memory_equal(compressed + 1, want, 32);
	/* (n - 1) G = -G: the same X, the other Y */
	from_hex(ORDER_1, key);
	assert_int_equal(secp_public_key(key, compressed), 0);
	assert_int_equal(compressed[0], 3);
	assert_memory_equal(compressed + 1, want, 32);
}

static void
test_public_key_refuses(void **state)
{
	uint8_t key[32];
	uint8_t out[64];
	uint8_t untouched[64];

	(void)state;
	memset(out, 0xa5, sizeof out);
	memcpy(untouched, out, sizeof out);
	key_of(0, key);
	assert_int_equal(secp_public_key(key, out), ERR_RANGE);
	assert_int_equal(secp_public_key_64(key, out), ERR_RANGE);
	from_hex(ORDER, key);
	assert_int_equal(secp_public_key(key, out), ERR_RANGE);
	assert_int_equal(secp_public_key_64(key, out), ERR_RANGE);
	assert_memory_equal(out, untouched, sizeof out);
}

struct known {
	const char *key;
	const char *message;
	const char *r;
	const char *s;
};

/* RFC 6979 on secp256k1 with SHA-256 and low s: the set that Bitcoin libraries share */
static const struct known known[] = {
	{"0000000000000000000000000000000000000000000000000000000000000001", "Satoshi Nakamoto",
	    "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
	    "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
	{"0000000000000000000000000000000000000000000000000000000000000001",
	    "All those moments will be lost in time, like tears in rain. Time to die...",
	    "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
	    "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
	{ORDER_1, "Satoshi Nakamoto",
	    "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0",
	    "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"},
	{"f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
	    "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c",
	    "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea"},
};

static void
test_rfc6979(void **state)
{
	uint8_t key[32];
	uint8_t digest[32];
	uint8_t want[64];
	uint8_t got[64];
	uint8_t parity;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const char *m = known[i].message;

		from_hex(known[i].key, key);
		from_hex(known[i].r, want);
		from_hex(known[i].s, want + 32);
		crypto_hash_sha256(digest, (const uint8_t *)m, strlen(m));
		assert_int_equal(secp_sign(key, digest, NULL, got, &parity), 0);
		assert_memory_equal(got, want, sizeof want);
	}
}

static void
test_round_trip(void **state)
{
	uint8_t key[32];
	uint8_t digest[32];
	uint8_t signature[64];
	uint8_t public_key[65] = {0x04};
	uint8_t compressed[33];
	uint8_t recovered[64];
	uint8_t parity;
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		do {
			randombytes_buf(key, sizeof key);
		} while (secp_key_check(key) != 0);
		randombytes_buf(digest, sizeof digest);
		assert_int_equal(secp_public_key(key, compressed), 0);
		assert_int_equal(secp_public_key_64(key, public_key + 1), 0);
		assert_int_equal(secp_sign(key, digest, NULL, signature, &parity), 0);
		assert_true(parity <= 1);
		seen |= 1U << parity;
		assert_int_equal(secp_verify(public_key, 65, digest, signature), 0);
		assert_int_equal(secp_verify(compressed, 33, digest, signature), 0);
		assert_int_equal(secp_recover(digest, signature, parity, recovered), 0);
		assert_memory_equal(recovered, public_key + 1, sizeof recovered);
		digest[0] ^= 1;
		assert_int_equal(secp_verify(public_key, 65, digest, signature), ERR_SIGNATURE);
	}
	assert_int_equal(seen, 3);
}

/* Extra data changes the nonce; a new randomisation of the context does not. */
static void
test_extra_and_randomise(void **state)
{
	static const uint8_t digest[32] = {1};
	static const uint8_t extra[32];
	uint8_t key[32];
	uint8_t plain[64];
	uint8_t other[64];
	uint8_t parity;

	(void)state;
	key_of(7, key);
	assert_int_equal(secp_sign(key, digest, NULL, plain, &parity), 0);
	assert_int_equal(secp_sign(key, digest, extra, other, &parity), 0);
	assert_memory_not_equal(plain, other, sizeof plain);
	assert_int_equal(secp_open(), 0);
	assert_int_equal(secp_sign(key, digest, NULL, other, &parity), 0);
	assert_memory_equal(plain, other, sizeof plain);
}

static void
test_sign_refuses(void **state)
{
	static const uint8_t digest[32] = {1};
	uint8_t key[32];
	uint8_t out[64];
	uint8_t untouched[64];
	uint8_t parity = 0xa5;

	(void)state;
	memset(out, 0xa5, sizeof out);
	memcpy(untouched, out, sizeof out);
	key_of(0, key);
	assert_int_equal(secp_sign(key, digest, NULL, out, &parity), ERR_RANGE);
	from_hex(ORDER, key);
	assert_int_equal(secp_sign(key, digest, NULL, out, &parity), ERR_RANGE);
	assert_memory_equal(out, untouched, sizeof out);
	assert_int_equal(parity, 0xa5);
}

/* n - s: as good in the mathematics, refused by EIP-2 */
static void
raise_s(uint8_t signature[64])
{
	uint8_t order[32];
	unsigned borrow = 0;

	from_hex(ORDER, order);
	for (size_t i = 32; i-- > 0;) {
		unsigned d = 256U + order[i] - signature[32 + i] - borrow;

		signature[32 + i] = (uint8_t)d;
		borrow = d < 256;
	}
}

static void
test_high_s(void **state)
{
	static const uint8_t digest[32] = {1};
	uint8_t key[32];
	uint8_t signature[64];
	uint8_t public_key[33];
	uint8_t out[64];
	uint8_t parity;

	(void)state;
	key_of(7, key);
	assert_int_equal(secp_public_key(key, public_key), 0);
	assert_int_equal(secp_sign(key, digest, NULL, signature, &parity), 0);
	raise_s(signature);
	assert_int_equal(secp_verify(public_key, 33, digest, signature), ERR_SIGNATURE);
	assert_int_equal(secp_recover(digest, signature, parity ^ 1, out), ERR_SIGNATURE);
	raise_s(signature);
	assert_int_equal(secp_verify(public_key, 33, digest, signature), 0);
}

static void
test_verify_refuses(void **state)
{
	static const uint8_t digest[32] = {1};
	uint8_t key[32];
	uint8_t signature[64];
	uint8_t zero[64] = {0};
	uint8_t public_key[65] = {0x04};
	uint8_t parity;

	(void)state;
	key_of(7, key);
	assert_int_equal(secp_public_key_64(key, public_key + 1), 0);
	assert_int_equal(secp_sign(key, digest, NULL, signature, &parity), 0);
	assert_int_equal(secp_verify(public_key, 65, digest, signature), 0);
	assert_int_equal(secp_verify(public_key, 64, digest, signature), ERR_PARSE);
	assert_int_equal(secp_verify(public_key, 0, digest, signature), ERR_PARSE);
	assert_int_equal(secp_verify(public_key, 65, digest, zero), ERR_SIGNATURE);
	/* the hybrid form of the same point */
	public_key[0] = (uint8_t)(6 | (public_key[64] & 1));
	assert_int_equal(secp_verify(public_key, 65, digest, signature), ERR_PARSE);
	/* off the curve */
	public_key[0] = 0x04;
	public_key[64] ^= 1;
	assert_int_equal(secp_verify(public_key, 65, digest, signature), ERR_PARSE);
}

static void
test_recover_refuses(void **state)
{
	static const uint8_t digest[32] = {1};
	uint8_t key[32];
	uint8_t signature[64];
	uint8_t zero[64] = {0};
	uint8_t out[64];
	uint8_t untouched[64];
	uint8_t public_key[64];
	uint8_t parity;

	(void)state;
	memset(out, 0xa5, sizeof out);
	memcpy(untouched, out, sizeof out);
	key_of(7, key);
	assert_int_equal(secp_public_key_64(key, public_key), 0);
	assert_int_equal(secp_sign(key, digest, NULL, signature, &parity), 0);
	assert_int_equal(secp_recover(digest, signature, 4, out), ERR_RANGE);
	assert_int_equal(secp_recover(digest, signature, 255, out), ERR_RANGE);
	/* 2 and 3 stand for an r above n, which this one is not */
	assert_int_equal(secp_recover(digest, signature, parity | 2, out), ERR_SIGNATURE);
	assert_int_equal(secp_recover(digest, zero, 0, out), ERR_SIGNATURE);
	assert_memory_equal(out, untouched, sizeof out);
	/* the other parity is another key, or none */
	if (secp_recover(digest, signature, parity ^ 1, out) == 0)
		assert_memory_not_equal(out, public_key, sizeof out);
}

/* the generator, in each form that a sender may choose */
static void
test_forms_of_a_public_key(void **state)
{
	uint8_t point[65] = {0x04};
	uint8_t want[33] = {0x02};
	uint8_t out[33];

	(void)state;
	from_hex(GX, point + 1);
	from_hex(GY, point + 33);
	from_hex(GX, want + 1);
	secp_compress(point + 1, out);
	assert_memory_equal(out, want, 33);
	memset(out, 0, sizeof out);
	assert_int_equal(secp_normalize(point, 65, out), 0);
	assert_memory_equal(out, want, 33);
	assert_int_equal(secp_normalize(point + 1, 64, out), 0);
	assert_memory_equal(out, want, 33);
	assert_int_equal(secp_normalize(want, 33, out), 0);
	assert_memory_equal(out, want, 33);
	assert_int_equal(secp_normalize(point, 32, out), ERR_PARSE);
	assert_int_equal(secp_normalize(want, 0, out), ERR_PARSE);
	point[0] = 0x06; /* the hybrid form */
	assert_int_equal(secp_normalize(point, 65, out), ERR_PARSE);
	point[64] ^= 1; /* off the curve */
	assert_int_equal(secp_normalize(point + 1, 64, out), ERR_PARSE);
	want[0] = 0x04;
	assert_int_equal(secp_normalize(want, 33, out), ERR_PARSE);
}

static int
open_context(void **state)
{
	(void)state;
	return secp_open();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_check),
		cmocka_unit_test(test_key_add),
		cmocka_unit_test(test_key_add_refuses),
		cmocka_unit_test(test_public_key),
		cmocka_unit_test(test_public_key_refuses),
		cmocka_unit_test(test_rfc6979),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_extra_and_randomise),
		cmocka_unit_test(test_sign_refuses),
		cmocka_unit_test(test_high_s),
		cmocka_unit_test(test_verify_refuses),
		cmocka_unit_test(test_recover_refuses),
		cmocka_unit_test(test_forms_of_a_public_key),
	};

	return cmocka_run_group_tests(tests, open_context, NULL);
}
