/*
 * JSON text into a buffer (base/buffer.h), straight through, no tree. The
 * caller gives members in the order he wants; commas and escaping are the
 * writer's. For RFC 8785 (JCS) output give members sorted and integers below
 * 2^53: strings are escaped exactly as JCS wants them.
 */
#ifndef SELFSAME_JSON_WRITER_H
#define SELFSAME_JSON_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "evm/u256.h"

struct json_writer {
	struct buffer *out; /* borrowed; its err says whether all went in */
	unsigned depth;
	uint8_t has_member[32]; /* per depth: a comma is due */
};

struct json_writer json_writer_of(struct buffer *out);

/* name is NULL inside an array and for the outermost value. (jansson owns json_object().) */
void json_object_begin(struct json_writer *w, const char *name);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w, const char *name);
void json_array_end(struct json_writer *w);
void json_text(struct json_writer *w, const char *name, const char *value); /* NULL: null */
void json_textn(struct json_writer *w, const char *name, const char *value, size_t len);
void json_u64(struct json_writer *w, const char *name, uint64_t value);
void json_i64(struct json_writer *w, const char *name, int64_t value);
void json_bool_value(struct json_writer *w, const char *name, int value);
void json_null_value(struct json_writer *w, const char *name);
void json_hex(struct json_writer *w, const char *name, const uint8_t *p, size_t len); /* "0x..." */
/* RFC 4648 section 4, padded. */
void json_base64(struct json_writer *w, const char *name, const uint8_t *p, size_t len);
void json_address(struct json_writer *w, const char *name, const uint8_t address[20]); /* EIP-55 */
void json_decimal(struct json_writer *w, const char *name, const struct u256 *value,
    unsigned decimals); /* as a string */

/* Text that is JSON already; the caller answers for it. */
void json_raw(struct json_writer *w, const char *name, const char *json, size_t len);

#endif
