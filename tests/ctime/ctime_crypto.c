/*
 * Constant time, after libsecp256k1's ctime_tests: secrets are marked undefined
 * and valgrind reports every branch and every index that depends on one. Works
 * under valgrind only; tests/ctime/run reads the exit status. With the argument
 * "leak" it runs code that does branch, which must be reported.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/err.h"
#include "crypto/bip32.h"
#include "crypto/bip39.h"
#include "crypto/kdf.h"
#include "crypto/secp.h"
#include "base/banned.h"

#define EXIT_SKIPPED 77

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n) ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#define VALGRIND_SET_VBITS(p, bits, n) ((void)(p), (void)(bits), (void)(n))
#endif

static void
hide(void *p, size_t n)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

static void
show(const void *p, size_t n)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(p, n);
}

/* The verdict of a call is public, and must be the right one. */
static int
expect(int r, int want, const char *what)
{
	show(&r, sizeof r);
	if (r == want)
		return 0;
	fprintf(stderr, "%s: %s instead of %s\n", what, err_name(r), err_name(want));
	return 1;
}

static void
fill(uint8_t *p, size_t n, uint8_t first)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(first + 31 * i);
}

static struct bip32_node
hidden_node(void)
{
	struct bip32_node node;

	fill(node.key, sizeof node.key, 0x11);
	fill(node.chain_code, sizeof node.chain_code, 0x22);
	hide(&node, sizeof node);
	return node;
}

static int
derivation(void)
{
	static const uint32_t path[] = {
		BIP32_HARDENED | 44, BIP32_HARDENED | 60, BIP32_HARDENED, 0, 5,
	};
	struct bip32_node node = hidden_node();
	struct bip32_node child;
	uint8_t public_key[33];
	uint8_t seed[64];
	int bad = 0;

	fill(seed, sizeof seed, 0x33);
	hide(seed, sizeof seed);
	bad += expect(bip32_master(seed, sizeof seed, &child), 0, "bip32_master");
	bad += expect(bip32_child(&node, BIP32_HARDENED | 1, &child), 0, "bip32_child, hardened");
	bad += expect(bip32_child(&node, 1, &child), 0, "bip32_child");
	bad += expect(bip32_path(&node, path, ARRAY_LEN(path), &child), 0, "bip32_path");
	bad += expect(secp_public_key(node.key, public_key), 0, "secp_public_key");
	bad += expect(bip32_child_of_known(&node, public_key, 1, &child), 0,
	    "bip32_child_of_known");
	return bad;
}

/* The one place that signs: the library's two known reports then have one trace each. */
static __attribute__((noinline)) int
sign(const uint8_t *key, const uint8_t *digest, const uint8_t *extra)
{
	uint8_t signature[64];
	uint8_t parity;

	return expect(secp_sign(key, digest, extra, signature, &parity), 0, "secp_sign");
}

static int
signing(void)
{
	struct bip32_node node = hidden_node();
	uint8_t tweak[32];
	uint8_t sum[32];
	uint8_t digest[32];
	uint8_t extra[32];
	uint8_t public_key[64];
	int bad = 0;

	fill(tweak, sizeof tweak, 0x44);
	fill(digest, sizeof digest, 0x55);
	fill(extra, sizeof extra, 0x66);
	hide(tweak, sizeof tweak);
	hide(digest, sizeof digest);
	hide(extra, sizeof extra);
	bad += expect(secp_key_check(node.key), 0, "secp_key_check");
	bad += expect(secp_key_add(node.key, tweak, sum), 0, "secp_key_add");
	bad += expect(secp_public_key_64(node.key, public_key), 0, "secp_public_key_64");
	for (unsigned i = 0; i < 2; i++)
		bad += sign(node.key, digest, i == 0 ? NULL : extra);
	return bad;
}

/*
 * Letters are secret, words' lengths are not: the low five bits of every letter
 * are hidden, which leaves it distinguishable from a space and nothing else.
 */
static void
hide_letters(char *text, size_t len)
{
	uint8_t bits[BIP39_TEXT_MAX] = {0};

	for (size_t i = 0; i < len; i++)
		bits[i] = text[i] == ' ' ? 0x00 : 0x1f;
	(void)VALGRIND_SET_VBITS(text, bits, len);
}

static int
mnemonics(void)
{
	static const char phrase[] = "ozone drill grab fiber curtain grace pudding thank cruise "
				     "elder eight picnic";
	static const char broken[] = "ozone drill grab fiber curtain grace pudding thank cruise "
				     "elder picnic eight";
	char text[sizeof phrase];
	char out[BIP39_TEXT_MAX];
	uint8_t entropy[BIP39_ENTROPY_MAX];
	uint8_t seed[64];
	size_t len = 0;
	unsigned position;
	int bad = 0;

	memcpy(text, phrase, sizeof text);
	hide_letters(text, sizeof text - 1);
	bad += expect(bip39_entropy(text, sizeof text - 1, entropy, &len, &position), 0,
	    "bip39_entropy");
	bad += expect(bip39_mnemonic(entropy, len, out), 0, "bip39_mnemonic");
	bad += expect(bip39_seed(text, sizeof text - 1, "TREZOR", 6, seed, &position), 0,
	    "bip39_seed");
	bad += expect(bip39_is_published(text, sizeof text - 1), 1, "bip39_is_published");
	memcpy(text, broken, sizeof text);
	hide_letters(text, sizeof text - 1);
	bad += expect(bip39_entropy(text, sizeof text - 1, entropy, &len, &position),
	    ERR_MNEMONIC_CHECKSUM, "bip39_entropy, checksum");
	return bad;
}

static int
keys(void)
{
	uint8_t key[32];
	uint8_t out[96];
	uint8_t other[32];
	struct bytes part = {other, sizeof other};
	int bad = 0;

	fill(key, sizeof key, 0x77);
	fill(other, sizeof other, 0x88);
	hide(key, sizeof key);
	hide(other, sizeof other);
	bad += expect(hkdf_sha256(key, sizeof key, "selfsame/test/v1", out, sizeof out), 0, "hkdf");
	mac_parts(key, "selfsame/test/v1", &part, 1, out);
	hash_parts("selfsame/test/v1", &part, 1, out + 32);
	bad += expect(mac_equal(out, out), 1, "mac_equal");
	bad += expect(mac_equal(out, out + 32), 0, "mac_equal, unequal");
	return bad;
}

/* What the tool must see: a comparison that stops at the first difference. */
static int
leak(void)
{
	uint8_t a[32];
	uint8_t b[32];

	fill(a, sizeof a, 0x99);
	fill(b, sizeof b, 0x99);
	hide(a, sizeof a);
	for (size_t i = 0; i < sizeof a; i++) {
		if (a[i] != b[i])
			return 1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	int bad;

	if (!RUNNING_ON_VALGRIND) {
		fprintf(stderr, "ctime_crypto: shows something under valgrind only\n");
		return EXIT_SKIPPED;
	}
	if (secp_open() != 0)
		return 1;
	if (argc == 2 && strcmp(argv[1], "leak") == 0)
		return leak();
	bad = derivation() + signing() + mnemonics() + keys();
	return bad == 0 ? 0 : 1;
}
