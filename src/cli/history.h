/*
 * A signed history: a file of JSON lines that only grows. Each line carries the
 * hash of the line before it and is signed with an Ed25519 key that lies beside
 * the file, so that nobody without the key can change, reorder or insert one.
 *
 *   {"seq":N,"prev":"<64 digits>","time":"...","type":"...",...,"signature":"<128 digits>"}
 *
 *   prev       SHA-256 of the line before, without its line end; zeros in the first
 *   signature  Ed25519(key, "selfsame/history/v1" || 0x00 || line without the member signature)
 *
 * The first line's type is "start" and names the key. That lines were cut off at the end
 * shows only to who has noted a later line's hash (history_check()).
 */
#ifndef SELFSAME_CLI_HISTORY_H
#define SELFSAME_CLI_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include <jansson.h>

#include "base/attr.h"

#define HISTORY_LINE_MAX 65536
#define HISTORY_PROBLEM_MAX 256

struct history {
	int fd;
	uint8_t secret[64]; /* wiped by history_close() */
	uint8_t key[32];
	off_t end; /* of the last line */
	uint64_t next; /* seq of the next line */
	uint8_t head[32]; /* hash of the last line */
};

/* One line, already verified, parsed and as it stands without its end; borrowed. */
typedef void history_visit(void *arg, const json_t *entry, const char *line);

/*
 * Open a history for appending, or start one with a new key in PATH.key (0600). Every line
 * is verified and shown to `visit` in order. A last line without its end, which a crash leaves
 * behind, is removed.
 *
 * Returns: 0, ERR_EVIDENCE (does not verify), ERR_CONFLICT (somebody else has it open),
 *          ERR_NOT_FOUND (no key for it), ERR_IO, ERR_MEM or ERR_CRYPTO; problem says which
 * Owns:    *ret needs history_close() if 0 was returned
 */
int history_open(const char *path, history_visit *visit, void *arg, struct history *ret,
    char problem[HISTORY_PROBLEM_MAX]) MUST_USE;

/*
 * Append a line and see it to the disk.
 *
 * In:      entry  an object with "type"; borrowed. seq, prev and time are put before it
 * Returns: 0, ERR_SPACE (too long), ERR_IO or ERR_MEM
 * Out:     *ret_line  without its end; the caller's, free()
 */
int history_append(struct history *h, json_t *entry, char **ret_line) MUST_USE;

void history_close(struct history *h);

struct history_summary {
	uint64_t count;
	uint8_t key[32];
	uint8_t head[32];
	int head_seen; /* the hash that was asked for is that of some line */
	char first[32], last[32]; /* times, as they stand */
};

/*
 * Verify a history without opening it for anything else.
 *
 * In:      key   whom it must be signed by; NULL: whom it names
 *          head  the hash of a line that must be there; NULL: none
 * Returns: 0, ERR_EVIDENCE, ERR_NOT_FOUND, ERR_IO or ERR_MEM; problem says which line and why
 */
int history_check(const char *path, const uint8_t *key, const uint8_t *head,
    struct history_summary *ret, char problem[HISTORY_PROBLEM_MAX]) MUST_USE;

/*
 * The verification of one line, for fuzzing and for history_check(): form, sequence, chain
 * and signature.
 *
 * In/Out:  next, head   advanced on success
 * Returns: 0 or ERR_EVIDENCE, *ret_why then says why
 * Owns:    *ret_entry is the caller's, json_decref()
 */
int history_line(const char *line, size_t len, const uint8_t key[32], uint64_t *next,
    uint8_t head[32], json_t **ret_entry, const char **ret_why) MUST_USE;

#endif
