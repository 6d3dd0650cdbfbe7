#include "tdx/qe_identity.h"

#include <string.h>

#include "base/err.h"
#include "tdx/quote.h"
#include "base/banned.h"

#define QE_STATUSES                                                                         \
	(TCB_BIT(TCB_UP_TO_DATE) | TCB_BIT(TCB_OUT_OF_DATE) |                                  \
	 TCB_BIT(TCB_CONFIGURATION_NEEDED) | TCB_BIT(TCB_OUT_OF_DATE_CONFIGURATION_NEEDED) |   \
	 TCB_BIT(TCB_REVOKED))

enum identity_member {
	QE_MEMBER_ID,
	QE_MEMBER_VERSION,
	QE_MEMBER_ISSUE_DATE,
	QE_MEMBER_NEXT_UPDATE,
	QE_MEMBER_NUMBER,
	QE_MEMBER_MISCSELECT,
	QE_MEMBER_MISCSELECT_MASK,
	QE_MEMBER_ATTRIBUTES,
	QE_MEMBER_ATTRIBUTES_MASK,
	QE_MEMBER_MRSIGNER,
	QE_MEMBER_ISVPRODID,
	QE_MEMBER_LEVELS,
	QE_MEMBERS_COUNT
};

static const char *const member_names[QE_MEMBERS_COUNT] = {
    "id",	       "version",	 "issueDate",  "nextUpdate",
    "tcbEvaluationDataNumber", "miscselect", "miscselectMask", "attributes",
    "attributesMask",  "mrsigner",	 "isvprodid",  "tcbLevels"};

static void
read_member(struct tcb_reader *r, enum identity_member member, struct qe_identity *q)
{
	switch (member) {
	case QE_MEMBER_ID:
		tcb_id(r);
		return;
	case QE_MEMBER_VERSION:
		tcb_version(r);
		return;
	case QE_MEMBER_ISSUE_DATE:
		tcb_time(r, &q->issue_date);
		return;
	case QE_MEMBER_NEXT_UPDATE:
		tcb_time(r, &q->next_update);
		return;
	case QE_MEMBER_NUMBER:
		tcb_u32(r, &q->number);
		return;
	case QE_MEMBER_MISCSELECT:
		cursor_hex(&r->c, q->miscselect, sizeof q->miscselect);
		return;
	case QE_MEMBER_MISCSELECT_MASK:
		cursor_hex(&r->c, q->miscselect_mask, sizeof q->miscselect_mask);
		return;
	case QE_MEMBER_ATTRIBUTES:
		cursor_hex(&r->c, q->attributes, sizeof q->attributes);
		return;
	case QE_MEMBER_ATTRIBUTES_MASK:
		cursor_hex(&r->c, q->attributes_mask, sizeof q->attributes_mask);
		return;
	case QE_MEMBER_MRSIGNER:
		cursor_hex(&r->c, q->mrsigner, sizeof q->mrsigner);
		return;
	case QE_MEMBER_ISVPRODID:
		tcb_u16(r, &q->isvprodid);
		return;
	case QE_MEMBER_LEVELS:
		tcb_svn_levels(r, QE_STATUSES, q->level, QE_LEVELS_MAX, &q->level_count);
		return;
	case QE_MEMBERS_COUNT:
		break;
	}
	cursor_fail(&r->c, ERR_PARSE);
}

enum tdx_reason
qe_identity_parse(struct bytes text, struct qe_identity *ret)
{
	struct tcb_reader r = tcb_reader_of(text);
	struct cursor_object o;
	int i;

	memset(ret, 0, sizeof *ret);
	cursor_object(&r.c, &o);
	while ((i = cursor_member(&r.c, &o, member_names, QE_MEMBERS_COUNT)) != CURSOR_END)
		read_member(&r, (enum identity_member)i, ret);
	cursor_need(&r.c, &o, member_names, (UINT32_C(1) << QE_MEMBERS_COUNT) - 1);
	if (r.id.len > 0 && !cursor_is(r.id, "TD_QE"))
		return TDX_QE_IDENTITY_ID;
	if (cursor_close(&r.c) != 0 || r.version != 2 || ret->issue_date > ret->next_update)
		return TDX_QE_IDENTITY_PARSE;
	return TDX_HOLDS;
}

int
qe_identity_matches(const struct qe_identity *identity, const uint8_t *report)
{
	const uint16_t isvprodid =
	    (uint16_t)(report[QE_ISVPRODID] | (unsigned)report[QE_ISVPRODID + 1] << 8);

	for (size_t i = 0; i < sizeof identity->miscselect; i++) {
		const uint8_t found = report[QE_MISCSELECT + 3 - i];

		if ((found & identity->miscselect_mask[i]) != identity->miscselect[i])
			return 0;
	}
	for (size_t i = 0; i < sizeof identity->attributes; i++) {
		const uint8_t found = report[QE_ATTRIBUTES + i];

		if ((found & identity->attributes_mask[i]) != identity->attributes[i])
			return 0;
	}
	return memcmp(report + QE_MRSIGNER, identity->mrsigner, sizeof identity->mrsigner) == 0 &&
	       isvprodid == identity->isvprodid;
}
