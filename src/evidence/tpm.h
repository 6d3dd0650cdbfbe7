/*
 * What a TPM 2.0 says and signs: public area of a key, quote, signature. Strict
 * and forward, every length used up; borrows, no heap but OpenSSL's for RSA.
 *
 * All integers big-endian. Source: TCG, TPM 2.0 Library part 2, revision 1.59.
 */
#ifndef SELFSAME_EVIDENCE_TPM_H
#define SELFSAME_EVIDENCE_TPM_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/attr.h"
#include "base/bytes.h"

enum tpm_algorithm {
	TPM_ALG_RSA = 0x0001,
	TPM_ALG_SHA1 = 0x0004,
	TPM_ALG_SHA256 = 0x000b,
	TPM_ALG_SHA384 = 0x000c,
	TPM_ALG_SHA512 = 0x000d,
	TPM_ALG_NULL = 0x0010,
	TPM_ALG_RSASSA = 0x0014,
	TPM_ALG_ECDSA = 0x0018,
	TPM_ALG_ECC = 0x0023
};

#define TPM_PCRS 24

/* The signing key in a TPMT_PUBLIC: ECDSA on P-256, or RSASSA; SHA-256 both. */
struct tpm_key {
	uint16_t type; /* TPM_ALG_ECC or TPM_ALG_RSA */
	uint8_t point[64]; /* ECC: X || Y */
	struct bytes modulus; /* RSA; its exponent is 65537 */
};

/*
 * A key that was made in this TPM, stays there, and signs nothing but what the TPM itself
 * has said: fixedTPM, sensitiveDataOrigin, restricted, sign; not decrypt.
 *
 * Returns: 0, ERR_PARSE, ERR_UNSUPPORTED (kind, curve, scheme), ERR_POLICY (attributes)
 */
int tpm_key_parse(struct bytes public_area, struct tpm_key *ret) MUST_USE;

/* Whether it is this key, as a certificate has it. */
int tpm_key_is(const struct tpm_key *key, const EVP_PKEY *other);

/* What a TPMS_ATTEST of type quote says. */
struct tpm_quote {
	struct bytes signer; /* qualified name of the key: tpm_signer_verify() */
	struct bytes nonce; /* extraData */
	uint16_t bank; /* TPM_ALG_ID of the one bank that is quoted */
	uint32_t selection; /* bit i: PCR i */
	struct bytes pcr_digest;
};

/* Returns: 0, ERR_PARSE, ERR_UNSUPPORTED (no quote, or of more than one bank) */
int tpm_quote_parse(struct bytes attest, struct tpm_quote *ret) MUST_USE;

/*
 * Whether the key signed it.
 *
 * In:      signature  TPMT_SIGNATURE
 * Returns: 0, ERR_PARSE, ERR_UNSUPPORTED (scheme or hash), ERR_SIGNATURE, ERR_CRYPTO
 */
int tpm_quote_verify(const struct tpm_key *key, struct bytes attest, struct bytes signature)
    MUST_USE;

/*
 * Whether this public area is the signer's, with each of its attributes: a certificate vouches
 * for the point or modulus alone. The key is a primary one of the endorsement hierarchy.
 *
 * Source: part 1, 16, Names.
 * Returns: 0, ERR_EVIDENCE, ERR_CRYPTO
 */
int tpm_signer_verify(const struct tpm_quote *quote, struct bytes public_area) MUST_USE;

/*
 * Whether these are the values that were quoted: the selected ones and no others, each as
 * long as the bank's hash, and SHA-256 over them in order.
 *
 * In:      bank  TPM_ALG_ID;  pcr  len 0: not there
 * Returns: 0, ERR_EVIDENCE, ERR_UNSUPPORTED (bank), ERR_CRYPTO
 */
int tpm_pcrs_verify(const struct tpm_quote *quote, uint16_t bank,
    const struct bytes pcr[TPM_PCRS]) MUST_USE;

/* Bytes of a digest; 0 for what is no hash known here. */
size_t tpm_digest_len(uint16_t algorithm);

#endif
