/* Mnemonics, seeds, BIP-32 nodes and the addresses of accounts. */
#include "vectors.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/parse.h"
#include "crypto/bip32.h"
#include "crypto/bip39.h"
#include "crypto/bip39_words.h"
#include "crypto/keccak256.h"
#include "crypto/secp.h"
#include "evm/address.h"
#include "base/banned.h"

#define PATH_MAX_LEVELS 64
#define XKEY_LEN 78 /* version 4, depth 1, parent 4, index 4, chain code 32, key 33 */
#define PHRASE_MAX 1024

struct label {
	char text[256];
};

/* "name", "name.seed", "name.nodes[3]" */
static const char *
label(struct label *l, const char *name, const char *part, size_t index)
{
	int n;

	if (index == SIZE_MAX)
		n = snprintf(l->text, sizeof l->text, "%s%s", name, part);
	else
		n = snprintf(l->text, sizeof l->text, "%s%s[%zu]", name, part, index);
	return n < 0 ? "" : l->text;
}

static void
hash160(const uint8_t *p, size_t len, uint8_t ret[20])
{
	uint8_t sha[32];

	SHA256(p, len, sha);
	if (EVP_Digest(sha, sizeof sha, ret, NULL, EVP_ripemd160(), NULL) != 1)
		memset(ret, 0, 20);
}

static void
add_digit(uint8_t *number, size_t len, unsigned digit)
{
	for (size_t i = len; i-- > 0;) {
		digit += number[i] * 58U;
		number[i] = (uint8_t)digit;
		digit >>= 8;
	}
}

/* Base58Check of an extended key: the product has none, the vectors do. */
static int
xkey_decode(const char *text, uint8_t ret[XKEY_LEN])
{
	static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	uint8_t raw[XKEY_LEN + 4] = {0};
	uint8_t sha[32];

	for (; *text != '\0'; text++) {
		const char *d = strchr(digits, *text);

		if (d == NULL)
			return ERR_PARSE;
		add_digit(raw, sizeof raw, (unsigned)(d - digits));
	}
	SHA256(raw, XKEY_LEN, sha);
	SHA256(sha, sizeof sha, sha);
	if (memcmp(sha, raw + XKEY_LEN, 4) != 0)
		return ERR_PARSE;
	memcpy(ret, raw, XKEY_LEN);
	return 0;
}

/* Whether the extended private key holds this node. */
static int
xkey_equals(const char *text, const struct bip32_node *node)
{
	uint8_t raw[XKEY_LEN];

	return text != NULL && xkey_decode(text, raw) == 0 && raw[45] == 0 &&
	    memcmp(raw + 13, node->chain_code, 32) == 0 && memcmp(raw + 46, node->key, 32) == 0;
}

static int
path_level(const char *text, size_t len, uint32_t *ret)
{
	uint64_t v;
	uint32_t hardened = 0;

	if (len > 0 && text[len - 1] == '\'') {
		hardened = BIP32_HARDENED;
		len--;
	}
	if (parse_u64(text, len, 0, BIP32_HARDENED - 1, &v) != 0)
		return ERR_PARSE;
	*ret = (uint32_t)v | hardened;
	return 0;
}

/* "m" or "m/44'/60'/0" */
static int
path_parse(const char *text, uint32_t ret[PATH_MAX_LEVELS], size_t *ret_len)
{
	size_t levels = 0;

	if (text == NULL || *text++ != 'm')
		return ERR_PARSE;
	while (*text == '/') {
		size_t n = strcspn(++text, "/");

		if (levels == PATH_MAX_LEVELS || path_level(text, n, &ret[levels]) != 0)
			return ERR_PARSE;
		levels++;
		text += n;
	}
	*ret_len = levels;
	return *text == '\0' ? 0 : ERR_PARSE;
}

static int
derive(const struct bip32_node *from, const char *path, struct bip32_node *ret)
{
	uint32_t levels[PATH_MAX_LEVELS];
	size_t len;

	if (path_parse(path, levels, &len) != 0)
		return ERR_PARSE;
	return bip32_path(from, levels, len, ret);
}

static int
address_of(const uint8_t key[32], char ret[ADDRESS_TEXT_MAX])
{
	uint8_t public_key[64];
	uint8_t address[20];
	int r;

	if ((r = secp_public_key_64(key, public_key)) != 0)
		return r;
	address_from_public_key(public_key, address);
	address_format(address, ret);
	return 0;
}

/* A member that may be absent: then there is nothing to check. */
static int
optional_equals(const json_t *object, const char *key, const uint8_t *p, size_t n)
{
	return json_object_get(object, key) == NULL || member_equals(object, key, p, n);
}

/* Entropy to mnemonic and back. */
static const char *
check_mnemonic(const char *phrase, const uint8_t *entropy, size_t len)
{
	char text[BIP39_TEXT_MAX];
	uint8_t back[BIP39_ENTROPY_MAX];
	size_t back_len;
	unsigned position;

	if (bip39_mnemonic(entropy, len, text) != 0)
		return "entropy refused";
	if (phrase == NULL || strcmp(text, phrase) != 0)
		return "another mnemonic";
	if (bip39_entropy(phrase, strlen(phrase), back, &back_len, &position) != 0)
		return "mnemonic refused";
	if (back_len != len || memcmp(back, entropy, len) != 0)
		return "another entropy";
	return NULL;
}

static int
is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return 0;
	}
	return 1;
}

/* The product refuses what would need NFKD: then the refusal is the right answer. */
static const char *
check_seed(const json_t *entry, const char *phrase, const char *passphrase, size_t len)
{
	uint8_t seed[64];
	unsigned position;
	int r = bip39_seed(phrase, strlen(phrase), passphrase, len, seed, &position);

	if (!is_printable(passphrase, len) || len > BIP39_PASSPHRASE_MAX)
		return r == ERR_PASSPHRASE ? NULL : "passphrase not refused as documented";
	if (r != 0)
		return err_text(r);
	return member_equals(entry, "seed", seed, sizeof seed) ? NULL : "another seed";
}

static const char *
trezor_entry(const json_t *entry)
{
	static const char passphrase[] = "TREZOR";
	const char *hex = json_string_value(json_array_get(entry, 0));
	const char *phrase = json_string_value(json_array_get(entry, 1));
	const char *seed_hex = json_string_value(json_array_get(entry, 2));
	struct bip32_node master;
	uint8_t entropy[BIP39_ENTROPY_MAX];
	uint8_t seed[64];
	uint8_t want[64];
	size_t len;
	unsigned position;
	const char *why;

	if (text_hex(hex, entropy, sizeof entropy, &len) != 0)
		return "unreadable entropy";
	if ((why = check_mnemonic(phrase, entropy, len)) != NULL)
		return why;
	if (bip39_seed(phrase, strlen(phrase), passphrase, sizeof passphrase - 1, seed,
	        &position) != 0)
		return "seed refused";
	if (text_hex(seed_hex, want, sizeof want, &len) != 0 || len != sizeof want ||
	    memcmp(want, seed, sizeof seed) != 0)
		return "another seed";
	if (bip32_master(seed, sizeof seed, &master) != 0 ||
	    !xkey_equals(json_string_value(json_array_get(entry, 3)), &master))
		return "another master node";
	return NULL;
}

static void
run_trezor(struct vectors *v, const json_t *root)
{
	struct label l;
	size_t i;
	json_t *entry;

	json_array_foreach(root, i, entry)
	{
		const char *why = trezor_entry(entry);

		vectors_case(v, why == NULL, label(&l, "", "", i), why);
	}
}

static void
run_words(struct vectors *v, const json_t *root)
{
	struct label l;
	size_t i;
	json_t *line;

	vectors_case(v, json_array_size(root) == BIP39_WORDS, "count", "not 2,048 words");
	json_array_foreach(root, i, line)
	{
		const char *word = json_string_value(line);
		int ok = word != NULL && i < BIP39_WORDS && strlen(word) <= 8 &&
		    strncmp(word, bip39_words[i], 8) == 0;

		vectors_case(v, ok, label(&l, word == NULL ? "" : word, "", i), "another word");
	}
}

/* Everything that a node of ethers-v6 says about itself. */
static const char *
ethers_node(const json_t *entry, const struct bip32_node *node, const uint8_t *parent_key)
{
	uint8_t parent_print[20] = {0};
	uint8_t print[20];
	uint8_t public_key[33];
	uint8_t parent_public_key[33];

	if (!member_equals(entry, "privateKey", node->key, 32))
		return "another private key";
	if (!member_equals(entry, "chainCode", node->chain_code, 32))
		return "another chain code";
	if (secp_public_key(node->key, public_key) != 0 ||
	    !member_equals(entry, "publicKey", public_key, sizeof public_key))
		return "another public key";
	hash160(public_key, sizeof public_key, print);
	if (!member_equals(entry, "fingerprint", print, 4))
		return "another fingerprint";
	if (parent_key != NULL) {
		if (secp_public_key(parent_key, parent_public_key) != 0)
			return "no public key of the parent";
		hash160(parent_public_key, sizeof parent_public_key, parent_print);
	}
	return member_equals(entry, "parentFingerprint", parent_print, 4)
	    ? NULL
	    : "another fingerprint of the parent";
}

static const char *
ethers_path(const json_t *entry, const struct bip32_node *master)
{
	uint32_t levels[PATH_MAX_LEVELS];
	struct bip32_node parent;
	struct bip32_node node;
	json_int_t index;
	size_t len;

	if (path_parse(member_text(entry, "path"), levels, &len) != 0)
		return "unreadable path";
	if (json_integer_value(json_object_get(entry, "depth")) != (json_int_t)len)
		return "another depth";
	index = len == 0 ? 0 : (json_int_t)levels[len - 1];
	if (json_integer_value(json_object_get(entry, "index")) != index)
		return "another index";
	if (len == 0)
		return ethers_node(entry, master, NULL);
	if (bip32_path(master, levels, len - 1, &parent) != 0 ||
	    bip32_child(&parent, levels[len - 1], &node) != 0)
		return "not derived";
	return ethers_node(entry, &node, parent.key);
}

static void
ethers_nodes(struct vectors *v, const json_t *entry, const char *name)
{
	struct bip32_node master;
	struct label l;
	uint8_t seed[64];
	size_t i;
	json_t *node;
	const char *why;

	if (member_hex_n(entry, "seed", seed, sizeof seed) != 0 ||
	    bip32_master(seed, sizeof seed, &master) != 0) {
		vectors_case(v, 0, name, "no master node");
		return;
	}
	json_array_foreach(json_object_get(entry, "nodes"), i, node)
	{
		why = ethers_path(node, &master);
		vectors_case(v, why == NULL, label(&l, name, ".nodes", i), why);
	}
}

static void
run_mnemonics(struct vectors *v, const json_t *root)
{
	char name[128];
	struct label l;
	size_t i;
	json_t *entry;

	json_array_foreach(root, i, entry)
	{
		uint8_t phrase[PHRASE_MAX + 1];
		uint8_t password[PHRASE_MAX];
		uint8_t entropy[BIP39_ENTROPY_MAX];
		size_t len, password_len, entropy_len;
		const char *why;

		entry_name(entry, i, name, sizeof name);
		if (member_hex(entry, "phrase", phrase, PHRASE_MAX, &len) != 0 ||
		    member_hex(entry, "password", password, sizeof password, &password_len) != 0 ||
		    member_hex(entry, "entropy", entropy, sizeof entropy, &entropy_len) != 0) {
			vectors_case(v, 0, name, "unreadable entry");
			continue;
		}
		phrase[len] = '\0';
		why = check_mnemonic((const char *)phrase, entropy, entropy_len);
		vectors_case(v, why == NULL, label(&l, name, ".phrase", SIZE_MAX), why);
		why = check_seed(entry, (const char *)phrase, (const char *)password, password_len);
		vectors_case(v, why == NULL, label(&l, name, ".seed", SIZE_MAX), why);
		ethers_nodes(v, entry, name);
	}
}

static const char *
account_node(const json_t *entry, const struct bip32_node *master)
{
	char address[ADDRESS_TEXT_MAX];
	const char *want = member_text(entry, "address");
	struct bip32_node node;
	uint8_t public_key[33];

	if (derive(master, member_text(entry, "path"), &node) != 0)
		return "not derived";
	if (!member_equals(entry, "privateKey", node.key, 32))
		return "another private key";
	if (secp_public_key(node.key, public_key) != 0 ||
	    !optional_equals(entry, "publicKey", public_key, sizeof public_key))
		return "another public key";
	if (address_of(node.key, address) != 0 || want == NULL)
		return "no address";
	/* one file has EIP-55 addresses, the other lower case */
	if (strpbrk(want + 2, "ABCDEF") == NULL)
		return strcasecmp(want, address) == 0 ? NULL : "another address";
	return strcmp(want, address) == 0 ? NULL : "another address";
}

static void
hdnode_entry(struct vectors *v, const json_t *entry, const char *name)
{
	const char *phrase = member_text(entry, "mnemonic");
	const json_t *password = json_object_get(entry, "password");
	struct bip32_node master;
	struct label l;
	uint8_t entropy[BIP39_ENTROPY_MAX];
	uint8_t seed[64];
	size_t i, len;
	json_t *node;
	const char *why;

	if (phrase == NULL || member_hex_n(entry, "seed", seed, sizeof seed) != 0 ||
	    bip32_master(seed, sizeof seed, &master) != 0) {
		vectors_case(v, 0, name, "unreadable entry");
		return;
	}
	if (member_hex(entry, "entropy", entropy, sizeof entropy, &len) == 0) {
		why = check_mnemonic(phrase, entropy, len);
		vectors_case(v, why == NULL, label(&l, name, ".mnemonic", SIZE_MAX), why);
	}
	why = json_is_string(password) ? check_seed(entry, phrase, json_string_value(password),
	                                     json_string_length(password))
	                               : check_seed(entry, phrase, "", 0);
	vectors_case(v, why == NULL, label(&l, name, ".seed", SIZE_MAX), why);
	json_array_foreach(json_object_get(entry, "hdnodes"), i, node)
	{
		why = account_node(node, &master);
		vectors_case(v, why == NULL, label(&l, name, ".hdnodes", i), why);
	}
}

static void
run_hdnodes(struct vectors *v, const json_t *root)
{
	char name[128];
	size_t i;
	json_t *entry;

	json_array_foreach(root, i, entry)
		hdnode_entry(v, entry, entry_name(entry, i, name, sizeof name));
}

static void
run_hd_accounts(struct vectors *v, const json_t *root)
{
	const char *phrase = member_text(root, "mnemonic");
	struct bip32_node master;
	struct label l;
	uint8_t seed[64];
	unsigned position;
	size_t i;
	json_t *entry;

	if (phrase == NULL || bip39_seed(phrase, strlen(phrase), "", 0, seed, &position) != 0 ||
	    bip32_master(seed, sizeof seed, &master) != 0) {
		vectors_case(v, 0, "mnemonic", "refused");
		return;
	}
	json_array_foreach(json_object_get(root, "accounts"), i, entry)
	{
		const char *why = account_node(entry, &master);

		vectors_case(v, why == NULL, label(&l, "", "accounts", i), why);
	}
}

static const char *
check_node(const json_t *entry, const struct bip32_node *node)
{
	uint8_t public_key[33];
	uint8_t identifier[20];

	if (!optional_equals(entry, "privKey", node->key, 32))
		return "another private key";
	if (!optional_equals(entry, "chainCode", node->chain_code, 32))
		return "another chain code";
	if (secp_public_key(node->key, public_key) != 0 ||
	    !optional_equals(entry, "pubKey", public_key, sizeof public_key))
		return "another public key";
	hash160(public_key, sizeof public_key, identifier);
	if (!optional_equals(entry, "identifier", identifier, sizeof identifier))
		return "another identifier";
	if (json_object_get(entry, "base58Priv") != NULL &&
	    !xkey_equals(member_text(entry, "base58Priv"), node))
		return "another extended key";
	return NULL;
}

/* From the seed, or where the vector has none, from the extended key that it starts with. */
static int
fixture_master(const json_t *master, struct bip32_node *ret)
{
	const char *xkey = member_text(master, "base58Priv");
	uint8_t raw[XKEY_LEN];
	uint8_t seed[64];
	size_t len;

	if (member_hex(master, "seed", seed, sizeof seed, &len) == 0)
		return bip32_master(seed, len, ret);
	if (xkey == NULL || xkey_decode(xkey, raw) != 0)
		return ERR_PARSE;
	memcpy(ret->chain_code, raw + 13, 32);
	memcpy(ret->key, raw + 46, 32);
	return secp_key_check(ret->key);
}

static int
fixture_child(const struct bip32_node *master, const json_t *entry, struct bip32_node *ret)
{
	json_int_t m = json_integer_value(json_object_get(entry, "m"));
	uint32_t index;

	if (member_text(entry, "path") != NULL)
		return derive(master, member_text(entry, "path"), ret);
	if (!json_is_integer(json_object_get(entry, "m")) || m < 0 || m >= BIP32_HARDENED)
		return ERR_PARSE;
	index = (uint32_t)m;
	if (json_is_true(json_object_get(entry, "hardened")))
		index |= BIP32_HARDENED;
	return bip32_child(master, index, ret);
}

static void
fixture_valid(struct vectors *v, const json_t *entry, size_t index)
{
	struct bip32_node master;
	struct bip32_node node;
	char name[64];
	struct label valid;
	struct label l;
	size_t i;
	json_t *child;
	const char *why;
	int n = snprintf(name, sizeof name, "%s", label(&valid, "", "valid", index));

	if (n < 0 || fixture_master(json_object_get(entry, "master"), &master) != 0) {
		vectors_case(v, 0, valid.text, "no master node");
		return;
	}
	why = check_node(json_object_get(entry, "master"), &master);
	vectors_case(v, why == NULL, label(&l, name, ".master", SIZE_MAX), why);
	json_array_foreach(json_object_get(entry, "children"), i, child)
	{
		why = fixture_child(&master, child, &node) != 0 ? "not derived"
		                                                : check_node(child, &node);
		vectors_case(v, why == NULL, label(&l, name, ".children", i), why);
	}
}

static void
fixture_bad_seed(struct vectors *v, const json_t *entry, size_t index)
{
	struct bip32_node node;
	struct label l;
	uint8_t seed[256];
	size_t len;
	int ok = member_hex(entry, "seed", seed, sizeof seed, &len) == 0 &&
	    bip32_master(seed, len, &node) == ERR_RANGE;

	vectors_case(v, ok, label(&l, "", "invalid.fromSeed", index), "seed not refused");
}

static void
run_bip32(struct vectors *v, const json_t *root)
{
	json_t *invalid = json_object_get(root, "invalid");
	const char *group;
	size_t i;
	json_t *entries, *entry;

	json_array_foreach(json_object_get(root, "valid"), i, entry)
		fixture_valid(v, entry, i);
	json_object_foreach(invalid, group, entries)
	{
		json_array_foreach(entries, i, entry)
		{
			if (strcmp(group, "fromSeed") == 0)
				fixture_bad_seed(v, entry, i);
			else if (strcmp(group, "fromBase58") == 0)
				vectors_skip(v, group, "extended keys are never parsed");
			else
				vectors_skip(v, group, "indices are u32, no path is parsed");
		}
	}
}

static void
run_accounts(struct vectors *v, const json_t *root)
{
	char name[128];
	size_t i;
	json_t *entry;

	json_array_foreach(root, i, entry)
	{
		char address[ADDRESS_TEXT_MAX];
		const char *want = member_text(entry, "address");
		uint8_t key[32];
		int ok = member_hex_n(entry, "privateKey", key, sizeof key) == 0 &&
		    address_of(key, address) == 0 && want != NULL && strcmp(want, address) == 0;

		vectors_case(v, ok, entry_name(entry, i, name, sizeof name), "another address");
	}
}

static int
same_address(const json_t *entry, const uint8_t address[20])
{
	const char *want = member_text(entry, "address");
	char text[ADDRESS_TEXT_MAX];

	address_format(address, text);
	return want != NULL && strcmp(want, text) == 0;
}

static const char *
create_entry(const json_t *entry, const uint8_t sender[20])
{
	const json_t *nonce = json_object_get(entry, "nonce");
	uint8_t address[20];

	if (!json_is_integer(nonce) || json_integer_value(nonce) < 0)
		return "unreadable nonce";
	address_create(sender, (uint64_t)json_integer_value(nonce), address);
	return same_address(entry, address) ? NULL : "another address";
}

static const char *
create2_entry(const json_t *entry, const uint8_t sender[20])
{
	static uint8_t code[1 << 16];
	uint8_t hash[32];
	uint8_t salt[32];
	uint8_t address[20];
	size_t len;

	if (member_hex_n(entry, "salt", salt, sizeof salt) != 0)
		return "unreadable salt";
	if (json_object_get(entry, "initCode") != NULL) {
		if (member_hex(entry, "initCode", code, sizeof code, &len) != 0)
			return "unreadable code";
		keccak256(code, len, hash);
		if (!optional_equals(entry, "initCodeHash", hash, sizeof hash))
			return "another hash of the code";
	} else if (member_hex_n(entry, "initCodeHash", hash, sizeof hash) != 0) {
		return "unreadable hash of the code";
	}
	address_create2(sender, salt, hash, address);
	return same_address(entry, address) ? NULL : "another address";
}

static void
run_creates(struct vectors *v, const json_t *root,
    const char *(*check)(const json_t *, const uint8_t[20]))
{
	char name[128];
	size_t i, j;
	json_t *group, *entry;

	json_array_foreach(root, i, group)
	{
		uint8_t sender[20];
		int known = member_hex_n(group, "sender", sender, sizeof sender) == 0;

		json_array_foreach(json_object_get(group, "creates"), j, entry)
		{
			const char *why = known ? check(entry, sender) : "unreadable sender";

			vectors_case(v, why == NULL, entry_name(entry, j, name, sizeof name), why);
		}
	}
}

static void
run_create(struct vectors *v, const json_t *root)
{
	run_creates(v, root, create_entry);
}

static void
run_create2(struct vectors *v, const json_t *root)
{
	run_creates(v, root, create2_entry);
}

const struct vector_file key_files[] = {
	{"trezor-bip39/english.txt", run_words, NULL},
	{"trezor-bip39/vectors-english.json", run_trezor, NULL},
	{"ethers-v6/mnemonics-en.json", run_mnemonics, NULL},
	{"ethers-v5/hdnode-en.json", run_hdnodes, NULL},
	{"bip32/bip32-fixtures.json", run_bip32, NULL},
	{"generated/hd-accounts.json", run_hd_accounts, NULL},
	{"ethers-v6/accounts.json", run_accounts, NULL},
	{"ethers-v6/create.json", run_create, NULL},
	{"ethers-v6/create2.json", run_create2, NULL},
	{NULL, NULL, NULL},
};
