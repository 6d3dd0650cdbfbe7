#include "crypto/bip32.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/secp.h"
#include "base/banned.h"

#define SEED_MIN 16
#define SEED_MAX 64
#define DATA_LEN 37 /* 33 bytes of key, 4 of index */

static void
wipe_node(struct bip32_node *node)
{
	wipe(node, sizeof *node);
}

#define SECRET_NODE(name) __attribute__((cleanup(wipe_node))) struct bip32_node name

/* I = HMAC-SHA512(Key, Data) */
static void
hmac_i(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len, uint8_t ret[64])
{
	crypto_auth_hmacsha512_state st;

	crypto_auth_hmacsha512_init(&st, key, key_len);
	crypto_auth_hmacsha512_update(&st, data, len);
	crypto_auth_hmacsha512_final(&st, ret);
	wipe(&st, sizeof st);
}

int
bip32_master(const uint8_t *seed, size_t len, struct bip32_node *ret)
{
	static const char key[] = "Bitcoin seed";
	SECRET_BYTES(i, 64);

	if (len < SEED_MIN || len > SEED_MAX)
		return ERR_RANGE;
	hmac_i((const uint8_t *)key, sizeof key - 1, seed, len, i);
	/* "In case parse256(IL) is 0 or parse256(IL) >= n, the master key is invalid" */
	if (secp_key_check(i) != 0)
		return ERR_HD_INVALID;
	memcpy(ret->key, i, 32);
	memcpy(ret->chain_code, i + 32, 32);
	return 0;
}

/* ki = parse256(IL) + kpar mod n, ci = IR; data is what the key and the index make */
static int
child_of_data(const struct bip32_node *parent, const uint8_t *data, struct bip32_node *ret)
{
	SECRET_BYTES(i, 64);
	SECRET_BYTES(key, 32);
	int r;

	hmac_i(parent->chain_code, sizeof parent->chain_code, data, DATA_LEN, i);
	if ((r = secp_key_add(parent->key, i, key)) != 0)
		return r;
	memcpy(ret->key, key, 32);
	memcpy(ret->chain_code, i + 32, 32);
	return 0;
}

static int
child_hardened(const struct bip32_node *parent, uint32_t index, struct bip32_node *ret)
{
	SECRET_BYTES(data, 64);

	/* Data = 0x00 || ser256(kpar) || ser32(i): the zero pads the key to 33 bytes */
	data[0] = 0;
	memcpy(data + 1, parent->key, 32);
	store_be32(data + 33, index);
	return child_of_data(parent, data, ret);
}

int
bip32_child_of_known(const struct bip32_node *parent, const uint8_t parent_public_key33[33],
    uint32_t index, struct bip32_node *ret)
{
	uint8_t data[DATA_LEN];

	if (index & BIP32_HARDENED)
		return child_hardened(parent, index, ret);
	/* Data = serP(point(kpar)) || ser32(i) */
	memcpy(data, parent_public_key33, 33);
	store_be32(data + 33, index);
	return child_of_data(parent, data, ret);
}

int
bip32_child(const struct bip32_node *parent, uint32_t index, struct bip32_node *ret)
{
	uint8_t public_key[33];
	int r;

	if (index & BIP32_HARDENED)
		return child_hardened(parent, index, ret);
	if ((r = secp_public_key(parent->key, public_key)) != 0)
		return r;
	return bip32_child_of_known(parent, public_key, index, ret);
}

int
bip32_path(const struct bip32_node *from, const uint32_t *path, size_t len, struct bip32_node *ret)
{
	SECRET_NODE(node) = *from;
	int r;

	for (size_t i = 0; i < len; i++) {
		if ((r = bip32_child(&node, path[i], &node)) != 0)
			return r;
	}
	*ret = node;
	return 0;
}
