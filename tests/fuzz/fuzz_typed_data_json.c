/* Whatever JSON the gateway turns into a form, the signer reads and hashes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "evm/typed_data.h"
#include "gateway/typed_data_json.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct typed_data td;
	struct buffer form = buffer_of(TYPED_DATA_BYTES_MAX);
	struct typed_hashes hashes;
	struct json_error error;
	json_t *root;
	int r;

	root = json_loadb(size == 0 ? "" : (const char *)data, size,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	if (root == NULL)
		return 0;
	r = typed_data_json_write(root, "typedData", &form, &error);
	if (r == 0 &&
	    (typed_data_read(form.p, form.len, &td) != 0 || typed_data_hash(&td, &hashes) != 0))
		abort();
	if (r != 0 && (error.err != r || error.text[0] == '\0' || form.len != 0))
		abort();
	buffer_free(&form);
	json_decref(root);
	return 0;
}
