#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/hex.h"
#include "crypto/bip32.h"
#include "crypto/secp.h"
#include "base/banned.h"

#define H BIP32_HARDENED
#define LEVELS 5

/* BIP-32, "Test vectors" 1 to 4; 3 and 4 are there for keys with leading zeros */
struct vector {
	const char *seed;
	size_t len;
	uint32_t path[LEVELS];
	const char *key;
	const char *chain_code; /* NULL: not compared */
};

static const char seed1[] = "000102030405060708090a0b0c0d0e0f";
static const char seed2[] = "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a2"
			    "9f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542";
static const char seed3[] = "4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4ac"
			    "ba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be";
static const char seed4[] = "3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678";

static const struct vector vectors[] = {
	{seed1, 0, {0}, "e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35",
	    "873dff81c02f525623fd1fe5167eac3a55a049de3d314bb42ee227ffed37d508"},
	{seed1, 1, {H}, "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea",
	    "47fdacbd0f1097043b78c63c20c34ef4ed9a111d980047ad16282c7ae6236141"},
	{seed1, 2, {H, 1}, "3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368",
	    "2a7857631386ba23dacac34180dd1983734e444fdbf774041578e9b6adb37c19"},
	{seed1, 3, {H, 1, H | 2},
	    "cbce0d719ecf7431d88e6a89fa1483e02e35092af60c042b1df2ff59fa424dca", NULL},
	{seed1, 4, {H, 1, H | 2, 2},
	    "0f479245fb19a38a1954c5c7c0ebab2f9bdfd96a17563ef28a6a4b1a2a764ef4", NULL},
	{seed1, 5, {H, 1, H | 2, 2, 1000000000},
	    "471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8", NULL},
	{seed2, 0, {0}, "4b03d6fc340455b363f51020ad3ecca4f0850280cf436c70c727923f6db46c3e",
	    "60499f801b896d83179a4374aeb7822aaeaceaa0db1f85ee3e904c4defbd9689"},
	{seed2, 1, {0}, "abe74a98f6c7eabee0428f53798f0ab8aa1bd37873999041703c742f15ac7e1e", NULL},
	{seed2, 2, {0, H | 2147483647},
	    "877c779ad9687164e9c2f4f0f4ff0340814392330693ce95a58fe18fd52e6e93", NULL},
	{seed2, 3, {0, H | 2147483647, 1},
	    "704addf544a06e5ee4bea37098463c23613da32020d604506da8c0518e1da4b7", NULL},
	{seed2, 4, {0, H | 2147483647, 1, H | 2147483646},
	    "f1c7c871a54a804afe328b4c83a1c33b8e5ff48f5087273f04efa83b247d6a2d", NULL},
	{seed2, 5, {0, H | 2147483647, 1, H | 2147483646, 2},
	    "bb7d39bdb83ecf58f2fd82b6d918341cbef428661ef01ab97c28a4842125ac23", NULL},
	{seed3, 0, {0}, "00ddb80b067e0d4993197fe10f2657a844a384589847602d56f0c629c81aae32",
	    "01d28a3e53cffa419ec122c968b3259e16b65076495494d97cae10bbfec3c36f"},
	{seed3, 1, {H}, "491f7a2eebc7b57028e0d3faa0acda02e75c33b03c48fb288c41e2ea44e1daef",
	    "e5fea12a97b927fc9dc3d2cb0d1ea1cf50aa5a1fdc1f933e8906bb38df3377bd"},
	{seed4, 0, {0}, "12c0d59c7aa3a10973dbd3f478b65f2516627e3fe61e00c345be9a477ad2e215",
	    "d0c8a1f6edf2500798c3e0b54f1b56e45f6d03e6076abd36e5e2f54101e44ce6"},
	{seed4, 1, {H}, "00d948e9261e41362a688b916f297121ba6bfb2274a3575ac0e456551dfd7f7e",
	    "cdc0f06456a14876c898790e0b3b1a41c531170aec69da44ff7b7265bfe7743b"},
	{seed4, 2, {H, H | 1}, "3a2086edd7d9df86c3487a5905a1712a9aa664bce8cc268141e07549eaa8661d",
	    "a48ee6674c5264a237703fd383bccd9fad4d9378ac98ab05e6e7029b06360c0d"},
};

static void
from_hex(const char *hex, uint8_t *ret)
{
	assert_int_equal(hex_decode(hex, strlen(hex), ret, strlen(hex) / 2), 0);
}

static struct bip32_node
master_of(const char *hex)
{
	struct bip32_node node;
	uint8_t seed[64];

	from_hex(hex, seed);
	assert_int_equal(bip32_master(seed, strlen(hex) / 2, &node), 0);
	return node;
}

static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct bip32_node node = master_of(v->seed);
		uint8_t want[32];

		assert_int_equal(bip32_path(&node, v->path, v->len, &node), 0);
		from_hex(v->key, want);
		assert_memory_equal(node.key, want, sizeof want);
		if (v->chain_code == NULL)
			continue;
		from_hex(v->chain_code, want);
		assert_memory_equal(node.chain_code, want, sizeof want);
	}
}

/* Step by step, in place, and with the public key at hand: the same nodes. */
static void
test_ways_agree(void **state)
{
	static const uint32_t path[] = {H | 44, H | 60, H, 0, 7};
	struct bip32_node master = master_of(seed1);
	struct bip32_node step = master;
	struct bip32_node known = master;
	struct bip32_node whole;
	uint8_t public_key[33];

	(void)state;
	assert_int_equal(bip32_path(&master, path, ARRAY_LEN(path), &whole), 0);
	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		assert_int_equal(bip32_child(&step, path[i], &step), 0);
		assert_int_equal(secp_public_key(known.key, public_key), 0);
		assert_int_equal(bip32_child_of_known(&known, public_key, path[i], &known), 0);
	}
	assert_memory_equal(&step, &whole, sizeof whole);
	assert_memory_equal(&known, &whole, sizeof whole);
}

static void
test_known_key_matters(void **state)
{
	struct bip32_node master = master_of(seed1);
	struct bip32_node right;
	struct bip32_node wrong;
	uint8_t public_key[33];

	(void)state;
	assert_int_equal(secp_public_key(master.key, public_key), 0);
	assert_int_equal(bip32_child_of_known(&master, public_key, 1, &right), 0);
	public_key[0] ^= 1;
	assert_int_equal(bip32_child_of_known(&master, public_key, 1, &wrong), 0);
	assert_memory_not_equal(&right, &wrong, sizeof right);
}

static void
test_seed_lengths(void **state)
{
	static const uint8_t seed[65] = {1};
	struct bip32_node node;
	struct bip32_node untouched;

	(void)state;
	memset(&node, 0xa5, sizeof node);
	untouched = node;
	assert_int_equal(bip32_master(seed, 0, &node), ERR_RANGE);
	assert_int_equal(bip32_master(seed, 15, &node), ERR_RANGE);
	assert_int_equal(bip32_master(seed, 65, &node), ERR_RANGE);
	assert_memory_equal(&node, &untouched, sizeof node);
	assert_int_equal(bip32_master(seed, 16, &node), 0);
	assert_int_equal(bip32_master(seed, 64, &node), 0);
}

/* A node that cannot be (key 0 or n) has no children of either kind, and no output is written. */
static void
test_invalid_parent(void **state)
{
	static const char order[] =
	    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
	static const uint32_t path[] = {H, 1};
	struct bip32_node parent = master_of(seed1);
	struct bip32_node node;
	struct bip32_node untouched;

	(void)state;
	memset(&node, 0xa5, sizeof node);
	untouched = node;
	from_hex(order, parent.key);
	assert_int_not_equal(bip32_child(&parent, 1, &node), 0);
	assert_int_not_equal(bip32_child(&parent, H | 1, &node), 0);
	assert_int_not_equal(bip32_path(&parent, path, ARRAY_LEN(path), &node), 0);
	assert_memory_equal(&node, &untouched, sizeof node);
}

static void
test_empty_path(void **state)
{
	struct bip32_node master = master_of(seed1);
	struct bip32_node node;

	(void)state;
	assert_int_equal(bip32_path(&master, NULL, 0, &node), 0);
	assert_memory_equal(&node, &master, sizeof node);
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
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_ways_agree),
		cmocka_unit_test(test_known_key_matters),
		cmocka_unit_test(test_seed_lengths),
		cmocka_unit_test(test_invalid_parent),
		cmocka_unit_test(test_empty_path),
	};

	return cmocka_run_group_tests(tests, open_context, NULL);
}
