/*
 * Values of Solidity's types from JSON into the form that evm/typed_data.h and
 * evm/abi_encode.h read: words, LP runs and counts. Shared by both, so that "an
 * address" means one thing everywhere.
 *
 * uintN, intN  a JSON integer, or a string of decimal digits (intN: with "-")
 *              or of "0x" and hex digits
 * address      "0x" and 40 hex digits; mixed case must be the EIP-55 form
 * bool         true or false
 * bytesN       "0x" and exactly 2 N hex digits;  bytes: an even number of them
 * string       a string
 *
 * Nothing is converted: a number is no string, "true" no bool, null nothing.
 */
#ifndef SELFSAME_JSON_VALUE_H
#define SELFSAME_JSON_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "evm/type.h"
#include "json/reader.h"

/* Where values go, and the path of the one that is being written. */
struct json_values {
	struct buffer *out; /* borrowed; its err counts at the end */
	struct json_error *error; /* borrowed */
	char path[sizeof((struct json_error *)0)->field];
	size_t path_len;
};

/* field is what the path begins with, "" for none. Forgets an earlier error. */
struct json_values json_values_of(struct buffer *out, struct json_error *error, const char *field);

/* Go to a member or an element; give what these return to json_values_leave(). */
size_t json_values_member(struct json_values *v, struct bytes name);
size_t json_values_element(struct json_values *v, size_t index);
void json_values_leave(struct json_values *v, size_t mark);

/* Record a failure here, unless there is one already. Returns err. */
int json_values_fail(struct json_values *v, int err, const char *text);

/* One value of an elementary type. Returns 0, ERR_PARSE or ERR_RANGE, recorded. */
int json_values_add(struct json_values *v, const json_t *value, struct type type) MUST_USE;

/*
 * The count of an array, before its elements. declared: the type's length, 0 = any.
 *
 * Returns: 0, ERR_PARSE (no array) or ERR_RANGE (length), recorded
 */
int json_values_count(struct json_values *v, const json_t *value, uint32_t declared) MUST_USE;

#endif
