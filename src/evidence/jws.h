/*
 * JSON Web Signatures in compact form (RFC 7515), one algorithm: RS256. What
 * the header says is read, never obeyed.
 */
#ifndef SELFSAME_EVIDENCE_JWS_H
#define SELFSAME_EVIDENCE_JWS_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/attr.h"
#include "base/bytes.h"

#define JWS_MAX 65536
#define JWS_HEADER_MAX 24576
#define JWS_PAYLOAD_MAX 32768
#define JWS_SIGNATURE_MAX 512
#define JWS_CERTIFICATES_MAX 4
#define JWS_CERTIFICATE_MAX 4096
#define JWS_KEY_ID_MAX 256

/* Points into itself and into the token: not to be copied or moved. */
struct jws {
	struct bytes signed_part; /* header and payload as they stand, with the dot */
	struct bytes payload;
	struct bytes signature;
	int is_rs256; /* the header's alg */
	struct bytes key_id; /* kid; empty without */
	struct bytes certificate[JWS_CERTIFICATES_MAX]; /* x5c, leaf first; DER */
	size_t certificates; /* 0: the header has none */
	uint8_t payload_bytes[JWS_PAYLOAD_MAX];
	uint8_t signature_bytes[JWS_SIGNATURE_MAX];
	uint8_t key_id_bytes[JWS_KEY_ID_MAX];
	uint8_t certificate_bytes[JWS_CERTIFICATES_MAX][JWS_CERTIFICATE_MAX];
};

/*
 * Take a token apart: three parts of strict base64url; a header with alg, and x5c or kid; no
 * critical extensions.
 *
 * Returns: 0, ERR_PARSE or ERR_MEM
 */
int jws_parse(struct bytes token, struct jws *ret) MUST_USE;

/*
 * The RSA key with this id of a key set (RFC 7517).
 *
 * Returns: 0, ERR_PARSE (the set), ERR_NOT_FOUND (no such key, or of another kind),
 *          ERR_DUPLICATE (two of that id), ERR_RANGE, ERR_CRYPTO
 * Owns:    *ret is the caller's, EVP_PKEY_free()
 */
int jws_key_find(struct bytes key_set, struct bytes key_id, EVP_PKEY **ret) MUST_USE;

#endif
