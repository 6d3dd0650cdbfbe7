/*
 * The runner of published vectors: a folder laid out like fixtures/eth, a table
 * of {file, function}, and counts. A function gets the parsed file and reports
 * every entry once, as passed, failed or skipped.
 */
#ifndef SELFSAME_TESTS_VECTORS_H
#define SELFSAME_TESTS_VECTORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct vectors;

typedef void vectors_run(struct vectors *v, const json_t *root);

/*
 * One file of the layout, or, when the name ends in '/', every file below that
 * folder. A .json file comes parsed, a .txt file as an array of its lines. With
 * run NULL the file is out of scope and skip says why.
 */
struct vector_file {
	const char *name;
	vectors_run *run;
	const char *skip;
};

/* Each ends with a NULL name: keys.c, signatures.c, encodings.c */
extern const struct vector_file key_files[];
extern const struct vector_file signature_files[];
extern const struct vector_file encoding_files[];

/*
 * Count one entry. entry is what follows the file's name and '#' in a report
 * ("zeros-nopass-en.s16", "valid[3].children[1]"); why says what went wrong and
 * may be NULL when ok. Both are copied.
 */
void vectors_case(struct vectors *v, int ok, const char *entry, const char *why);

/* Count one entry as skipped; equal reasons of a file are reported together. */
void vectors_skip(struct vectors *v, const char *entry, const char *why);

/* The file that runs, relative to the folder. */
const char *vectors_file(const struct vectors *v);

/* Another file of the folder; NULL when it is missing or not JSON. The caller's, json_decref(). */
json_t *vectors_open(const struct vectors *v, const char *name);

/* The entry's "name", else "[index]"; written to buf, which is returned. */
const char *entry_name(const json_t *entry, size_t index, char *buf, size_t cap);

/* A member's string, or NULL. */
const char *member_text(const json_t *object, const char *key);

/*
 * Hex with or without "0x" (the folder has both).
 *
 * Returns: 0, ERR_NOT_FOUND (no such string member), ERR_PARSE or ERR_SPACE
 */
int text_hex(const char *text, uint8_t *ret, size_t cap, size_t *ret_len) MUST_USE;
int member_hex(const json_t *object, const char *key, uint8_t *ret, size_t cap, size_t *ret_len)
    MUST_USE;

/* Exactly n bytes. */
int member_hex_n(const json_t *object, const char *key, uint8_t *ret, size_t n) MUST_USE;

/* Whether the member is exactly these bytes. */
int member_equals(const json_t *object, const char *key, const uint8_t *p, size_t n) MUST_USE;

#endif
