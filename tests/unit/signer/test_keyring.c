#include "fixture.h"

#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hex.h"
#include "crypto/bip32.h"
#include "crypto/bip39.h"
#include "crypto/secp.h"
#include "evm/address.h"
#include "signer/keyring.h"

static const char phrase[] = "test test test test test test test test test test test junk";
static struct keyring *keys;

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static int
setup(void **state)
{
	unsigned position;

	(void)state;
	return sodium_init() < 0 || secp_open() != 0 ||
	       keyring_open(text(phrase), text(""), &keys, &position) != 0;
}

static int
teardown(void **state)
{
	(void)state;
	keyring_close(keys);
	keys = NULL;
	return 0;
}

static void
expect_hex(const uint8_t *p, size_t n, const char *hex)
{
	char shown[129];

	hex_encode(p, n, shown);
	assert_string_equal(shown, hex);
}

/* What Hardhat and anvil print for this phrase. */
static void
test_indexed_addresses(void **state)
{
	static const char *const want[] = {
		"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
		"0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
		"0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
	};
	struct agent_record rec = {.scheme = SCHEME_INDEXED};
	uint8_t address[20];
	char shown[ADDRESS_TEXT_MAX];

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		rec.index = i;
		assert_int_equal(keyring_address(keys, &rec, address), 0);
		address_format(address, shown);
		assert_string_equal(shown, want[i]);
	}
}

/* The whole path from the seed, without the shortcuts of the keyring. */
static void
test_bound_address(void **state)
{
	static const uint32_t path[] = {BIP32_HARDENED | 44, BIP32_HARDENED | 60,
	    BIP32_HARDENED | 11, BIP32_HARDENED | 0x7fffffff, BIP32_HARDENED | 13};
	struct agent_record rec = {.scheme = SCHEME_BOUND, .path = {11, 0x7fffffff, 13}};
	uint8_t seed[64], public_key[64], want[20], address[20];
	struct bip32_node node;
	unsigned position;

	(void)state;
	assert_int_equal(bip39_seed(phrase, strlen(phrase), "", 0, seed, &position), 0);
	assert_int_equal(bip32_master(seed, 64, &node), 0);
	assert_int_equal(bip32_path(&node, path, 5, &node), 0);
	assert_int_equal(secp_public_key_64(node.key, public_key), 0);
	address_from_public_key(public_key, want);
	assert_int_equal(keyring_address(keys, &rec, address), 0);
	assert_memory_equal(address, want, 20);
}

/* Values by Python's hmac and hashlib from the formulas of the headers. */
static void
test_subkeys(void **state)
{
	uint8_t out[32], request[32], old[32], wallet[20], head[API_KEY_HEAD];
	const struct registration_inputs inputs = {
	    text("alice"), {wallet, sizeof wallet}, text("policy")};
	const struct key_rotation rotation = {text("alice"), 2, old, text("idem"), request};

	(void)state;
	memset(request, 7, 32);
	memset(old, 3, 32);
	memset(wallet, 9, 20);
	expect_hex(keyring_root_id(keys), 32,
	    "ee01a7f1903096f1036556abcf519a20a314ed1785a13bbaecf253939a1c7cdf");
	keyring_record_mac(keys, text("record"), out);
	expect_hex(out, 32, "41d6524279b4075f8fe5f02f966cb75bebc707f8d7b4f95101433841b72d9271");
	keyring_intent_mac(keys, text("alice"), wallet, text("fields"), out);
	expect_hex(out, 32, "f3a63a8b381dc9d97f407d2433aea0819fff07d4659614751850a22bbff19ec6");
	keyring_api_key_head(keys, text("idem"), request, head);
	expect_hex(head, 16, "d8d207113bd30b3f5315eee77203b8f4");
	keyring_api_key(keys, head, &inputs, out);
	expect_hex(out, 32, "d8d207113bd30b3f5315eee77203b8f4db5682775ad563dc2ebd0cfd0ee1a4a1");
	keyring_register_tag(keys, text("idem"), request, out);
	expect_hex(out, 32, "98ba364378b689091da722b89c170731fb84e1d3e3641b8e9c95ff9776aa32c2");
	keyring_rotated_key(keys, &rotation, out);
	expect_hex(out, 32, "7f359563e87c5540d38c2ce167587fc9cc483cf74eaa7ae1c586408df55e47f8");
}

/* A key is good for the registration that it was made for, under one root. */
static void
test_made_api_key(void **state)
{
	static const uint8_t head[API_KEY_HEAD] = {1, 2, 3}, owner[20] = {9};
	const struct registration_inputs made = {text("alice"), {owner, 20}, text("policy")};
	const struct registration_inputs others[] = {
	    {text("alicf"), {owner, 20}, text("policy")},
	    {text("alice"), {owner, 0}, text("policy")},
	    {text("alice"), {owner, 20}, text("policz")},
	};
	uint8_t key[32];

	(void)state;
	keyring_api_key(keys, head, &made, key);
	assert_true(keyring_made_api_key(keys, key, &made));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(keyring_made_api_key(keys, key, &others[i]));
	for (size_t i = 0; i < sizeof key; i++) {
		key[i] ^= 1;
		assert_false(keyring_made_api_key(keys, key, &made));
		key[i] ^= 1;
	}
	assert_true(keyring_made_api_key(keys, key, &made));
}

static void
test_sign(void **state)
{
	const struct agent_record recs[] = {
		{.scheme = SCHEME_INDEXED, .index = 3},
		{.scheme = SCHEME_BOUND, .path = {1, 2, 3}},
	};
	uint8_t digest[32], signature[64], parity, public_key[64], signer[20], address[20];

	(void)state;
	memset(digest, 0xd1, 32);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(keyring_sign(keys, &recs[i], digest, signature, &parity), 0);
		assert_int_equal(secp_recover(digest, signature, parity, public_key), 0);
		address_from_public_key(public_key, signer);
		assert_int_equal(keyring_address(keys, &recs[i], address), 0);
		assert_memory_equal(signer, address, 20);
	}
}

static void
test_receipt_signature(void **state)
{
	static const char tagged[] = "selfsame/receipt/v1\0{\"a\":1}";
	uint8_t signature[64];

	(void)state;
	assert_int_equal(keyring_sign_receipt(keys, text("{\"a\":1}"), signature), 0);
	assert_int_equal(crypto_sign_verify_detached(signature, (const uint8_t *)tagged,
	                     sizeof tagged - 1, keyring_instance_key(keys)),
	    0);
	assert_int_equal(
	    keyring_sign_receipt(keys, (struct bytes){signature, 2049}, signature), ERR_SPACE);
}

/* The same root, another boot: the instance key is new, the rest is not. */
static void
test_second_boot(void **state)
{
	struct keyring *again;
	unsigned position;

	(void)state;
	assert_int_equal(keyring_open(text(phrase), text(""), &again, &position), 0);
	assert_memory_equal(keyring_root_id(again), keyring_root_id(keys), 32);
	assert_memory_not_equal(keyring_instance_key(again), keyring_instance_key(keys), 32);
	keyring_close(again);
	assert_int_equal(keyring_open(text(phrase), text("x"), &again, &position), 0);
	assert_memory_not_equal(keyring_root_id(again), keyring_root_id(keys), 32);
	keyring_close(again);
}

static void
test_bad_phrases(void **state)
{
	struct keyring *k = NULL;
	unsigned position = 99;

	(void)state;
	assert_int_equal(keyring_open(text("test test"), text(""), &k, &position),
	    ERR_MNEMONIC_LENGTH);
	assert_int_equal(keyring_open(text("test test test test test test test test test test test "
	                                   "test"),
	                     text(""), &k, &position),
	    ERR_MNEMONIC_CHECKSUM);
	assert_int_equal(position, 99);
	assert_int_equal(keyring_open(text("test test tost test test test test test test test test "
	                                   "junk"),
	                     text(""), &k, &position),
	    ERR_MNEMONIC_WORD);
	assert_int_equal(position, 3);
	assert_int_equal(keyring_open(text(phrase), text("\x01"), &k, &position), ERR_PASSPHRASE);
	assert_null(k);
}

/* A child that looks, and one that writes where the root id stands. */
static int
child_status(int writes)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		volatile uint8_t *p = (volatile uint8_t *)(uintptr_t)keyring_root_id(keys);

		(void)signal(SIGSEGV, SIG_DFL);
		if (writes)
			*p = 1;
		_exit(*p == 0xee ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_read_only(void **state)
{
	int status;

	(void)state;
	assert_int_equal(child_status(0), 0);
	status = child_status(1);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_indexed_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_subkeys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_made_api_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_receipt_signature, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_phrases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
