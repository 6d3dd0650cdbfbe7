/*
 * No secret stays on the stack. Each function runs on a stack of ours, which is
 * then searched for every 8-byte piece of the secrets it handled, as bytes and
 * in the byte order of a 64-bit word. The search itself is proven first. Built
 * from the release's objects (tests.mk), because what stays depends on the
 * optimiser. Registers and the libraries' own statics are not looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <pthread.h>
#include <secp256k1.h>
#include <sys/mman.h>

#include "base/attr.h"
#include "base/err.h"
#include "crypto/bip32.h"
#include "crypto/bip39.h"
#include "crypto/kdf.h"
#include "crypto/secp.h"
#include "base/banned.h"

#define STACK_BYTES (256 << 10)
#define PIECE 8
#define SECRETS_MAX 8

static const char mnemonic[] = "ozone drill grab fiber curtain grace pudding thank cruise elder "
			       "eight picnic";

/* The secrets of one run; the searched stack never holds this array. */
static struct {
	const uint8_t *p;
	size_t len;
} secrets[SECRETS_MAX];
static size_t secret_count;

static struct bip32_node parent;
static struct bip32_node child;
static uint8_t seed[64];
static uint8_t entropy[32];
static uint8_t key[32];
static uint8_t other_key[32];
static uint8_t derived[64];
static uint8_t nonce[32];
static uint8_t digest[32];
static uint8_t public_key[64];
static uint8_t parent_public_key[33];
static uint8_t signature[64];
static char text[BIP39_TEXT_MAX];
static int status;

static uint8_t *stack;

static void
secret(const void *p, size_t len)
{
	assert_true(secret_count < SECRETS_MAX);
	secrets[secret_count].p = p;
	secrets[secret_count].len = len;
	secret_count++;
}

/* Byte by byte, so that the search itself takes no secret into a wide register. */
static unsigned
same(const uint8_t *at, const uint8_t *piece, unsigned reversed)
{
	for (size_t i = 0; i < PIECE; i++) {
		if (at[i] != piece[reversed ? PIECE - 1 - i : i])
			return 0;
	}
	return 1;
}

/* How many pieces of the secrets are on the stack. */
static unsigned
search(void)
{
	unsigned hits = 0;

	for (size_t s = 0; s < secret_count; s++) {
		for (size_t piece = 0; piece + PIECE <= secrets[s].len; piece += PIECE) {
			for (size_t at = 0; at + PIECE <= STACK_BYTES; at++) {
				hits += same(stack + at, secrets[s].p + piece, 0);
				hits += same(stack + at, secrets[s].p + piece, 1);
			}
		}
	}
	return hits;
}

struct start {
	void (*run)(void);
};

/* Well below the frames that the end of a thread writes over. */
static void *
deep(void *arg)
{
	const struct start *s = arg;
	volatile uint8_t room[16384];

	room[0] = 0;
	s->run();
	room[sizeof room - 1] = room[0];
	return NULL;
}

static void
on_stack(void (*run)(void))
{
	struct start s = {run};
	pthread_attr_t attr;
	pthread_t thread;

	memset(stack, 0, STACK_BYTES);
	status = -1;
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstack(&attr, stack, STACK_BYTES), 0);
	assert_int_equal(pthread_create(&thread, &attr, deep, &s), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pthread_attr_destroy(&attr), 0);
	assert_int_equal(status, 0);
}

static void
leak(void)
{
	volatile uint8_t copy[32];

	for (size_t i = 0; i < sizeof copy; i++)
		copy[i] = key[i];
	status = copy[0] != key[0];
}

static void
leak_word(void)
{
	volatile uint64_t word = 0;

	for (size_t i = 0; i < 8; i++)
		word = word << 8 | key[i];
	status = 0;
}

static void
do_nothing(void)
{
	status = 0;
}

static void
test_control(void **state)
{
	(void)state;
	secret(key, sizeof key);
	on_stack(leak);
	assert_true(search() >= 4);
	on_stack(leak_word);
	assert_true(search() >= 1);
	on_stack(do_nothing);
	assert_int_equal(search(), 0);
}

static void
do_entropy(void)
{
	size_t len;
	unsigned position;

	status = bip39_entropy(mnemonic, sizeof mnemonic - 1, entropy, &len, &position);
}

/* The ways out by an error: nothing that runs later writes over what they leave. */
static void
do_bad_word(void)
{
	static const char bad[] = "ozone drill grab fiber curtain grace pudding thank cruise elder "
				  "eight picnix";
	size_t len;
	unsigned position;

	status = bip39_entropy(bad, sizeof bad - 1, entropy, &len, &position) - ERR_MNEMONIC_WORD;
}

static void
do_bad_passphrase(void)
{
	unsigned position;

	status = bip39_seed(mnemonic, sizeof mnemonic - 1, "\n", 1, seed, &position) -
	    ERR_PASSPHRASE;
}

static void
do_mnemonic(void)
{
	status = bip39_mnemonic(entropy, 16, text);
}

static void
do_seed(void)
{
	unsigned position;

	status = bip39_seed(mnemonic, sizeof mnemonic - 1, "pass phrase of some length", 26, seed,
	    &position);
}

static void
do_published(void)
{
	status = !bip39_is_published(mnemonic, sizeof mnemonic - 1);
}

static void
test_bip39(void **state)
{
	(void)state;
	secret(mnemonic, sizeof mnemonic - 1);
	/* single words, padded as the list has them */
	secret("ozone\0\0", PIECE);
	secret("picnic\0", PIECE);
	secret("picnix\0", PIECE);
	secret(entropy, 16);
	secret(seed, sizeof seed);
	on_stack(do_entropy);
	assert_int_equal(search(), 0);
	on_stack(do_bad_word);
	assert_int_equal(search(), 0);
	on_stack(do_bad_passphrase);
	assert_int_equal(search(), 0);
	on_stack(do_mnemonic);
	assert_int_equal(search(), 0);
	on_stack(do_seed);
	assert_int_equal(search(), 0);
	on_stack(do_published);
	assert_int_equal(search(), 0);
}

static void
do_master(void)
{
	status = bip32_master(seed, sizeof seed, &parent);
}

static void
do_hardened(void)
{
	status = bip32_child(&parent, BIP32_HARDENED | 44, &child);
}

static void
do_normal(void)
{
	status = bip32_child(&parent, 44, &child);
}

static void
do_known(void)
{
	status = bip32_child_of_known(&parent, parent_public_key, 44, &child);
}

static void
do_path(void)
{
	static const uint32_t path[] = {
		BIP32_HARDENED | 44, BIP32_HARDENED | 60, BIP32_HARDENED, 0, 3,
	};

	status = bip32_path(&parent, path, ARRAY_LEN(path), &child);
}

static void
test_bip32(void **state)
{
	static void (*const runs[])(void) = {do_hardened, do_normal, do_known, do_path};

	(void)state;
	for (size_t i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)(0x5e ^ (i * 29));
	secret(seed, sizeof seed);
	secret(parent.key, sizeof parent.key);
	secret(parent.chain_code, sizeof parent.chain_code);
	secret(child.key, sizeof child.key);
	secret(child.chain_code, sizeof child.chain_code);
	on_stack(do_master);
	assert_int_equal(search(), 0);
	assert_int_equal(secp_public_key(parent.key, parent_public_key), 0);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		on_stack(runs[i]);
		assert_int_equal(search(), 0);
	}
}

static void
do_add(void)
{
	status = secp_key_add(key, digest, other_key);
}

static void
do_check(void)
{
	status = secp_key_check(key);
}

static void
do_public(void)
{
	status = secp_public_key_64(key, public_key);
}

static void
do_sign(void)
{
	uint8_t parity;

	status = secp_sign(key, digest, NULL, signature, &parity);
}

static void
test_secp(void **state)
{
	static void (*const runs[])(void) = {do_check, do_add, do_public, do_sign};

	(void)state;
	memset(digest, 0x31, sizeof digest);
	memset(other_key, 0x44, sizeof other_key);
	/* who has the nonce of one signature has the key */
	assert_int_equal(secp256k1_nonce_function_rfc6979(nonce, digest, key, NULL, NULL, 0), 1);
	secret(key, sizeof key);
	secret(other_key, sizeof other_key);
	secret(nonce, sizeof nonce);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		on_stack(runs[i]);
		assert_int_equal(search(), 0);
	}
}

static void
do_hkdf(void)
{
	status = hkdf_sha256(key, sizeof key, "selfsame/test/v1", derived, sizeof derived);
}

static void
do_mac(void)
{
	struct bytes part = {other_key, sizeof other_key};

	mac_parts(key, "selfsame/test/v1", &part, 1, digest);
	status = 0;
}

static void
do_hash(void)
{
	struct bytes part = {other_key, sizeof other_key};

	hash_parts("selfsame/test/v1", &part, 1, digest);
	status = 0;
}

static void
test_kdf(void **state)
{
	static void (*const runs[])(void) = {do_hkdf, do_mac, do_hash};

	(void)state;
	secret(key, sizeof key);
	secret(other_key, sizeof other_key);
	secret(derived, sizeof derived);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		on_stack(runs[i]);
		assert_int_equal(search(), 0);
	}
}

static int
set_up(void **state)
{
	(void)state;
	secret_count = 0;
	/* what a run has not written yet must not look like the empty stack */
	memset(seed, 0x51, sizeof seed);
	memset(entropy, 0x52, sizeof entropy);
	memset(derived, 0x53, sizeof derived);
	memset(&parent, 0x54, sizeof parent);
	memset(&child, 0x55, sizeof child);
	for (size_t i = 0; i < sizeof key; i++) {
		key[i] = (uint8_t)(0x9d ^ (i * 37));
		other_key[i] = (uint8_t)(0x3b ^ (i * 53));
	}
	return 0;
}

static int
open_all(void **state)
{
	(void)state;
	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return stack == MAP_FAILED ? -1 : secp_open();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_control, set_up),
		cmocka_unit_test_setup(test_bip39, set_up),
		cmocka_unit_test_setup(test_bip32, set_up),
		cmocka_unit_test_setup(test_secp, set_up),
		cmocka_unit_test_setup(test_kdf, set_up),
	};

	return cmocka_run_group_tests(tests, open_all, NULL);
}
