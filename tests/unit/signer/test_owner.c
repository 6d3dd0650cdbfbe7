#include "typed_form.h"

#include "crypto/secp.h"
#include "evm/address.h"
#include "signer/owner.h"

static uint8_t key[32], owner[20], root[32], wallet[20], old_policy[32], new_policy[32];
static struct policy_change change;

static int
setup(void **state)
{
	uint8_t public_key[64];

	(void)state;
	if (secp_open() != 0)
		return 1;
	memset(key, 0x0b, 32);
	if (secp_public_key_64(key, public_key) != 0)
		return 1;
	address_from_public_key(public_key, owner);
	memset(root, 1, 32);
	memset(wallet, 2, 20);
	memset(old_policy, 3, 32);
	memset(new_policy, 4, 32);
	change = (struct policy_change){137, root, {(const uint8_t *)"alice", 5}, wallet,
	    old_policy, new_policy, 7};
	return 0;
}

static void
sign(uint8_t signature[65])
{
	uint8_t digest[32], parity;

	policy_change_digest(&change, digest);
	assert_int_equal(secp_sign(key, digest, NULL, signature, &parity), 0);
	signature[64] = (uint8_t)(27 + parity);
}

/* The same digest by the general code, which agrees with wallets on published vectors. */
static void
test_digest(void **state)
{
	static uint8_t room[2048];
	static struct typed_data td;
	struct writer w = writer_of(room, sizeof room);
	struct typed_hashes hashes;
	uint8_t digest[32];

	(void)state;
	write_u8(&w, TYPED_DATA_VERSION);
	write_u8(&w, 2);
	write_struct(&w, "EIP712Domain", "string name,string version,uint256 chainId");
	write_struct(&w, "PolicyChange",
	    "bytes32 rootId,string agentId,address wallet,bytes32 oldPolicy,bytes32 newPolicy,"
	    "uint64 policyVersion");
	write_u8(&w, 1);
	write_lp(&w, "Selfsame", 8);
	write_lp(&w, "1", 1);
	write_word(&w, 137);
	write_bytes(&w, root, 32);
	write_lp(&w, "alice", 5);
	write_address_word(&w, 2);
	write_bytes(&w, old_policy, 32);
	write_bytes(&w, new_policy, 32);
	write_word(&w, 7);
	assert_int_equal(typed_data_read(room, w.len, &td), 0);
	assert_int_equal(typed_data_hash(&td, &hashes), 0);
	policy_change_digest(&change, digest);
	assert_memory_equal(digest, hashes.digest, 32);
}

static void
test_verify(void **state)
{
	uint8_t signature[65];

	(void)state;
	sign(signature);
	assert_int_equal(policy_change_verify(&change, owner, signature), 0);
	signature[10] ^= 1;
	assert_int_equal(policy_change_verify(&change, owner, signature), ERR_SIGNATURE);
	signature[10] ^= 1;
	owner[0] ^= 1;
	assert_int_equal(policy_change_verify(&change, owner, signature), ERR_SIGNATURE);
}

/* A signature serves this change and no other. */
static void
test_every_field_counts(void **state)
{
	uint8_t signature[65];

	(void)state;
	sign(signature);
#define OTHER(field, other) \
	do { \
		const struct policy_change kept = change; \
		change.field = other; \
		assert_int_equal(policy_change_verify(&change, owner, signature), ERR_SIGNATURE); \
		change = kept; \
	} while (0)
	OTHER(chain_id, 1);
	OTHER(root_id32, old_policy);
	OTHER(agent_id.p, (const uint8_t *)"alicf");
	OTHER(agent_id.len, 4);
	OTHER(wallet20, root);
	OTHER(old_policy32, new_policy);
	OTHER(new_policy32, old_policy);
	OTHER(policy_version, 8);
	assert_int_equal(policy_change_verify(&change, owner, signature), 0);
}

/* n - s with the other parity is the same signature to a careless reader. */
static void
test_malleability(void **state)
{
	static const struct u256 order = {{0xbfd25e8cd0364141U, 0xbaaedce6af48a03bU,
	    0xfffffffffffffffeU, 0xffffffffffffffffU}};
	uint8_t signature[65];
	struct u256 s;

	(void)state;
	sign(signature);
	s = u256_from_be32(signature + 32);
	assert_int_equal(u256_sub(&order, &s, &s), 0);
	u256_to_be32(&s, signature + 32);
	signature[64] ^= 27 ^ 28;
	assert_int_equal(policy_change_verify(&change, owner, signature), ERR_SIGNATURE);
}

static void
test_v(void **state)
{
	uint8_t signature[65];

	(void)state;
	sign(signature);
	for (int v = 0; v < 256; v++) {
		uint8_t good = signature[64], kept = good;

		signature[64] = (uint8_t)v;
		assert_int_equal(policy_change_verify(&change, owner, signature),
		    v == good ? 0 : ERR_SIGNATURE);
		signature[64] = kept;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_digest, setup),
		cmocka_unit_test_setup(test_verify, setup),
		cmocka_unit_test_setup(test_every_field_counts, setup),
		cmocka_unit_test_setup(test_malleability, setup),
		cmocka_unit_test_setup(test_v, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
