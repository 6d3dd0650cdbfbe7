#include <stdlib.h>

#include "base/err.h"
#include "cli/inspect.h"
#include "cli/inspect_parts.h"
#include "cli/quote_in.h"
#include "evidence/dstack_facts.h"
#include "base/banned.h"

static void
write_facts(struct json_writer *w, const struct dstack_log *log)
{
	struct dstack_facts f;
	const char *provider;

	if (dstack_facts_read(log, &f) != TDX_HOLDS)
		return;
	json_object_begin(w, "measured");
	inspect_hex(w, "app_id", f.app_id, sizeof f.app_id);
	inspect_hex(w, "compose_hash", f.compose_hash, sizeof f.compose_hash);
	if (f.has_instance_id)
		inspect_hex(w, "instance_id", f.instance_id, sizeof f.instance_id);
	if (f.has_os_image)
		inspect_hex(w, "os_image_hash", f.os_image, sizeof f.os_image);
	if (f.has_rootfs)
		inspect_hex(w, "rootfs_hash", f.rootfs, sizeof f.rootfs);
	if (f.has_mr_kms)
		inspect_hex(w, "mr_kms", f.mr_kms, sizeof f.mr_kms);
	if ((provider = dstack_provider_name(f.provider)) != NULL)
		json_text(w, "key_provider", provider);
	inspect_hex(w, "key_provider_id", f.provider_id, f.provider_id_len);
	json_object_end(w);
}

/* The host wrote it: nothing vouches for it. */
static void
write_config(struct json_writer *w, const struct dstack_vm *vm)
{
	json_object_begin(w, "vm_config");
	json_text(w, "image", vm->image);
	if (vm->has_os_image)
		inspect_hex(w, "os_image_hash", vm->os_image, sizeof vm->os_image);
	json_object_end(w);
}

int
inspect_dstack_evidence(struct json_writer *w, const struct dstack_evidence *d)
{
	int r;

	json_object_begin(w, "quote");
	r = inspect_quote(w, (struct bytes){d->quote, d->quote_len});
	json_object_end(w);
	write_facts(w, &d->log);
	write_config(w, &d->vm);
	inspect_dstack_events(w, &d->log);
	return r;
}

int
inspect_dstack(struct json_writer *w, enum kind kind, struct bytes bytes)
{
	struct dstack_evidence *d = malloc(sizeof *d);
	struct json_error error = {.field = ""};
	enum tdx_reason reason;
	int r;

	if (d == NULL)
		return ERR_MEM;
	reason = dstack_in(kind, bytes, d, &error);
	r = reason == TDX_HOLDS ? inspect_dstack_evidence(w, d)
				: inspect_refused(w, reason_code(reason), error.text);
	free(d);
	return r;
}
