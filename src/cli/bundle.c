#include "cli/bundle.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/banned.h"

int
bundle_open(struct buffer *json, struct bundle *ret, const char **ret_field)
{
	*ret_field = NULL;
	*ret = (struct bundle){.json = *json};
	*json = buffer_of(json->max); /* transferred */
	if (ret->json.err != 0)
		return ret->json.err;
	if ((ret->memory = malloc(ret->json.len + 1)) == NULL)
		return ERR_MEM;
	return collateral_read((struct bytes){ret->json.p, ret->json.len}, ret->memory,
			       &ret->collateral, ret_field);
}

void
bundle_free(struct bundle *bundle)
{
	buffer_free(&bundle->json);
	free(bundle->memory);
	*bundle = (struct bundle){.memory = NULL};
}
