/* Keccak-256 with the original padding (0x01), as Ethereum uses it; not SHA3-256. */
#ifndef SELFSAME_CRYPTO_KECCAK256_H
#define SELFSAME_CRYPTO_KECCAK256_H

#include <stddef.h>
#include <stdint.h>

struct keccak256 {
	uint64_t lane[25];
	size_t fill; /* bytes absorbed into the current block, below 136 */
};

void keccak256_init(struct keccak256 *k);
void keccak256_update(struct keccak256 *k, const void *p, size_t len);

/* Wipes the state. */
void keccak256_final(struct keccak256 *k, uint8_t ret_hash32[32]);

void keccak256(const void *p, size_t len, uint8_t ret_hash32[32]);

#endif
