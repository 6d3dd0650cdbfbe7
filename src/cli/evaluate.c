#include "cli/evaluate.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "cli/attestation_checks.h"
#include "cli/judge.h"
#include "cli/quote_in.h"
#include "cli/unanswered.h"
#include "tdx/report_data.h"
#include "base/banned.h"

#define REPORT_DATA_FIELD "reportData"

/* --- an attestation of ours -------------------------------------------------------------- */

static void
judge_parts(struct evaluation *e, const struct question *q, const struct commitment *c)
{
	const struct attestation *a = &e->attestation;
	struct json_error error = {.field = ""};
	enum tdx_reason reason = dstack_evidence_read_parts(
	    (struct bytes){a->quote, a->quote_len}, a->event_log, a->vm_config, &e->dstack, &error);

	if (reason == TDX_HOLDS)
		judge_dstack(e, q, c);
	else
		check_fail_reason(&e->verdict, CHECK_KIND, reason, "evidence.%s: %s", error.field,
				  error.text);
}

static void
judge_evidence(struct evaluation *e, const struct question *q, const struct commitment *c)
{
	const struct attestation *a = &e->attestation;

	switch (a->kind) {
	case ATTESTATION_TDX_QUOTE:
		judge_quote(e, q, (struct bytes){a->quote, a->quote_len});
		break;
	case ATTESTATION_DSTACK:
		judge_parts(e, q, c);
		break;
	case ATTESTATION_BOUND_EVIDENCE:
		judge_bound(e, q, c, (struct bytes){a->message.p, a->message.len});
		break;
	case ATTESTATION_SPACE_TOKEN:
		judge_token(e, q, c, a->token);
		break;
	}
}

static void
evaluate_attestation(struct evaluation *e, const struct question *q, struct bytes document)
{
	const struct buffer *text = &e->attestation.attested.text;
	struct commitment c = {.ours = 1};
	uint8_t report_data[64];

	if (attestation_check_first(e, q, document) != 0)
		return;
	if (text->len > 0 && report_data_of((struct bytes){text->p, text->len}, report_data) == 0)
		c.report_data = report_data;
	judge_evidence(e, q, &c);
	attestation_check_rest(e, q);
}

/* --- evidence by itself ------------------------------------------------------------------- */

/* What the user expects the report data to be is what a bare piece of evidence is about. */
static int
expected_report_data(const struct question *q, uint8_t ret[64])
{
	for (size_t i = 0; i < q->expectation_count; i++) {
		const struct expectation *x = &q->expectation[i];
		const char *text = (const char *)x->value.p;

		if (x->field.len == strlen(REPORT_DATA_FIELD) &&
		    memcmp(x->field.p, REPORT_DATA_FIELD, x->field.len) == 0 &&
		    (hex_decode_0x(text, x->value.len, ret, 64) == 0 ||
		     hex_decode(text, x->value.len, ret, 64) == 0))
			return 1;
	}
	return 0;
}

static void
evaluate_dstack(struct evaluation *e, const struct question *q, struct bytes bytes)
{
	struct json_error error = {.field = ""};
	struct commitment c = {.ours = 0};
	uint8_t report_data[64];
	enum tdx_reason reason = dstack_in(e->kind, bytes, &e->dstack, &error);

	if (reason != TDX_HOLDS) {
		check_fail_reason(&e->verdict, CHECK_KIND, reason, "%s%s%s", error.field,
				  error.field[0] != '\0' ? ": " : "", error.text);
		return;
	}
	if (expected_report_data(q, report_data))
		c.report_data = report_data;
	else if (e->kind == KIND_DSTACK_CERTIFICATE)
		c.report_data = e->dstack.report_data; /* the hash of the certificate's own key */
	judge_dstack(e, q, &c);
}

static void
refuse_kind(struct evaluation *e)
{
	if (e->kind == KIND_SEV_SNP)
		check_fail_reason(&e->verdict, CHECK_KIND, BOUND_SEV_SNP,
				  "a report of AMD SEV-SNP: out of scope, only Intel TDX is "
				  "verified here");
	else
		check_fail(&e->verdict, CHECK_KIND, "it is %s, and no evidence",
			   kind_words(e->kind));
}

static void
evaluate_kind(struct evaluation *e, const struct question *q, struct bytes bytes)
{
	const struct commitment nobodys = {.ours = 0};

	switch (e->kind) {
	case KIND_ATTESTATION:
		evaluate_attestation(e, q, bytes);
		return;
	case KIND_QUOTE:
		judge_quote(e, q, bytes);
		return;
	case KIND_DSTACK:
	case KIND_DSTACK_BLOB:
	case KIND_DSTACK_CERTIFICATE:
		evaluate_dstack(e, q, bytes);
		return;
	case KIND_BOUND:
		judge_bound(e, q, &nobodys, bytes);
		return;
	case KIND_TOKEN:
		judge_token(e, q, &nobodys, bytes);
		return;
	case KIND_UNKNOWN:
	case KIND_DSTACK_LOG:
	case KIND_COLLATERAL:
	case KIND_CCEL:
	case KIND_SEV_SNP:
	case KINDS_COUNT:
		break;
	}
	refuse_kind(e);
}

void
evaluate(enum kind kind, struct bytes bytes, const struct question *q, struct evaluation *ret)
{
	memset(&ret->verdict, 0, sizeof ret->verdict);
	memset(&ret->facts, 0, sizeof ret->facts);
	memset(&ret->attestation, 0, sizeof ret->attestation);
	memset(&ret->quote, 0, sizeof ret->quote);
	ret->kind = kind;
	ret->has_quote = 0;
	ret->verdict.simulated = q->simulated_root || q->google_root.len > 0;
	evaluate_kind(ret, q, bytes);
	for (size_t i = 0; i < q->expectation_count; i++)
		expectation_check(&q->expectation[i], ret, &ret->verdict);
	unanswered_check(q, ret);
}

void
evaluation_close(struct evaluation *e)
{
	attestation_close(&e->attestation);
}
