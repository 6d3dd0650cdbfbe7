/* A CCEL table and an event log of anybody's: walked and replayed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "evidence/ccel.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
walk(struct bytes log)
{
	struct ccel_event e;
	struct ccel c;
	size_t count = 0;

	if (ccel_open(log, &c) != 0)
		return 0;
	while (ccel_next(&c, &e) == 0) {
		/* every run lies within the log */
		if (e.digest < log.p || e.digest + 48 > log.p + log.len ||
		    e.data.p + e.data.len > log.p + log.len || e.mr > 4)
			abort();
		(void)ccel_event_is_hashed(&e);
		count++;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes input = {data, size};
	struct ccel_table table;
	struct rtmr_bank bank;
	size_t events, extended = 0;

	if (ccel_table_parse(input, &table) == 0 && table.type != 2)
		abort();
	if (ccel_replay(input, &bank, &events) != 0)
		return 0;
	for (unsigned i = 0; i < RTMR_COUNT; i++)
		extended += bank.extended[i];
	if (walk(input) != events || extended > events)
		abort();
	return 0;
}
