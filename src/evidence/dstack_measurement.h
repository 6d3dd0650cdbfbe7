/*
 * The hashes that dstack makes of a quote and its configuration. Source:
 * Dstack-TEE/dstack, dstack-attest/src/attestation.rs, dstack-types/src/mr_config.rs.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_MEASUREMENT_H
#define SELFSAME_EVIDENCE_DSTACK_MEASUREMENT_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evidence/dstack_facts.h"
#include "tdx/quote.h"

/* All return 0 or ERR_CRYPTO. */

/*
 * mr_aggregated = SHA-256(MRTD || RTMR0..3 [|| MRCONFIGID || MROWNER || MROWNERCONFIG]),
 * the last three when any of them is not zero: the machine with its application.
 */
int dstack_mr_aggregated(const struct tdx_quote *quote, uint8_t ret32[32]) MUST_USE;

/*
 * mr_system = SHA-256(MRTD || RTMR0..2 || SHA-256(key-provider's payload)), zeros without
 * one: the machine without its application.
 */
int dstack_mr_system(const struct tdx_quote *quote, const uint8_t provider_hash32[32],
    uint8_t ret32[32]) MUST_USE;

/*
 * The device id, which changed its meaning: up to 0.5.5 the SHA-256 of the quote
 * header's user data, from 0.5.6 that of the PPID. The PPID is that of a verified chain.
 */
int dstack_device_id_of_header(const struct tdx_quote *quote, uint8_t ret32[32]) MUST_USE;
int dstack_device_id_of_ppid(const uint8_t ppid16[16], uint8_t ret32[32]) MUST_USE;

/*
 * MRCONFIGID, which the host sets at launch, in its three forms:
 *
 *   v1  01 || compose hash || zeros
 *   v2  02 || keccak256(compose hash || app id || provider 0..3 || provider's id) || zeros
 *   v3  03 || SHA-256("dstack-mr-config-v3:" || 00 || document) || zeros
 */
void dstack_config_id_v1(const uint8_t compose_hash32[32], uint8_t ret48[48]);
void dstack_config_id_v2(const struct dstack_facts *facts, uint8_t ret48[48]);
int dstack_config_id_v3(struct bytes document, uint8_t ret48[48]) MUST_USE;

#endif
