#include "evm/ctf.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/keccak256.h"
#include "base/banned.h"

#define LIMBS 4

__extension__ typedef unsigned __int128 u128;

/* The field of bn254, and what Montgomery's multiplication with R = 2^256 needs of it. */
static const struct u256 P = {{0x3c208c16d87cfd47U, 0x97816a916871ca8dU, 0xb85045b68181585dU,
    0x30644e72e131a029U}};
static const uint64_t P_INVERSE = 0x87d20782e4866389U; /* -1 / P mod 2^64 */
static const struct u256 R_MOD_P = {{0xd35d438dc58f0d9dU, 0x0a78eb28f5c70b3dU,
    0x666ea36f7879462cU, 0x0e0a77c19a07df2fU}};
static const struct u256 R2_MOD_P = {{0xf32cfc5b538afa89U, 0xb5e71911d44501fbU,
    0x47ab1eff0a417ff6U, 0x06d89f71cab8351fU}};

/* a + b mod P, both below P; P has 254 bits, so the sum fits. */
static struct u256
add(const struct u256 *a, const struct u256 *b)
{
	struct u256 sum = U256_ZERO, reduced;

	if (u256_add(a, b, &sum) != 0 || u256_sub(&sum, &P, &reduced) != 0)
		return sum;
	return reduced;
}

/* a b / R mod P (Montgomery, word by word) */
static struct u256
mul(const struct u256 *a, const struct u256 *b)
{
	uint64_t t[LIMBS + 1] = {0};
	struct u256 r, reduced;

	for (size_t i = 0; i < LIMBS; i++) {
		uint64_t m;
		u128 c = 0;

		for (size_t j = 0; j < LIMBS; j++) {
			c += (u128)a->limb[j] * b->limb[i] + t[j];
			t[j] = (uint64_t)c;
			c >>= 64;
		}
		t[LIMBS] += (uint64_t)c; /* does not wrap: t stays below 2 P */
		m = t[0] * P_INVERSE;
		c = ((u128)m * P.limb[0] + t[0]) >> 64;
		for (size_t j = 1; j < LIMBS; j++) {
			c += (u128)m * P.limb[j] + t[j];
			t[j - 1] = (uint64_t)c;
			c >>= 64;
		}
		c += t[LIMBS];
		t[LIMBS - 1] = (uint64_t)c;
		t[LIMBS] = (uint64_t)(c >> 64);
	}
	memcpy(r.limb, t, sizeof r.limb);
	return u256_sub(&r, &P, &reduced) == 0 ? reduced : r;
}

/* a^((P + 1) / 4): a square root when there is one, since P = 3 mod 4 */
static struct u256
square_root(const struct u256 *a)
{
	static const struct u256 exponent = {{0x4f082305b61f3f52U, 0x65e05aa45a1c72a3U,
	    0x6e14116da0605617U, 0x0c19139cb84c680aU}};
	struct u256 r = R_MOD_P; /* 1 */

	for (size_t bit = 256; bit-- > 0;) {
		r = mul(&r, &r);
		if (exponent.limb[bit / 64] >> bit % 64 & 1)
			r = mul(&r, a);
	}
	return r;
}

/* Whether x (in Montgomery form) is the coordinate of a point. */
static int
is_on_curve(const struct u256 *x)
{
	struct u256 yy, y, three = add(&R_MOD_P, &R_MOD_P);

	three = add(&three, &R_MOD_P);
	yy = mul(x, x);
	yy = mul(&yy, x);
	yy = add(&yy, &three);
	y = square_root(&yy);
	y = mul(&y, &y);
	return u256_compare(&y, &yy) == 0;
}

void
ctf_condition_id(const uint8_t oracle[20], const uint8_t question_id32[32],
    const struct u256 *outcome_slots, uint8_t ret32[32])
{
	uint8_t packed[20 + 32 + 32];

	memcpy(packed, oracle, 20);
	memcpy(packed + 20, question_id32, 32);
	u256_to_be32(outcome_slots, packed + 52);
	keccak256(packed, sizeof packed, ret32);
}

/* keccak256(condition id || index set) mod P, and the top bit, which chooses the sign of y. */
static struct u256
hash_index_set(const uint8_t condition_id32[32], const struct u256 *index_set, int *ret_odd)
{
	uint8_t packed[64], hash[32];
	struct u256 v, reduced;

	memcpy(packed, condition_id32, 32);
	u256_to_be32(index_set, packed + 32);
	keccak256(packed, sizeof packed, hash);
	*ret_odd = hash[0] >> 7;
	v = u256_from_be32(hash);
	while (u256_sub(&v, &P, &reduced) == 0)
		v = reduced;
	return v;
}

void
ctf_collection_id(const uint8_t condition_id32[32], const struct u256 *index_set,
    uint8_t ret32[32])
{
	const struct u256 one = u256_of(1);
	struct u256 x, montgomery;
	int odd;

	x = hash_index_set(condition_id32, index_set, &odd);
	do {
		x = add(&x, &one);
		montgomery = mul(&x, &R2_MOD_P);
	} while (!is_on_curve(&montgomery));
	/* The contract takes the y of this parity (one of the two has it) and keeps the parity. */
	if (odd)
		x.limb[3] ^= (uint64_t)1 << 62;
	u256_to_be32(&x, ret32);
}

void
ctf_position_id(const uint8_t collateral[20], const uint8_t collection_id32[32],
    uint8_t ret32[32])
{
	uint8_t packed[20 + 32];

	memcpy(packed, collateral, 20);
	memcpy(packed + 20, collection_id32, 32);
	keccak256(packed, sizeof packed, ret32);
}
