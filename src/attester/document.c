#include "attester/document.h"

#include "json/writer.h"
#include "base/banned.h"

#define SIMULATED_WARNING                                                                   \
	"This TEE is simulated: its keys are published and anyone can make this evidence. " \
	"It proves nothing about the machine or the operator."
#define INDEXED_WARNING                                                                        \
	"Wallets are derived by index: whoever owns the database could give an agent's index " \
	"to somebody else after a restart."

static const char *
warning(const struct document *d)
{
	if (d->platform->simulated)
		return d->index_can_be_reissued ? SIMULATED_WARNING " " INDEXED_WARNING
						: SIMULATED_WARNING;
	return d->index_can_be_reissued ? INDEXED_WARNING : NULL;
}

static void
write_event(struct json_writer *w, const struct event *e)
{
	json_object_begin(w, NULL);
	json_u64(w, "rtmr", e->rtmr);
	json_textn(w, "type", (const char *)e->type.p, e->type.len);
	json_textn(w, "name", (const char *)e->name.p, e->name.len);
	json_hex(w, "payload", e->payload.p, e->payload.len);
	json_hex(w, "digest", e->digest, sizeof e->digest);
	json_object_end(w);
}

static void
put_text(struct json_writer *w, const char *name, struct bytes text)
{
	if (text.p != NULL)
		json_textn(w, name, (const char *)text.p, text.len);
}

static void
write_evidence(struct json_writer *w, const struct tee_evidence *e, struct bytes key_chain)
{
	static const char *const types[] = {
	    [TEE_TDX_QUOTE] = "tdx-quote",
	    [TEE_DSTACK] = "dstack",
	    [TEE_BOUND_EVIDENCE] = "bound-evidence",
	    [TEE_SPACE_TOKEN] = "confidential-space-token",
	};

	json_object_begin(w, "evidence");
	json_text(w, "type", types[e->type]);
	if (e->quote.p != NULL)
		json_hex(w, "quote", e->quote.p, e->quote.len);
	put_text(w, "eventLog", e->event_log);
	put_text(w, "vmConfig", e->vm_config);
	put_text(w, "appCompose", e->app_compose);
	if (e->attestation.p != NULL)
		json_base64(w, "attestation", e->attestation.p, e->attestation.len);
	put_text(w, "token", e->token);
	if (key_chain.len > 0)
		json_raw(w, "keyChain", (const char *)key_chain.p, key_chain.len);
	json_object_end(w);
}

static void
write_log(struct json_writer *w, const struct event_log *log)
{
	json_array_begin(w, "eventLog");
	for (size_t i = 0; i < log->count; i++)
		write_event(w, &log->event[i]);
	json_array_end(w);
}

int
document_write(const struct document *d, struct buffer *ret)
{
	struct json_writer w = json_writer_of(ret);

	json_object_begin(&w, NULL);
	json_text(&w, "kind", "selfsame-attestation");
	json_u64(&w, "version", DOCUMENT_VERSION);
	json_text(&w, "platform", d->platform->name);
	json_bool_value(&w, "simulated", d->platform->simulated);
	json_text(&w, "warning", warning(d));
	json_raw(&w, "statement", (const char *)d->statement.p, d->statement.len);
	if (d->log != NULL)
		write_log(&w, d->log);
	write_evidence(&w, &d->evidence, d->key_chain);
	json_object_end(&w);
	return ret->err;
}
