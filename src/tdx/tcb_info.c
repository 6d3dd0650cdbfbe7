#include "tdx/tcb_info.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/banned.h"

#define PLATFORM_STATUSES                                                                      \
	(TCB_BIT(TCB_UP_TO_DATE) | TCB_BIT(TCB_SW_HARDENING_NEEDED) |                              \
	 TCB_BIT(TCB_CONFIGURATION_NEEDED) | TCB_BIT(TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED) |  \
	 TCB_BIT(TCB_OUT_OF_DATE) | TCB_BIT(TCB_OUT_OF_DATE_CONFIGURATION_NEEDED) |                \
	 TCB_BIT(TCB_REVOKED))
#define COMPONENT_NAME_MAX 64
#define MODULE_STATUSES (TCB_BIT(TCB_UP_TO_DATE) | TCB_BIT(TCB_OUT_OF_DATE) | TCB_BIT(TCB_REVOKED))

/* For people only: a name that is long or spelt with escapes is left out, not refused. */
static void
read_name(struct json_cursor *c, struct bytes *ret)
{
	struct bytes run = {NULL, 0};

	cursor_skip(c, &run);
	if (run.len > 2 && run.len <= COMPONENT_NAME_MAX + 2 && run.p[0] == '"' &&
	    memchr(run.p, '\\', run.len) == NULL)
		*ret = (struct bytes){run.p + 1, run.len - 2};
}

/* One of the 16 components: its SVN, and its name where somebody asks for it. */
static void
read_component(struct json_cursor *c, uint8_t *ret_svn, struct tcb_component_name *ret_name)
{
	static const char *const names[] = {"svn", "category", "type"};
	struct cursor_object o;
	uint64_t svn = 0;
	int i;

	cursor_object(c, &o);
	while ((i = cursor_member(c, &o, names, ARRAY_LEN(names))) != CURSOR_END) {
		if (i == 0)
			cursor_u64(c, UINT8_MAX, &svn);
		else
			read_name(c, i == 1 ? &ret_name->category : &ret_name->type);
	}
	cursor_need(c, &o, names, 1);
	*ret_svn = (uint8_t)svn;
}

static void
read_components(struct json_cursor *c, uint8_t ret[TCB_COMPONENTS])
{
	struct tcb_component_name name;
	uint8_t svn = 0;
	size_t i = 0;

	cursor_array(c);
	for (; cursor_element(c, i); i++) {
		if (i == TCB_COMPONENTS) {
			cursor_fail(c, ERR_RANGE);
			return;
		}
		read_component(c, &svn, &name);
		ret[i] = svn;
	}
	if (i != TCB_COMPONENTS)
		cursor_fail(c, ERR_PARSE);
}

static const char *const tcb_names[] = {"sgxtcbcomponents", "pcesvn", "tdxtcbcomponents"};

static void
read_svns(struct tcb_reader *r, struct tcb_level *level)
{
	const uint8_t *start = r->c.in.p;
	struct cursor_object o;
	uint16_t pcesvn = 0;
	int i;

	cursor_object(&r->c, &o);
	while ((i = cursor_member(&r->c, &o, tcb_names, ARRAY_LEN(tcb_names))) != CURSOR_END) {
		if (i == 1)
			tcb_u16(r, &pcesvn);
		else
			read_components(&r->c,
					level->svns + (i == 0 ? TCB_SVNS_SGX : TCB_SVNS_TDX));
	}
	cursor_need(&r->c, &o, tcb_names, 7);
	level->svns[TCB_SVNS_PCE] = (uint8_t)(pcesvn >> 8);
	level->svns[TCB_SVNS_PCE + 1] = (uint8_t)pcesvn;
	if (r->c.err == 0)
		level->components = (struct tcb_run){(uint32_t)(start - r->text.p),
						     (uint32_t)(r->c.in.p - start)};
}

static void
read_level(struct tcb_reader *r, struct tcb_level *ret)
{
	static const char *const names[] = {"tcb", "tcbDate", "tcbStatus", "advisoryIDs"};
	struct cursor_object o;
	int i;

	memset(ret, 0, sizeof *ret);
	cursor_object(&r->c, &o);
	while ((i = cursor_member(&r->c, &o, names, ARRAY_LEN(names))) != CURSOR_END) {
		if (i == 0)
			read_svns(r, ret);
		else if (i == 1)
			tcb_time(r, &ret->state.date);
		else if (i == 2)
			tcb_status(r, PLATFORM_STATUSES, &ret->state.status);
		else
			tcb_advisories(r, &ret->state.advisories);
	}
	cursor_need(&r->c, &o, names, 7);
}

/* Keeps the levels sorted, the highest first; one that is there already is refused. */
static void
insert_level(struct tcb_reader *r, struct tcb_info *info, const struct tcb_level *level)
{
	size_t at = info->level_count;

	while (at > 0 && memcmp(level->svns, info->level[at - 1].svns, TCB_SVNS_LEN) > 0)
		at--;
	if (at > 0 && memcmp(level->svns, info->level[at - 1].svns, TCB_SVNS_LEN) == 0) {
		cursor_fail(&r->c, ERR_DUPLICATE);
		return;
	}
	memmove(&info->level[at + 1], &info->level[at],
		(info->level_count - at) * sizeof info->level[0]);
	info->level[at] = *level;
	info->level_count++;
}

static void
read_levels(struct tcb_reader *r, struct tcb_info *info)
{
	struct tcb_level level;

	cursor_array(&r->c);
	for (size_t i = 0; cursor_element(&r->c, i); i++) {
		if (info->level_count == TCB_LEVELS_MAX) {
			cursor_fail(&r->c, ERR_SPACE);
			return;
		}
		read_level(r, &level);
		if (r->c.err != 0)
			return;
		insert_level(r, info, &level);
	}
	if (info->level_count == 0)
		cursor_fail(&r->c, ERR_PARSE);
}

/* "TDX_0a", in either case; -1 for another id, which no quote can ask for. */
static int
module_version(struct bytes id)
{
	unsigned v = 0;

	if (id.len != 6 || strncasecmp((const char *)id.p, "TDX_", 4) != 0)
		return -1;
	for (size_t i = 4; i < 6; i++) {
		const uint8_t d = id.p[i];

		if (d >= '0' && d <= '9')
			v = v * 16 + (unsigned)(d - '0');
		else if ((d | 0x20) >= 'a' && (d | 0x20) <= 'f')
			v = v * 16 + (unsigned)((d | 0x20) - 'a') + 10;
		else
			return -1;
	}
	return (int)v;
}

/* tdxModule, or with_levels an element of tdxModuleIdentities. */
static void
read_module(struct tcb_reader *r, struct tcb_info *info, int with_levels, struct tcb_module *ret)
{
	static const char *const names[] = {"mrsigner", "attributes", "attributesMask", "id",
					    "tcbLevels"};
	struct bytes id = {NULL, 0};
	struct cursor_object o;
	uint8_t mask[8];
	int i;

	*ret = (struct tcb_module){.version = -1, .first = info->module_level_count};
	cursor_object(&r->c, &o);
	while ((i = cursor_member(&r->c, &o, names, with_levels ? 5 : 3)) != CURSOR_END) {
		if (i == 0)
			cursor_hex(&r->c, ret->mrsigner, sizeof ret->mrsigner);
		else if (i == 1)
			cursor_hex(&r->c, ret->attributes, sizeof ret->attributes);
		else if (i == 2) /* Intel's library does not apply it: all bits must be as told */
			cursor_hex(&r->c, mask, sizeof mask);
		else if (i == 3)
			cursor_text(&r->c, 1, 32, &id);
		else
			tcb_svn_levels(r, MODULE_STATUSES, info->module_level,
				       TCB_MODULE_LEVELS_MAX, &info->module_level_count);
	}
	cursor_need(&r->c, &o, names, with_levels ? 0x1f : 7);
	ret->count = info->module_level_count - ret->first;
	if (with_levels && r->c.err == 0)
		ret->version = module_version(id);
}

static void
read_modules(struct tcb_reader *r, struct tcb_info *info)
{
	struct tcb_module *m;

	cursor_array(&r->c);
	for (size_t i = 0; cursor_element(&r->c, i); i++) {
		if (info->module_count == TCB_MODULES_MAX) {
			cursor_fail(&r->c, ERR_SPACE);
			return;
		}
		m = &info->module[info->module_count];
		read_module(r, info, 1, m);
		if (m->version > 0 && tcb_info_module(info, (uint8_t)m->version) != NULL)
			cursor_fail(&r->c, ERR_DUPLICATE);
		info->module_count++;
	}
	if (info->module_count == 0)
		cursor_fail(&r->c, ERR_PARSE);
}

static void
read_type(struct tcb_reader *r)
{
	uint64_t type = 0;

	cursor_u64(&r->c, UINT32_MAX, &type);
	if (type != 0) /* 0: the way in which levels are compared here; there is no other yet */
		cursor_fail(&r->c, ERR_RANGE);
}

enum info_member {
	INFO_ID,
	INFO_VERSION,
	INFO_ISSUE_DATE,
	INFO_NEXT_UPDATE,
	INFO_FMSPC,
	INFO_PCE_ID,
	INFO_TCB_TYPE,
	INFO_NUMBER,
	INFO_MODULE,
	INFO_LEVELS,
	INFO_MODULE_IDENTITIES, /* optional, as all before are not */
	INFO_MEMBERS_COUNT
};

static const char *const info_names[INFO_MEMBERS_COUNT] = {
    "id",	      "version", "issueDate",		    "nextUpdate", "fmspc",     "pceId",
    "tcbType",	      "tcbEvaluationDataNumber", "tdxModule", "tcbLevels",
    "tdxModuleIdentities"};

static void
read_member(struct tcb_reader *r, enum info_member member, struct tcb_info *info)
{
	switch (member) {
	case INFO_ID:
		tcb_id(r);
		return;
	case INFO_VERSION:
		tcb_version(r);
		return;
	case INFO_ISSUE_DATE:
		tcb_time(r, &info->issue_date);
		return;
	case INFO_NEXT_UPDATE:
		tcb_time(r, &info->next_update);
		return;
	case INFO_FMSPC:
		cursor_hex(&r->c, info->fmspc, sizeof info->fmspc);
		return;
	case INFO_PCE_ID:
		cursor_hex(&r->c, info->pceid, sizeof info->pceid);
		return;
	case INFO_TCB_TYPE:
		read_type(r);
		return;
	case INFO_NUMBER:
		tcb_u32(r, &info->number);
		return;
	case INFO_MODULE:
		read_module(r, info, 0, &info->base);
		return;
	case INFO_LEVELS:
		read_levels(r, info);
		return;
	case INFO_MODULE_IDENTITIES:
		read_modules(r, info);
		return;
	case INFO_MEMBERS_COUNT:
		break;
	}
	cursor_fail(&r->c, ERR_PARSE);
}

enum tdx_reason
tcb_info_parse(struct bytes text, struct tcb_info *ret)
{
	struct tcb_reader r = tcb_reader_of(text);
	struct cursor_object o;
	int i;

	memset(ret, 0, sizeof *ret);
	cursor_object(&r.c, &o);
	while ((i = cursor_member(&r.c, &o, info_names, INFO_MEMBERS_COUNT)) != CURSOR_END)
		read_member(&r, (enum info_member)i, ret);
	cursor_need(&r.c, &o, info_names, (UINT32_C(1) << INFO_MODULE_IDENTITIES) - 1);
	/* a document of another kind is that first, and malformed as one of this kind next */
	if (r.id.len > 0 && !cursor_is(r.id, "TDX"))
		return TDX_TCB_INFO_ID;
	if ((o.seen & UINT32_C(1) << INFO_VERSION) != 0 && r.version != 3)
		return TDX_TCB_INFO_VERSION;
	if (r.unknown_status)
		return TDX_TCB_STATUS_UNKNOWN;
	if (cursor_close(&r.c) != 0 || ret->issue_date > ret->next_update)
		return TDX_TCB_INFO_PARSE;
	return TDX_HOLDS;
}

const struct tcb_module *
tcb_info_module(const struct tcb_info *info, uint8_t version)
{
	if (version == 0)
		return &info->base;
	for (size_t i = 0; i < info->module_count; i++)
		if (info->module[i].version == version)
			return &info->module[i];
	return NULL;
}

size_t
tcb_tdx_start(const uint8_t tee_tcb_svn[16])
{
	return tee_tcb_svn[1] > 0 ? 2 : 0;
}

static int
reaches(const uint8_t *svns, const uint8_t *level, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (svns[i] < level[i])
			return 0;
	return 1;
}

const struct tcb_level *
tcb_info_level(const struct tcb_info *info, const uint8_t svns[TCB_SVNS_LEN])
{
	const size_t start = TCB_SVNS_TDX + tcb_tdx_start(svns + TCB_SVNS_TDX);

	for (size_t i = 0; i < info->level_count; i++) {
		const uint8_t *level = info->level[i].svns;

		if (reaches(svns, level, TCB_COMPONENTS) &&
		    memcmp(svns + TCB_SVNS_PCE, level + TCB_SVNS_PCE, 2) >= 0 &&
		    reaches(svns + start, level + start, TCB_SVNS_LEN - start))
			return &info->level[i];
	}
	return NULL;
}

struct tcb_component_name
tcb_info_component(struct bytes document, const struct tcb_level *level, size_t at)
{
	const int list = at < TCB_SVNS_PCE ? 0 : 2;
	const size_t index = at < TCB_SVNS_PCE ? at : at - TCB_SVNS_TDX;
	struct json_cursor c = cursor_of(tcb_run_of(document, level->components));
	struct tcb_component_name name = {{NULL, 0}, {NULL, 0}}, other;
	struct cursor_object o;
	struct bytes skipped;
	uint8_t svn;
	int i;

	cursor_object(&c, &o);
	while ((i = cursor_member(&c, &o, tcb_names, ARRAY_LEN(tcb_names))) != CURSOR_END) {
		if (i != list) {
			cursor_skip(&c, &skipped);
			continue;
		}
		cursor_array(&c);
		for (size_t k = 0; cursor_element(&c, k); k++)
			read_component(&c, &svn, k == index ? &name : &other);
	}
	return name;
}
