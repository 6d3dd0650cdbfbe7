/* Keys and certificates that a user names, in PEM; of any algorithm that OpenSSL reads. */
#ifndef SELFSAME_CLI_PEM_FILE_H
#define SELFSAME_CLI_PEM_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"

/*
 * A public key, or that of a certificate, as SubjectPublicKeyInfo in DER.
 *
 * Returns: 0, ERR_PARSE or ERR_SPACE
 */
int pem_file_public_key(const struct buffer *pem, uint8_t *ret, size_t cap, size_t *ret_len)
    MUST_USE;

/* One certificate as DER. Returns: 0, ERR_PARSE or ERR_SPACE */
int pem_file_certificate(const struct buffer *pem, uint8_t *ret, size_t cap, size_t *ret_len)
    MUST_USE;

#endif
