#include "cli/quote_report.h"

#include <inttypes.h>
#include <string.h>

#include "base/hex.h"
#include "cli/report.h"
#include "json/writer.h"
#include "tdx/utc.h"
#include "base/banned.h"

#define HEX_BYTES_MAX 64

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

void
quote_report_text(FILE *out, const struct tdx_result *r)
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

void
quote_report_status(struct json_writer *w, const struct tdx_result *r)
{
	if (r == NULL || !tdx_holds(r)) {
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

void
quote_report_details(struct json_writer *w, const struct tdx_result *r)
{
	write_tcb(w, r);
	write_validity(w, r);
	write_platform(w, r);
	write_quote(w, r);
}
