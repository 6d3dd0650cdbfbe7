/* A policy that is read is the one that it writes, and as tight as itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/policy.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t room[POLICY_BYTES_MAX];
	struct writer w = writer_of(room, sizeof room);
	struct policy policy, sorted;
	uint8_t *exact = malloc(size + 1);

	if (exact == NULL)
		return 0;
	memcpy(exact + 1, data, size);
	if (policy_read(exact + 1, size, &policy) == 0) {
		policy_write(&w, &policy);
		if (w.err != 0 || w.len != size || memcmp(room, data, size) != 0)
			abort();
		sorted = policy;
		policy_sort(&sorted);
		if (memcmp(&sorted, &policy, sizeof policy) != 0 ||
		    !policy_is_tighter(&policy, &policy))
			abort();
	}
	free(exact);
	return 0;
}
