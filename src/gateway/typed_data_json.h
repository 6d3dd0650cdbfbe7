/*
 * eth_signTypedData_v4 JSON into the bounded binary form of evm/typed_data.h.
 *
 * {"types": {...}, "primaryType": "Mail", "domain": {...}, "message": {...}},
 * as an object or as a string that holds one. Where wallets read one document
 * differently it is refused: a domain value that EIP712Domain does not list and
 * a listed one without a value, members that the type does not have, missing
 * members and null, values of another JSON type (json/value.h), arrays of
 * another length, a primaryType that is not defined, a recursive type, names
 * that are no identifiers. Structs that neither message nor domain uses are
 * left out, as wallets do. Without EIP712Domain its members are those that the
 * domain has, in the EIP's order (as ethers and viem derive it).
 */
#ifndef SELFSAME_GATEWAY_TYPED_DATA_JSON_H
#define SELFSAME_GATEWAY_TYPED_DATA_JSON_H

#include <jansson.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "json/reader.h"

/*
 * Append the form to out. field ("typedData", or "" for none) is what the paths
 * in errors begin with: "typedData.message.to[0].wallet".
 *
 * Returns: 0, or what error says: ERR_PARSE, ERR_RANGE, ERR_UNKNOWN_FIELD,
 *          ERR_DUPLICATE, ERR_UNSUPPORTED (recursive type) or ERR_SPACE (too
 *          long); or ERR_MEM
 */
int typed_data_json_write(json_t *value, const char *field, struct buffer *out,
    struct json_error *error) MUST_USE;

#endif
