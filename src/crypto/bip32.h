/* BIP-32 private derivation on secp256k1. No extended key is ever encoded: none may leave. */
#ifndef SELFSAME_CRYPTO_BIP32_H
#define SELFSAME_CRYPTO_BIP32_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define BIP32_HARDENED 0x80000000U

struct bip32_node {
	uint8_t key[32]; /* secret */
	uint8_t chain_code[32]; /* secret: with one leaked child key it gives the parent */
};

/* The master node of a seed of 16 to 64 bytes. Returns 0, ERR_RANGE or ERR_HD_INVALID. */
int bip32_master(const uint8_t *seed, size_t len, struct bip32_node *ret) MUST_USE;

/*
 * One child; index with BIP32_HARDENED set is hardened. ret may be parent.
 *
 * Returns: 0, or ERR_HD_INVALID: "In case parse256(IL) >= n or ki = 0, the
 *          resulting key is invalid" and this child does not exist
 */
int bip32_child(const struct bip32_node *parent, uint32_t index, struct bip32_node *ret) MUST_USE;

/* Several levels at once. */
int bip32_path(const struct bip32_node *from, const uint32_t *path, size_t len,
    struct bip32_node *ret) MUST_USE;

/*
 * The non-hardened child when the parent's public key is known already (it
 * saves one of the two point multiplications): the signer's hot path.
 */
int bip32_child_of_known(const struct bip32_node *parent, const uint8_t parent_public_key33[33],
    uint32_t index, struct bip32_node *ret) MUST_USE;

#endif
