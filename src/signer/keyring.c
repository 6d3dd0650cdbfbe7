#include "signer/keyring.h"

#include <sodium.h>
#include <string.h>

#include "agent/receipt.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/bip32.h"
#include "crypto/bip39.h"
#include "crypto/kdf.h"
#include "crypto/secp.h"
#include "evm/address.h"
#include "base/banned.h"

#define PURPOSE (44 | BIP32_HARDENED)
#define COIN (60 | BIP32_HARDENED)

struct keyring {
	struct bip32_node account; /* m/44'/60'/0'/0, above the indexed wallets */
	uint8_t account_public[33];
	struct bip32_node coin; /* m/44'/60', above the bound wallets */
	uint8_t root_id[32];
	uint8_t record_mac[32];
	uint8_t intent_mac[32];
	uint8_t api_key[32];
	uint8_t register_tag[32];
	uint8_t rotated_key[32];
	uint8_t instance_public[crypto_sign_PUBLICKEYBYTES];
	uint8_t instance_secret[crypto_sign_SECRETKEYBYTES];
};

static void
wipe_node(struct bip32_node *node)
{
	wipe(node, sizeof *node);
}

#define SECRET_NODE(name) __attribute__((cleanup(wipe_node))) struct bip32_node name

static int
derive_nodes(struct keyring *k, const uint8_t seed[64])
{
	static const uint32_t coin[] = {PURPOSE, COIN};
	static const uint32_t account[] = {0 | BIP32_HARDENED, 0};
	SECRET_NODE(master);
	int r;

	if ((r = bip32_master(seed, 64, &master)) != 0)
		return r;
	if ((r = bip32_path(&master, coin, 2, &k->coin)) != 0)
		return r;
	if ((r = bip32_path(&k->coin, account, 2, &k->account)) != 0)
		return r;
	return secp_public_key(k->account.key, k->account_public);
}

static int
derive_subkeys(struct keyring *k, const uint8_t seed[64])
{
	const struct {
		const char *info;
		uint8_t *key;
	} subkeys[] = {
		{"selfsame/root-id/v1", k->root_id},
		{"selfsame/record-mac/v1", k->record_mac},
		{"selfsame/intent-mac/v1", k->intent_mac},
		{"selfsame/api-key/v1", k->api_key},
		{"selfsame/register-tag/v1", k->register_tag},
		{"selfsame/rotated-key/v1", k->rotated_key},
	};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(subkeys); i++) {
		if ((r = hkdf_sha256(seed, 64, subkeys[i].info, subkeys[i].key, 32)) != 0)
			return r;
	}
	return 0;
}

static int
derive(struct keyring *k, const uint8_t seed[64])
{
	int r;

	if ((r = derive_nodes(k, seed)) != 0)
		return r;
	if ((r = derive_subkeys(k, seed)) != 0)
		return r;
	return crypto_sign_keypair(k->instance_public, k->instance_secret) == 0 ? 0 : ERR_CRYPTO;
}

int
keyring_open_seed(const uint8_t seed64[64], struct keyring **ret)
{
	struct keyring *k = sodium_malloc(sizeof *k);
	int r;

	if (k == NULL)
		return ERR_MEM;
	/* sodium_malloc() goes on without a word when it could not lock the page */
	if (sodium_mlock(k, sizeof *k) != 0) {
		keyring_close(k);
		return ERR_MLOCK;
	}
	r = derive(k, seed64);
	if (r == 0 && sodium_mprotect_readonly(k) != 0)
		r = ERR_MLOCK;
	if (r != 0) {
		keyring_close(k);
		return r;
	}
	*ret = k;
	return 0;
}

int
keyring_open(struct bytes phrase, struct bytes passphrase, struct keyring **ret,
    unsigned *ret_position)
{
	SECRET_BYTES(seed, 64);
	int r;

	r = bip39_seed((const char *)phrase.p, phrase.len, (const char *)passphrase.p,
	    passphrase.len, seed, ret_position);
	return r == 0 ? keyring_open_seed(seed, ret) : r;
}

void
keyring_close(struct keyring *k)
{
	sodium_free(k); /* wipes, and accepts NULL */
}

const uint8_t *
keyring_root_id(const struct keyring *k)
{
	return k->root_id;
}

const uint8_t *
keyring_instance_key(const struct keyring *k)
{
	return k->instance_public;
}

void
keyring_record_mac(const struct keyring *k, struct bytes record, uint8_t ret_mac32[32])
{
	mac_parts(k->record_mac, "selfsame/record/v1", &record, 1, ret_mac32);
}

void
keyring_intent_mac(const struct keyring *k, struct bytes agent_id, const uint8_t wallet20[20],
    struct bytes fields, uint8_t ret_mac32[32])
{
	const struct bytes parts[] = {agent_id, {wallet20, 20}, fields};

	mac_parts(k->intent_mac, "selfsame/intent/v1", parts, ARRAY_LEN(parts), ret_mac32);
}

void
keyring_api_key(const struct keyring *k, const uint8_t head16[API_KEY_HEAD],
    const struct registration_inputs *inputs, uint8_t ret_key32[32])
{
	const struct bytes parts[] = {
	    {head16, API_KEY_HEAD}, inputs->agent_id, inputs->owner, inputs->policy};
	SECRET_BYTES(mac, 32);

	mac_parts(k->api_key, "selfsame/api-key/v1", parts, ARRAY_LEN(parts), mac);
	memmove(ret_key32, head16, API_KEY_HEAD);
	memcpy(ret_key32 + API_KEY_HEAD, mac, 32 - API_KEY_HEAD);
}

int
keyring_made_api_key(const struct keyring *k, const uint8_t key32[32],
    const struct registration_inputs *inputs)
{
	SECRET_BYTES(made, 32);

	keyring_api_key(k, key32, inputs, made);
	return mac_equal(made, key32);
}

void
keyring_api_key_head(const struct keyring *k, struct bytes idempotency_key,
    const uint8_t request_hash32[32], uint8_t ret_head16[API_KEY_HEAD])
{
	const struct bytes parts[] = {idempotency_key, {request_hash32, 32}};
	SECRET_BYTES(mac, 32);

	mac_parts(k->api_key, "selfsame/api-key-head/v1", parts, ARRAY_LEN(parts), mac);
	memcpy(ret_head16, mac, API_KEY_HEAD);
}

void
keyring_register_tag(const struct keyring *k, struct bytes idempotency_key,
    const uint8_t request_hash32[32], uint8_t ret_tag32[32])
{
	const struct bytes parts[] = {idempotency_key, {request_hash32, 32}};

	mac_parts(k->register_tag, "selfsame/register-tag/v1", parts, 2, ret_tag32);
}

void
keyring_rotated_key(const struct keyring *k, const struct key_rotation *rotation,
    uint8_t ret_key32[32])
{
	uint8_t version[8];
	const struct bytes parts[] = {rotation->agent_id, {version, sizeof version},
	    {rotation->old_key_hash32, 32}, rotation->idempotency_key,
	    {rotation->request_hash32, 32}};

	store_be64(version, rotation->key_version);
	mac_parts(k->rotated_key, "selfsame/rotated-key/v1", parts, ARRAY_LEN(parts), ret_key32);
}

static int
wallet(const struct keyring *k, const struct agent_record *rec, struct bip32_node *ret)
{
	uint32_t path[3];

	if (rec->scheme == SCHEME_INDEXED)
		return bip32_child_of_known(&k->account, k->account_public, rec->index, ret);
	for (size_t i = 0; i < 3; i++)
		path[i] = rec->path[i] | BIP32_HARDENED;
	return bip32_path(&k->coin, path, 3, ret);
}

int
keyring_address(const struct keyring *k, const struct agent_record *rec, uint8_t ret[20])
{
	SECRET_NODE(node);
	uint8_t public_key[64];
	int r;

	if ((r = wallet(k, rec, &node)) != 0)
		return r;
	if ((r = secp_public_key_64(node.key, public_key)) != 0)
		return r;
	address_from_public_key(public_key, ret);
	return 0;
}

int
keyring_sign(const struct keyring *k, const struct agent_record *rec, const uint8_t digest32[32],
    uint8_t ret_signature64[64], uint8_t *ret_y_parity)
{
	SECRET_NODE(node);
	int r;

	if ((r = wallet(k, rec, &node)) != 0)
		return r;
	return secp_sign(node.key, digest32, NULL, ret_signature64, ret_y_parity);
}

int
keyring_sign_receipt(const struct keyring *k, struct bytes text, uint8_t ret_signature64[64])
{
	static const char tag[] = "selfsame/receipt/v1"; /* signed with its NUL */
	uint8_t signed_bytes[sizeof tag + RECEIPT_TEXT_MAX];

	if (text.len > RECEIPT_TEXT_MAX)
		return ERR_SPACE;
	memcpy(signed_bytes, tag, sizeof tag);
	memcpy(signed_bytes + sizeof tag, text.p, text.len);
	if (crypto_sign_detached(ret_signature64, NULL, signed_bytes, sizeof tag + text.len,
	        k->instance_secret) != 0)
		return ERR_CRYPTO;
	return 0;
}
