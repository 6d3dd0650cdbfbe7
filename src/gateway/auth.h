/*
 * API keys of requests: "x-api-key: ssk_<64 hex>" or "Authorization: Bearer
 * ssk_...". Whether a key is right says the signer, not this.
 */
#ifndef SELFSAME_GATEWAY_AUTH_H
#define SELFSAME_GATEWAY_AUTH_H

#include <stdint.h>

#include "base/attr.h"
#include "http/parser.h"

/*
 * The request's key.
 *
 * Returns: 0, ERR_NOT_FOUND (none), ERR_PARSE (not of a key's form) or
 *          ERR_CONFLICT (two different ones)
 */
int auth_key(const struct http_request *req, uint8_t ret_key32[32]) MUST_USE;

/* "ssk_<64 hex>" and a NUL. */
void auth_key_text(const uint8_t key32[32], char ret[69]);

/* Compares a header with a token, in time that does not depend on where they differ. */
int auth_token_is(const struct http_request *req, const char *header, const char *token);

#endif
