#include "cli/unanswered.h"

#include "base/banned.h"

/* What answers: sorts of evidence, as bits. */
enum {
	ATTESTATION = 1, /* of ours, around any of the others */
	QUOTE = 2, /* nothing but a quote and a log of ours */
	DSTACK = 4,
	BOUND = 8,
	TOKEN = 16,
	ALONE = 32 /* not inside of an attestation */
};

static unsigned
parts_of(enum attestation_kind kind)
{
	switch (kind) {
	case ATTESTATION_TDX_QUOTE:
		return ATTESTATION | QUOTE;
	case ATTESTATION_DSTACK:
		return ATTESTATION | DSTACK;
	case ATTESTATION_BOUND_EVIDENCE:
		return ATTESTATION | BOUND;
	case ATTESTATION_SPACE_TOKEN:
		return ATTESTATION | TOKEN;
	}
	return 0;
}

static unsigned
sorts_of(const struct evaluation *e)
{
	switch (e->kind) {
	case KIND_ATTESTATION:
		return parts_of(e->attestation.kind);
	case KIND_QUOTE:
		return ALONE | QUOTE;
	case KIND_DSTACK:
	case KIND_DSTACK_BLOB:
	case KIND_DSTACK_CERTIFICATE:
		return ALONE | DSTACK;
	case KIND_BOUND:
		return ALONE | BOUND;
	case KIND_TOKEN:
		return ALONE | TOKEN;
	case KIND_UNKNOWN:
	case KIND_DSTACK_LOG:
	case KIND_COLLATERAL:
	case KIND_CCEL:
	case KIND_SEV_SNP:
	case KINDS_COUNT:
		break;
	}
	return 0;
}

/* Of dstack alone; an application's id from the command line may be EigenCompute's. */
static int
asks_of_dstack(const struct question *q)
{
	const struct dstack_policy *p = &q->dstack;

	return p->compose_hashes.given || p->has_os || p->os_images.given || p->mr_kms.given ||
	       p->devices.given || p->kms_ca_len > 0 || p->has_kms_root ||
	       q->kms_quote.len > 0 ||
	       (p->has_app_id && !q->has_app_id);
}

void
unanswered_check(const struct question *q, struct evaluation *e)
{
	const unsigned sorts = sorts_of(e);
	const struct {
		int asked;
		unsigned answers; /* any of these */
		unsigned needs; /* all of these besides */
		enum check_id check;
		const char *text;
	} rows[] = {
	    {q->has_nonce, ATTESTATION, 0, CHECK_NONCE,
	     "a nonce was asked, and only an attestation with a statement answers one"},
	    {q->receipt_count > 0, ATTESTATION, 0, CHECK_RECEIPT,
	     "there is no attestation that says by whose key a receipt is signed"},
	    {q->has_policy, QUOTE | DSTACK | BOUND, 0, CHECK_EXPECT,
	     "--policy: this evidence holds no quote that it could be applied to"},
	    {q->image.len > 0, BOUND | TOKEN, 0, CHECK_EXPECT,
	     "--image: this kind of evidence names no container image"},
	    {q->has_app_id, DSTACK | BOUND | TOKEN, 0, CHECK_EXPECT,
	     "--app-id: this kind of evidence names no application"},
	    {asks_of_dstack(q), DSTACK, 0, CHECK_EXPECT,
	     "an application of dstack was asked for, and this is no evidence of dstack's"},
	    {q->kms_quote.len > 0 && (q->dstack.kms_ca_len == 0 || !q->dstack.has_kms_root), 0, 0,
	     CHECK_EXPECT, "--kms-quote: it binds two keys, so give --kms-ca and --kms-root too"},
	    {q->challenge.len > 0 || q->extra_data.len > 0, BOUND, ALONE, CHECK_EXPECT,
	     "--challenge, --extra-data: only bound evidence that stands alone is made for them"},
	    {q->audience.len > 0 || q->nonce_text.len > 0, TOKEN, ALONE, CHECK_EXPECT,
	     "--audience, --token-nonce: only a token that stands alone is made for them"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].asked && ((sorts & rows[i].answers) == 0 ||
				      (sorts & rows[i].needs) != rows[i].needs))
			check_fail(&e->verdict, rows[i].check, "%s", rows[i].text);
}
