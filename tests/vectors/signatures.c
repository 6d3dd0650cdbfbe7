/* ECDSA on secp256k1, and the hashes. */
#include "vectors.h"

#include <secp256k1.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "crypto/keccak256.h"
#include "crypto/secp.h"
#include "base/banned.h"

#define MESSAGE_MAX 65536

/* "valid[3]", "valid[3].extraEntropyRand" */
static const char *
label(const char *group, size_t index, const char *part)
{
	static char text[256];
	const char *dot = *part == '\0' ? "" : ".";
	int n = snprintf(text, sizeof text, "%s[%zu]%s%s", group, index, dot, part);

	return n < 0 ? "" : text;
}

/* --- rfc6979 --- */

static const char *
check_sign(const json_t *entry, const char *name, const char *id_name, const uint8_t *extra)
{
	uint8_t key[32];
	uint8_t digest[32];
	uint8_t signature[64];
	uint8_t public_key[65];
	uint8_t recovered[64];
	uint8_t parity;
	const json_t *id = json_object_get(entry, id_name);

	if (member_hex_n(entry, "d", key, sizeof key) != 0 ||
	    member_hex_n(entry, "m", digest, sizeof digest) != 0)
		return "unreadable entry";
	if (secp_sign(key, digest, extra, signature, &parity) != 0)
		return "not signed";
	if (!member_equals(entry, name, signature, sizeof signature))
		return "another signature";
	if (id != NULL && json_integer_value(id) != parity)
		return "another parity";
	public_key[0] = 0x04;
	if (secp_public_key_64(key, public_key + 1) != 0 ||
	    secp_verify(public_key, sizeof public_key, digest, signature) != 0)
		return "own signature does not verify";
	if (secp_recover(digest, signature, parity, recovered) != 0 ||
	    memcmp(recovered, public_key + 1, sizeof recovered) != 0)
		return "another public key recovered";
	return NULL;
}

struct extra {
	const char *name;
	const char *id_name;
	const char *hex; /* 32 bytes */
};

static const struct extra extras[] = {
	{"extraEntropy0", "recoveryId0",
	    "0000000000000000000000000000000000000000000000000000000000000000"},
	{"extraEntropy1", "recoveryId1",
	    "0000000000000000000000000000000000000000000000000000000000000001"},
	{"extraEntropyRand", "recoveryIdRand",
	    "6e723d3fd94ed5d2b6bdd4f123364b0f3ca52af829988a63f8afe91d29db1c33"},
	{"extraEntropyN", "recoveryIdN",
	    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"},
	{"extraEntropyMax", "recoveryIdMax",
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
};

static void
rfc6979_extra(struct vectors *v, const json_t *entry, size_t index)
{
	const char *why = check_sign(entry, "signature", "recoveryId", NULL);

	vectors_case(v, why == NULL, label("extraEntropy", index, ""), why);
	for (size_t i = 0; i < ARRAY_LEN(extras); i++) {
		uint8_t extra[32];
		size_t len;

		if (json_object_get(entry, extras[i].name) == NULL)
			continue;
		if (text_hex(extras[i].hex, extra, sizeof extra, &len) != 0)
			why = "unreadable extra bytes";
		else
			why = check_sign(entry, extras[i].name, extras[i].id_name, extra);
		vectors_case(v, why == NULL, label("extraEntropy", index, extras[i].name), why);
	}
}

static int
sign_refused(const json_t *entry)
{
	uint8_t key[32];
	uint8_t digest[32];
	uint8_t signature[64];
	uint8_t parity;

	/* a key or digest of another length cannot even be handed over */
	if (member_hex_n(entry, "d", key, sizeof key) != 0 ||
	    member_hex_n(entry, "m", digest, sizeof digest) != 0)
		return 1;
	return secp_sign(key, digest, NULL, signature, &parity) != 0;
}

/* A low-s verifier refuses the entries marked strict as well. */
static int
verify_refused(const json_t *entry)
{
	uint8_t public_key[128];
	uint8_t digest[32];
	uint8_t signature[64];
	size_t len;

	if (member_hex(entry, "Q", public_key, sizeof public_key, &len) != 0 ||
	    member_hex_n(entry, "m", digest, sizeof digest) != 0 ||
	    member_hex_n(entry, "signature", signature, sizeof signature) != 0)
		return 1;
	return secp_verify(public_key, len, digest, signature) != 0;
}

static int
recover_refused(const json_t *entry)
{
	uint8_t digest[32];
	uint8_t signature[64];
	uint8_t public_key[64];
	const json_t *named = json_object_get(entry, "recoveryId");

	if (member_hex_n(entry, "m", digest, sizeof digest) != 0 ||
	    member_hex_n(entry, "signature", signature, sizeof signature) != 0)
		return 1;
	/* an entry without a recovery id is refused with every one */
	for (uint8_t id = 0; id < 5; id++) {
		if (named != NULL && json_integer_value(named) != id)
			continue;
		if (secp_recover(digest, signature, id, public_key) == 0)
			return 0;
	}
	return 1;
}

static void
rfc6979_invalid(struct vectors *v, const json_t *invalid, const char *group,
    int (*refused)(const json_t *))
{
	char name[64];
	size_t i;
	json_t *entry;
	int n = snprintf(name, sizeof name, "invalid.%s", group);

	if (n < 0)
		return;
	json_array_foreach(json_object_get(invalid, group), i, entry)
		vectors_case(v, refused(entry), label(name, i, ""), "not refused");
}

static void
run_rfc6979(struct vectors *v, const json_t *root)
{
	json_t *invalid = json_object_get(root, "invalid");
	size_t i;
	json_t *entry;

	json_array_foreach(json_object_get(root, "valid"), i, entry)
	{
		const char *why = check_sign(entry, "signature", "recoveryId", NULL);

		vectors_case(v, why == NULL, label("valid", i, ""), why);
	}
	json_array_foreach(json_object_get(root, "extraEntropy"), i, entry)
		rfc6979_extra(v, entry, i);
	rfc6979_invalid(v, invalid, "sign", sign_refused);
	rfc6979_invalid(v, invalid, "verify", verify_refused);
	rfc6979_invalid(v, invalid, "recover", recover_refused);
}

/* --- wycheproof --- */

enum form { FORM_DER, FORM_DER_LOW_S, FORM_P1363 };

/* r || s as the product takes it; high s is brought down where the file allows it */
static int
to_compact(const uint8_t *p, size_t len, enum form form, uint8_t ret[64])
{
	const secp256k1_context *ctx = secp256k1_context_static;
	secp256k1_ecdsa_signature s;

	if (form == FORM_P1363) {
		if (len != 64 || !secp256k1_ecdsa_signature_parse_compact(ctx, &s, p))
			return ERR_PARSE;
	} else if (!secp256k1_ecdsa_signature_parse_der(ctx, &s, p, len)) {
		return ERR_PARSE;
	}
	if (form != FORM_DER_LOW_S)
		(void)secp256k1_ecdsa_signature_normalize(ctx, &s, &s);
	return secp256k1_ecdsa_signature_serialize_compact(ctx, ret, &s) ? 0 : ERR_PARSE;
}

static int
wycheproof_verifies(const json_t *test, const uint8_t *public_key, size_t key_len, enum form form)
{
	static uint8_t message[MESSAGE_MAX];
	uint8_t signature[1024];
	uint8_t compact[64];
	uint8_t digest[32];
	size_t len;

	if (member_hex(test, "msg", message, sizeof message, &len) != 0)
		return 0;
	crypto_hash_sha256(digest, message, len);
	if (member_hex(test, "sig", signature, sizeof signature, &len) != 0)
		return 0;
	if (to_compact(signature, len, form, compact) != 0)
		return 0;
	return secp_verify(public_key, key_len, digest, compact) == 0;
}

static void
wycheproof_group(struct vectors *v, const json_t *group, enum form form)
{
	const json_t *public_key = json_object_get(group, "publicKey");
	uint8_t key[128];
	size_t len = 0;
	size_t i;
	json_t *test;
	int known = member_hex(public_key, "uncompressed", key, sizeof key, &len) == 0;

	json_array_foreach(json_object_get(group, "tests"), i, test)
	{
		size_t id = (size_t)json_integer_value(json_object_get(test, "tcId"));
		const char *want = member_text(test, "result");
		int got = known && wycheproof_verifies(test, key, len, form);

		if (want == NULL)
			vectors_case(v, 0, label("tcId", id, ""), "no result");
		else if (strcmp(want, "acceptable") == 0)
			vectors_skip(v, "", "either verdict is acceptable");
		else
			vectors_case(v, got == (strcmp(want, "valid") == 0), label("tcId", id, ""),
			    got ? "verifies" : "does not verify");
	}
}

static void
wycheproof(struct vectors *v, const json_t *root, enum form form)
{
	size_t i;
	json_t *group;

	json_array_foreach(json_object_get(root, "testGroups"), i, group)
		wycheproof_group(v, group, form);
}

static void
run_der(struct vectors *v, const json_t *root)
{
	wycheproof(v, root, FORM_DER);
}

static void
run_bitcoin(struct vectors *v, const json_t *root)
{
	wycheproof(v, root, FORM_DER_LOW_S);
}

static void
run_p1363(struct vectors *v, const json_t *root)
{
	wycheproof(v, root, FORM_P1363);
}

/* --- hashes --- */

static void
hash_case(struct vectors *v, const json_t *entry, const char *hash, const uint8_t *got, size_t len)
{
	char text[256];
	const char *name = member_text(entry, "name");
	int n = snprintf(text, sizeof text, "%s.%s", name == NULL ? "?" : name, hash);

	if (json_object_get(entry, hash) != NULL)
		vectors_case(v, member_equals(entry, hash, got, len), n < 0 ? "" : text, NULL);
}

static void
run_hashes(struct vectors *v, const json_t *root)
{
	static uint8_t data[MESSAGE_MAX];
	uint8_t hash[64];
	size_t i, len;
	json_t *entry;

	json_array_foreach(root, i, entry)
	{
		if (member_hex(entry, "data", data, sizeof data, &len) != 0) {
			vectors_case(v, 0, label("", i, ""), "unreadable data");
			continue;
		}
		keccak256(data, len, hash);
		hash_case(v, entry, "keccak256", hash, 32);
		crypto_hash_sha256(hash, data, len);
		hash_case(v, entry, "sha256", hash, 32);
		crypto_hash_sha512(hash, data, len);
		hash_case(v, entry, "sha512", hash, 64);
		if (json_object_get(entry, "ripemd160") != NULL)
			vectors_skip(v, "", "RIPEMD-160 is not in the product");
	}
}

static void
hmac_entry(struct vectors *v, const json_t *entry, const char *name)
{
	static uint8_t data[MESSAGE_MAX];
	static uint8_t key[MESSAGE_MAX];
	const char *algorithm = member_text(entry, "algorithm");
	uint8_t mac[64];
	size_t len, key_len;

	if (algorithm == NULL || member_hex(entry, "data", data, sizeof data, &len) != 0 ||
	    member_hex(entry, "key", key, sizeof key, &key_len) != 0) {
		vectors_case(v, 0, name, "unreadable entry");
	} else if (strcmp(algorithm, "sha256") == 0) {
		crypto_auth_hmacsha256_state st;

		crypto_auth_hmacsha256_init(&st, key, key_len);
		crypto_auth_hmacsha256_update(&st, data, len);
		crypto_auth_hmacsha256_final(&st, mac);
		vectors_case(v, member_equals(entry, "hmac", mac, 32), name, "another MAC");
	} else if (strcmp(algorithm, "sha512") == 0) {
		crypto_auth_hmacsha512_state st;

		crypto_auth_hmacsha512_init(&st, key, key_len);
		crypto_auth_hmacsha512_update(&st, data, len);
		crypto_auth_hmacsha512_final(&st, mac);
		vectors_case(v, member_equals(entry, "hmac", mac, 64), name, "another MAC");
	} else {
		vectors_skip(v, name, "an HMAC that is not in the product");
	}
}

static void
run_hmac(struct vectors *v, const json_t *root)
{
	char name[128];
	size_t i;
	json_t *entry;

	json_array_foreach(root, i, entry)
		hmac_entry(v, entry, entry_name(entry, i, name, sizeof name));
}

const struct vector_file signature_files[] = {
	{"rfc6979-secp256k1/ecdsa.json", run_rfc6979, NULL},
	{"wycheproof/ecdsa_secp256k1_sha256_test.json", run_der, NULL},
	{"wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json", run_bitcoin, NULL},
	{"wycheproof/ecdsa_secp256k1_sha256_p1363_test.json", run_p1363, NULL},
	{"ethers-v6/hashes.json", run_hashes, NULL},
	{"ethers-v6/hmac.json", run_hmac, NULL},
	{NULL, NULL, NULL},
};
