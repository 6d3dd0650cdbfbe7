/* An app-compose file and a vm_config of anybody's. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/dstack_compose.h"
#include "evidence/dstack_vm.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dstack_vm vm;
	static const struct dstack_facts facts;
	const struct bytes input = {data, size};
	struct dstack_compose seen;
	struct json_error error;

	dstack_compose_look(input, &seen);
	/* what is found fault with is named */
	if ((seen.script == DSTACK_COMPOSE_SCRIPT) != (seen.command[0] != '\0'))
		abort();
	if (seen.environment == DSTACK_COMPOSE_ENV && seen.variable[0] == '\0')
		abort();
	if ((dstack_vm_read(input, &vm, &error) == TDX_HOLDS) != (error.err == 0))
		abort();
	if (error.err == 0 && vm.document_len > 0 &&
	    dstack_vm_document_agrees(&vm, &facts) == TDX_HOLDS)
		abort();
	return 0;
}
