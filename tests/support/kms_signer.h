/* A key in the place of EigenCompute's KMS, which signs a list of addresses by OpenSSL's calls. */
#ifndef SELFSAME_TESTS_KMS_SIGNER_H
#define SELFSAME_TESTS_KMS_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#define KMS_SIGNATURE_MAX 100 /* base64 of a signature in DER, with its NUL */

/* x and y of the public key */
extern uint8_t kms_signer_key64[64];

/* Fixtures of a group of tests: a new key, and its end. */
int kms_signer_open(void **state);
int kms_signer_close(void **state);

/* ECDSA over SHA-256 of the domain, a NUL and the data; ret_base64 has a NUL at its end. */
void kms_signer_sign(const char *domain, const char *data, char ret_base64[KMS_SIGNATURE_MAX]);

#endif
