/*
 * Whether the mnemonic is the one that EigenCompute's KMS released. The
 * operator can put another one into the environment, his own; so the KMS signs
 * which addresses an application's mnemonic gives, and where that list is at
 * hand (SELFSAME_KMS_ADDRESSES) address 0 has to be on it.
 */
#ifndef SELFSAME_ATTESTER_KMS_CHECK_H
#define SELFSAME_ATTESTER_KMS_CHECK_H

#include <stdint.h>

#include "base/attr.h"

/* The settings' values, NULL where they are not set. */
struct kms_settings {
	const char *addresses; /* SELFSAME_KMS_ADDRESSES: the KMS's answer, JSON */
	const char *environment; /* SELFSAME_KMS_ENVIRONMENT; mainnet-alpha without it */
	const char *app_id; /* SELFSAME_APP_ID */
};

/*
 * In:      address  of m/44'/60'/0'/0/0, from the signer
 * Returns: 0 (also without a list), or what is wrong with one line in *problem:
 *          ERR_PARSE, ERR_SIGNATURE, ERR_CONFLICT, ERR_NOT_FOUND, ERR_MEM, ERR_CRYPTO
 */
int kms_check(const struct kms_settings *s, const uint8_t address[20], const char **problem)
    MUST_USE;

/* The same under a signing key of the caller's, X || Y; the environment does not count. */
int kms_check_under(const struct kms_settings *s, const uint8_t key64[64],
    const uint8_t address[20], const char **problem) MUST_USE;

#endif
