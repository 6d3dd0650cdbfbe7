/* A canonical event log of anybody's: its first byte says in which register. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "evidence/cel.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_list(const struct cel_list *list)
{
	if (list->count > CEL_LIST_MAX)
		abort();
	for (size_t i = 0; i < list->count; i++)
		if (!utf8_is_text(list->item[i]))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cel c;
	struct bytes value;

	if (size == 0)
		return 0;
	if (cel_parse((struct bytes){data + 1, size - 1},
		(data[0] & 1) != 0 ? CEL_IN_RTMR3 : CEL_IN_PCR13, &c) != TDX_HOLDS)
		return 0;
	if (c.image_digest.len != 71 || c.records == 0 || c.args.count == 0)
		abort();
	check_list(&c.args);
	check_list(&c.env);
	check_list(&c.override_args);
	check_list(&c.override_env);
	if (cel_env_find(&c.env, "PATH", &value) == 0 && value.p[-1] != '=')
		abort();
	return 0;
}
