#include "crypto/keccak256.h"

#include <string.h>

#include "base/secret.h"
#include "base/banned.h"

#define RATE 136 /* bytes absorbed per permutation: 200 - 2 * 32 */

static const uint64_t round_constants[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

#define ROTL(v, n) ((v) << (n) | (v) >> (64 - (n)))

/* chi on one row of five lanes, already rotated and moved into place by rho and pi */
#define CHI(y, b0, b1, b2, b3, b4) \
	do { \
		uint64_t r0 = (b0), r1 = (b1), r2 = (b2), r3 = (b3), r4 = (b4); \
		e[y + 0] = r0 ^ (~r1 & r2); \
		e[y + 1] = r1 ^ (~r2 & r3); \
		e[y + 2] = r2 ^ (~r3 & r4); \
		e[y + 3] = r3 ^ (~r4 & r0); \
		e[y + 4] = r4 ^ (~r0 & r1); \
	} while (0)

/* One round from a to e. Every index is a constant, so the lanes live in registers. */
static inline __attribute__((always_inline)) void
keccak_round(const uint64_t a[25], uint64_t e[25], uint64_t constant)
{
	uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
	uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
	uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
	uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
	uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
	uint64_t d0 = c4 ^ ROTL(c1, 1);
	uint64_t d1 = c0 ^ ROTL(c2, 1);
	uint64_t d2 = c1 ^ ROTL(c3, 1);
	uint64_t d3 = c2 ^ ROTL(c4, 1);
	uint64_t d4 = c3 ^ ROTL(c0, 1);

	CHI(0, a[0] ^ d0, ROTL(a[6] ^ d1, 44), ROTL(a[12] ^ d2, 43), ROTL(a[18] ^ d3, 21),
	    ROTL(a[24] ^ d4, 14));
	CHI(5, ROTL(a[3] ^ d3, 28), ROTL(a[9] ^ d4, 20), ROTL(a[10] ^ d0, 3), ROTL(a[16] ^ d1, 45),
	    ROTL(a[22] ^ d2, 61));
	CHI(10, ROTL(a[1] ^ d1, 1), ROTL(a[7] ^ d2, 6), ROTL(a[13] ^ d3, 25), ROTL(a[19] ^ d4, 8),
	    ROTL(a[20] ^ d0, 18));
	CHI(15, ROTL(a[4] ^ d4, 27), ROTL(a[5] ^ d0, 36), ROTL(a[11] ^ d1, 10),
	    ROTL(a[17] ^ d2, 15), ROTL(a[23] ^ d3, 56));
	CHI(20, ROTL(a[2] ^ d2, 62), ROTL(a[8] ^ d3, 55), ROTL(a[14] ^ d4, 39),
	    ROTL(a[15] ^ d0, 41), ROTL(a[21] ^ d1, 2));
	e[0] ^= constant;
}

static void
permute(uint64_t lane[25])
{
	uint64_t a[25];
	uint64_t e[25];

	memcpy(a, lane, sizeof a);
	for (size_t i = 0; i < 24; i += 2) {
		keccak_round(a, e, round_constants[i]);
		keccak_round(e, a, round_constants[i + 1]);
	}
	memcpy(lane, a, sizeof a);
}

static uint64_t
load_le64(const uint8_t p[8])
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	    (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	    (uint64_t)p[7] << 56;
}

void
keccak256_init(struct keccak256 *k)
{
	memset(k, 0, sizeof *k);
}

void
keccak256_update(struct keccak256 *k, const void *p, size_t len)
{
	const uint8_t *in = p;

	while (len > 0) {
		size_t n = k->fill % 8 == 0 && len >= 8 ? 8 : 1;

		if (n == 8)
			k->lane[k->fill / 8] ^= load_le64(in);
		else
			k->lane[k->fill / 8] ^= (uint64_t)*in << (k->fill % 8 * 8);
		in += n;
		len -= n;
		k->fill += n;
		if (k->fill == RATE) {
			permute(k->lane);
			k->fill = 0;
		}
	}
}

void
keccak256_final(struct keccak256 *k, uint8_t ret_hash32[32])
{
	/* the padding of the Keccak submission: 1, zeros, 1 (SHA-3 puts 01 before it) */
	k->lane[k->fill / 8] ^= (uint64_t)0x01 << (k->fill % 8 * 8);
	k->lane[RATE / 8 - 1] ^= (uint64_t)0x80 << 56;
	permute(k->lane);
	for (size_t i = 0; i < 32; i++)
		ret_hash32[i] = (uint8_t)(k->lane[i / 8] >> (i % 8 * 8));
	wipe(k, sizeof *k);
}

void
keccak256(const void *p, size_t len, uint8_t ret_hash32[32])
{
	struct keccak256 k;

	keccak256_init(&k);
	keccak256_update(&k, p, len);
	keccak256_final(&k, ret_hash32);
}
