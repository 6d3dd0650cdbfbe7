/*
 * BIP-39 with the English word list. The mnemonic is a secret: errors carry a
 * position, never a word. Other languages and Unicode passphrases are refused
 * (no NFKD here), so that a phrase cannot mean two seeds.
 */
#ifndef SELFSAME_CRYPTO_BIP39_H
#define SELFSAME_CRYPTO_BIP39_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define BIP39_TEXT_MAX 256 /* 24 words of 8 letters, spaces, NUL */
#define BIP39_ENTROPY_MAX 32
#define BIP39_PASSPHRASE_MAX 256

/*
 * Check a mnemonic (12, 15, 18, 21 or 24 lower-case words, single spaces, no
 * other white space) and give its entropy.
 *
 * Returns: 0, ERR_MNEMONIC_LENGTH, ERR_MNEMONIC_WORD, ERR_MNEMONIC_CHECKSUM
 * Out:     ret_position: only on ERR_MNEMONIC_WORD, the first bad word's place from 1
 *          (an empty one, where two spaces meet or one ends the text, is a bad word)
 * Time:    may depend on the words' lengths, not on which words they are
 */
int bip39_entropy(const char *text, size_t len, uint8_t ret[BIP39_ENTROPY_MAX], size_t *ret_len,
    unsigned *ret_position) MUST_USE;

/* 16, 20, 24, 28 or 32 bytes to the mnemonic and a NUL; ERR_RANGE otherwise. */
int bip39_mnemonic(const uint8_t *entropy, size_t len, char ret[BIP39_TEXT_MAX]) MUST_USE;

/*
 * The 64-byte seed of a mnemonic that bip39_entropy() accepts: PBKDF2-HMAC-SHA-512,
 * 2,048 rounds, salt "mnemonic" || passphrase.
 *
 * Returns: 0, what bip39_entropy() returns, or ERR_PASSPHRASE (not printable
 *          ASCII, or above BIP39_PASSPHRASE_MAX)
 */
int bip39_seed(const char *text, size_t len, const char *passphrase, size_t passphrase_len,
    uint8_t ret_seed64[64], unsigned *ret_position) MUST_USE;

/*
 * Whether this mnemonic stands in public documents (development phrases of
 * Hardhat, Foundry, Truffle, Ganache, test vectors of the BIPs...): anyone has
 * its keys. Compared by hash; the list holds hashes only.
 */
int bip39_is_published(const char *text, size_t len);

#endif
