/* An event log as JSON: read, replayed, and the digests recomputed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/attestation.h"
#include "tdx/measurement.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_events(struct json_in *in)
{
	static struct event_store store;
	struct rtmr_bank bank;
	size_t bad = 0;
	uint32_t sum = 0;
	int present;

	events_read(in, &store, &present);
	if (in->error->err != 0)
		return;
	if (event_log_replay(&store.log, &bank, &bad) != 0)
		return;
	for (unsigned i = 0; i < RTMR_COUNT; i++)
		sum += bank.extended[i];
	if (sum != store.log.count)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bytes mode = {(const uint8_t *)"m", 1};
	static struct measurement m;
	struct json_error error;
	struct json_in in;

	/* the same bytes as the binaries of a statement */
	if (measurement_make(mode, mode, (struct bytes){data, size}, &m) == 0 &&
	    m.log.count > EVENT_LOG_MAX)
		abort();
	if (json_in_open(data, size, &in, &error) != 0)
		return 0;
	check_events(&in);
	json_in_free(&in);
	return 0;
}
