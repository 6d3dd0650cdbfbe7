/* The pieces of X.509 that certificates and revocation lists share. All return 0 or ERR_PARSE. */
#ifndef SELFSAME_TDX_X509_H
#define SELFSAME_TDX_X509_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

/* AlgorithmIdentifier: ecdsa-with-SHA256, the only one there is here. */
int x509_algorithm(struct reader *r) MUST_USE;

/* A Name of single printable or UTF-8 attributes with exactly one common name. */
int x509_name(struct reader *r, struct bytes *ret_whole, struct bytes *ret_common_name) MUST_USE;

/* The content of a BIT STRING of whole bytes. */
int x509_bits(struct reader *r, struct bytes *ret) MUST_USE;

/* ECDSA-Sig-Value in a BIT STRING, as r || s. */
int x509_signature(struct reader *r, uint8_t ret[64]) MUST_USE;

/* AuthorityKeyIdentifier with a key identifier of 20 bytes and nothing else. */
int x509_authority_key_id(struct reader *r, struct bytes *ret) MUST_USE;

/* A serial number's magnitude, without a sign byte; at most 20 bytes. */
int x509_serial(struct reader *r, struct bytes *ret) MUST_USE;

#endif
