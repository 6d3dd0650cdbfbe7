#include "cli/quote_report.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/hex.h"
#include "cli/report.h"
#include "json/writer.h"
#include "tdx/utc.h"
#include "base/banned.h"

#define JSON_MAX 262144
#define HEX_BYTES_MAX 64

int
quote_verdict_accepts(const struct quote_verdict *v)
{
	return v->bundle == TDX_HOLDS && tdx_holds(v->result) && tdx_policy_accepts(v->policy);
}

enum tdx_reason
quote_verdict_reason(const struct quote_verdict *v, const char **ret_step)
{
	*ret_step = NULL;
	if (quote_verdict_accepts(v))
		return TDX_HOLDS;
	/* the quote's own failures come before those of its collateral */
	if (v->bundle != TDX_HOLDS && v->result->reason == TDX_COLLATERAL_MISSING) {
		*ret_step = "collateral";
		return v->bundle;
	}
	if (!tdx_holds(v->result)) {
		*ret_step = tdx_step_name(v->result->step);
		return v->result->reason == TDX_HOLDS ? TDX_INTERNAL : v->result->reason;
	}
	*ret_step = tdx_policy_step_name(v->policy->step);
	return v->policy->reason == TDX_HOLDS ? TDX_INTERNAL : v->policy->reason;
}

static const char *
outcome_word(enum tdx_outcome outcome)
{
	switch (outcome) {
	case TDX_PASSED:
		return "passed";
	case TDX_FAILED:
		return "failed";
	case TDX_NOT_CHECKED:
		break;
	}
	return "not-checked";
}

static const char *
component_word(enum tdx_component component)
{
	switch (component) {
	case TDX_COMPONENT_SGX:
		return "sgx";
	case TDX_COMPONENT_PCE:
		return "pce";
	case TDX_COMPONENT_TDX:
		return "tdx";
	case TDX_COMPONENT_MODULE:
		return "module";
	case TDX_COMPONENT_QE:
		return "qe";
	}
	return "?";
}

/* --- for people --- */

static void
print_check(FILE *out, const char *name, const struct tdx_check *c, const char *text)
{
	fprintf(out, "  %-22s %-11s  %s\n", name, outcome_word(c->outcome),
		c->outcome == TDX_PASSED ? text : reason_text(c->reason));
}

static void
print_evaluation(FILE *out, const char *name, const struct tdx_evaluation *e)
{
	char date[UTC_TEXT_LEN + 1];

	utc_format(e->date, date);
	fprintf(out, "  %-22s %s%s%s", name, tcb_status_name(e->status),
		e->date != 0 ? ", as of " : "", e->date != 0 ? date : "");
	for (size_t i = 0; i < e->advisory_count; i++) {
		fputs(i == 0 ? "; " : " ", out);
		report_escaped(out, (const char *)e->advisory[i].p, e->advisory[i].len);
	}
	fputc('\n', out);
}

static void
print_shortfall(FILE *out, const struct tdx_shortfall *s)
{
	fprintf(out, "  %s", component_word(s->component));
	if (s->component == TDX_COMPONENT_SGX || s->component == TDX_COMPONENT_TDX)
		fprintf(out, "[%u]", s->index);
	if (s->type.len > 0) {
		fputs(" (", out);
		report_escaped(out, (const char *)s->type.p, s->type.len);
		fputc(')', out);
	}
	fprintf(out, ": SVN %" PRIu32 ", %" PRIu32 " is up to date; %s\n", s->has, s->needs,
		tdx_remedy_text(s->remedy));
}

static void
print_tcb(FILE *out, const struct tdx_result *r)
{
	if (!r->has_tcb)
		return;
	fprintf(out, "\nTCB status: %s%s\n", tcb_status_name(r->status),
		tdx_holds(r) ? "" : " (of evidence that does not hold)");
	print_evaluation(out, "at launch", &r->launch);
	if (r->has_current)
		print_evaluation(out, "now", &r->current);
	for (size_t i = 0; i < r->shortfall_count; i++)
		print_shortfall(out, &r->shortfall[i]);
}

void
quote_report_text(FILE *out, const struct quote_verdict *v)
{
	const char *step;
	enum tdx_reason reason = quote_verdict_reason(v, &step);

	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		print_check(out, tdx_step_name((enum tdx_step)i), &v->result->check[i],
			    tdx_step_text((enum tdx_step)i));
	for (unsigned i = TDX_POLICY_EVIDENCE + 1; i < TDX_POLICY_STEPS_COUNT; i++)
		print_check(out, tdx_policy_step_name((enum tdx_policy_step)i),
			    &v->policy->check[i], tdx_policy_step_text((enum tdx_policy_step)i));
	print_tcb(out, v->result);
	fputc('\n', out);
	if (v->simulated)
		fputs("SIMULATED TEE: this proves nothing about the machine or its operator.\n",
		      out);
	if (reason != TDX_HOLDS)
		fprintf(out, "reason: %s at %s\nremedy: %s\n", reason_code(reason), step,
			reason_remedy(reason));
	fprintf(out, "verdict: %s\n", reason == TDX_HOLDS ? "accept" : "refuse");
}

/* --- for machines --- */

static void
write_time(struct json_writer *w, const char *name, int64_t t)
{
	char text[UTC_TEXT_LEN + 1];

	utc_format(t, text);
	json_text(w, name, text);
}

static void
write_hex_text(struct json_writer *w, const char *name, const uint8_t *p, size_t len)
{
	char text[2 * HEX_BYTES_MAX + 1];

	hex_encode(p, len < HEX_BYTES_MAX ? len : HEX_BYTES_MAX, text);
	json_text(w, name, text);
}

static void
write_advisories(struct json_writer *w, const struct tdx_evaluation *e)
{
	json_array_begin(w, "advisoryIds");
	for (size_t i = 0; i < e->advisory_count; i++)
		json_textn(w, NULL, (const char *)e->advisory[i].p, e->advisory[i].len);
	json_array_end(w);
}

static void
write_evaluation(struct json_writer *w, const char *name, const struct tdx_evaluation *e)
{
	json_object_begin(w, name);
	json_text(w, "status", tcb_status_name(e->status));
	if (e->date != 0)
		write_time(w, "tcbDate", e->date);
	write_advisories(w, e);
	json_object_end(w);
}

/* What counts of the TCB only when the evidence holds. */
static void
write_status(struct json_writer *w, const struct tdx_result *r)
{
	if (!tdx_holds(r)) {
		json_null_value(w, "tcbStatus");
		json_null_value(w, "advisoryIds");
		json_null_value(w, "tcbDate");
		return;
	}
	json_text(w, "tcbStatus", tcb_status_name(r->status));
	write_advisories(w, &r->launch);
	write_time(w, "tcbDate", r->launch.date);
}

static void
write_check(struct json_writer *w, const char *name, const struct tdx_check *c, const char *text)
{
	json_object_begin(w, NULL);
	json_text(w, "name", name);
	json_text(w, "result", outcome_word(c->outcome));
	json_text(w, "code", c->outcome == TDX_PASSED ? NULL : reason_code(c->reason));
	json_text(w, "detail", c->outcome == TDX_PASSED ? text : reason_text(c->reason));
	json_object_end(w);
}

static void
write_checks(struct json_writer *w, const struct quote_verdict *v)
{
	json_array_begin(w, "checks");
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		write_check(w, tdx_step_name((enum tdx_step)i), &v->result->check[i],
			    tdx_step_text((enum tdx_step)i));
	json_array_end(w);
	json_array_begin(w, "policy");
	for (unsigned i = TDX_POLICY_EVIDENCE + 1; i < TDX_POLICY_STEPS_COUNT; i++)
		write_check(w, tdx_policy_step_name((enum tdx_policy_step)i), &v->policy->check[i],
			    tdx_policy_step_text((enum tdx_policy_step)i));
	json_array_end(w);
}

static void
write_shortfall(struct json_writer *w, const struct tdx_result *r)
{
	json_array_begin(w, "shortfall");
	for (size_t i = 0; i < r->shortfall_count; i++) {
		const struct tdx_shortfall *s = &r->shortfall[i];

		json_object_begin(w, NULL);
		json_text(w, "component", component_word(s->component));
		json_u64(w, "index", s->index);
		if (s->type.len > 0)
			json_textn(w, "type", (const char *)s->type.p, s->type.len);
		json_u64(w, "has", s->has);
		json_u64(w, "needs", s->needs);
		json_text(w, "remedy", tdx_remedy_text(s->remedy));
		json_object_end(w);
	}
	json_array_end(w);
}

static void
write_tcb(struct json_writer *w, const struct tdx_result *r)
{
	if (!r->has_tcb)
		return;
	json_object_begin(w, "tcb");
	json_text(w, "status", tcb_status_name(r->status));
	write_evaluation(w, "launch", &r->launch);
	if (r->has_current)
		write_evaluation(w, "current", &r->current);
	json_u64(w, "tcbInfoEvaluationNumber", r->tcb_info_number);
	json_u64(w, "qeIdentityEvaluationNumber", r->qe_identity_number);
	json_u64(w, "evaluationNumber", r->evaluation_number);
	write_shortfall(w, r);
	json_object_end(w);
}

static void
write_validity(struct json_writer *w, const struct tdx_result *r)
{
	if (!r->has_quote)
		return;
	json_object_begin(w, "validity");
	if (r->valid_from != INT64_MIN) {
		write_time(w, "from", r->valid_from);
		write_time(w, "until", r->valid_until);
	}
	json_array_begin(w, "items");
	for (unsigned i = 0; i < TDX_ITEMS_COUNT; i++) {
		if (!r->window[i].known)
			continue;
		json_object_begin(w, NULL);
		json_text(w, "item", tdx_item_name((enum tdx_item)i));
		write_time(w, "from", r->window[i].from);
		write_time(w, "until", r->window[i].until);
		json_object_end(w);
	}
	json_array_end(w);
	json_object_end(w);
}

static void
write_components(struct json_writer *w, const struct pck_platform *p)
{
	json_array_begin(w, "components");
	for (size_t i = 0; i < sizeof p->components; i++)
		json_u64(w, NULL, p->components[i]);
	json_array_end(w);
}

static void
write_platform(struct json_writer *w, const struct tdx_result *r)
{
	const struct pck_platform *p = &r->platform;

	if (!r->has_platform)
		return;
	json_object_begin(w, "platform");
	json_text(w, "ca", p->ca == PCK_CA_PLATFORM ? "platform" : "processor");
	write_hex_text(w, "serial", r->pck_serial, r->pck_serial_len);
	write_hex_text(w, "fmspc", p->fmspc, sizeof p->fmspc);
	write_hex_text(w, "pceId", p->pceid, sizeof p->pceid);
	write_hex_text(w, "ppid", p->ppid, sizeof p->ppid);
	write_hex_text(w, "cpuSvn", p->cpusvn, sizeof p->cpusvn);
	write_components(w, p);
	json_u64(w, "pceSvn", p->pcesvn);
	json_u64(w, "sgxType", p->sgx_type);
	if (p->ca == PCK_CA_PLATFORM) {
		write_hex_text(w, "platformInstanceId", p->platform_instance_id,
			       sizeof p->platform_instance_id);
		json_bool_value(w, "dynamicPlatform", p->dynamic_platform);
		json_bool_value(w, "cachedKeys", p->cached_keys);
		json_bool_value(w, "smtEnabled", p->smt_enabled);
	}
	json_object_end(w);
}

static void
write_quote(struct json_writer *w, const struct tdx_result *r)
{
	const struct tdx_quote *q = &r->quote;
	const struct td_field *f;
	struct bytes value;

	if (!r->has_quote)
		return;
	json_object_begin(w, "quote");
	json_u64(w, "version", q->version);
	json_u64(w, "bodyType", q->body_type);
	json_u64(w, "signedLength", q->signed_part.len);
	json_u64(w, "trailing", q->trailing);
	json_u64(w, "qeAuthLength", q->qe_auth.len);
	json_u64(w, "certificationDataLength", q->pck_chain.len);
	json_u64(w, "qeIsvSvn",
		 q->qe_report[QE_ISVSVN] | (unsigned)q->qe_report[QE_ISVSVN + 1] << 8);
	json_u64(w, "qeIsvProdId",
		 q->qe_report[QE_ISVPRODID] | (unsigned)q->qe_report[QE_ISVPRODID + 1] << 8);
	for (size_t i = 0; (f = td_field_at(i)) != NULL; i++)
		if (quote_field(q, f->name, strlen(f->name), &value) == 0)
			write_hex_text(w, f->name, value.p, value.len);
	write_hex_text(w, "attestationKey", q->key, 64);
	json_object_end(w);
}

int
quote_report_json(FILE *out, const struct quote_verdict *v)
{
	struct buffer b = buffer_of(JSON_MAX);
	struct json_writer w = json_writer_of(&b);
	const char *step;
	enum tdx_reason reason = quote_verdict_reason(v, &step);
	const int refused = reason != TDX_HOLDS;
	int r;

	json_object_begin(&w, NULL);
	json_text(&w, "verdict", refused ? "refuse" : "accept");
	write_status(&w, v->result);
	json_text(&w, "reason", refused ? reason_class(reason) : NULL);
	json_text(&w, "code", refused ? reason_code(reason) : NULL);
	json_text(&w, "step", step);
	json_text(&w, "remedy", refused ? reason_remedy(reason) : NULL);
	json_bool_value(&w, "simulated", v->simulated);
	write_checks(&w, v);
	write_tcb(&w, v->result);
	write_validity(&w, v->result);
	write_platform(&w, v->result);
	write_quote(&w, v->result);
	json_object_end(&w);
	buffer_text(&b, "\n");
	if ((r = b.err) == 0 && fwrite(b.p, 1, b.len, out) != b.len)
		r = ERR_IO;
	buffer_free(&b);
	return r;
}
