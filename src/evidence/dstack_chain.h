/*
 * What vouches for a key that dstack derived: two signatures on secp256k1.
 *
 *   link0, by the application's root key, covers the key:
 *     v0  keccak256(purpose || ":" || lower hex of the public key)
 *     v1  keccak256(LP("dstack-guest-v1-key-claim") || LP(algorithm) || LP(domain) || LP(key))
 *   link1, by the root key of the key management service (KMS), covers that root:
 *     keccak256("dstack-kms-issued:" || app_id, 20 bytes || application's root key, 33 bytes)
 *
 * A chain to a pinned root proves that the key belongs to this application id
 * under that KMS, and nothing about code, image, freshness or the machine. The
 * root is pinned from elsewhere; asking the KMS under check proves nothing, but
 * its quote binds the root (dstack_root_is_bound).
 *
 * Sources: Dstack-TEE/dstack, dstack/kms/src/{crypto,onboard_service}.rs,
 * docs/guest-api-v0.md, docs/guest-api-v1.md.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_CHAIN_H
#define SELFSAME_EVIDENCE_DSTACK_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"

#define DSTACK_LINK_LEN 65 /* r || s || recovery id 0 to 3 */
#define DSTACK_PURPOSE_MAX 256

enum dstack_scheme { DSTACK_SCHEME_V0, DSTACK_SCHEME_V1 };

/* Prehashed signs 32 bytes as they are; its keys are those of secp256k1. */
enum dstack_algorithm { DSTACK_ED25519, DSTACK_SECP256K1, DSTACK_SECP256K1_PREHASHED };

/* What link0 is taken to say: the verifier's own words about his own bytes. Borrowed. */
struct dstack_claim {
	enum dstack_scheme scheme;
	enum dstack_algorithm algorithm;
	struct bytes purpose; /* v0: the purpose; v1: the domain */
	struct bytes public_key; /* Ed25519: 32 bytes; secp256k1: 33, 64 or 65 */
};

struct dstack_chain {
	uint8_t link[2][DSTACK_LINK_LEN];
};

/* Who signed the links, in the 33-byte form. */
struct dstack_roots {
	uint8_t app_root[33];
	uint8_t kms_root[33];
};

/*
 * Recover the signers.
 *
 * Returns: TDX_HOLDS (which alone proves nothing: compare the root), or
 *          DSTACK_CHAIN_PARSE (the key, or a purpose that is too long),
 *          DSTACK_CHAIN_SIGNATURE (high s, recovery id above 3, no key recovers), TDX_INTERNAL
 */
enum tdx_reason dstack_chain_recover(const struct dstack_claim *claim, const uint8_t app_id20[20],
    const struct dstack_chain *chain, struct dstack_roots *ret) MUST_USE;

/* The same, and DSTACK_CHAIN_ROOT when the chain does not end at the pinned root. */
enum tdx_reason dstack_chain_verify(const struct dstack_claim *claim, const uint8_t app_id20[20],
    const struct dstack_chain *chain, const uint8_t kms_root33[33]) MUST_USE;

#define DSTACK_CA_MAX 256 /* bytes of a public key in DER; P-256 has 91 */

/*
 * Whether the quote of a KMS, verified elsewhere, binds its certificate authority
 * and its root key:
 *
 *   report_data = keccak256("dstack-kms-genereted-keys-v1:" || hex(ca) || ";" || hex(root) || ";")
 *                 || 32 zero bytes
 *
 * In:      ca  SubjectPublicKeyInfo, DER
 *
 * Returns: TDX_HOLDS or DSTACK_KMS_BINDING
 */
enum tdx_reason dstack_root_is_bound(const uint8_t report_data64[64], struct bytes ca,
    const uint8_t kms_root33[33]) MUST_USE;

/*
 * A signature that the agent's Sign made over data: secp256k1 over its SHA-256, low s.
 *
 * Returns: TDX_HOLDS, DSTACK_CHAIN_PARSE (the key, or prehashed data that is no hash),
 *          DSTACK_CHAIN_SIGNATURE or TDX_INTERNAL
 */
enum tdx_reason dstack_signature_verify(enum dstack_algorithm algorithm, struct bytes public_key,
    struct bytes data, const uint8_t signature64[64]) MUST_USE;

#endif
