/*
 * A declarative, typed reader of JSON objects on jansson. Unknown members,
 * duplicate keys, wrong types and values out of range are refused with the
 * field's name; of the input nothing but a harmless member name is repeated.
 *
 *   struct json_error e;
 *   struct json_in in;
 *   if ((r = json_in_open(body, len, &in, &e)) != 0) ...
 *   json_in_text(&in, "agentId", JSON_REQUIRED, 1, 64, &text);
 *   ...
 *   if ((r = json_in_close(&in)) != 0) ...   first failure, unknown members
 *   json_in_free(&in);
 *
 * Sticky: after the first failure the other calls do nothing, values keep what
 * they had, ret_present is 0. Reading from an absent object does nothing
 * either. null is a wrong type everywhere. Borrowed strings live until
 * json_in_free().
 */
#ifndef SELFSAME_JSON_READER_H
#define SELFSAME_JSON_READER_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evm/u256.h"

enum json_need { JSON_OPTIONAL, JSON_REQUIRED };

struct json_error {
	int err; /* ERR_PARSE, ERR_RANGE, ERR_UNKNOWN_FIELD, ERR_DUPLICATE */
	char field[96]; /* dotted path, "" for the whole body */
	char text[160]; /* what is wrong and what would be right; no input in it */
};

#define JSON_MEMBERS_MAX 32

struct json_in {
	json_t *root; /* NULL: an absent object */
	struct json_error *error;
	char path[96];
	const char *known[JSON_MEMBERS_MAX]; /* the members asked for so far */
	size_t known_count;
	int owned; /* json_in_free() lets root go */
};

/* The body must be one object. On failure nothing needs to be freed. */
int json_in_open(const void *body, size_t len, struct json_in *ret, struct json_error *error)
    MUST_USE;

/*
 * An object that is not a member: an element of an array that json_in_value()
 * gave. name ("[3]", "calls[3]") stands for it in errors. Borrowed.
 */
void json_in_enter(struct json_in *in, json_t *value, const char *name, struct json_in *ret);

/* An object inside another; ret_present 0 when it is optional and absent. */
void json_in_object(struct json_in *in, const char *name, enum json_need need, struct json_in *ret,
    int *ret_present);

void json_in_text(struct json_in *in, const char *name, enum json_need need, size_t min, size_t max,
    struct bytes *ret);
void json_in_u64(struct json_in *in, const char *name, enum json_need need, uint64_t min,
    uint64_t max, uint64_t *ret);
void json_in_bool(struct json_in *in, const char *name, enum json_need need, int *ret);
void json_in_address(struct json_in *in, const char *name, enum json_need need, uint8_t ret[20],
    int *ret_present);
void json_in_hash32(struct json_in *in, const char *name, enum json_need need, uint8_t ret[32],
    int *ret_present);
/* A decimal string in units of 10^decimals. */
void json_in_amount(struct json_in *in, const char *name, enum json_need need, unsigned decimals,
    struct u256 *ret, int *ret_present);
/* "0x" hex of at most cap bytes. */
void json_in_hex(struct json_in *in, const char *name, enum json_need need, size_t cap,
    uint8_t *ret, size_t *ret_len);
/* A raw value of any type (borrowed); NULL when absent. */
void json_in_value(struct json_in *in, const char *name, enum json_need need, json_t **ret);

/* Record a failure of the caller's own check. */
void json_in_fail(struct json_in *in, const char *name, int err, const char *text);

/* The first failure so far, or ERR_UNKNOWN_FIELD for a member nobody asked for. */
int json_in_close(struct json_in *in) MUST_USE;
void json_in_free(struct json_in *in);

#endif
