#include "cli/report.h"

#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/utf8.h"
#include "cli/explain.h"
#include "cli/quote_report.h"
#include "json/writer.h"
#include "base/banned.h"

#define JSON_MAX 524288
#define EXPLANATION_INDENT 36

static const char *
result_word(enum check_result result)
{
	switch (result) {
	case CHECK_PASSED:
		return "passed";
	case CHECK_FAILED:
		return "failed";
	case CHECK_NOT_CHECKED:
		break;
	}
	return "not checked";
}

static const char *
result_colour(enum check_result result)
{
	switch (result) {
	case CHECK_PASSED:
		return "\033[32m";
	case CHECK_FAILED:
		return "\033[31m";
	case CHECK_NOT_CHECKED:
		break;
	}
	return "\033[33m";
}

void
report_escaped(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fputc(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?', out);
}

/* A character of n bytes, n > 1; a pair of surrogates where it needs one (RFC 8259, 7). */
static void
print_spelt(FILE *out, const uint8_t *p, size_t n)
{
	uint32_t c = p[0] & (0x7fU >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3fU);
	if (c >= 0x10000) {
		fprintf(out, "\\u%04x", 0xd800U + ((c - 0x10000) >> 10));
		c = 0xdc00U + ((c - 0x10000) & 0x3ffU);
	}
	fprintf(out, "\\u%04x", c);
}

int
report_json_text(FILE *out, struct bytes json)
{
	size_t n;

	for (size_t i = 0; i < json.len; i += n) {
		n = utf8_length(json.p + i, json.len - i);
		if (n == 1 && json.p[i] != 0x7f) {
			fputc(json.p[i], out);
		} else if (n == 1) {
			fputs("\\u007f", out);
		} else if (n > 1) {
			print_spelt(out, json.p + i, n);
		} else {
			fputs("\\ufffd", out);
			n = 1;
		}
	}
	return ferror(out) ? ERR_IO : 0;
}

static void
print_explanation(FILE *out, const struct check *c)
{
	const char *against = explain_check(c->name), *option = explain_option(c->name);

	if (against != NULL)
		fprintf(out, "%*sagainst: %s\n", EXPLANATION_INDENT, "", against);
	if (c->result == CHECK_FAILED && c->remedy[0] != '\0')
		fprintf(out, "%*sremedy: %s\n", EXPLANATION_INDENT, "", c->remedy);
	if (c->result == CHECK_NOT_CHECKED && option != NULL)
		fprintf(out, "%*sto have it checked: %s\n", EXPLANATION_INDENT, "", option);
}

static void
print_check(FILE *out, const struct check *c, const struct report_style *style)
{
	fprintf(out, "  %-20s %s%-11s%s  ", c->name, style->colour ? result_colour(c->result) : "",
		result_word(c->result), style->colour ? "\033[0m" : "");
	report_escaped(out, c->detail, strlen(c->detail));
	fputc('\n', out);
	if (style->explain)
		print_explanation(out, c);
}

/* What to do about a refusal: for what lacks something, the option that gives it. */
static const char *
remedy_of(const struct check *c)
{
	const char *option = explain_option(c->name);
	int lacks = c->result == CHECK_NOT_CHECKED ||
		    strcmp(c->code, reason_code(TDX_COLLATERAL_MISSING)) == 0;

	return lacks && option != NULL ? option : c->remedy;
}

void
report_text(FILE *out, const struct evaluation *e, const struct report_style *style)
{
	const struct verdict *v = &e->verdict;
	const struct check *refusal = verdict_refusal(v);
	int accepts = verdict_accepts(v);

	for (size_t i = 0; i < v->count; i++)
		print_check(out, &v->check[i], style);
	if (e->has_quote)
		quote_report_text(out, &e->quote);
	fputc('\n', out);
	if (v->simulated)
		fputs("SIMULATED TEE: this proves nothing about the machine or its operator.\n",
		      out);
	if (v->development)
		fputs("DEVELOPMENT MODE: do not send value to wallets of this instance.\n", out);
	if (refusal != NULL)
		fprintf(out, "reason: %s at %s\nremedy: %s\n", refusal->code, refusal->name,
			remedy_of(refusal));
	fprintf(out, "verdict: %s%s%s\n",
		style->colour ? result_colour(accepts ? CHECK_PASSED : CHECK_FAILED) : "",
		accepts ? "accept" : "refuse", style->colour ? "\033[0m" : "");
}

static void
write_check(struct json_writer *w, const struct check *c, int explain)
{
	json_object_begin(w, NULL);
	json_text(w, "name", c->name);
	json_text(w, "result",
		  c->result == CHECK_NOT_CHECKED ? "not-checked" : result_word(c->result));
	json_text(w, "code", c->code[0] != '\0' ? c->code : NULL);
	json_text(w, "detail", c->detail);
	if (explain) {
		json_text(w, "against", explain_check(c->name));
		json_text(w, "remedy", c->result == CHECK_PASSED ? NULL : remedy_of(c));
	}
	json_object_end(w);
}

static void
write_facts(struct json_writer *w, const struct facts *f)
{
	json_object_begin(w, "facts");
	for (size_t i = 0; i < f->count; i++)
		json_text(w, f->fact[i].name, f->fact[i].text);
	json_object_end(w);
}

static void
write_verdict(struct json_writer *w, const struct evaluation *e)
{
	const struct check *refusal = verdict_refusal(&e->verdict);
	int accepts = verdict_accepts(&e->verdict);

	json_text(w, "verdict", accepts ? "accept" : "refuse");
	json_text(w, "kind", kind_name(e->kind));
	quote_report_status(w, e->has_quote ? &e->quote : NULL);
	json_text(w, "reason", accepts ? NULL : refusal == NULL ? "internal" : refusal->class);
	json_text(w, "code", refusal == NULL ? NULL : refusal->code);
	json_text(w, "step", refusal == NULL ? NULL : refusal->name);
	json_text(w, "remedy", refusal == NULL ? NULL : remedy_of(refusal));
	json_bool_value(w, "simulated", e->verdict.simulated);
	json_bool_value(w, "development", e->verdict.development);
}

int
report_json(FILE *out, const struct evaluation *e, const struct report_style *style)
{
	struct buffer b = buffer_of(JSON_MAX);
	struct json_writer w = json_writer_of(&b);
	int r;

	json_object_begin(&w, NULL);
	write_verdict(&w, e);
	json_array_begin(&w, "checks");
	for (size_t i = 0; i < e->verdict.count; i++)
		write_check(&w, &e->verdict.check[i], style->explain);
	json_array_end(&w);
	write_facts(&w, &e->facts);
	if (e->has_quote)
		quote_report_details(&w, &e->quote);
	json_object_end(&w);
	buffer_text(&b, "\n");
	if ((r = b.err) == 0)
		r = report_json_text(out, (struct bytes){b.p, b.len});
	buffer_free(&b);
	return r;
}
