#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "cli/inspect.h"
#include "cli/inspect_parts.h"
#include "evidence/bound_evidence.h"
#include "base/banned.h"

static void
write_instance(struct json_writer *w, const struct layr_instance *i)
{
	json_object_begin(w, "instance");
	inspect_text(w, "zone", i->zone);
	inspect_text(w, "project_id", i->project_id);
	json_u64(w, "project_number", i->project_number);
	inspect_text(w, "instance_name", i->name);
	json_u64(w, "instance_id", i->id);
	json_object_end(w);
}

static void
write_list(struct json_writer *w, const char *name, const struct cel_list *list)
{
	json_array_begin(w, name);
	for (size_t i = 0; i < list->count; i++)
		inspect_text(w, NULL, list->item[i]);
	json_array_end(w);
}

static int
write_container(struct json_writer *w, struct bytes log, int in_rtmr3)
{
	struct cel *c = malloc(sizeof *c);
	enum tdx_reason reason;
	int r = 0;

	if (c == NULL)
		return ERR_MEM;
	json_object_begin(w, "container");
	reason = cel_parse(log, in_rtmr3 ? CEL_IN_RTMR3 : CEL_IN_PCR13, c);
	if (reason != TDX_HOLDS) {
		r = inspect_refused(w, reason_code(reason), reason_text(reason));
	} else {
		inspect_text(w, "image_reference", c->image_reference);
		inspect_text(w, "image_digest", c->image_digest);
		inspect_text(w, "image_id", c->image_id);
		inspect_text(w, "restart_policy", c->restart_policy);
		write_list(w, "args", &c->args);
		write_list(w, "env", &c->env);
		inspect_hex(w, in_rtmr3 ? "rtmr3" : "pcr13_sha384", c->sha384, sizeof c->sha384);
	}
	json_object_end(w);
	free(c);
	return r;
}

static void
write_quotes(struct json_writer *w, const struct layr_attestation *m)
{
	json_array_begin(w, "tpm_quotes");
	for (size_t i = 0; i < m->quotes; i++) {
		json_object_begin(w, NULL);
		json_u64(w, "hash", m->quote[i].hash);
		json_object_begin(w, "pcrs");
		for (unsigned k = 0; k < LAYR_PCRS; k++) {
			char name[4];

			if (m->quote[i].pcr[k].len == 0)
				continue;
			(void)!snprintf(name, sizeof name, "%u", k);
			inspect_hex(w, name, m->quote[i].pcr[k].p, m->quote[i].pcr[k].len);
		}
		json_object_end(w);
		json_object_end(w);
	}
	json_array_end(w);
}

static int
write_tdx(struct json_writer *w, struct bytes message)
{
	uint8_t *room = malloc(QUOTE_MESSAGE_RAW_MAX);
	struct writer raw = writer_of(room, QUOTE_MESSAGE_RAW_MAX);
	int r;

	if (room == NULL)
		return ERR_MEM;
	json_object_begin(w, "quote");
	r = quote_message_write(message, &raw) == TDX_HOLDS
		? inspect_quote(w, (struct bytes){raw.p, raw.len})
		: inspect_refused(w, reason_code(BOUND_MESSAGE), reason_text(BOUND_MESSAGE));
	json_object_end(w);
	free(room);
	return r;
}

int
inspect_bound(struct json_writer *w, struct bytes message)
{
	struct layr_attestation *m = malloc(sizeof *m);
	int r = 0, log;

	if (m == NULL)
		return ERR_MEM;
	if (layr_parse(message, m) != TDX_HOLDS) {
		r = inspect_refused(w, reason_code(BOUND_MESSAGE), reason_text(BOUND_MESSAGE));
		goto out;
	}
	json_text(w, "platform",
		  bound_platform_name(m->tdx.len > 0	   ? BOUND_TDX
				      : m->sev_snp.len > 0 ? BOUND_SEV_SNP_VM
							   : BOUND_SHIELDED));
	if (m->has_instance)
		write_instance(w, &m->instance);
	log = write_container(w, m->canonical_log, m->tdx.len > 0);
	write_quotes(w, m);
	if (m->tdx.len > 0)
		r = write_tdx(w, m->tdx);
	r = r != 0 ? r : log;
out:
	free(m);
	return r;
}
