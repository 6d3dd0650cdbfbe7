#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/inspect.h"
#include "cli/inspect_parts.h"
#include "evidence/ccel.h"
#include "evidence/dstack_log.h"
#include "base/banned.h"

static void
write_registers(struct json_writer *w, const struct rtmr_bank *bank)
{
	json_array_begin(w, "rtmr");
	for (unsigned i = 0; i < RTMR_COUNT; i++)
		inspect_hex(w, NULL, bank->value[i], RTMR_LEN);
	json_array_end(w);
}

static void
write_ccel_event(struct json_writer *w, const struct ccel_event *e)
{
	json_object_begin(w, NULL);
	json_u64(w, "mr", e->mr);
	json_u64(w, "type", e->type);
	inspect_hex(w, "digest", e->digest, RTMR_LEN);
	json_bool_value(w, "digest_is_of_data", ccel_event_is_hashed(e));
	inspect_text(w, "data", e->data);
	json_object_end(w);
}

int
inspect_ccel(struct json_writer *w, struct bytes log)
{
	struct rtmr_bank bank;
	struct ccel_event event;
	struct ccel c;
	size_t events;
	int r;

	if ((r = ccel_open(log, &c)) != 0)
		return inspect_refused(w, "PARSE", err_text(r));
	json_array_begin(w, "events");
	while ((r = ccel_next(&c, &event)) == 0)
		write_ccel_event(w, &event);
	json_array_end(w);
	if (r != ERR_NOT_FOUND)
		return inspect_refused(w, "PARSE", err_text(r));
	if (ccel_replay(log, &bank, &events) == 0)
		write_registers(w, &bank);
	return 0;
}

void
inspect_dstack_events(struct json_writer *w, const struct dstack_log *log)
{
	struct rtmr_bank bank;

	json_array_begin(w, "event_log");
	for (size_t i = 0; i < log->count; i++) {
		const struct dstack_event *e = &log->event[i];

		json_object_begin(w, NULL);
		json_u64(w, "imr", e->imr);
		json_u64(w, "event_type", e->type);
		inspect_hex(w, "digest", e->digest, sizeof e->digest);
		if (e->imr == DSTACK_IMR) {
			inspect_text(w, "event", e->name);
			inspect_hex(w, "event_payload", e->payload.p, e->payload.len);
		}
		json_object_end(w);
	}
	json_array_end(w);
	if (dstack_log_replay(log, &bank) == 0)
		write_registers(w, &bank);
}

int
inspect_dstack_log(struct json_writer *w, struct bytes text)
{
	struct dstack_log *log = malloc(sizeof *log);
	struct json_error error = {.field = ""};
	enum tdx_reason reason;
	int r = 0;

	if (log == NULL)
		return ERR_MEM;
	if ((reason = dstack_log_read(text, log, &error)) == TDX_HOLDS)
		inspect_dstack_events(w, log);
	else
		r = inspect_refused(w, reason_code(reason), error.text);
	free(log);
	return r;
}
