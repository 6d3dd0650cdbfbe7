/* A response of a platform's agent: what is accepted is accepted whole, no beginning of it is. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tee/http_reply.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_reply reply, cut;
	uint8_t *p = malloc(size + 1), *half = malloc(size + 1);

	if (p == NULL || half == NULL || size == 0)
		goto out;
	memcpy(p, data, size);
	memcpy(half, data, size);
	if (http_reply_parse(p, size, &reply) == 0) {
		if (reply.body.p < p || reply.body.len > size || reply.status < 200)
			abort();
		if (http_reply_parse(half, size - 1, &cut) != ERR_AGAIN)
			abort();
	}
out:
	free(p);
	free(half);
	return 0;
}
