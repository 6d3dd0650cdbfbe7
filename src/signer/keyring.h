/*
 * Everything that comes from the root secret, in one locked block that is
 * read-only from the end of keyring_open() on: the nodes that wallets are
 * derived from, the MAC keys, the instance key of this boot.
 *
 * Refuses to hand out a key: what leaves are addresses, signatures, MACs and
 * API keys. The phrase and the seed are not kept.
 *
 * Subkeys are HKDF-SHA-256(seed, info) with the infos of keyring.c; the seed is
 * the phrase's BIP-39 seed, or comes as it is.
 */
#ifndef SELFSAME_SIGNER_KEYRING_H
#define SELFSAME_SIGNER_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "agent/record.h"
#include "base/attr.h"
#include "base/bytes.h"

struct keyring;

/*
 * Derive it all from a phrase. sodium_init() and secp_open() come first. The
 * caller wipes phrase and passphrase.
 *
 * Returns: 0
 *          what bip39_seed() and bip32_master() return
 *          ERR_MLOCK   the block could not be locked (RLIMIT_MEMLOCK)
 *          ERR_CRYPTO  the instance key could not be made
 * Out:     ret_position  only on ERR_MNEMONIC_WORD: the bad word's place from 1
 * Owns:    ret is the caller's, keyring_close()
 */
int keyring_open(struct bytes phrase, struct bytes passphrase, struct keyring **ret,
    unsigned *ret_position) MUST_USE;

/* The same from a seed, which stands where the phrase's BIP-39 seed does; the caller wipes it. */
int keyring_open_seed(const uint8_t seed64[64], struct keyring **ret) MUST_USE;

/* Wipes and frees; NULL is fine. */
void keyring_close(struct keyring *k);

/* 32 public bytes that name the root. */
const uint8_t *keyring_root_id(const struct keyring *k);

/* The Ed25519 public key (32 bytes) that signs receipts; new with every boot. */
const uint8_t *keyring_instance_key(const struct keyring *k);

/* HMAC-SHA-256 over "selfsame/record/v1\0" || LP(record). */
void keyring_record_mac(const struct keyring *k, struct bytes record, uint8_t ret_mac32[32]);

/*
 * HMAC-SHA-256 over "selfsame/intent/v1\0" || LP(agent id) || LP(wallet) || LP(tx_write_fields()).
 * The wallet, because a name can be registered again on an empty database, with another one.
 */
void keyring_intent_mac(const struct keyring *k, struct bytes agent_id, const uint8_t wallet20[20],
    struct bytes fields, uint8_t ret_mac32[32]);

#define API_KEY_HEAD 16

/* What a registration commits to, besides its API key. */
struct registration_inputs {
	struct bytes agent_id;
	struct bytes owner; /* 20 bytes, or none */
	struct bytes policy; /* in its canonical form */
};

/*
 * The API key of a registration: its head, 16 bytes that nobody can guess, and
 * 16 bytes of a MAC over head and inputs. Secret.
 *
 * The second half ties the key to its registration. A bound path is 93 bits of
 * a hash over key, id, owner and policy: who could choose all of them could look
 * for two registrations of his own that share a wallet, with strict rules to
 * show and lax rules to use.
 */
void keyring_api_key(const struct keyring *k, const uint8_t head16[API_KEY_HEAD],
    const struct registration_inputs *inputs, uint8_t ret_key32[32]);

/* Whether that key was made for these inputs, under this root. */
int keyring_made_api_key(const struct keyring *k, const uint8_t key32[32],
    const struct registration_inputs *inputs) MUST_USE;

/* The head, where the registration carried an Idempotency-Key; secret. */
void keyring_api_key_head(const struct keyring *k, struct bytes idempotency_key,
    const uint8_t request_hash32[32], uint8_t ret_head16[API_KEY_HEAD]);

/* What is kept of that registration, so that a retry can be told. */
void keyring_register_tag(const struct keyring *k, struct bytes idempotency_key,
    const uint8_t request_hash32[32], uint8_t ret_tag32[32]);

/* A change of key that carried an Idempotency-Key. */
struct key_rotation {
	struct bytes agent_id;
	uint64_t key_version; /* of the new key */
	const uint8_t *old_key_hash32; /* api_key_hash() of the key that it replaces */
	struct bytes idempotency_key;
	const uint8_t *request_hash32;
};

/*
 * The new API key; secret. It depends on everything that the request was, so a
 * request that gives the key of a record's key hash is the one that made it,
 * and nothing but that hash need be kept to tell a retry.
 */
void keyring_rotated_key(const struct keyring *k, const struct key_rotation *rotation,
    uint8_t ret_key32[32]);

/* The address of the wallet at the record's scheme, index and path. */
int keyring_address(const struct keyring *k, const struct agent_record *rec, uint8_t ret[20])
    MUST_USE;

/*
 * Sign a digest that this process computed itself, with the record's wallet.
 *
 * Returns: 0, ERR_HD_INVALID, ERR_CRYPTO
 * Out:     r || s, low s; the parity of y
 * Time:    independent of the keys
 */
int keyring_sign(const struct keyring *k, const struct agent_record *rec,
    const uint8_t digest32[32], uint8_t ret_signature64[64], uint8_t *ret_y_parity) MUST_USE;

/* Ed25519 by the instance key over "selfsame/receipt/v1\0" || text; ERR_SPACE, ERR_CRYPTO. */
int keyring_sign_receipt(const struct keyring *k, struct bytes text, uint8_t ret_signature64[64])
    MUST_USE;

#endif
