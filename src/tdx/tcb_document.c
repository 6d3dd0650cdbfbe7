#include "tdx/tcb_document.h"

#include <string.h>

#include "base/err.h"
#include "tdx/utc.h"
#include "base/banned.h"

struct bytes
tcb_run_of(struct bytes document, struct tcb_run run)
{
	return (struct bytes){document.p + run.at, run.len};
}

struct tcb_reader
tcb_reader_of(struct bytes text)
{
	struct tcb_reader r = {.c = cursor_of(text), .text = text};

	if (text.len > TCB_DOCUMENT_MAX)
		cursor_fail(&r.c, ERR_SPACE);
	return r;
}

void
tcb_id(struct tcb_reader *r)
{
	cursor_text(&r->c, 1, 16, &r->id);
}

void
tcb_version(struct tcb_reader *r)
{
	tcb_u32(r, &r->version);
}

void
tcb_time(struct tcb_reader *r, int64_t *ret)
{
	struct bytes text = {NULL, 0};

	cursor_text(&r->c, 1, UTC_TEXT_LEN, &text);
	if (r->c.err == 0 && utc_parse(text, ret) != 0)
		cursor_fail(&r->c, ERR_PARSE);
}

void
tcb_status(struct tcb_reader *r, uint32_t allowed, enum tcb_status *ret)
{
	struct bytes text = {NULL, 0};
	enum tcb_status status;

	cursor_text(&r->c, 1, 64, &text);
	if (r->c.err != 0)
		return;
	if (tcb_status_find(text, &status) != 0 || (allowed & TCB_BIT(status)) == 0) {
		r->unknown_status = 1;
		cursor_fail(&r->c, ERR_PARSE);
		return;
	}
	*ret = status;
}

void
tcb_u16(struct tcb_reader *r, uint16_t *ret)
{
	uint64_t v = 0;

	cursor_u64(&r->c, UINT16_MAX, &v);
	*ret = (uint16_t)v;
}

void
tcb_u32(struct tcb_reader *r, uint32_t *ret)
{
	uint64_t v = 0;

	cursor_u64(&r->c, UINT32_MAX, &v);
	*ret = (uint32_t)v;
}

void
tcb_advisories(struct tcb_reader *r, struct tcb_run *ret)
{
	const uint8_t *start = r->c.in.p;
	struct bytes id;
	size_t i = 0;

	cursor_array(&r->c);
	for (; cursor_element(&r->c, i); i++) {
		if (i == TCB_ADVISORIES_MAX)
			cursor_fail(&r->c, ERR_RANGE);
		cursor_text(&r->c, 1, TCB_ADVISORY_LEN_MAX, &id);
	}
	if (r->c.err == 0)
		*ret = (struct tcb_run){(uint32_t)(start - r->text.p),
					(uint32_t)(r->c.in.p - start)};
}

void
tcb_each_advisory(struct bytes document, struct tcb_run advisories,
		  void (*see)(void *context, struct bytes id), void *context)
{
	struct json_cursor c = cursor_of(tcb_run_of(document, advisories));
	struct bytes id;

	if (advisories.len == 0)
		return;
	cursor_array(&c);
	for (size_t i = 0; cursor_element(&c, i); i++) {
		cursor_text(&c, 1, TCB_ADVISORY_LEN_MAX, &id);
		if (c.err == 0)
			see(context, id);
	}
}

static void
read_isvsvn(struct tcb_reader *r, uint16_t *ret)
{
	static const char *const names[] = {"isvsvn"};
	struct cursor_object o;

	cursor_object(&r->c, &o);
	while (cursor_member(&r->c, &o, names, ARRAY_LEN(names)) != CURSOR_END)
		tcb_u16(r, ret);
	cursor_need(&r->c, &o, names, 1);
}

static void
read_level(struct tcb_reader *r, uint32_t allowed, struct tcb_svn_level *ret)
{
	static const char *const names[] = {"tcb", "tcbDate", "tcbStatus", "advisoryIDs"};
	struct cursor_object o;
	int i;

	memset(ret, 0, sizeof *ret);
	cursor_object(&r->c, &o);
	while ((i = cursor_member(&r->c, &o, names, ARRAY_LEN(names))) != CURSOR_END) {
		if (i == 0)
			read_isvsvn(r, &ret->isvsvn);
		else if (i == 1)
			tcb_time(r, &ret->state.date);
		else if (i == 2)
			tcb_status(r, allowed, &ret->state.status);
		else
			tcb_advisories(r, &ret->state.advisories);
	}
	cursor_need(&r->c, &o, names, 7);
}

/* Above 0: a before b. */
static int
level_order(const struct tcb_svn_level *a, const struct tcb_svn_level *b)
{
	if (a->isvsvn != b->isvsvn)
		return a->isvsvn > b->isvsvn ? 1 : -1;
	if (a->state.date != b->state.date)
		return a->state.date > b->state.date ? 1 : -1;
	return 0;
}

static void
insert_level(struct tcb_reader *r, struct tcb_svn_level *levels, size_t count,
	     const struct tcb_svn_level *level)
{
	size_t at = count;

	while (at > 0 && level_order(level, &levels[at - 1]) > 0)
		at--;
	if (at > 0 && level_order(level, &levels[at - 1]) == 0) {
		cursor_fail(&r->c, ERR_DUPLICATE);
		return;
	}
	memmove(&levels[at + 1], &levels[at], (count - at) * sizeof *levels);
	levels[at] = *level;
}

void
tcb_svn_levels(struct tcb_reader *r, uint32_t allowed, struct tcb_svn_level *levels, size_t cap,
	       size_t *count)
{
	struct tcb_svn_level *const first = levels + *count;
	struct tcb_svn_level level;
	size_t i = 0;

	cursor_array(&r->c);
	for (; cursor_element(&r->c, i); i++) {
		if (*count == cap) {
			cursor_fail(&r->c, ERR_SPACE);
			return;
		}
		read_level(r, allowed, &level);
		if (r->c.err != 0)
			return;
		insert_level(r, first, i, &level);
		(*count)++;
	}
	if (i == 0)
		cursor_fail(&r->c, ERR_PARSE);
}

const struct tcb_svn_level *
tcb_svn_level_find(const struct tcb_svn_level *levels, size_t count, uint32_t isvsvn)
{
	for (size_t i = 0; i < count; i++)
		if (levels[i].isvsvn <= isvsvn)
			return &levels[i];
	return NULL;
}
