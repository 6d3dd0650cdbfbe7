/*
 * Constant time of the keyring, as ctime_crypto.c does it for what lies below:
 * every secret of the keyring is marked undefined, and valgrind reports what
 * branches or looks up by one. White box: the keyring is filled here.
 */
#include <stdio.h>

#include "../../src/signer/keyring.c"

#define EXIT_SKIPPED 77

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n) ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#endif

static struct keyring keys;

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
		p[i] = (uint8_t)(first + 29 * i);
}

static int
set_up(void)
{
	uint8_t seed[64];
	int bad = 0;

	fill(seed, sizeof seed, 0x12);
	hide(seed, sizeof seed);
	bad += expect(derive_nodes(&keys, seed), 0, "derive_nodes");
	bad += expect(derive_subkeys(&keys, seed), 0, "derive_subkeys");
	if (crypto_sign_keypair(keys.instance_public, keys.instance_secret) != 0)
		return bad + 1;
	hide(&keys, sizeof keys);
	show(keys.instance_public, sizeof keys.instance_public);
	/* the second half of libsodium's secret key is the public key */
	show(keys.instance_secret + 32, 32);
	return bad;
}

/* One place that signs, for both schemes: see libsecp256k1.supp. */
static int
wallets(void)
{
	struct agent_record rec = {.scheme = SCHEME_INDEXED, .index = 7, .path = {0, 0, 0}};
	uint8_t digest[32], signature[64], address[20], parity;
	int bad = 0;

	fill(digest, sizeof digest, 0x34);
	for (int i = 0; i < 2; i++) {
		bad += expect(keyring_address(&keys, &rec, address), 0, "keyring_address");
		bad += expect(keyring_sign(&keys, &rec, digest, signature, &parity), 0,
		    "keyring_sign");
		rec = (struct agent_record){.scheme = SCHEME_BOUND, .path = {1, 2, 3}};
	}
	return bad;
}

static int
macs(void)
{
	static const uint8_t words[] = "some words";
	const struct bytes part = {words, sizeof words};
	const struct registration_inputs inputs = {part, {words, 0}, part};
	uint8_t request[32], out[32], head[API_KEY_HEAD], key[32], hash[32];
	const struct key_rotation rotation = {part, 2, request, part, request};

	fill(request, sizeof request, 0x56);
	keyring_record_mac(&keys, part, out);
	keyring_intent_mac(&keys, part, request, part, out);
	keyring_register_tag(&keys, part, request, out);
	keyring_api_key_head(&keys, part, request, head);
	keyring_api_key(&keys, head, &inputs, key);
	keyring_rotated_key(&keys, &rotation, out);
	/* the check of an API key, as serve.c makes it */
	api_key_hash(key, hash);
	return expect(mac_equal(hash, out), 0, "mac_equal") +
	    expect(keyring_made_api_key(&keys, key, &inputs), 1, "keyring_made_api_key");
}

static int
receipts(void)
{
	static const uint8_t words[] = "{}";
	uint8_t signature[64];

	return expect(keyring_sign_receipt(&keys, (struct bytes){words, 2}, signature), 0,
	    "keyring_sign_receipt");
}

/* What the tool must see: a comparison that stops at the first difference. */
static int
leak(void)
{
	uint8_t other[32] = {0};

	for (size_t i = 0; i < sizeof other; i++) {
		if (keys.record_mac[i] != other[i])
			return 1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	if (!RUNNING_ON_VALGRIND) {
		fprintf(stderr, "ctime_signer: shows something under valgrind only\n");
		return EXIT_SKIPPED;
	}
	if (secp_open() != 0 || set_up() != 0)
		return 1;
	if (argc == 2 && strcmp(argv[1], "leak") == 0)
		return leak();
	return wallets() + macs() + receipts() == 0 ? 0 : 1;
}
