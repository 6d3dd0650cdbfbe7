/* dstack's event log as JSON: read and replayed, digests recomputed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/dstack_log.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No name is found twice, and every digest is that of what is shown. */
static void
check_event(const struct dstack_log *log, size_t i)
{
	const struct dstack_event *e = &log->event[i];
	uint8_t digest[48];
	char name[DSTACK_NAME_MAX + 1];

	if (e->imr != DSTACK_IMR)
		return;
	if (dstack_event_digest(e->version, e->name, e->payload, digest) != 0 ||
	    memcmp(digest, e->digest, sizeof digest) != 0)
		abort();
	memcpy(name, e->name.p, e->name.len);
	name[e->name.len] = '\0';
	if (strcmp(name, DSTACK_EVENT_INIT_SCRIPT) != 0 && i < log->ready &&
	    dstack_log_find(log, name) != e)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dstack_log log;
	struct json_error error;
	struct rtmr_bank bank;
	enum tdx_reason reason;
	size_t extended = 0;

	reason = dstack_log_read((struct bytes){data, size}, &log, &error);
	if ((reason == TDX_HOLDS) != (error.err == 0))
		abort();
	if (reason != TDX_HOLDS)
		return 0;
	for (size_t i = 0; i < log.count; i++)
		check_event(&log, i);
	if (dstack_log_replay(&log, &bank) != 0)
		abort();
	for (unsigned i = 0; i < RTMR_COUNT; i++)
		extended += bank.extended[i];
	if (extended > log.count || !dstack_log_agrees(&log, &log))
		abort();
	return 0;
}
