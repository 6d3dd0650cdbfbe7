/*
 * A forward cursor over JSON text (RFC 8259) for documents that are signed or
 * come from strangers: no tree, no heap, no recursion without a bound, only
 * runs of the input. Depth, members of an object and numbers have limits;
 * a member given twice is refused, known or not.
 *
 *   static const char *const names[] = {"id", "version"};
 *   struct json_cursor c = cursor_of(text);
 *   struct cursor_object o;
 *   cursor_object(&c, &o);
 *   while ((i = cursor_member(&c, &o, names, 2)) != CURSOR_END)
 *           i == 0 ? cursor_text(&c, 1, 16, &id) : cursor_u64(&c, 9, &version);
 *   cursor_need(&c, &o, 0x3);
 *   if ((r = cursor_close(&c)) != 0) ...
 *
 * Sticky: after the first failure the other calls do nothing and values keep
 * what they had. Text is plain ASCII without escapes, but in cursor_unescape();
 * what is passed over may be any JSON.
 */
#ifndef SELFSAME_JSON_CURSOR_H
#define SELFSAME_JSON_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define CURSOR_DEPTH_MAX 16
#define CURSOR_UNKNOWN_MAX 16 /* members of one object that nobody asks for */
#define CURSOR_END (-1)

struct json_cursor {
	struct reader in;
	unsigned depth;
	int err; /* 0, ERR_PARSE, ERR_RANGE, ERR_SPACE, ERR_DUPLICATE, ERR_TRAILING */
	const char *field; /* the known member that was read last: where a failure is; or NULL */
};

struct cursor_object {
	uint32_t seen; /* bit i: names[i] was there */
	unsigned count;
	struct bytes unknown[CURSOR_UNKNOWN_MAX];
};

struct json_cursor cursor_of(struct bytes text);

/* Enter an object or an array. */
void cursor_object(struct json_cursor *c, struct cursor_object *o);
void cursor_array(struct json_cursor *c);

/*
 * The next member whose name is known (at most 32 names): its index, with its value to be
 * read next; others are skipped. CURSOR_END after the last one, the object being left, or
 * on failure.
 */
int cursor_member(struct json_cursor *c, struct cursor_object *o, const char *const *names,
    size_t count);

/* Whether element i comes, its value to be read next; the array is left after the last. */
int cursor_element(struct json_cursor *c, size_t i);

/* Fail with ERR_PARSE unless the members of the mask were there; names it in c->field. */
void cursor_need(struct json_cursor *c, const struct cursor_object *o, const char *const *names,
    uint32_t mask);

/* A string of min to max printable ASCII characters without escapes. */
void cursor_text(struct json_cursor *c, size_t min, size_t max, struct bytes *ret);

/* A string of exactly 2 n hex digits of either case. */
void cursor_hex(struct json_cursor *c, uint8_t *ret, size_t n);

/* A non-negative integer without fraction or exponent. */
void cursor_u64(struct json_cursor *c, uint64_t max, uint64_t *ret);
void cursor_bool(struct json_cursor *c, int *ret);

/* Whether the value is null, which is then passed over. */
int cursor_null(struct json_cursor *c);

/* A string, its escapes undone, into a writer. What is not ASCII is refused. */
void cursor_unescape(struct json_cursor *c, struct writer *w);

/* Pass over any value; the run that it was. */
void cursor_skip(struct json_cursor *c, struct bytes *ret);

/* Record a failure of the caller's own check. */
void cursor_fail(struct json_cursor *c, int err);

/* The first failure, or ERR_TRAILING when more than white space is left. */
int cursor_close(struct json_cursor *c) MUST_USE;

/* Whether a run is this text. */
int cursor_is(struct bytes run, const char *text);

#endif
