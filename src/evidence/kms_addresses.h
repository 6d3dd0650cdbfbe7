/*
 * EigenCompute's KMS signs which addresses an app's mnemonic gives: whoever holds
 * the mnemonic can tell whether it is the one that the KMS released, and not one that its
 * operator put in its place.
 *
 *   {"data":{"appId":"0x...",
 *            "evmAddresses":[{"address":"0x...","derivationPath":"m/44'/60'/0'/0/0"},...],
 *            "solanaAddresses":[{"address":"...","derivationPath":"..."},...]},
 *    "signature":"base64 of an ASN.1 ECDSA signature"}
 *
 * appId is absent in answers of version 1: those bind the addresses to some app, not to which.
 * The signature, P-256, is over SHA-256("COMPUTE_APP_KMS_SIGNATURE_V1" || 0x00 || data), data
 * being the object as Go's encoder writes it; it is written again here, so that white space and
 * order of members in between do not matter. Source: eigenx-kms, internal/handlers.
 */
#ifndef SELFSAME_EVIDENCE_KMS_ADDRESSES_H
#define SELFSAME_EVIDENCE_KMS_ADDRESSES_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define KMS_ADDRESSES_MAX 100 /* the KMS gives no more */
#define KMS_ADDRESSES_JSON_MAX 65536

struct kms_addresses {
	int has_app_id;
	uint8_t app_id[20];
	size_t count; /* at least one */
	uint8_t evm[KMS_ADDRESSES_MAX][20]; /* m/44'/60'/0'/0/i */
};

/*
 * The signing key of an environment (mainnet-alpha, sepolia, sepolia-dev), 64 bytes X || Y;
 * NULL for another name.
 */
const uint8_t *kms_signing_key(const char *environment);

/*
 * Read a list and verify its signature.
 *
 * In:      key64  X || Y
 * Returns: 0
 *          ERR_PARSE      malformed, or the addresses are not those of the paths 0, 1, 2, ...
 *          ERR_SIGNATURE  not signed by that key
 *          ERR_MEM, ERR_CRYPTO
 */
int kms_addresses_read(struct bytes json, const uint8_t key64[64], struct kms_addresses *ret)
    MUST_USE;

/*
 * Whether the mnemonic's address 0 is the list's, and the list is of this app.
 *
 * In:      app_id  NULL: not known
 * Returns: 0, ERR_CONFLICT (another address, or another app's list),
 *          ERR_NOT_FOUND (app_id is given and the list names none)
 */
int kms_addresses_check(const struct kms_addresses *list, const uint8_t address[20],
    const uint8_t *app_id) MUST_USE;

#endif
