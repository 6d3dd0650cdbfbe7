/*
 * Identifiers of Gnosis' ConditionalTokens contract, computed here so that
 * nobody has to be believed: condition, collection and position ids. A
 * collection id is a point on bn254's curve y^2 = x^3 + 3, found by hashing.
 */
#ifndef SELFSAME_EVM_CTF_H
#define SELFSAME_EVM_CTF_H

#include <stdint.h>

#include "base/attr.h"
#include "evm/u256.h"

/* keccak256(oracle || question id || outcome slot count) */
void ctf_condition_id(const uint8_t oracle[20], const uint8_t question_id32[32],
    const struct u256 *outcome_slots, uint8_t ret32[32]);

/* The collection of an index set below the root (no parent collection). */
void ctf_collection_id(const uint8_t condition_id32[32], const struct u256 *index_set,
    uint8_t ret32[32]);

/* keccak256(collateral token || collection id): the ERC-1155 token id. */
void ctf_position_id(const uint8_t collateral[20], const uint8_t collection_id32[32],
    uint8_t ret32[32]);

#endif
