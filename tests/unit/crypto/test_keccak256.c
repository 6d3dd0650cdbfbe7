#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <nettle/sha3.h>

#include "base/hex.h"
#include "crypto/keccak256.h"
#include "base/banned.h"

#define RATE 136
#define LEN_MAX 300

/* The original padding on nettle's permutation (its own SHA-3 pads with 0x06). */
static void
oracle(const uint8_t *p, size_t len, uint8_t ret[32])
{
	struct sha3_state state;
	uint8_t block[200] = {0};
	size_t n;

	memset(&state, 0, sizeof state);
	for (;;) {
		n = len < RATE ? len : RATE;
		memset(block, 0, sizeof block);
		memcpy(block, p, n);
		if (n < RATE) {
			block[n] ^= 0x01;
			block[RATE - 1] ^= 0x80;
		}
		for (size_t i = 0; i < RATE; i++)
			state.a[i / 8] ^= (uint64_t)block[i] << (i % 8 * 8);
		sha3_permute(&state);
		if (n < RATE)
			break;
		p += n;
		len -= n;
	}
	for (size_t i = 0; i < 32; i++)
		ret[i] = (uint8_t)(state.a[i / 8] >> (i % 8 * 8));
}

static void
fill(uint8_t *p, size_t len)
{
	uint32_t x = 2463534242U;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		p[i] = (uint8_t)x;
	}
}

static void
expect(const char *text, const char *hex)
{
	uint8_t hash[32];
	char got[65];

	keccak256(text, strlen(text), hash);
	hex_encode(hash, sizeof hash, got);
	assert_string_equal(got, hex);
}

static void
test_known(void **state)
{
	(void)state;
	expect("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
	expect("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
	expect("transfer(address,uint256)",
	    "a9059cbb2ab09eb219583f4a59a5d0623ade346d962bcd4e46b11da047c9049b");
	/* EIP-712's own domain type */
	expect("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
	    "8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f");
}

static void
test_every_length(void **state)
{
	uint8_t in[LEN_MAX];
	uint8_t want[32];
	uint8_t got[32];

	(void)state;
	fill(in, sizeof in);
	for (size_t len = 0; len <= LEN_MAX; len++) {
		oracle(in, len, want);
		keccak256(in, len, got);
		assert_memory_equal(got, want, sizeof want);
	}
}

static void
test_every_split(void **state)
{
	uint8_t in[LEN_MAX];
	uint8_t want[32];
	uint8_t got[32];
	struct keccak256 k;

	(void)state;
	fill(in, sizeof in);
	oracle(in, sizeof in, want);
	for (size_t cut = 0; cut <= sizeof in; cut++) {
		keccak256_init(&k);
		keccak256_update(&k, in, cut);
		keccak256_update(&k, in + cut, sizeof in - cut);
		keccak256_final(&k, got);
		assert_memory_equal(got, want, sizeof want);
	}
}

static void
test_every_chunk(void **state)
{
	uint8_t in[LEN_MAX];
	uint8_t want[32];
	uint8_t got[32];
	struct keccak256 k;

	(void)state;
	fill(in, sizeof in);
	oracle(in, sizeof in, want);
	for (size_t chunk = 1; chunk < 150; chunk++) {
		keccak256_init(&k);
		for (size_t at = 0; at < sizeof in; at += chunk) {
			size_t left = sizeof in - at;

			keccak256_update(&k, in + at, left < chunk ? left : chunk);
		}
		keccak256_final(&k, got);
		assert_memory_equal(got, want, sizeof want);
	}
}

static void
test_unaligned(void **state)
{
	uint8_t in[LEN_MAX + 8];
	uint8_t want[32];
	uint8_t got[32];

	(void)state;
	fill(in, sizeof in);
	for (size_t shift = 0; shift < 8; shift++) {
		oracle(in + shift, LEN_MAX, want);
		keccak256(in + shift, LEN_MAX, got);
		assert_memory_equal(got, want, sizeof want);
	}
}

static void
test_long(void **state)
{
	static uint8_t in[100000];
	uint8_t want[32];
	uint8_t got[32];

	(void)state;
	fill(in, sizeof in);
	oracle(in, sizeof in, want);
	keccak256(in, sizeof in, got);
	assert_memory_equal(got, want, sizeof want);
}

static void
test_wiped(void **state)
{
	static const struct keccak256 zero;
	struct keccak256 k;
	uint8_t got[32];

	(void)state;
	keccak256_init(&k);
	keccak256_update(&k, "secret", 6);
	keccak256_final(&k, got);
	assert_memory_equal(&k, &zero, sizeof k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_every_chunk),
		cmocka_unit_test(test_unaligned),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
