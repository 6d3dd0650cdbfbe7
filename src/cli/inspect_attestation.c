#include <stdlib.h>

#include "base/err.h"
#include "cli/attestation.h"
#include "cli/inspect.h"
#include "cli/inspect_parts.h"
#include "base/banned.h"

static void
write_events(struct json_writer *w, const struct event_log *log)
{
	json_array_begin(w, "eventLog");
	for (size_t i = 0; i < log->count; i++) {
		const struct event *e = &log->event[i];

		json_object_begin(w, NULL);
		json_u64(w, "rtmr", e->rtmr);
		inspect_text(w, "type", e->type);
		inspect_text(w, "name", e->name);
		inspect_hex(w, "payload", e->payload.p, e->payload.len);
		inspect_hex(w, "digest", e->digest, sizeof e->digest);
		json_object_end(w);
	}
	json_array_end(w);
}

static int
write_parts(struct json_writer *w, const struct attestation *a)
{
	struct dstack_evidence *d = malloc(sizeof *d);
	struct json_error error = {.field = ""};
	enum tdx_reason reason;
	int r;

	if (d == NULL)
		return ERR_MEM;
	reason = dstack_evidence_read_parts((struct bytes){a->quote, a->quote_len}, a->event_log,
					    a->vm_config, d, &error);
	r = reason == TDX_HOLDS ? inspect_dstack_evidence(w, d)
				: inspect_refused(w, reason_code(reason), error.text);
	free(d);
	return r;
}

static int
write_evidence(struct json_writer *w, const struct attestation *a)
{
	switch (a->kind) {
	case ATTESTATION_TDX_QUOTE:
		json_text(w, "type", "tdx-quote");
		return inspect_quote(w, (struct bytes){a->quote, a->quote_len});
	case ATTESTATION_DSTACK:
		json_text(w, "type", "dstack");
		return write_parts(w, a);
	case ATTESTATION_BOUND_EVIDENCE:
		json_text(w, "type", "bound-evidence");
		return inspect_bound(w, (struct bytes){a->message.p, a->message.len});
	case ATTESTATION_SPACE_TOKEN:
		json_text(w, "type", "confidential-space-token");
		return inspect_token(w, a->token);
	}
	return ERR_PARSE;
}

static int
write_document(struct json_writer *w, const struct attestation *a)
{
	const struct buffer *statement = &a->attested.text;
	int r;

	inspect_text(w, "platform", a->platform);
	json_bool_value(w, "simulated", a->simulated);
	json_raw(w, "statement", (const char *)statement->p, statement->len);
	if (a->has_events)
		write_events(w, &a->events.log);
	json_object_begin(w, "evidence");
	r = write_evidence(w, a);
	json_object_end(w);
	return r;
}

int
inspect_attestation(struct json_writer *w, struct bytes document)
{
	struct attestation *a = malloc(sizeof *a);
	int r;

	if (a == NULL)
		return ERR_MEM;
	if (attestation_open(a, document.p, document.len) == 0 &&
	    attestation_read_statement(a) == 0) {
		r = write_document(w, a);
	} else {
		json_text(w, "field", a->error.field);
		r = inspect_refused(w, "DOCUMENT", a->error.text);
	}
	attestation_close(a);
	free(a);
	return r;
}
