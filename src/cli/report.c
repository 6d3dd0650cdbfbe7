#include "cli/report.h"

#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "json/writer.h"
#include "base/banned.h"

#define JSON_MAX 131072

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

static void
print_check(FILE *out, const struct check *c, int colour)
{
	fprintf(out, "  %-16s %s%-11s%s  ", c->name, colour ? result_colour(c->result) : "",
		result_word(c->result), colour ? "\033[0m" : "");
	report_escaped(out, c->detail, strlen(c->detail));
	fputc('\n', out);
}

void
report_text(FILE *out, const struct verdict *v, int colour)
{
	const struct check *failure = verdict_failure(v);
	int accepts = verdict_accepts(v);

	for (size_t i = 0; i < v->count; i++)
		print_check(out, &v->check[i], colour);
	fputc('\n', out);
	if (v->simulated)
		fputs("SIMULATED TEE: this proves nothing about the machine or its operator.\n",
		      out);
	if (v->development)
		fputs("DEVELOPMENT MODE: do not send value to wallets of this instance.\n", out);
	if (failure != NULL)
		fprintf(out, "reason: %s at %s\nremedy: %s\n", failure->code, failure->name,
			failure->remedy);
	fprintf(out, "verdict: %s%s%s\n",
		colour ? result_colour(accepts ? CHECK_PASSED : CHECK_FAILED) : "",
		accepts ? "accept" : "refuse", colour ? "\033[0m" : "");
}

static void
write_checks(struct json_writer *w, const struct verdict *v)
{
	json_array_begin(w, "checks");
	for (size_t i = 0; i < v->count; i++) {
		const struct check *c = &v->check[i];

		json_object_begin(w, NULL);
		json_text(w, "name", c->name);
		json_text(w, "result",
			  c->result == CHECK_NOT_CHECKED ? "not-checked" : result_word(c->result));
		json_text(w, "detail", c->detail);
		json_object_end(w);
	}
	json_array_end(w);
}

int
report_json(FILE *out, const struct verdict *v)
{
	const struct check *failure = verdict_failure(v);
	struct buffer b = buffer_of(JSON_MAX);
	struct json_writer w = json_writer_of(&b);
	int r;

	json_object_begin(&w, NULL);
	json_text(&w, "verdict", verdict_accepts(v) ? "accept" : "refuse");
	json_text(&w, "reason", failure == NULL ? NULL : failure->code);
	json_text(&w, "step", failure == NULL ? NULL : failure->name);
	json_text(&w, "remedy", failure == NULL ? NULL : failure->remedy);
	json_bool_value(&w, "simulated", v->simulated);
	json_bool_value(&w, "development", v->development);
	write_checks(&w, v);
	json_object_end(&w);
	buffer_text(&b, "\n");
	if ((r = b.err) == 0 && fwrite(b.p, 1, b.len, out) != b.len)
		r = ERR_IO;
	buffer_free(&b);
	return r;
}
