/*
 * Calldata from JSON: {"function": "transfer(address,uint256)", "args": [...]}.
 * Values as json/value.h reads them; arrays and tuples are JSON arrays.
 */
#ifndef SELFSAME_GATEWAY_ABI_JSON_H
#define SELFSAME_GATEWAY_ABI_JSON_H

#include <jansson.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "json/reader.h"

/*
 * Append the encoding of args as the parameter list types, "(uint256,bytes)".
 * field ("args") is what the error's path begins with.
 *
 * Returns: 0, ERR_PARSE or ERR_RANGE (error is set), ERR_SPACE (above the
 *          buffer's maximum; error is set) or ERR_MEM
 */
int abi_json_encode(struct bytes types, const json_t *args, const char *field, struct buffer *out,
    struct json_error *error) MUST_USE;

/* Append selector and arguments. Errors name "function" or "args...". The same errors. */
int abi_json_call(struct bytes signature, const json_t *args, struct buffer *out,
    struct json_error *error) MUST_USE;

#endif
