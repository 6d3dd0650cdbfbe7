/* Anything at all is recognised or not, and shown: what comes out is one JSON object. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/err.h"
#include "cli/inspect.h"
#include "base/banned.h"

#define OUT_MAX (16U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer out = buffer_of(OUT_MAX), room;
	struct json_writer w = json_writer_of(&out);
	struct bytes bytes;
	enum kind kind = kind_detect((struct bytes){data, size}, &room, &bytes);
	json_error_t e;
	json_t *root;
	int r;

	json_object_begin(&w, NULL);
	r = inspect_kind(&w, kind, bytes);
	json_object_end(&w);
	if (r != 0 && r != ERR_PARSE)
		abort();
	root = out.err == 0 ? json_loadb((const char *)out.p, out.len, JSON_REJECT_DUPLICATES, &e)
			    : NULL;
	if (out.err == 0 && root == NULL)
		abort();
	json_decref(root);
	buffer_free(&out);
	buffer_free(&room);
	return 0;
}
