/* Input: a signature, a line end, the arguments as JSON. Encoded: a selector and words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "evm/abi_types.h"
#include "gateway/abi_json.h"
#include "base/banned.h"

#define CALL_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_call(struct bytes signature, const json_t *args)
{
	struct buffer out = buffer_of(CALL_MAX);
	struct json_error error;
	struct bytes types;
	uint8_t selector[4];
	int r = abi_json_call(signature, args, &out, &error);

	if (r != 0 && (error.err != r || error.text[0] == '\0'))
		abort();
	if (r == 0 && (abi_signature(signature, selector, &types) != 0 || out.len < 4))
		abort();
	if (r == 0 && (memcmp(out.p, selector, 4) != 0 || (out.len - 4) % 32 != 0))
		abort();
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
	size_t n = line == NULL ? 0 : (size_t)(line - data);
	json_t *args;

	if (line == NULL)
		return 0;
	args = json_loadb((const char *)line + 1, size - n - 1,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	if (args == NULL)
		return 0;
	check_call((struct bytes){data, n}, args);
	json_decref(args);
	return 0;
}
