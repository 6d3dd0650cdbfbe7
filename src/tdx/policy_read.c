/* The JSON form of tdx/policy.h. */
#include <string.h>

#include "base/err.h"
#include "json/cursor.h"
#include "tdx/policy.h"
#include "tdx/tcb_document.h"
#include "base/banned.h"

#define DAYS_MAX 36500

/* A file being read; what is decoded goes to memory, which is as long as the file. */
struct policy_reader {
	struct json_cursor c;
	struct writer memory;
	struct tdx_policy policy;
};

enum policy_member {
	MEMBER_STATUSES,
	MEMBER_GRACE,
	MEMBER_NUMBER,
	MEMBER_AGE,
	MEMBER_ACCEPTED,
	MEMBER_REFUSED,
	MEMBER_DEBUG,
	MEMBER_MIGRATABLE,
	MEMBER_SERVICE_TD,
	MEMBER_SEPT_VE,
	MEMBER_PPIDS,
	MEMBER_INSTANCES,
	MEMBER_FMSPCS,
	MEMBER_PINS /* and as many more as there are pins */
};

#define MEMBERS_COUNT (MEMBER_PINS + TDX_PINS_COUNT)

static const char *const member_names[MEMBERS_COUNT] = {
    [MEMBER_STATUSES] = "tcbStatuses",
    [MEMBER_GRACE] = "graceDays",
    [MEMBER_NUMBER] = "minimumEvaluationNumber",
    [MEMBER_AGE] = "maximumCollateralAgeDays",
    [MEMBER_ACCEPTED] = "acceptedAdvisories",
    [MEMBER_REFUSED] = "refusedAdvisories",
    [MEMBER_DEBUG] = "allowDebug",
    [MEMBER_MIGRATABLE] = "allowMigratable",
    [MEMBER_SERVICE_TD] = "allowServiceTd",
    [MEMBER_SEPT_VE] = "requireSeptVeDisable",
    [MEMBER_PPIDS] = "ppids",
    [MEMBER_INSTANCES] = "platformInstanceIds",
    [MEMBER_FMSPCS] = "fmspcs",
#define P(id, name, reason) [MEMBER_PINS + id] = name,
    TDX_PINS(P)
#undef P
};

#define TAKES_DIGITS(n) "takes a list of strings of " n " digits of hex, without 0x"
#define TAKES_IDS "takes a list of advisory ids, such as [\"INTEL-SA-00837\"]"
#define TAKES_SWITCH "takes true or false"

static const char *const member_forms[MEMBERS_COUNT] = {
    [MEMBER_STATUSES] = "takes a list of TCB statuses, such as [\"UpToDate\"]; Revoked is none",
    [MEMBER_GRACE] = "takes a number of days, up to 36500",
    [MEMBER_NUMBER] = "takes a tcbEvaluationDataNumber",
    [MEMBER_AGE] = "takes a number of days, from 1 to 36500",
    [MEMBER_ACCEPTED] = TAKES_IDS,
    [MEMBER_REFUSED] = TAKES_IDS,
    [MEMBER_DEBUG] = TAKES_SWITCH,
    [MEMBER_MIGRATABLE] = TAKES_SWITCH,
    [MEMBER_SERVICE_TD] = TAKES_SWITCH,
    [MEMBER_SEPT_VE] = TAKES_SWITCH,
    [MEMBER_PPIDS] = TAKES_DIGITS("32"),
    [MEMBER_INSTANCES] = TAKES_DIGITS("32"),
    [MEMBER_FMSPCS] = TAKES_DIGITS("12"),
    [MEMBER_PINS + TDX_PIN_REPORT_DATA] = TAKES_DIGITS("128"),
};

_Static_assert(MEMBERS_COUNT <= 32, "the cursor knows 32 members");

static void
read_statuses(struct policy_reader *r)
{
	struct bytes name = {NULL, 0};
	enum tcb_status status;

	r->policy.statuses = 0;
	cursor_array(&r->c);
	for (size_t i = 0; cursor_element(&r->c, i); i++) {
		cursor_text(&r->c, 1, 64, &name);
		if (r->c.err != 0)
			return;
		if (tcb_status_find(name, &status) != 0 || status == TCB_REVOKED ||
		    status == TCB_NOT_SUPPORTED) {
			cursor_fail(&r->c, ERR_RANGE);
			return;
		}
		r->policy.statuses |= TCB_BIT(status);
	}
}

static void
read_u32(struct policy_reader *r, uint64_t max, uint32_t *ret)
{
	uint64_t v = 0;

	cursor_u64(&r->c, max, &v);
	*ret = (uint32_t)v;
}

static void
read_advisories(struct policy_reader *r, struct tdx_advisories *ret)
{
	const uint8_t *start = r->c.in.p;
	struct bytes id;

	cursor_array(&r->c);
	for (size_t i = 0; cursor_element(&r->c, i); i++)
		cursor_text(&r->c, 1, TCB_ADVISORY_LEN_MAX, &id);
	if (r->c.err == 0)
		*ret = (struct tdx_advisories){1, {start, (size_t)(r->c.in.p - start)}};
}

/* Values of one width, decoded one behind the other. */
static void
read_allowed(struct policy_reader *r, size_t width, struct tdx_allowed *ret)
{
	const uint8_t *start = r->memory.p + r->memory.len;
	uint8_t value[64];
	size_t i = 0;

	cursor_array(&r->c);
	for (; cursor_element(&r->c, i); i++) {
		cursor_hex(&r->c, value, width);
		if (r->c.err == 0)
			write_bytes(&r->memory, value, width);
	}
	if (r->c.err == 0)
		*ret = (struct tdx_allowed){1, start, i};
}

static void
read_pin(struct policy_reader *r, unsigned pin)
{
	const char *name = member_names[MEMBER_PINS + pin];
	const struct td_field *f;

	for (size_t i = 0; (f = td_field_at(i)) != NULL; i++)
		if (strcmp(f->name, name) == 0) {
			read_allowed(r, f->len, &r->policy.pin[pin]);
			return;
		}
	cursor_fail(&r->c, ERR_PARSE);
}

static void
read_member(struct policy_reader *r, int member)
{
	struct tdx_policy *p = &r->policy;

	switch (member) {
	case MEMBER_STATUSES:
		read_statuses(r);
		return;
	case MEMBER_GRACE:
		read_u32(r, DAYS_MAX, &p->grace_days);
		return;
	case MEMBER_NUMBER:
		read_u32(r, UINT32_MAX, &p->minimum_number);
		return;
	case MEMBER_AGE:
		read_u32(r, DAYS_MAX, &p->maximum_age_days);
		/* which would be read as any age */
		if (r->c.err == 0 && p->maximum_age_days == 0)
			cursor_fail(&r->c, ERR_RANGE);
		return;
	case MEMBER_ACCEPTED:
		read_advisories(r, &p->accepted_advisories);
		return;
	case MEMBER_REFUSED:
		read_advisories(r, &p->refused_advisories);
		return;
	case MEMBER_DEBUG:
		cursor_bool(&r->c, &p->allow_debug);
		return;
	case MEMBER_MIGRATABLE:
		cursor_bool(&r->c, &p->allow_migratable);
		return;
	case MEMBER_SERVICE_TD:
		cursor_bool(&r->c, &p->allow_service_td);
		return;
	case MEMBER_SEPT_VE:
		cursor_bool(&r->c, &p->require_sept_ve_disable);
		return;
	case MEMBER_PPIDS:
		read_allowed(r, 16, &p->ppid);
		return;
	case MEMBER_INSTANCES:
		read_allowed(r, 16, &p->platform_instance);
		return;
	case MEMBER_FMSPCS:
		read_allowed(r, 6, &p->fmspc);
		return;
	default:
		read_pin(r, (unsigned)member - MEMBER_PINS);
		return;
	}
}

/* The name of a member that nobody knows, as text; memory has room for all of the file. */
static const char *
unknown_name(uint8_t *memory, struct bytes name)
{
	memcpy(memory, name.p, name.len);
	memory[name.len] = '\0';
	return (const char *)memory;
}

const char *
tdx_policy_problem(int err, const char *field)
{
	if (field == NULL || (err != ERR_PARSE && err != ERR_RANGE))
		return err_text(err);
	for (size_t i = 0; i < MEMBERS_COUNT; i++)
		if (strcmp(member_names[i], field) == 0)
			/* the other registers are all of one length */
			return member_forms[i] != NULL ? member_forms[i] : TAKES_DIGITS("96");
	return err_text(err);
}

int
tdx_policy_read(struct bytes json, uint8_t *memory, struct tdx_policy *ret,
		const char **ret_field)
{
	struct policy_reader r = {.c = cursor_of(json),
				  .memory = writer_of(memory, json.len),
				  .policy = tdx_policy_default()};
	struct cursor_object o;
	int i, e;

	*ret_field = NULL;
	if (json.len > TDX_POLICY_JSON_MAX)
		return ERR_SPACE;
	cursor_object(&r.c, &o);
	while ((i = cursor_member(&r.c, &o, member_names, MEMBERS_COUNT)) != CURSOR_END)
		read_member(&r, i);
	if ((e = cursor_close(&r.c)) != 0 || (e = r.memory.err) != 0) {
		*ret_field = r.c.field;
		return e;
	}
	/* a rule that is not understood is not a rule that passes */
	if (o.count > 0) {
		*ret_field = unknown_name(memory, o.unknown[0]);
		return ERR_UNKNOWN_FIELD;
	}
	*ret = r.policy;
	return 0;
}
