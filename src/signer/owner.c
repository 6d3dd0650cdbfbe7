#include "signer/owner.h"

#include <string.h>

#include "base/err.h"
#include "crypto/keccak256.h"
#include "crypto/secp.h"
#include "evm/address.h"
#include "base/banned.h"

static const char domain_type[] = "EIP712Domain(string name,string version,uint256 chainId)";
static const char change_type[] =
    "PolicyChange(bytes32 rootId,string agentId,address wallet,bytes32 oldPolicy,"
    "bytes32 newPolicy,uint64 policyVersion)";

/* One word of encodeData: the hash of a type or of a string. */
static void
put_hash(struct keccak256 *k, const void *p, size_t len)
{
	uint8_t word[32];

	keccak256(p, len, word);
	keccak256_update(k, word, sizeof word);
}

static void
put_u64(struct keccak256 *k, uint64_t v)
{
	uint8_t word[32] = {0};

	store_be64(word + 24, v);
	keccak256_update(k, word, sizeof word);
}

static void
put_address(struct keccak256 *k, const uint8_t address[20])
{
	uint8_t word[32] = {0};

	memcpy(word + 12, address, 20);
	keccak256_update(k, word, sizeof word);
}

static void
domain_separator(uint64_t chain_id, uint8_t ret[32])
{
	struct keccak256 k;

	keccak256_init(&k);
	put_hash(&k, domain_type, sizeof domain_type - 1);
	put_hash(&k, "Selfsame", 8);
	put_hash(&k, "1", 1);
	put_u64(&k, chain_id);
	keccak256_final(&k, ret);
}

static void
struct_hash(const struct policy_change *change, uint8_t ret[32])
{
	struct keccak256 k;

	keccak256_init(&k);
	put_hash(&k, change_type, sizeof change_type - 1);
	keccak256_update(&k, change->root_id32, 32);
	put_hash(&k, change->agent_id.p, change->agent_id.len);
	put_address(&k, change->wallet20);
	keccak256_update(&k, change->old_policy32, 32);
	keccak256_update(&k, change->new_policy32, 32);
	put_u64(&k, change->policy_version);
	keccak256_final(&k, ret);
}

void
policy_change_digest(const struct policy_change *change, uint8_t ret_digest32[32])
{
	uint8_t message[2 + 32 + 32] = {0x19, 0x01};

	domain_separator(change->chain_id, message + 2);
	struct_hash(change, message + 34);
	keccak256(message, sizeof message, ret_digest32);
}

int
policy_change_verify(const struct policy_change *change, const uint8_t owner20[20],
    const uint8_t signature65[65])
{
	uint8_t digest[32], public_key[64], signer[20];

	if (signature65[64] != 27 && signature65[64] != 28)
		return ERR_SIGNATURE;
	policy_change_digest(change, digest);
	if (secp_recover(digest, signature65, (uint8_t)(signature65[64] - 27), public_key) != 0)
		return ERR_SIGNATURE;
	address_from_public_key(public_key, signer);
	return memcmp(signer, owner20, 20) == 0 ? 0 : ERR_SIGNATURE;
}
