/* The two lists behind bip39.c; nobody else needs them. */
#ifndef SELFSAME_CRYPTO_BIP39_WORDS_H
#define SELFSAME_CRYPTO_BIP39_WORDS_H

#include <stddef.h>

#define BIP39_WORDS 2048

/* Sorted; zero-padded, so a word of eight letters has no NUL. */
extern const char bip39_words[BIP39_WORDS][8];

/* SHA-256 of published mnemonics, as lower-case hex; ends with NULL. */
extern const char *const bip39_published[];

#endif
