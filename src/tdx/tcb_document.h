/*
 * What TCB info and QE identity have in common: they are JSON, signed as the
 * bytes they are, and speak in levels with a status, a date and advisories.
 *
 * Nothing that a document gives points into it: what is text is kept as a place
 * in the document, so that a parsed document can be used with any copy of it.
 */
#ifndef SELFSAME_TDX_TCB_DOCUMENT_H
#define SELFSAME_TDX_TCB_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "json/cursor.h"
#include "tdx/tcb.h"

#define TCB_DOCUMENT_MAX 262144
#define TCB_ADVISORIES_MAX 64 /* of one level */
#define TCB_ADVISORY_LEN_MAX 64

/* A run of the document. */
struct tcb_run {
	uint32_t at;
	uint32_t len;
};

struct bytes tcb_run_of(struct bytes document, struct tcb_run run);

/* What every kind of level says of itself. */
struct tcb_state {
	enum tcb_status status;
	int64_t date; /* tcbDate, Unix seconds */
	struct tcb_run advisories; /* array of strings; len 0 without one */
};

/* A level of an enclave or a module. */
struct tcb_svn_level {
	uint16_t isvsvn;
	struct tcb_state state;
};

/* A document being read. */
struct tcb_reader {
	struct json_cursor c;
	struct bytes text;
	int unknown_status; /* why it failed */
	struct bytes id; /* what it says that it is; empty until that was read */
	uint32_t version; /* 0 likewise */
};

struct tcb_reader tcb_reader_of(struct bytes text);

/* The value that comes next, by kind. Sticky, as the cursor is. */
void tcb_id(struct tcb_reader *r);
void tcb_version(struct tcb_reader *r);
void tcb_time(struct tcb_reader *r, int64_t *ret);
void tcb_status(struct tcb_reader *r, uint32_t allowed, enum tcb_status *ret);
void tcb_advisories(struct tcb_reader *r, struct tcb_run *ret);
void tcb_u16(struct tcb_reader *r, uint16_t *ret);
void tcb_u32(struct tcb_reader *r, uint32_t *ret);

/*
 * An array of levels by isvsvn, at least one; sorted by isvsvn, then by date, the highest
 * first; two that are equal in both are refused. *count grows, up to cap.
 */
void tcb_svn_levels(struct tcb_reader *r, uint32_t allowed, struct tcb_svn_level *levels,
    size_t cap, size_t *count);

/* The first level at or below an isvsvn, or NULL. */
const struct tcb_svn_level *tcb_svn_level_find(const struct tcb_svn_level *levels, size_t count,
    uint32_t isvsvn);

/* The advisories of a level; calls see the ids in the document's order. */
void tcb_each_advisory(struct bytes document, struct tcb_run advisories,
    void (*see)(void *context, struct bytes id), void *context);

#endif
